/* yaml_parts.h - what the files behind yaml.h share: the guard's limits, the core schema and libyaml's complaints.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_YAML_PARTS_H
#define HONE_CORE_CONFIG_YAML_PARTS_H

#include "config/yaml.h"
#include <yaml.h>

enum { HONE__YAML_MAX_BYTES = 1 << 20, HONE__YAML_MAX_DEPTH = 64, HONE__YAML_MAX_EVENTS = 200000 };

/* Gives `node` the type and value that the YAML 1.2 core schema gives to a plain scalar; false where it is a number beyond
 * the range of a double. Leaves `text` alone. */
bool hone__yaml_resolve(hone__yaml *node, const char *text) HONE_CHECKED;

/* Line and column, from 1, of a byte of the text; a column counts characters. */
typedef struct hone__yaml_place {
    size_t line, column;
} hone__yaml_place;
hone__yaml_place hone__yaml_place_of(const unsigned char *bytes, size_t n, size_t offset);

/* Fails with "origin:line:column: " and the message. */
hone_status hone__yaml_fail(hone_error *err, const char *origin, hone__yaml_place place, const char *fmt, ...)
    HONE_PRINTF(4, 5);

/* Fails with libyaml's complaint in words that say what to do. `bytes` is what the parser was given. */
hone_status hone__yaml_complain(hone_error *err, const char *origin, const yaml_parser_t *parser, const unsigned char *bytes,
                                size_t n);

#endif
