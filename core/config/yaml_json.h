/* yaml_json.h - trees of settings as JSON and back, for files that programs read.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_YAML_JSON_H
#define HONE_CORE_CONFIG_YAML_JSON_H

#include "base/json.h"
#include "config/yaml.h"

/* JSON has no infinities and no NaN: they become the strings ".inf", "-.inf" and ".nan". NULL when memory is short. */
json_t *hone__json_of_yaml(const hone__yaml *node) HONE_CHECKED;
/* `origin` is copied: where the nodes come from, for messages. */
hone_status hone__yaml_of_json(hone_arena *arena, const json_t *json, const char *origin, hone__yaml **node,
                               hone_error *err) HONE_CHECKED;

#endif
