/* ordinal.c - a task of one's own in one file: which of some ordered levels does a pair of sentences have?
 *
 * A reader that cuts scores into levels, a head that asks "is it above level k?" for each k and trains with an operator of its own,
 * the metric that such ratings are judged by, and the word `task: ordinal` that puts them together. It uses the installed headers alone.
 * Sources: Shi, Cao and Raschka 2023, "Deep neural networks for rank-consistent ordinal regression based on conditional probabilities"
 * (CORN); Cohen 1968, "Weighted kappa".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <hone/task.h>
#include <hone/text_head.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The reader: lines of fields between tabs, the first line names them ------------------------------------------ */

enum { MAX_LEVELS = 1000, MAX_COLUMNS = 256 };

typedef struct level_params {
    const char *text, *text_pair, *score;
    double lowest, highest, step;
} level_params;

static const hone_param level_rows[] = {
    HONE_PARAM_STRING(level_params, text, .def_text = "sentence1", .help = "column of the first text"),
    HONE_PARAM_STRING(level_params, text_pair, .def_text = "sentence2", .help = "column of the second text"),
    HONE_PARAM_STRING(level_params, score, .def_text = "score", .help = "column of the score"),
    HONE_PARAM_REAL(level_params, lowest, .def_real = 0, .min_real = -1e6, .max_real = 1e6, .unit = "1",
                    .help = "lowest level"),
    HONE_PARAM_REAL(level_params, highest, .def_real = 5, .min_real = -1e6, .max_real = 1e6, .unit = "1",
                    .help = "highest level"),
    HONE_PARAM_REAL(level_params, step, .def_real = 1, .min_real = 0, .max_real = 1e6, .flags = HONE_OPEN_MIN, .unit = "1",
                    .help = "from one level to the next; a score belongs to the nearest, of two the higher"),
};

typedef struct level_state {
    uint64_t n;
    char (*names)[32]; /* [n] */
} level_state;

static hone_status levels_create(const hone_self *self, hone_error *err)
{
    const level_params *p = self->params;
    level_state *s = self->state;
    const double steps = floor((p->highest - p->lowest) / p->step + 1e-9);
    if (!(steps >= 1 && steps < MAX_LEVELS))
        return hone_fail(err, HONE_ECONFIG, "reader levels: from %g to %g in steps of %g are not 2 to %d levels", p->lowest,
                         p->highest, p->step, (int)MAX_LEVELS);
    s->n = (uint64_t)steps + 1;
    s->names = hone_alloc_array(self->trial, s->n, sizeof *s->names);
    if (!s->names)
        return hone_no_memory(err, "naming levels");
    for (uint64_t i = 0; i < s->n; i++)
        snprintf(s->names[i], sizeof s->names[i], "%g", p->lowest + (double)i * p->step);
    return HONE_OK;
}

static const char *levels_label(const hone_self *self, uint64_t i)
{
    const level_state *s = self->state;
    return i < s->n ? s->names[i] : NULL;
}

static hone_target levels_target(const hone_self *self)
{
    (void)self;
    return HONE_TARGET_CLASS;
}

static const char *const *levels_fields(const hone_self *self)
{
    static const char *const fields[] = {"text", "text_pair", NULL};
    (void)self;
    return fields;
}

typedef struct field {
    const char *text;
    size_t n;
} field;

/* Cuts the line at *at into fields and moves behind it; how many there are, at most MAX_COLUMNS. */
static uint64_t cut_line(const hone_source *source, uint64_t *at, field *fields)
{
    const char *line = source->bytes + *at, *end = memchr(line, '\n', source->n - *at);
    size_t n = end ? (size_t)(end - line) : source->n - *at;
    uint64_t count = 0;
    *at += n + 1;
    if (n > 0 && line[n - 1] == '\r')
        n--;
    while (count < MAX_COLUMNS) {
        const char *tab = memchr(line, '\t', n);
        const size_t size = tab ? (size_t)(tab - line) : n;
        fields[count++] = (field){line, size};
        if (!tab)
            break;
        line += size + 1;
        n -= size + 1;
    }
    return count;
}

