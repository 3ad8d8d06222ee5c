/* multi_label.c - a set of labels for each text or pair: those whose probability is above their threshold.
 *
 * Thresholds are given, or chosen on the validation set so that each label's F1 there is largest.
 * Source of the latter: Lipton et al. 2014, "Optimal thresholding of classifiers to maximize F1 measure".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"calibrate", NULL};

typedef struct params {
    hone_text_head text;
    hone_real_or_word threshold;
    hone_map thresholds_by_label;
} params;

static const hone_param rows[] = {
    HONE_TEXT_HEAD_ROWS("binary_cross_entropy"),
    HONE_PARAM_REAL_OR_WORD(params, threshold, words, .def_real = 0.5, .min_real = 0, .max_real = 1, .unit = "1",
                            .help =
                                "probability above which a label is predicted; calibrate: for each label the one whose F1 on "
                                "the validation data is largest"),
    HONE_PARAM_MAP(params, thresholds_by_label, HONE_REAL, double, .min_real = 0, .max_real = 1, .unit = "1",
                   .help = "thresholds of labels by name, over the others'"),
};

typedef struct state {
    int64_t n_labels;
    double *given;  /* [C] */
    bool *fixed;    /* [C] by name: calibration leaves them alone */
    double *chosen; /* [C] of the last calibration, for what is shown; the given ones before the first */
} state;

/* ---- Creation ---------------------------------------------------------------------------------------------------- */

static hone_status note_thresholds(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const params *p = self->params;
    const double *values = p->thresholds_by_label.values;
    state *s = self->state;
    for (int64_t c = 0; c < s->n_labels; c++)
        s->given[c] = p->threshold.word >= 0 ? 0.5 : p->threshold.value;
    for (uint64_t i = 0; i < p->thresholds_by_label.n; i++) {
        const char *name = p->thresholds_by_label.keys[i];
        int64_t c = 0;
        while (c < s->n_labels && strcmp(facts->labels[c], name) != 0)
            c++;
        if (c == s->n_labels)
            return hone_fail(err, HONE_EINVAL,
                             "head multi_label: thresholds_by_label names %.60s, which is no label of the data", name);
        s->given[c] = values[i];
        s->fixed[c] = true;
    }
    memcpy(s->chosen, s->given, (size_t)s->n_labels * sizeof *s->chosen);
    return HONE_OK;
}

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    state *s = self->state;
    s->n_labels = (int64_t)setup->facts->n_labels;
    if (s->n_labels < 1)
        return hone_fail(err, HONE_EINVAL, "head multi_label needs a label; the training data has none");
    s->given = hone_alloc_array(self->trial, (size_t)s->n_labels, sizeof *s->given);
    s->chosen = hone_alloc_array(self->trial, (size_t)s->n_labels, sizeof *s->chosen);
    s->fixed = hone_alloc_array(self->trial, (size_t)s->n_labels, sizeof *s->fixed);
    if (!s->given || !s->chosen || !s->fixed)
        return hone_no_memory(err, "making a head");
    HONE_TRY(note_thresholds(self, setup->facts, err));
    return hone_text_head_check(self, setup, HONE_TARGET_CLASSES, err);
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    hone_node *scores = hone_text_head_scores(self, g, io, ((const state *)self->state)->n_labels);
    if (io->with_loss)
        HONE_TRY(hone_text_head_loss(self, g, io, scores, err));
    return hone_graph_status(g, err);
}

/* ---- Decoding ---------------------------------------------------------------------------------------------------- */

