/* sweep_spec.c - one entry of sweep.parameters: values, or a range with a distribution, in the words of Weights & Biases.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "config/sweep_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *key;
    size_t offset;
} parts[] = {
    {"value", offsetof(hone__spec, value)},
    {"values", offsetof(hone__spec, values)},
    {"min", offsetof(hone__spec, min)},
    {"max", offsetof(hone__spec, max)},
    {"distribution", offsetof(hone__spec, distribution)},
    {"q", offsetof(hone__spec, q)},
    {"mu", offsetof(hone__spec, mu)},
    {"sigma", offsetof(hone__spec, sigma)},
    {"probabilities", offsetof(hone__spec, probabilities)},
    {"names", offsetof(hone__spec, names)},
    {"when", offsetof(hone__spec, when)},
};
static const char *const part_names[] = {"value", "values", "min",           "max",   "distribution", "q",
                                         "mu",    "sigma",  "probabilities", "names", "when",         NULL};

bool hone__spec_is_key(const char *key)
{
    for (const char *const *name = part_names; *name; name++)
        if (strcmp(*name, key) == 0)
            return true;
    return false;
}

bool hone__spec_parts(hone__loader *l, const hone__yaml *node, hone__spec *spec)
{
    char seen[160];
    const size_t before = l->issues->n;
    if (node->type != HONE__YAML_MAP) {
        hone__issue_at(l->issues, node, "%s is %s; it must be a map: {value: ...}, {values: [...]} or {min: ..., max: ...}",
                       spec->name, hone__value_shown(node, seen, sizeof seen));
        return false;
    }
    for (const hone__yaml *child = node->child; child; child = child->next) {
        size_t i = 0;
        while (i < sizeof parts / sizeof *parts && strcmp(parts[i].key, child->key) != 0)
            i++;
        if (i < sizeof parts / sizeof *parts)
            *(const hone__yaml **)(void *)((char *)spec + parts[i].offset) = child;
        else
            hone__issue_unknown(&l->fill, spec->name, NULL, 0, part_names, child);
    }
    return l->issues->n == before;
}

const hone__yaml *hone__spec_first(const hone__yaml *node)
{
    const hone__yaml *first = hone__yaml_get(node, "value"), *values = hone__yaml_get(node, "values");
    if (!first && values && values->type == HONE__YAML_LIST)
        first = values->child;
    return first ? first : hone__yaml_get(node, "min");
}

/* ---- Distributions ----------------------------------------------------------------------------------------------- */

enum { RANGE = 1, SHAPE = 2, QUANTUM = 4, CHOICES = 8 };

static const struct {
    const char *name;
    uint32_t distribution;
    int needs;
    const char *advice; /* for those that we do not have */
} distributions[] = {
    {"categorical", HONE_CATEGORICAL, CHOICES, NULL},
    {"constant", HONE_CATEGORICAL, CHOICES, NULL},
    {"uniform", HONE_UNIFORM, RANGE, NULL},
    {"int_uniform", HONE_INT_UNIFORM, RANGE, NULL},
    {"log_uniform_values", HONE_LOG_UNIFORM, RANGE, NULL},
    {"q_uniform", HONE_UNIFORM, RANGE | QUANTUM, NULL},
    {"q_log_uniform_values", HONE_LOG_UNIFORM, RANGE | QUANTUM, NULL},
    {"normal", HONE_NORMAL, SHAPE, NULL},
    {"log_normal", HONE_LOG_NORMAL, SHAPE, NULL},
    {"q_normal", HONE_NORMAL, SHAPE | QUANTUM, NULL},
    {"q_log_normal", HONE_LOG_NORMAL, SHAPE | QUANTUM, NULL},
    {"log_uniform", 0, 0, "its min and max are exponents; write log_uniform_values and the values themselves"},
    {"q_log_uniform", 0, 0, "its min and max are exponents; write q_log_uniform_values and the values themselves"},
};
enum { N_DISTRIBUTIONS = sizeof distributions / sizeof *distributions };

static const char *distribution_name(const void *ctx, size_t i)
{
    (void)ctx;
    return i < N_DISTRIBUTIONS && !distributions[i].advice ? distributions[i].name : NULL;
}

static void issue_distribution(hone__loader *l, const hone__spec *s)
{
    char seen[160];
    hone__str all = {0};
    const char *name, *near = s->distribution->text ? hone__nearest(s->distribution->text, distribution_name, NULL) : NULL;
    for (size_t i = 0; (name = distribution_name(NULL, i)) != NULL; i++)
        hone__str_addf(&all, "%s%s", i ? ", " : "", name);
    hone__issue_at(l->issues, s->distribution, "%s.distribution is %s; %s%s%shere are: %s", s->name,
                   hone__value_shown(s->distribution, seen, sizeof seen), near ? "did you mean " : "", near ? near : "",
                   near ? "? T" : "t", hone__str_text(&all));
    l->issues->failed |= all.failed;
    hone__str_clear(&all);
}

