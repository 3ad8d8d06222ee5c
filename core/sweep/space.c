/* space.c - a sweep's space as searchers see it, and its points as YAML and as text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/space.h"

#include <math.h>
#include <string.h>

hone_space hone__space_of(const hone__sweep_config *sweep)
{
    hone_space space = {.size = sizeof space, .dimension_size = sizeof(hone__sweep_dimension)};
    if (sweep && sweep->n_dimensions) {
        space.n = sweep->n_dimensions;
        space.dimensions = &sweep->dimensions[0].dimension; /* the stride steps over what is the core's own */
    }
    return space;
}

static const hone__yaml *value_of(hone_arena *arena, const hone__sweep_dimension *d, double x)
{
    if (d->dimension.distribution == HONE_CATEGORICAL)
        return d->values[(size_t)x];
    if (d->integer)
        return hone__yaml_new_int(arena, llround(x));
    return hone__yaml_new_real(arena, x);
}

static bool is_choice(const hone__sweep_dimension *d, double x)
{
    return x >= 0 && x < (double)d->dimension.n_choices && x == floor(x);
}

hone_status hone__space_values(hone_arena *arena, const hone__sweep_config *sweep, const double *x,
                               const hone__yaml *const **values, hone_error *err)
{
    size_t n = sweep ? sweep->n_dimensions : 0;
    const hone__yaml **v = hone_alloc_array(arena, n, sizeof *v);
    if (!v)
        return hone_no_memory(err, "writing down a point");
    for (size_t i = 0; i < n; i++) {
        const hone__sweep_dimension *d = &sweep->dimensions[i];
        if (isnan(x[i]))
            continue;
        if (d->dimension.distribution == HONE_CATEGORICAL && !is_choice(d, x[i]))
            return hone_fail(err, HONE_EPLUGIN, "the searcher chose %g for %s, which has the choices 0 to %u", x[i], d->path,
                             d->dimension.n_choices - 1);
        v[i] = value_of(arena, d, x[i]);
        if (!v[i])
            return hone_no_memory(err, "writing down a point");
    }
    *values = v;
    return HONE_OK;
}

static void add_scalar(const hone__yaml *node, hone__str *out)
{
    switch (node->type) {
    case HONE__YAML_NULL:
        hone__str_add(out, "null");
        break;
    case HONE__YAML_BOOL:
        hone__str_add(out, node->truth ? "true" : "false");
        break;
    case HONE__YAML_INT:
        hone__str_addf(out, "%lld", (long long)node->integer);
        break;
    case HONE__YAML_REAL:
        hone__str_add_real(out, node->real);
        break;
    default:
        hone__str_add(out, node->text);
    }
}

void hone__yaml_line(const hone__yaml *node, hone__str *out)
{
    if (node->type != HONE__YAML_MAP && node->type != HONE__YAML_LIST) {
        add_scalar(node, out);
        return;
    }
    bool map = node->type == HONE__YAML_MAP;
    hone__str_add(out, map ? "{" : "[");
    for (const hone__yaml *c = node->child; c; c = c->next) {
        if (c != node->child)
            hone__str_add(out, ", ");
        if (map)
            hone__str_addf(out, "%s: ", c->key);
        hone__yaml_line(c, out);
    }
    hone__str_add(out, map ? "}" : "]");
}