/* Several windows of one text count alike. */
static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    const state *s = self->state;
    const int64_t n = s->n_labels;
    const double *thresholds = in->n_calibration == (uint64_t)n * sizeof(double) ? in->calibration : s->given;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    float *p = hone_alloc_array(in->arena, (size_t)n, sizeof *p);
    int32_t *labels = hone_alloc_array(in->arena, (size_t)n, sizeof *labels);
    if (!p || !labels)
        return hone_no_memory(err, "decoding a prediction");
    answers[0] = hone_answer_of(HONE_TARGET_CLASSES);
    for (int64_t c = 0; c < n; c++) {
        double sum = 0;
        for (int64_t r = 0; r < scores.shape.dim[0]; r++)
            sum += 1.0 / (1.0 + exp(-(double)((const float *)scores.data)[r * n + c]));
        p[c] = (float)(sum / (double)scores.shape.dim[0]);
        if ((double)p[c] > thresholds[c])
            labels[answers[0].n++] = (int32_t)c;
    }
    answers[0].labels = labels;
    answers[0].scores = p;
    answers[0].n_scores = (uint64_t)n;
    return HONE_OK;
}

/* ---- Calibration ------------------------------------------------------------------------------------------------- */

typedef struct decision {
    double p;
    bool gold;
} decision;

static int most_probable_first(const void *a, const void *b)
{
    const double x = ((const decision *)a)->p, y = ((const decision *)b)->p;
    return (x < y) - (x > y);
}

static double collect(const hone_evaluation *e, int64_t label, decision *d)
{
    double positives = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        d[i] = (decision){(double)r->prediction->scores[label], hone_answer_holds(r->gold, (uint64_t)label)};
        positives += d[i].gold;
    }
    return positives;
}

/* Halfway between two neighbouring probabilities, where F1 is largest; of equal ones the highest. Without a positive: none, `otherwise`. */
static double best_threshold(decision *d, uint64_t n, double positives, double otherwise)
{
    double best = 0, threshold = otherwise, right = 0;
    qsort(d, n, sizeof *d, most_probable_first);
    for (uint64_t i = 0; i < n; i++) {
        right += d[i].gold;
        if (i + 1 < n && d[i + 1].p == d[i].p)
            continue;
        const double f1 = 2 * right / (positives + (double)(i + 1));
        if (f1 > best) {
            best = f1;
            threshold = 0.5 * (d[i].p + (i + 1 < n ? d[i + 1].p : 0.0));
        }
    }
    return threshold;
}

static hone_status calibrate(const hone_self *self, const hone_evaluation *validation, const void **bytes, uint64_t *n,
                             hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;
    if (p->threshold.word < 0)
        return HONE_OK; /* given; nothing to leave */
    decision *d = hone_alloc_array(self->step, validation->n, sizeof *d);
    if (!d)
        return hone_no_memory(err, "choosing thresholds");
    for (int64_t c = 0; c < s->n_labels; c++) {
        const double positives = collect(validation, c, d);
        s->chosen[c] = s->fixed[c] ? s->given[c] : best_threshold(d, validation->n, positives, s->given[c]);
    }
    *bytes = s->chosen;
    *n = (uint64_t)s->n_labels * sizeof *s->chosen;
    return HONE_OK;
}

/* ---- What is shown ----------------------------------------------------------------------------------------------- */

static hone_status exhibit(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    static const char *const columns[] = {"label", "threshold"};
    hone_table *table;
    HONE_TRY(hone_table_begin(out, "thresholds", "Thresholds", 2, columns, &table, err));
    for (uint64_t l = 0; l < e->n_labels; l++) {
        HONE_TRY(hone_table_text(table, e->labels[l], err));
        HONE_TRY(hone_table_number(table, ((const state *)self->state)->chosen[l], err));
    }
    return HONE_OK;
}

static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_CLASSES}};

static const hone_head multi_label = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "multi_label",
               .summary = "a set of labels for each text or pair",
               .source = "Transformers, BertForSequenceClassification with problem_type multi_label_classification",
               .help = "    head: {type: multi_label, threshold: calibrate}", .state_size = sizeof(state),
               HONE_PARAMS(params, rows)},
    .takes = HONE_TAKES(HONE_TARGET_CLASSES),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .architecture = "ForSequenceClassification",
    .create = create,
    .build = build,
    .items = hone_text_head_items,
    .decode = decode,
    .calibrate = calibrate,
    .exhibit = exhibit,
    .is_architecture = hone_text_head_is_architecture,
};

HONE_MODULE(&multi_label.plugin);
