/* experiment_bits.c - the part of a configuration that decides the numbers of a trial.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/experiment_parts.h"

#include <string.h>

static void drop(hone__yaml *map, const char *key)
{
    if (!map || map->type != HONE__YAML_MAP)
        return;
    for (hone__yaml **at = &map->child; *at; at = &(*at)->next) {
        if (strcmp((*at)->key, key) != 0)
            continue;
        *at = (*at)->next;
        map->n--;
        return;
    }
}

static void drop_rows(hone__yaml *map, const hone_param *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].flags & HONE_NO_BITS)
            drop(map, rows[i].name);
}

static void drop_in_section(hone__yaml *root, const hone__experiment *e, const hone__section_row *row)
{
    const hone__section *section = (const hone__section *)(const void *)((const char *)e + row->offset);
    const hone__common *common = &hone__common_rows[row->kind];
    hone__yaml *map = hone__yaml_get(root, row->key);
    if (!section->plugin)
        return;
    drop_rows(map, common->rows, common->n);
    drop_rows(map, section->plugin->table->params, section->plugin->table->n_params);
}

hone__yaml *hone__experiment_bits(hone_arena *arena, const hone__experiment *e)
{
    static const char *const without_effect[] = {"format", "name", "output_dir", "cache_dir", "launcher", "report", "sweep"};
    hone__yaml *root = hone__yaml_copy(arena, e->complete);
    if (!root)
        return NULL;
    for (size_t i = 0; i < sizeof without_effect / sizeof *without_effect; i++)
        drop(root, without_effect[i]);
    drop_rows(hone__yaml_get(root, hone__trainer_rows.key), hone__trainer_rows.rows, hone__trainer_rows.n);
    for (const hone__section_row *row = hone__sections; row->key; row++)
        drop_in_section(root, e, row);
    return root;
}