static int64_t find_column(const field *names, uint64_t n, const char *name)
{
    for (uint64_t i = 0; i < n; i++)
        if (names[i].n == strlen(name) && memcmp(names[i].text, name, names[i].n) == 0)
            return (int64_t)i;
    return -1;
}

static hone_status put_level(const hone_self *self, hone_sink *sink, field score, uint64_t line, hone_error *err)
{
    const level_params *p = self->params;
    const level_state *s = self->state;
    char *end = NULL;
    const double value = strtod(score.text, &end); /* the field ends with a tab, a line's end or NUL, where reading stops */
    if (score.n == 0 || end != score.text + score.n || !(value >= p->lowest && value <= p->highest))
        return hone_sink_fail(sink, line, err, "the score is \"%.*s\", which is not a number from %g to %g",
                              (int)(score.n < 40 ? score.n : 40), score.text, p->lowest, p->highest);
    const double nearest = floor((value - p->lowest) / p->step + 0.5);
    const uint64_t level = nearest < (double)s->n ? (uint64_t)nearest : s->n - 1;
    const char *const names[] = {s->names[level]};
    hone_answer gold = hone_answer_of(HONE_TARGET_CLASS);
    gold.names = names;
    gold.n = 1;
    return hone_sink_gold(sink, &gold, err);
}

static hone_status levels_read(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err)
{
    const level_params *p = self->params;
    field names[MAX_COLUMNS], fields[MAX_COLUMNS];
    uint64_t at = 0, line = 1;
    const uint64_t n = cut_line(source, &at, names);
    const char *const wanted[] = {p->text, p->text_pair, p->score};
    int64_t column[3];
    for (int i = 0; i < 3; i++) {
        column[i] = find_column(names, n, wanted[i]);
        if (column[i] < 0 && (i < 2 || source->needs_gold))
            return hone_sink_fail(sink, 1, err, "there is no column \"%s\"", wanted[i]);
    }
    while (at < source->n) {
        const uint64_t found = cut_line(source, &at, fields);
        line++;
        if (found != n)
            return hone_sink_fail(sink, line, err, "there are %llu fields, and %llu names in the first line",
                                  (unsigned long long)found, (unsigned long long)n);
        HONE_TRY(hone_sink_example(sink, NULL, line, err));
        HONE_TRY(hone_sink_text(sink, "text", fields[column[0]].text, fields[column[0]].n, err));
        HONE_TRY(hone_sink_text(sink, "text_pair", fields[column[1]].text, fields[column[1]].n, err));
        if (column[2] >= 0 && (source->needs_gold || fields[column[2]].n > 0))
            HONE_TRY(put_level(self, sink, fields[column[2]], line, err));
    }
    return HONE_OK;
}

static const hone_reader levels = {
    .plugin = {HONE_PLUGIN(hone_reader, HONE_KIND_READER), .name = "levels",
               .summary = "pairs of texts with a score, which is cut into ordered levels",
               .help = "    data: {type: levels, train: train.tsv, validation: dev.tsv, step: 0.5}",
               .state_size = sizeof(level_state), HONE_PARAMS(level_params, level_rows)},
    .create = levels_create,
    .target = levels_target,
    .read = levels_read,
    .label = levels_label,
    .fields = levels_fields,
};

/* ---- The loss: an operator over scores [I, C - 1] and gold [I] ---------------------------------------------------- */

/* Score k is the logit of "above level k, given that it is not below". An example of level y answers the questions 0 .. y (of C - 1);
 * its loss is the sum of their cross entropies. The core divides by examples (Shi et al. divide by the questions asked). */
static hone_status corn_shape(const hone_op_call *c, hone_error *err)
{
    if (c->n_x != 2 || !c->x[0] || !c->x[1] || c->x[0]->shape.rank != 2 || c->x[1]->shape.rank != 1 ||
        c->x[0]->shape.dim[0] != c->x[1]->shape.dim[0] || c->x[1]->dtype != HONE_I32)
        return hone_fail(err, HONE_ESHAPE, "ordinal.corn takes scores [I, C - 1] and gold [I]");
    c->y[0]->dtype = c->x[0]->dtype;
    c->y[0]->shape = hone_shape_1(c->x[0]->shape.dim[0]);
    return HONE_OK;
}

