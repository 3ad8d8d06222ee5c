/* sweep_zip.c - groups of sweep.zip: settings that go together, each group one choice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/sweep_parts.h"

#include <string.h>

enum { MOST_PATHS = 100 };

#define NAME "name" /* of a choice: what tables and pictures call it, and no path */

#define GROUP "a list of maps from paths to values, one map for each choice"

/* The choices of a group set the same paths, so that a point says all of them and nothing falls back unseen. */
static bool sets_the_same(hone__loader *l, const hone__yaml *group, const hone__yaml *choice, uint32_t i)
{
    const size_t before = l->issues->n;
    for (const hone__yaml *first = group->child->child; first; first = first->next)
        if (!hone__yaml_get(choice, first->key))
            hone__issue_at(l->issues, choice, "sweep.zip.%s[%u] has no %s, which the first choice sets; all set the same paths",
                           group->key, i, first->key);
    for (const hone__yaml *setting = choice->child; setting; setting = setting->next)
        if (!hone__yaml_get(group->child, setting->key))
            hone__issue_key(l->issues, setting,
                            "sweep.zip.%s[%u] sets %s, which the first choice does not; all set the same paths", group->key, i,
                            setting->key);
    return l->issues->n == before;
}

static bool check_name(hone__loader *l, const hone__yaml *group, const hone__yaml *choice, uint32_t i)
{
    char seen[160];
    const hone__yaml *name = hone__yaml_get(choice, NAME), *taken;
    const size_t before = l->issues->n;
    if (name && (!name->text || !name->text[0] || name->type == HONE__YAML_MAP || name->type == HONE__YAML_LIST))
        hone__issue_at(l->issues, name, "sweep.zip.%s[%u].name is %s; a name must be text", group->key, i,
                       hone__value_shown(name, seen, sizeof seen));
    if (name && choice->n == 1)
        hone__issue_at(l->issues, choice, "sweep.zip.%s[%u] sets nothing beside its name", group->key, i);
    for (const hone__yaml *other = group->child; name && name->text && other != choice; other = other->next)
        if ((taken = hone__yaml_get(other, NAME)) && taken->text && strcmp(taken->text, name->text) == 0)
            hone__issue_at(l->issues, name, "sweep.zip.%s has two choices with the name %s", group->key, name->text);
    return l->issues->n == before;
}

static bool check_choice(hone__loader *l, const hone__yaml *group, const hone__yaml *choice, uint32_t i)
{
    char seen[160];
    if (choice->type != HONE__YAML_MAP || choice->n == 0) {
        hone__issue_at(l->issues, choice, "sweep.zip.%s[%u] is %s; it must be a map from paths to values", group->key, i,
                       choice->type == HONE__YAML_MAP ? "an empty map" : hone__value_shown(choice, seen, sizeof seen));
        return false;
    }
    for (const hone__yaml *other = group->child; other != choice; other = other->next)
        if (hone__yaml_equal(other, choice))
            hone__issue_at(l->issues, choice, "sweep.zip.%s holds the same settings twice", group->key);
    if (!check_name(l, group, choice, i))
        return false;
    return group->child->type != HONE__YAML_MAP || sets_the_same(l, group, choice, i);
}

static bool check_group(hone__loader *l, const hone__yaml *group)
{
    char seen[160];
    bool fine = true;
    uint32_t i = 0;
    if (group->type != HONE__YAML_LIST || group->n == 0) {
        hone__issue_at(l->issues, group, "sweep.zip.%s is %s; it must be " GROUP, group->key,
                       group->type == HONE__YAML_LIST ? "an empty list" : hone__value_shown(group, seen, sizeof seen));
        return false;
    }
    if (group->n > HONE__MOST_CHOICES || (group->child->type == HONE__YAML_MAP && group->child->n > MOST_PATHS)) {
        hone__issue_at(l->issues, group, "sweep.zip.%s is too large; it can have %d choices of %d paths", group->key,
                       HONE__MOST_CHOICES, MOST_PATHS);
        return false;
    }
    for (const hone__yaml *choice = group->child; choice; choice = choice->next)
        fine &= check_choice(l, group, choice, i++);
    return fine;
}

/* Sections before their types, and those before what lies below them. */
static size_t rank_of(const char *path)
{
    const size_t n = strlen(path);
    size_t dots = 0;
    for (const char *c = path; *c; c++)
        dots += *c == '.';
    return 2 * dots - (n > 5 && strcmp(path + n - 5, ".type") == 0);
}

static void sort_paths(const char **paths, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && rank_of(paths[j - 1]) > rank_of(paths[j]); j--) {
            const char *deeper = paths[j - 1];
            paths[j - 1] = paths[j];
            paths[j] = deeper;
        }
}

static hone_status add_group(hone__loader *l, const hone__yaml *group)
{
    const hone__yaml *first = group->child;
    const char **paths = hone_alloc_array(l->arena, first->n, sizeof *paths);
    const hone__yaml **values = hone_alloc_array(l->arena, group->n, sizeof *values);
    const char **names = hone_alloc_array(l->arena, group->n, sizeof *names);
    size_t n = 0, i = 0;
    if (!paths || !values || !names)
        return hone_no_memory(l->err, "reading a search space");
    for (const hone__yaml *setting = first->child; setting; setting = setting->next)
        if (strcmp(setting->key, NAME) != 0)
            paths[n++] = setting->key;
    for (const hone__yaml *choice = first; choice; choice = choice->next) {
        const hone__yaml *name = hone__yaml_get(choice, NAME);
        names[i] = name ? name->text : NULL;
        values[i++] = choice;
    }
    sort_paths(paths, n);
    l->e->sweep->dimensions[l->e->sweep->n_dimensions++] =
        (hone__sweep_dimension){.path = group->key,
                                .paths = paths,
                                .n_paths = n,
                                .zip = true,
                                .dimension = {.name = group->key, .distribution = HONE_CATEGORICAL, .n_choices = group->n},
                                .values = values,
                                .names = names[0] ? names : NULL,
                                .node = group};
    return HONE_OK;
}

hone_status hone__sweep_read_zip(hone__loader *l, const hone__yaml *zip)
{
    const hone__sweep_config *sweep = l->e->sweep;
    const size_t parameters = sweep->n_dimensions;
    for (const hone__yaml *group = zip && zip->type == HONE__YAML_MAP ? zip->child : NULL; group; group = group->next) {
        for (size_t i = 0; i < parameters; i++)
            if (strcmp(sweep->dimensions[i].path, group->key) == 0)
                hone__issue_key(l->issues, group,
                                "sweep.zip has a group called %s, as a path of sweep.parameters is; give it another name",
                                group->key);
        if (check_group(l, group))
            HONE_TRY(add_group(l, group));
    }
    return HONE_OK;
}
