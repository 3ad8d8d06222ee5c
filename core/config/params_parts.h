/* params_parts.h - what the files behind params.h share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_PARAMS_PARTS_H
#define HONE_CORE_CONFIG_PARAMS_PARTS_H

#include "config/params.h"

/* Rows and the struct they fill. A section fills two of them from one map: its kind's common rows and its plugin's. */
typedef struct hone__group {
    const hone_param *rows;
    size_t n;
    void *out;
} hone__group;

enum { HONE__MOST_GROUPS = 3, HONE__LONGEST_PATH = 240 };

/* A map of rows. `also` names keys that are not ours to read (NULL-terminated, may be NULL); `defaults` (may be NULL) is a map
 * whose values stand before the rows' own defaults. */
hone_status hone__fill_groups(const hone__fill *fill, const char *path, const hone__group *groups, size_t n_groups,
                              const char *const *also, const hone__yaml *node, const hone__yaml *defaults, hone__yaml *complete,
                              hone_error *err) HONE_CHECKED;

/* One field of a struct, from its node. `field` points at the field itself. */
hone_status hone__fill_field(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                             void *field, hone__yaml **complete, hone_error *err) HONE_CHECKED;
/* The same of one item of a list or map, or of the only one. */
hone_status hone__fill_item(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                            void *field, hone__yaml **complete, hone_error *err) HONE_CHECKED;
/* A scalar of any type but tables and plugins. */
hone_status hone__fill_scalar(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                              void *field, hone__yaml **complete, hone_error *err) HONE_CHECKED;
/* A section under its full path; see hone__section_fill. */
hone_status hone__fill_plugin(const hone__fill *fill, const char *path, hone_kind kind, const hone__common *common,
                              const hone__yaml *node, const char *default_type, hone__section *section,
                              hone_error *err) HONE_CHECKED;

/* The plugin that `type: auto` means on this processor with that trainer.precision (NULL: float32); NULL for kinds that have no such
 * word. */
const char *hone__auto_type(hone_kind kind, const char *precision);

/* The default as a node, as if it were written: a null where there is none. */
hone_status hone__param_default(const hone__fill *fill, const hone_param *row, hone__yaml **node, hone_error *err) HONE_CHECKED;
bool hone__param_may_be_null(const hone_param *row);
/* Does a complete section's value come from a default, and not from the file? */
bool hone__is_default(const hone__yaml *node);

/* "path.name"; the name alone where path is NULL or "". */
const char *hone__path_of(const char *path, const char *name, char *out, size_t size);
/* Position of `from` for a node that was made for it. */
hone__yaml *hone__placed(hone__yaml *made, const hone__yaml *from);
/* "-1", "\"fast\"", "a list", "empty": the value seen. */
const char *hone__value_shown(const hone__yaml *node, char *out, size_t size);
/* "PATH is VALUE; it must be ALLOWED". */
void hone__issue_value(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node);
/* A key that is no row: the name we have for it, or the nearest, and all there are. */
void hone__issue_unknown(const hone__fill *fill, const char *path, const hone__group *groups, size_t n_groups,
                         const char *const *also, const hone__yaml *key);
/* What people who know other programs look for under that key, as the end of a sentence, or NULL. */
const char *hone__foreign_name(const char *path, const char *key);

#endif