static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static hone_status corn_forward(const hone_op_call *c, hone_error *err)
{
    const int64_t questions = c->x[0]->shape.dim[1];
    const int32_t *gold = c->x[1]->data;
    for (int64_t i = 0; i < c->x[0]->shape.dim[0]; i++) {
        double sum = 0;
        if (gold[i] > questions)
            return hone_fail(err, HONE_EINVAL, "ordinal.corn: level %d of %lld", gold[i], (long long)questions + 1);
        for (int64_t k = 0; k <= gold[i] && k < questions; k++) {
            const double s = hone_real_at(c->x[0], i * questions + k);
            sum += softplus(s) - (k < gold[i] ? s : 0);
        }
        hone_real_set(c->y[0], i, sum);
    }
    return HONE_OK;
}

static hone_status corn_backward(const hone_op_call *c, hone_error *err)
{
    const int64_t questions = c->x[0]->shape.dim[1];
    const int32_t *gold = c->x[1]->data;
    (void)err;
    for (int64_t i = 0; i < c->x[0]->shape.dim[0] && c->dx[0]; i++) {
        const double dy = hone_real_at(c->dy[0], i);
        for (int64_t k = 0; k <= gold[i] && k < questions; k++) {
            const int64_t at = i * questions + k;
            const double slope = sigmoid(hone_real_at(c->x[0], at)) - (k < gold[i] ? 1 : 0);
            hone_real_set(c->dx[0], at, hone_real_at(c->dx[0], at) + dy * slope);
        }
    }
    return HONE_OK;
}

static hone_status corn_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err);

static const hone_op corn = {.size = sizeof(hone_op),
                             .version = 1,
                             .name = "ordinal.corn",
                             .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1),
                             .flags = HONE_OP_ROWS_INDEPENDENT,
                             .shape = corn_shape,
                             .forward = corn_forward,
                             .backward = corn_backward,
                             .example = corn_example,
                             .f64 = &corn};
static const hone_op *const ordinal_ops[] = {&corn, NULL};

/* Two levels, and five. */
static hone_status corn_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    const int64_t questions = i == 0 ? 1 : 4;
    const hone_shape scores = hone_shape_2(8, questions), gold = hone_shape_1(8);
    (void)err;
    if (i > 1)
        return HONE_END;
    hone_node *x[] = {hone_example_input(g, HONE_F32, &scores, -2, 2),
                      hone_example_input(g, HONE_I32, &gold, 0, (double)questions + 1)};
    *y = hone_apply(g, "example", &corn, NULL, 2, x);
    return HONE_OK;
}

/* ---- The head ----------------------------------------------------------------------------------------------------- */

/* Of hone_text_head these settings alone: the others are zero, no hidden layers, and the loss is the head's own. */
static const hone_param ordinal_rows[] = {
    HONE_PARAM_CHOICE(hone_text_head, pooling, hone_poolings, .def_text = "mean",
                      .help = "one row a pair: by the model's own pooler, the mean of its tokens, or its first token"),
    HONE_PARAM_REAL(hone_text_head, dropout, .def_real = 0.1, .max_real = 1, .flags = HONE_OPEN_MAX, .unit = "1",
                    .help = "dropout before the scores"),
    HONE_PARAM_REAL(hone_text_head, initializer_range, .def_real = 0.02, .max_real = 10, .unit = "1",
                    .help = "standard deviation of the head's new weights"),
};

typedef struct ordinal_state {
    int64_t levels;
} ordinal_state;

static hone_status ordinal_create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    const hone_text_head *p = self->params;
    ordinal_state *s = self->state;
    s->levels = (int64_t)setup->facts->n_labels;
    if (s->levels < 2)
        return hone_fail(err, HONE_EINVAL, "head ordinal needs at least 2 levels; the data has %lld", (long long)s->levels);
    if (strcmp(hone_poolings[p->pooling], "pooler") == 0 && !setup->model->pool)
        return hone_fail(err, HONE_EINVAL, "model %s has no pooler of its own; set head.pooling to mean or first",
                         setup->model->plugin.name);
    return HONE_OK;
}

