/* predictions.c - predictions as lines of text and as JSON, for every target by one table.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/predictions.h"
#include "base/file.h"
#include "base/str.h"
#include "train/evaluate.h"

#include <math.h>
#include <string.h>

/* How an answer of one target is written. Both are only asked for answers that are there. */
typedef struct form {
    void (*text)(hone__str *s, const hone_evaluation *e, const hone_answer *a);
    void (*json)(hone__str *s, const hone_evaluation *e, const hone_answer *a);
} form;

void hone__predictions_escape(hone__str *s, const char *text)
{
    static const char codes[] = "tnr\\|", meanings[] = "\t\n\r\\|";
    for (; *text; text++) {
        const char *meaning = strchr(meanings, *text);
        if (meaning)
            hone__str_addf(s, "\\%c", codes[meaning - meanings]);
        else
            hone__str_addn(s, text, 1);
    }
}

static void add_real(hone__str *s, double x)
{
    if (isnan(x))
        hone__str_add(s, HONE__NO_ANSWER);
    else
        hone__str_add_real(s, x);
}

static void add_json_real(hone__str *s, double x)
{
    if (isfinite(x))
        hone__str_add_real(s, x);
    else
        hone__str_add(s, "null");
}

static void add_hex(hone__str *s, const void *bytes, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        hone__str_addf(s, "%02x", (unsigned)((const unsigned char *)bytes)[i]);
}

/* ---- Labels: class, classes, tags -------------------------------------------------------------------------------- */

static bool is_label(const hone_evaluation *e, int32_t index)
{
    return index >= 0 && (uint64_t)index < e->n_labels;
}

static void add_label(hone__str *s, const hone_evaluation *e, int32_t index)
{
    if (is_label(e, index))
        hone__predictions_escape(s, e->labels[index]);
    else
        hone__str_add(s, HONE__NO_ANSWER);
}

static void add_json_label(hone__str *s, const hone_evaluation *e, int32_t index)
{
    if (is_label(e, index))
        hone__str_add_json(s, e->labels[index]);
    else
        hone__str_add(s, "null");
}

static void class_text(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    add_label(s, e, a->index);
}

static void class_json(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    add_json_label(s, e, a->index);
}

static void labels_text(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    for (uint64_t i = 0; i < a->n; i++) {
        hone__str_add(s, i ? "|" : "");
        add_label(s, e, a->labels[i]);
    }
}

static void labels_json(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    hone__str_add(s, "[");
    for (uint64_t i = 0; i < a->n; i++) {
        hone__str_add(s, i ? ", " : "");
        add_json_label(s, e, a->labels[i]);
    }
    hone__str_add(s, "]");
}

/* ---- Numbers: score, choice, tokens ------------------------------------------------------------------------------ */

static void score_text(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    add_real(s, a->score);
}

static void score_json(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    add_json_real(s, a->score);
}

static void choice_text(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    if (a->index >= 0)
        hone__str_addf(s, "%d", (int)a->index);
    else
        hone__str_add(s, HONE__NO_ANSWER);
}

static void choice_json(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    if (a->index >= 0)
        hone__str_addf(s, "%d", (int)a->index);
    else
        hone__str_add(s, "null");
}

static void tokens_text(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    for (uint64_t i = 0; i < a->n; i++)
        hone__str_addf(s, "%s%d", i ? "|" : "", (int)a->labels[i]);
}

static void tokens_json(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    hone__str_add(s, "[");
    for (uint64_t i = 0; i < a->n; i++)
        hone__str_addf(s, "%s%d", i ? ", " : "", (int)a->labels[i]);
    hone__str_add(s, "]");
}

/* ---- Ranges: span ------------------------------------------------------------------------------------------------ */

static const hone_span *span_at(const hone_answer *a, uint64_t i)
{
    return (const hone_span *)(const void *)((const char *)a->spans + i * a->span_size);
}

static void span_text(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    for (uint64_t i = 0; i < a->n; i++) {
        const hone_span *span = span_at(a, i);
        hone__str_addf(s, "%s%llu-%llu", i ? "|" : "", (unsigned long long)span->begin, (unsigned long long)span->end);
        if (span->score != 0.0) {
            hone__str_add(s, "@");
            hone__str_add_real(s, span->score);
        }
        if (span->text) {
            hone__str_add(s, "=");
            hone__predictions_escape(s, span->text);
        }
    }
}

static void span_json(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    hone__str_add(s, "[");
    for (uint64_t i = 0; i < a->n; i++) {
        const hone_span *span = span_at(a, i);
        hone__str_addf(s, "%s{\"begin\": %llu, \"end\": %llu, \"score\": ", i ? ", " : "", (unsigned long long)span->begin,
                       (unsigned long long)span->end);
        add_json_real(s, span->score);
        hone__str_add(s, ", \"text\": ");
        if (span->text)
            hone__str_add_json(s, span->text);
        else
            hone__str_add(s, "null");
        hone__str_add(s, "}");
    }
    hone__str_add(s, "]");
}

/* ---- Bytes: other ------------------------------------------------------------------------------------------------ */

static void other_text(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    add_hex(s, a->bytes, a->n_bytes);
    if (a->text) {
        hone__str_add(s, "=");
        hone__predictions_escape(s, a->text);
    }
}

static void other_json(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    (void)e;
    hone__str_add(s, "{\"bytes\": \"");
    add_hex(s, a->bytes, a->n_bytes);
    hone__str_add(s, "\", \"text\": ");
    if (a->text)
        hone__str_add_json(s, a->text);
    else
        hone__str_add(s, "null");
    hone__str_add(s, "}");
}

