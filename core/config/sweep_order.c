/* sweep_order.c - the order of a sweep's dimensions: each behind what it depends on, and no path set twice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/sweep_parts.h"

#include <string.h>

bool hone__path_below(const char *path, const char *above)
{
    size_t n = strlen(above);
    if (strcmp(path, above) == 0)
        return false;
    if (n > 5 && strcmp(above + n - 5, ".type") == 0)
        n -= 5;
    return strncmp(path, above, n) == 0 && path[n] == '.';
}

const char *hone__dimension_name(hone_arena *arena, const hone__sweep_dimension *d)
{
    return hone_sprintf(arena, "sweep.%s.%s", d->zip ? "zip" : "parameters", d->path);
}

/* ---- What depends on what ---------------------------------------------------------------------------------------- */

static bool speaks_of(const hone__sweep_dimension *d, const char *path)
{
    const hone__expression *when = d->when ? d->when->expression : NULL;
    for (size_t i = 0; when && i < when->n_paths; i++)
        if (strcmp(when->paths[i], path) == 0 || hone__path_below(when->paths[i], path))
            return true;
    return false;
}

static bool lies_below(const hone__sweep_dimension *d, const char *path)
{
    for (size_t i = 0; i < d->n_paths; i++)
        if (hone__path_below(d->paths[i], path))
            return true;
    return false;
}

static bool depends_on(const hone__sweep_dimension *d, const hone__sweep_dimension *other)
{
    for (size_t i = 0; i < other->n_paths; i++)
        if (speaks_of(d, other->paths[i]) || (d != other && lies_below(d, other->paths[i])))
            return true;
    return false;
}

typedef struct sorter {
    const hone__sweep_dimension *from; /* [n] */
    hone__sweep_dimension *to;
    bool *placed; /* [n] */
    size_t n, done;
} sorter;

/* Puts a dimension behind all that it depends on; they are few, and depend on each other at most a few deep. */
static void place(sorter *s, size_t i)
{
    if (s->placed[i])
        return;
    s->placed[i] = true;
    for (size_t j = 0; j < s->n; j++)
        if (j != i && depends_on(&s->from[i], &s->from[j]))
            place(s, j);
    s->to[s->done++] = s->from[i];
}

/* ---- Mistakes ---------------------------------------------------------------------------------------------------- */

static void refuse_circles(hone__loader *l, bool *circular)
{
    *circular = false;
    const hone__sweep_dimension *d = l->e->sweep->dimensions;
    for (size_t i = 0; i < l->e->sweep->n_dimensions; i++)
        for (size_t j = i; j < l->e->sweep->n_dimensions; j++) {
            if (!depends_on(&d[i], &d[j]))
                continue;
            *circular = true;
            if (i == j)
                hone__issue_at(l->issues, d[i].when->expression->node, "%s speaks of %s itself", d[i].when->expression->name,
                               d[i].path);
            else
                hone__issue_key(l->issues, d[i].node, "sweep.%s.%s and sweep.%s.%s depend on each other in a circle",
                                d[i].zip ? "zip" : "parameters", d[i].path, d[j].zip ? "zip" : "parameters", d[j].path);
        }
}

/* The node whose key is the path. */
static const hone__yaml *written(const hone__sweep_dimension *d, const char *path)
{
    return d->zip ? hone__yaml_get(d->values[0], path) : d->node;
}

/* `optimizer` and `optimizer.type` would both choose the plugin. */
static bool is_type_of(const char *path, const char *section)
{
    const size_t n = strlen(section);
    return strncmp(path, section, n) == 0 && strcmp(path + n, ".type") == 0;
}

static hone_status refuse_pair(hone__loader *l, const hone__sweep_dimension *a, const char *path,
                               const hone__sweep_dimension *b, const char *other)
{
    const char *first = hone__dimension_name(l->arena, a), *second = hone__dimension_name(l->arena, b);
    if (!first || !second)
        return hone_no_memory(l->err, "reading a search space");
    if (strcmp(path, other) == 0)
        hone__issue_key(l->issues, written(b, other), "%s sets %s, as %s does; a path is set in one place only", second, path,
                        a->zip ? first : "sweep.parameters");
    else
        hone__issue_key(l->issues, written(b, other), "sweep has %s and %s, which both choose the plugin; keep one of them",
                        path, other);
    return HONE_OK;
}

static hone_status refuse_rivals_of(hone__loader *l, const hone__sweep_dimension *a, const hone__sweep_dimension *b)
{
    for (size_t p = 0; p < a->n_paths; p++)
        for (size_t q = 0; q < b->n_paths; q++)
            if ((a < b && strcmp(a->paths[p], b->paths[q]) == 0) || is_type_of(b->paths[q], a->paths[p]))
                HONE_TRY(refuse_pair(l, a, a->paths[p], b, b->paths[q]));
    return HONE_OK;
}

static hone_status refuse_rivals(hone__loader *l)
{
    const hone__sweep_dimension *d = l->e->sweep->dimensions;
    for (size_t i = 0; i < l->e->sweep->n_dimensions; i++)
        for (size_t j = 0; j < l->e->sweep->n_dimensions; j++)
            HONE_TRY(refuse_rivals_of(l, &d[i], &d[j]));
    return HONE_OK;
}

hone_status hone__sweep_order(hone__loader *l, bool *circular)
{
    hone__sweep_config *sweep = l->e->sweep;
    sorter s = {.from = sweep->dimensions, .n = sweep->n_dimensions};
    s.to = hone_alloc_array(l->arena, s.n, sizeof *s.to);
    s.placed = hone_alloc_array(l->arena, s.n, sizeof *s.placed);
    if (!s.to || !s.placed)
        return hone_no_memory(l->err, "reading a search space");
    for (size_t i = 0; i < s.n; i++)
        place(&s, i);
    sweep->dimensions = s.to;
    refuse_circles(l, circular);
    return refuse_rivals(l);
}