static hone_status ordinal_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const ordinal_state *s = self->state;
    hone_node *scores = hone_text_head_scores(self, g, io, s->levels - 1);
    if (io->with_loss) {
        hone_node *x[] = {scores, hone_input(g, io->in, "gold")};
        hone_head_loss(g, io, 1.0, hone_apply(g, "corn", &corn, NULL, 2, x));
    }
    return hone_graph_status(g, err);
}

/* An item an example, of equal weight; one without a level weighs nothing. */
static hone_status ordinal_items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    const hone_tensor *gold = hone_batch_field(batch, "gold", NULL);
    (void)k;
    if (!gold)
        return hone_fail(err, HONE_EINVAL, "head %s: the examples have no level", self->plugin->name);
    out->n = hone_batch_examples(batch);
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "weighing the examples of a batch");
    for (uint64_t e = 0; e < out->n; e++) {
        out->example[e] = (uint32_t)e;
        out->weights[e] = ((const int32_t *)gold->data)[e] >= 0;
    }
    return HONE_OK;
}

/* Above level k with the product of the answers 0 .. k, which never rises with k: the level is the number of products above a half. */
static hone_status ordinal_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    const int64_t levels_of = ((const ordinal_state *)self->state)->levels;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    float *p = hone_alloc_array(in->arena, (size_t)levels_of, sizeof *p);
    if (!p)
        return hone_no_memory(err, "decoding a prediction");
    answers[0] = hone_answer_of(HONE_TARGET_CLASS);
    double above = 1;
    int32_t level = 0;
    for (int64_t k = 0; k < levels_of; k++) {
        const double next = k + 1 < levels_of ? above * sigmoid(hone_real_at(&scores, k)) : 0;
        p[k] = (float)(above - next);
        level += next > 0.5;
        above = next;
    }
    answers[0].index = level;
    answers[0].scores = p;
    answers[0].n_scores = (uint64_t)levels_of;
    return HONE_OK;
}

static const hone_output_of_head ordinal_outputs[] = {{.name = "", .target = HONE_TARGET_CLASS}};

static const hone_head ordinal = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "ordinal",
               .summary = "one of C ordered levels, trained with CORN", .source = "Shi, Cao and Raschka 2023 (CORN)",
               .help = "    head: {type: ordinal, pooling: mean}", .state_size = sizeof(ordinal_state),
               HONE_PARAMS(hone_text_head, ordinal_rows), .ops = ordinal_ops},
    .takes = HONE_TAKES(HONE_TARGET_CLASS),
    .n_outputs = 1,
    .outputs = ordinal_outputs,
    .output_size = sizeof(hone_output_of_head),
    .create = ordinal_create,
    .build = ordinal_build,
    .items = ordinal_items,
    .decode = ordinal_decode,
};

/* ---- The metric: quadratic weighted kappa, mean absolute error, a table and a curve ------------------------------- */

typedef struct counts {
    uint64_t n_levels, n;
    double *gold, *predicted,
        *error;          /* [n_levels] examples of each level, predictions of it, sum of |difference| of its examples */
    double *within;      /* [n_levels] examples that are d levels off */
    double disagreement; /* sum of squared differences */
} counts;

static hone_status count_levels(const hone_self *self, const hone_evaluation *e, counts *c, hone_error *err)
{
    double *all = hone_alloc_array(self->step, 4 * e->n_labels + 1, sizeof *all);
    if (!all)
        return hone_no_memory(err, "counting levels");
    *c = (counts){.n_levels = e->n_labels,
                  .n = e->n,
                  .gold = all,
                  .predicted = all + e->n_labels,
                  .error = all + 2 * e->n_labels,
                  .within = all + 3 * e->n_labels};
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        const int64_t gold = r->gold->index, predicted = r->prediction->index, off = llabs(gold - predicted);
        if (gold < 0 || predicted < 0 || (uint64_t)gold >= e->n_labels || (uint64_t)predicted >= e->n_labels)
            return hone_fail(err, HONE_EINVAL, "metric qwk: example %s has a level that training does not know", r->id);
        c->gold[gold] += 1;
        c->predicted[predicted] += 1;
        c->error[gold] += (double)off;
        c->within[off] += 1;
        c->disagreement += (double)(off * off);
    }
    return HONE_OK;
}