/* The row of distributions that was written; -1 with an issue. */
static int written_distribution(hone__loader *l, const hone__spec *s)
{
    for (int i = 0; s->distribution->type == HONE__YAML_STRING && i < N_DISTRIBUTIONS; i++) {
        if (strcmp(distributions[i].name, s->distribution->text) != 0)
            continue;
        if (!distributions[i].advice)
            return i;
        hone__issue_at(l->issues, s->distribution, "%s.distribution is %s; %s", s->name, distributions[i].name,
                       distributions[i].advice);
        return -1;
    }
    issue_distribution(l, s);
    return -1;
}

static int named(const char *name)
{
    int i = 0;
    while (strcmp(distributions[i].name, name) != 0)
        i++;
    return i;
}

/* Weights & Biases: integer bounds give integers, others reals. For a row of reals that would be a trap, so it asks. */
static int implied_distribution(hone__loader *l, const hone__spec *s, bool real)
{
    if (s->value || s->values)
        return named("categorical");
    if (s->mu || s->sigma)
        return named("normal");
    if (!s->min && !s->max) {
        hone__issue_at(l->issues, s->node, "%s has no values; give value, values, or min and max", s->name);
        return -1;
    }
    const bool integers = s->min && s->max && s->min->type == HONE__YAML_INT && s->max->type == HONE__YAML_INT;
    if (integers && real) {
        hone__issue_at(l->issues, s->node,
                       "%s has integers as min and max, but %s takes reals; write distribution: uniform for "
                       "reals, or int_uniform for integers",
                       s->name, s->path);
        return -1;
    }
    return named(integers ? "int_uniform" : "uniform");
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static bool read_number(hone__loader *l, const hone__spec *s, const char *key, const hone__yaml *node, double *out)
{
    char seen[160];
    if (!node) {
        hone__issue_at(l->issues, s->node, "%s has no %s", s->name, key);
        return false;
    }
    if ((node->type != HONE__YAML_INT && node->type != HONE__YAML_REAL) || !isfinite(node->real)) {
        hone__issue_at(l->issues, node, "%s.%s is %s; it must be a number", s->name, key,
                       hone__value_shown(node, seen, sizeof seen));
        return false;
    }
    *out = node->real;
    return true;
}

static void refuse_part(hone__loader *l, const hone__spec *s, const char *key, const hone__yaml *part, const char *distribution)
{
    if (part)
        hone__issue_key(l->issues, part, "%s has %s, which %s does not use", s->name, key, distribution);
}

static void read_range(hone__loader *l, const hone__spec *s, const char *distribution, hone_dimension *d)
{
    const bool low = read_number(l, s, "min", s->min, &d->min), high = read_number(l, s, "max", s->max, &d->max);
    if (!low || !high)
        return;
    if (d->distribution == HONE_INT_UNIFORM && (d->min != floor(d->min) || d->max != floor(d->max)))
        hone__issue_at(l->issues, s->min, "%s has min %s and max %s; int_uniform needs integers", s->name, s->min->text,
                       s->max->text);
    if (d->min > d->max)
        hone__issue_at(l->issues, s->min, "%s has min %s above max %s", s->name, s->min->text, s->max->text);
    if (d->distribution == HONE_LOG_UNIFORM && d->min <= 0)
        hone__issue_at(l->issues, s->min, "%s.min is %s; %s needs a min > 0", s->name, s->min->text, distribution);
}

static void read_quantum(hone__loader *l, const hone__spec *s, bool integer, hone_dimension *d)
{
    d->quantum = 1;
    if (s->q && read_number(l, s, "q", s->q, &d->quantum)) {
        if (d->quantum <= 0)
            hone__issue_at(l->issues, s->q, "%s.q is %s; it must be > 0", s->name, s->q->text);
        else if (integer && d->quantum != floor(d->quantum))
            hone__issue_at(l->issues, s->q, "%s.q is %s; %s takes integers, so q must be one", s->name, s->q->text, s->path);
    }
    if (s->min && s->max && d->quantum > 0 && d->min <= d->max &&
        ceil(d->min / d->quantum - 1e-9) > floor(d->max / d->quantum + 1e-9))
        hone__issue_at(l->issues, s->node, "%s has no multiple of q between min and max", s->name);
}

/* ---- Choices ----------------------------------------------------------------------------------------------------- */

static hone_status read_probabilities(hone__loader *l, const hone__spec *s, hone_dimension *d)
{
    const hone__yaml *list = s->probabilities;
    double sum = 0, *p = hone_alloc_array(l->arena, d->n_choices, sizeof *p);
    uint32_t i = 0;
    if (!p)
        return hone_no_memory(l->err, "reading a search space");
    if (list->type != HONE__YAML_LIST || list->n != d->n_choices) {
        hone__issue_at(l->issues, list, "%s.probabilities must be a list with one number for each of the %u values", s->name,
                       (unsigned)d->n_choices);
        return HONE_OK;
    }
    for (const hone__yaml *item = list->child; item; item = item->next, i++) {
        if (!read_number(l, s, "probabilities", item, &p[i]))
            return HONE_OK;
        if (p[i] < 0)
            hone__issue_at(l->issues, item, "%s.probabilities holds %s; none can be negative", s->name, item->text);
        sum += p[i];
    }
    if (fabs(sum - 1) > 1e-6)
        hone__issue_at(l->issues, list, "%s.probabilities add up to %.10g; they must add up to 1", s->name, sum);
    d->probabilities = p;
    return HONE_OK;
}

static bool is_name(hone__loader *l, const hone__spec *s, const hone__yaml *item)
{
    char seen[160];
    const bool fine = item->text && item->text[0] && item->type != HONE__YAML_MAP && item->type != HONE__YAML_LIST;
    if (!fine)
        hone__issue_at(l->issues, item, "%s.names holds %s; a name must be text", s->name,
                       hone__value_shown(item, seen, sizeof seen));
    for (const hone__yaml *other = s->names->child; fine && other != item; other = other->next)
        if (other->text && strcmp(other->text, item->text) == 0) {
            hone__issue_at(l->issues, item, "%s.names holds %s twice", s->name, hone__value_shown(item, seen, sizeof seen));
            return false;
        }
    return fine;
}

/* What tables and pictures call the values. */
static hone_status read_names(hone__loader *l, const hone__spec *s, hone__sweep_dimension *out)
{
    const hone__yaml *list = s->names;
    const uint32_t n = out->dimension.n_choices;
    const char **names = hone_alloc_array(l->arena, n, sizeof *names);
    uint32_t i = 0;
    if (!names)
        return hone_no_memory(l->err, "reading a search space");
    if (list->type != HONE__YAML_LIST || list->n != n) {
        hone__issue_at(l->issues, list, "%s.names must be a list with one name for each of the %u values", s->name,
                       (unsigned)n);
        return HONE_OK;
    }
    for (const hone__yaml *item = list->child; item; item = item->next) {
        if (!is_name(l, s, item))
            return HONE_OK;
        names[i++] = item->text;
    }
    out->names = names;
    return HONE_OK;
}

static void refuse_repeated(hone__loader *l, const hone__spec *s)
{
    char seen[160];
    for (const hone__yaml *a = s->values->child; a; a = a->next)
        for (const hone__yaml *b = s->values->child; b != a; b = b->next)
            if (hone__yaml_equal(a, b)) {
                hone__issue_at(l->issues, a, "%s.values holds %s twice", s->name, hone__value_shown(a, seen, sizeof seen));
                break;
            }
}

static hone_status read_choices(hone__loader *l, const hone__spec *s, hone__sweep_dimension *out)
{
    char seen[160];
    if (s->value && s->values) {
        hone__issue_at(l->issues, s->node, "%s has value and values; it must be one of the two", s->name);
        return HONE_OK;
    }
    if (!s->value && !s->values) {
        hone__issue_at(l->issues, s->node, "%s has no values", s->name);
        return HONE_OK;
    }
    if (s->values && (s->values->type != HONE__YAML_LIST || s->values->n == 0)) {
        hone__issue_at(l->issues, s->values, "%s.values is %s; it must be a list with at least one value", s->name,
                       s->values->type == HONE__YAML_LIST ? "an empty list" : hone__value_shown(s->values, seen, sizeof seen));
        return HONE_OK;
    }
    const uint32_t n = s->value ? 1 : s->values->n;
    if (n > HONE__MOST_CHOICES) {
        hone__issue_at(l->issues, s->values, "%s has %u values; there can be at most %d", s->name, (unsigned)n,
                       HONE__MOST_CHOICES);
        return HONE_OK;
    }
    const hone__yaml **values = hone_alloc_array(l->arena, n, sizeof *values);
    if (!values)
        return hone_no_memory(l->err, "reading a search space");
    uint32_t i = 0;
    for (const hone__yaml *v = s->value ? s->value : s->values->child; i < n; v = v->next)
        values[i++] = v;
    out->values = values;
    out->dimension.n_choices = n;
    if (s->values)
        refuse_repeated(l, s);
    if (s->names)
        HONE_TRY(read_names(l, s, out));
    return s->probabilities ? read_probabilities(l, s, &out->dimension) : HONE_OK;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static void refuse_unused(hone__loader *l, const hone__spec *s, const char *name, int needs)
{
    if (!(needs & CHOICES)) {
        refuse_part(l, s, "value", s->value, name);
        refuse_part(l, s, "values", s->values, name);
        refuse_part(l, s, "probabilities", s->probabilities, name);
        refuse_part(l, s, "names", s->names, name);
    }
    if (!(needs & RANGE)) {
        refuse_part(l, s, "min", s->min, name);
        refuse_part(l, s, "max", s->max, name);
    }
    if (!(needs & SHAPE)) {
        refuse_part(l, s, "mu", s->mu, name);
        refuse_part(l, s, "sigma", s->sigma, name);
    }
    if (!(needs & QUANTUM))
        refuse_part(l, s, "q", s->q, name);
}

/* A row of integers needs a distribution that gives some; a row that takes no number cannot have a range. */
static void check_fit(hone__loader *l, const hone__spec *s, int needs, bool integer, bool real, hone_dimension *d)
{
    if (needs & CHOICES)
        return;
    if (!integer && !real)
        hone__issue_at(l->issues, s->node, "%s has a range, but %s does not take numbers; write values: [...]", s->name,
                       s->path);
    else if (integer && d->distribution == HONE_UNIFORM && !(needs & QUANTUM))
        hone__issue_at(l->issues, s->distribution ? s->distribution : s->node,
                       "%s is to be uniform over reals, but %s takes integers; write integers as min and max, or distribution: "
                       "q_uniform",
                       s->name, s->path);
    else if (integer && d->distribution != HONE_INT_UNIFORM && d->quantum == 0)
        d->quantum = 1; /* log_uniform_values, normal: rounded */
}

/* ---- Bounds of a row on a distribution without ends -------------------------------------------------------------- */

/* The numbers that the row takes, its open ends left out. */
static void row_bounds(const hone_param *row, double *low, double *high)
{
    const bool real = hone__takes_reals(row);
    *low = real ? row->min_real : (double)row->min_int;
    *high = real ? row->max_real : (double)row->max_int;
    if (row->flags & HONE_OPEN_MIN)
        *low = nextafter(*low, INFINITY);
    if (row->flags & HONE_OPEN_MAX)
        *high = nextafter(*high, -INFINITY);
}

static double normal_below(double x, const hone_dimension *d)
{
    const double y = d->distribution == HONE_LOG_NORMAL ? (x > 0 ? log(x) : -INFINITY) : x;
    return 0.5 * erfc((d->mu - y) / (d->sigma * sqrt(2.0)));
}

/* Draws beyond what the row takes are drawn again, so some must lie inside. */
static void cut_to_row(hone__loader *l, const hone__spec *s, const char *name, const hone_param *row, hone_dimension *d)
{
    char allowed[400];
    row_bounds(row, &d->min, &d->max);
    const double low = d->quantum > 0 ? ceil(d->min / d->quantum) * d->quantum - d->quantum / 2 : d->min;
    const double high = d->quantum > 0 ? floor(d->max / d->quantum) * d->quantum + d->quantum / 2 : d->max;
    if (d->sigma > 0 && normal_below(high, d) - normal_below(low, d) < 0.001)
        hone__issue_at(l->issues, s->node, "%s draws hardly ever what %s takes: %s with mu %s and sigma %s, but it must %s %s",
                       s->name, s->path, name, s->mu->text, s->sigma->text, hone__takes_reals(row) ? "lie" : "be",
                       hone__param_allowed(row, allowed, sizeof allowed));
}

hone_status hone__spec_read(hone__loader *l, const hone__spec *s, const hone_param *row, hone__sweep_dimension *d)
{
    const bool integer = hone__takes_integers(row), real = hone__takes_reals(row);
    const int i = s->distribution ? written_distribution(l, s) : implied_distribution(l, s, real);
    if (i < 0)
        return HONE_OK;
    const char *name = distributions[i].name;
    const int needs = distributions[i].needs;
    const size_t before = l->issues->n;
    d->dimension.distribution = distributions[i].distribution;
    d->integer = integer || d->dimension.distribution == HONE_INT_UNIFORM;
    refuse_unused(l, s, name, needs);
    if (needs & CHOICES)
        HONE_TRY(read_choices(l, s, d));
    if (needs & RANGE)
        read_range(l, s, name, &d->dimension);
    if (needs & SHAPE) {
        if (read_number(l, s, "mu", s->mu, &d->dimension.mu) && read_number(l, s, "sigma", s->sigma, &d->dimension.sigma) &&
            !(d->dimension.sigma > 0))
            hone__issue_at(l->issues, s->sigma, "%s.sigma is %s; it must be > 0", s->name, s->sigma->text);
    }
    if (needs & QUANTUM)
        read_quantum(l, s, integer, &d->dimension);
    check_fit(l, s, needs, integer, real, &d->dimension);
    if ((needs & SHAPE) && (integer || real) && l->issues->n == before)
        cut_to_row(l, s, name, row, &d->dimension);
    return HONE_OK;
}