/* ---- All targets ------------------------------------------------------------------------------------------------- */

static const form forms[] = {
    [HONE_TARGET_CLASS] = {class_text, class_json},    [HONE_TARGET_CLASSES] = {labels_text, labels_json},
    [HONE_TARGET_SCORE] = {score_text, score_json},    [HONE_TARGET_TAGS] = {labels_text, labels_json},
    [HONE_TARGET_SPAN] = {span_text, span_json},       [HONE_TARGET_CHOICE] = {choice_text, choice_json},
    [HONE_TARGET_TOKENS] = {tokens_text, tokens_json}, [HONE_TARGET_OTHER] = {other_text, other_json},
};

void hone__predictions_answer(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    if (a)
        forms[e->target].text(s, e, a);
    else
        hone__str_add(s, HONE__NO_ANSWER);
}

static void add_json(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    if (a)
        forms[e->target].json(s, e, a);
    else
        hone__str_add(s, "null");
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static void add_header(hone__str *s, const hone_evaluation *e)
{
    const hone__score_columns columns = hone__score_columns_of(e->target);
    hone__str_add(s, "id\tgold");
    if (e->target != HONE_TARGET_CLASS)
        hone__str_addf(s, ":%s", hone_target_name(e->target));
    hone__str_add(s, "\tpredicted\tloss\titems");
    if (columns == HONE__SCORES_IN_A_CELL)
        hone__str_add(s, "\tscores");
    for (uint64_t c = 0; columns != HONE__SCORES_NONE && c < e->n_labels; c++) {
        hone__str_add(s, columns == HONE__SCORES_BY_LABEL ? "\tp:" : c ? "|" : ":");
        hone__predictions_escape(s, e->labels[c]);
    }
    hone__str_add(s, "\n");
}

static void add_scores(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    const hone__score_columns columns = hone__score_columns_of(e->target);
    const uint64_t n = a && a->scores ? a->n_scores : 0;
    if (columns == HONE__SCORES_IN_A_CELL)
        hone__str_add(s, "\t");
    for (uint64_t i = 0; columns == HONE__SCORES_IN_A_CELL && i < n; i++)
        hone__str_addf(s, "%s%.9g", i ? " " : "", (double)a->scores[i]);
    for (uint64_t c = 0; columns == HONE__SCORES_BY_LABEL && c < e->n_labels; c++) {
        if (c < n)
            hone__str_addf(s, "\t%.9g", (double)a->scores[c]);
        else
            hone__str_add(s, "\t" HONE__NO_ANSWER);
    }
}

static void add_record(hone__str *s, const hone_evaluation *e, const hone_record *r)
{
    hone__predictions_escape(s, r->id);
    hone__str_add(s, "\t");
    hone__predictions_answer(s, e, r->gold);
    hone__str_add(s, "\t");
    hone__predictions_answer(s, e, r->prediction);
    hone__str_add(s, "\t");
    add_real(s, r->loss);
    hone__str_add(s, "\t");
    add_real(s, r->items);
    add_scores(s, e, r->prediction);
    hone__str_add(s, "\n");
}

static void add_json_scores(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    const bool by_label = hone__score_columns_of(e->target) == HONE__SCORES_BY_LABEL;
    const uint64_t n = by_label && a->n_scores > e->n_labels ? e->n_labels : a->n_scores;
    hone__str_addf(s, ", \"scores\": %s", by_label ? "{" : "[");
    for (uint64_t i = 0; i < n; i++) {
        hone__str_add(s, i ? ", " : "");
        if (by_label) {
            hone__str_add_json(s, e->labels[i]);
            hone__str_add(s, ": ");
        }
        hone__str_addf(s, "%.9g", (double)a->scores[i]);
    }
    hone__str_add(s, by_label ? "}" : "]");
}

static void add_json_record(hone__str *s, const hone_evaluation *e, const hone_record *r)
{
    hone__str_add(s, "{\"id\": ");
    hone__str_add_json(s, r->id);
    if (e->output && *e->output) {
        hone__str_add(s, ", \"output\": ");
        hone__str_add_json(s, e->output);
    }
    if (r->gold) {
        hone__str_add(s, ", \"gold\": ");
        add_json(s, e, r->gold);
        hone__str_add(s, ", \"loss\": ");
        add_json_real(s, r->loss);
    }
    hone__str_add(s, ", \"predicted\": ");
    add_json(s, e, r->prediction);
    if (hone__score_columns_of(e->target) != HONE__SCORES_NONE && r->prediction && r->prediction->scores)
        add_json_scores(s, e, r->prediction);
    hone__str_add(s, "}\n");
}

hone_status hone__predictions_text(const hone_evaluation *e, hone__str *out, hone_error *err)
{
    add_header(out, e);
    for (uint64_t i = 0; i < e->n; i++)
        add_record(out, e, hone_record_at(e, i));
    return out->failed ? hone_no_memory(err, "writing predictions") : HONE_OK;
}

hone_status hone__predictions_json(const hone_evaluation *e, hone__str *out, hone_error *err)
{
    for (uint64_t i = 0; i < e->n; i++)
        add_json_record(out, e, hone_record_at(e, i));
    return out->failed ? hone_no_memory(err, "writing predictions") : HONE_OK;
}

hone_status hone__predictions_write(const char *path, const hone_evaluation *e, hone_error *err)
{
    hone__str s = {0};
    hone_status status = hone__predictions_text(e, &s, err);
    if (status == HONE_OK)
        status = hone__write_file(path, hone__str_text(&s), s.n, err);
    hone__str_clear(&s);
    return status;
}