/* One less the squared disagreement over that of chance; none where chance agrees always. */
static double kappa(const counts *c)
{
    double chance = 0;
    for (uint64_t i = 0; i < c->n_levels; i++)
        for (uint64_t j = 0; j < c->n_levels; j++)
            chance += ((double)i - (double)j) * ((double)i - (double)j) * c->gold[i] * c->predicted[j];
    return chance > 0 ? 1 - c->disagreement * (double)c->n / chance : (double)NAN;
}

static hone_status show_levels(const hone_evaluation *e, const counts *c, hone_exhibits *out, hone_error *err)
{
    static const char *const columns[] = {"level", "examples", "predicted", "mean absolute error"};
    hone_table *table;
    HONE_TRY(hone_table_begin(out, "levels", "Levels and how far predictions are off", 4, columns, &table, err));
    for (uint64_t l = 0; l < c->n_levels; l++) {
        HONE_TRY(hone_table_text(table, e->labels[l], err));
        HONE_TRY(hone_table_number(table, c->gold[l], err));
        HONE_TRY(hone_table_number(table, c->predicted[l], err));
        HONE_TRY(hone_table_number(table, c->gold[l] > 0 ? c->error[l] / c->gold[l] : (double)NAN, err));
    }
    return HONE_OK;
}

/* The share of examples at most d levels off, for each d. */
static hone_status show_within(const hone_self *self, const counts *c, hone_exhibits *out, hone_error *err)
{
    double *x = hone_alloc_array(self->step, c->n_levels, sizeof *x), *y = hone_alloc_array(self->step, c->n_levels, sizeof *y);
    double sum = 0;
    if (!x || !y)
        return hone_no_memory(err, "drawing a curve");
    for (uint64_t d = 0; d < c->n_levels; d++) {
        sum += c->within[d];
        x[d] = (double)d;
        y[d] = sum / (double)c->n;
    }
    const hone_curve curve = {.size = sizeof curve,
                              .name = "within",
                              .title = "Predictions at most so many levels off",
                              .x_label = "difference (levels)",
                              .y_label = "share of examples",
                              .n = c->n_levels,
                              .x = x,
                              .y = y};
    return hone_curve_add(out, &curve, err);
}

static hone_status qwk_compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    counts c = {0};
    double error = 0;
    HONE_TRY(count_levels(self, e, &c, err));
    for (uint64_t l = 0; l < c.n_levels; l++)
        error += c.error[l];
    HONE_TRY(hone_figure(out, NULL, kappa(&c), "quadratic weights", err));
    HONE_TRY(hone_figure(out, "mae", c.n ? error / (double)c.n : (double)NAN, "mean absolute error, in levels", err));
    if (c.n == 0 || c.n_levels == 0)
        return HONE_OK;
    HONE_TRY(show_levels(e, &c, out, err));
    return show_within(self, &c, out, err);
}

static const hone_figure_direction qwk_directions[] = {{"mae", -1}, {NULL, 0}};

static const hone_metric qwk = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "qwk",
               .summary = "quadratic weighted kappa of ordered levels, and their mean absolute error",
               .source = "Cohen 1968; scikit-learn, cohen_kappa_score with weights quadratic", .help = "    metrics: [qwk]"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS),
    .direction = 1,
    .compute = qwk_compute,
    .directions = qwk_directions,
};

/* ---- The task ----------------------------------------------------------------------------------------------------- */

static const hone_task ordinal_task = {
    .plugin = {HONE_PLUGIN(hone_task, HONE_KIND_TASK), .name = "ordinal", .summary = "ordered levels of pairs of texts",
               .help = "    task: ordinal"},
    .settings = "data: {type: levels}\nhead: {type: ordinal}\nmetrics: [qwk]\n",
};

HONE_MODULE(&levels.plugin, &ordinal.plugin, &qwk.plugin, &ordinal_task.plugin);
