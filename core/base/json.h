/* json.h - a thin strict face on Jansson: duplicate keys refused, depth at most 64, integers exact in 64 bits, UTF-8 checked.
 *
 * Values are Jansson's json_t, borrowed from their parent; json_decref() the root. Files that write JSON by hand use
 * hone__str_add_json for strings and hone__str_add_real for reals.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_JSON_H
#define HONE_CORE_BASE_JSON_H

#include "base/str.h"
#include <hone/base.h>
#include <jansson.h>

/* Sends Jansson's allocations through ours; the functions below do it themselves. [any thread] */
void hone__json_init(void);

/* One JSON value and nothing but white space around it. `name` is for messages ("config.json"). The caller owns *root. */
hone_status hone__json_parse(const char *bytes, size_t n, const char *name, json_t **root, hone_error *err) HONE_CHECKED;
/* A file of at most `limit` bytes (0: 64 MiB). */
hone_status hone__json_load(const char *path, size_t limit, json_t **root, hone_error *err) HONE_CHECKED;
/* The text: two blanks of indent, keys in insertion order, reals in their shortest form, a line feed at the end. */
void hone__json_print(const json_t *root, hone__str *out);
/* The same as a file, whole or not at all. */
hone_status hone__json_save(const json_t *root, const char *path, hone_error *err) HONE_CHECKED;

/* Members by name, typed: where the member is absent, *out stays as it was and HONE_OK comes back, or HONE_EFORMAT where
 * `required`; a member of another type is HONE_EFORMAT. An integer is also a real, but no real
 * is an integer ("3.0"). `what` names the file in messages. *out of text is borrowed. */
hone_status hone__json_int(const json_t *object, const char *key, bool required, int64_t *out, const char *what,
                           hone_error *err) HONE_CHECKED;
hone_status hone__json_real(const json_t *object, const char *key, bool required, double *out, const char *what,
                            hone_error *err) HONE_CHECKED;
hone_status hone__json_bool(const json_t *object, const char *key, bool required, bool *out, const char *what,
                            hone_error *err) HONE_CHECKED;
hone_status hone__json_text(const json_t *object, const char *key, bool required, const char **out, const char *what,
                            hone_error *err) HONE_CHECKED;

/* The member "format": it must be there, and one that a reader of up to `newest` knows (format.h). */
hone_status hone__json_format(const json_t *object, int64_t newest, const char *what, hone_error *err) HONE_CHECKED;

#endif
