/* evidence.c - predictions, errors, slices and confusion of an evaluation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/evidence.h"

#include "base/file.h"
#include "base/regex.h"
#include "base/str.h"
#include "data/prepared.h"
#include "train/confusion.h"
#include "train/predictions.h"

#include <hone/statistics.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct writing {
    const char *dir;
    const hone_evaluation *e;
    const char *output; /* as files are named: "" for the first */
    bool alone;         /* there is no other output */
    const hone__report_config *config;
    const char *const *kept;        /* names, NULL-terminated; may be NULL */
    const hone__prepared *prepared; /* NULL: nobody has the sequences, or they are not what is to be shown */
    const hone__preparer *preparer;
    hone_arena *scratch;
    hone__str text;
} writing;

const char *hone__output_file(hone_arena *arena, const char *file, const char *output)
{
    const char *point = strrchr(file, '.'), *slash = strrchr(file, '/');
    const char *end = point && (!slash || point > slash) ? point : file + strlen(file);
    return *output ? hone_sprintf(arena, "%.*s.%s%s", (int)(end - file), file, output, end) : file;
}

const char *hone__output_name(const hone_head *head, uint64_t i)
{
    const void *output = (const char *)head->outputs + i * head->output_size;
    return i ? ((const hone_output_of_head *)output)->name : "";
}

static void add_cell(hone__str *s, const char *text)
{
    hone__str_add(s, "\t");
    hone__predictions_escape(s, text);
}

/* Between the items of a list. */
static void add_item(hone__str *s, uint64_t i, const char *text)
{
    hone__str_add(s, i ? "|" : "");
    hone__predictions_escape(s, text);
}

static hone_status save(writing *w, const char *file, hone_error *err)
{
    const char *name = hone__output_file(w->scratch, file, w->output);
    const char *path = name ? hone__path_join(w->scratch, w->dir, name) : NULL;
    const hone_status status = path && !w->text.failed ? hone__write_file(path, hone__str_text(&w->text), w->text.n, err)
                                                       : hone_no_memory(err, "writing what an evaluation shows");
    hone__str_clear(&w->text);
    return status;
}

/* ---- Fields as text ---------------------------------------------------------------------------------------------- */

/* Words and choices with blanks or bars between them; arrays have no text. */
static hone_status field_text(writing *w, const hone__field *f, const char **out, hone_error *err)
{
    hone__str s = {0};
    *out = "";
    if (f->type == HONE_FIELD_TEXT)
        *out = f->as.text;
    if (f->type != HONE_FIELD_WORDS && f->type != HONE_FIELD_CHOICES)
        return HONE_OK;
    for (uint64_t i = 0; i < f->n; i++) {
        hone__str_add(&s, i == 0 ? "" : f->type == HONE_FIELD_WORDS ? " " : " | ");
        hone__str_add(&s, f->as.texts[i]);
    }
    *out = s.failed ? NULL : hone_strdup(w->scratch, hone__str_text(&s));
    hone__str_clear(&s);
    return *out ? HONE_OK : hone_no_memory(err, "writing texts");
}

static const hone_example *first_example(const hone_evaluation *e)
{
    return e->n ? hone_record_at(e, 0)->example : NULL;
}

/* ---- What the model saw ------------------------------------------------------------------------------------------ */

/* "##ing"; an id that the tokenizer does not know as its number. */
static void add_token(writing *w, uint64_t i, int32_t id)
{
    const hone__preparer *p = w->preparer;
    const char *text = p->tokenizer->token(p->tokenizer_self, id);
    if (text)
        add_item(&w->text, i, text);
    else
        hone__str_addf(&w->text, "%s%" PRId32, i ? "|" : "", id);
}

/* The tokens of all sequences of example `index`, masks and special ones among them. */
static void add_sequence(writing *w, uint64_t index)
{
    const uint64_t *examples = w->prepared->example_starts, *starts = w->prepared->starts;
    const uint64_t begin = starts[examples[index]], end = starts[examples[index + 1]];
    hone__str_add(&w->text, "\t");
    for (uint64_t i = begin; i < end; i++)
        add_token(w, i - begin, w->prepared->ids[i]);
}

static void add_tokens(writing *w, const hone_answer *a)
{
    for (uint64_t i = 0; i < a->n; i++)
        add_token(w, i, a->labels[i]);
}

static void add_places(writing *w, const hone_answer *a)
{
    hone__str_add(&w->text, "\t");
    for (uint64_t i = 0; a->spans && i < a->n; i++) {
        const hone_span *at = (const hone_span *)(const void *)((const char *)a->spans + i * a->span_size);
        hone__str_addf(&w->text, "%s%" PRIu64, i ? "|" : "", at->begin);
    }
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

typedef struct place {
    double loss; /* by which they are ordered */
    uint64_t index;
} place;

static int larger_first(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->loss != y->loss)
        return x->loss < y->loss ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static double mean_score(const hone_answer *a)
{
    double sum = 0;
    for (uint64_t i = 0; i < a->n_scores; i++)
        sum += (double)a->scores[i];
    return a->n_scores ? sum / (double)a->n_scores : (double)NAN;
}

/* A record's loss is that of all outputs together, so one of several is measured by its own scores where these say it. */
static double loss_of(const writing *w, const hone_record *r)
{
    const hone_answer *p = r->prediction;
    if (!w->alone && w->e->target == HONE_TARGET_TOKENS)
        return mean_score(p);
    if (!w->alone && w->e->target == HONE_TARGET_CLASS && r->gold->index >= 0 && (uint64_t)r->gold->index < p->n_scores)
        return -log(fmax((double)p->scores[r->gold->index], 1e-45)); /* the least float above zero */
    return r->items > 0 && w->e->target != HONE_TARGET_TAGS ? r->loss / r->items : r->loss;
}

static uint64_t order_by_loss(const writing *w, place *places)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < w->e->n; i++) {
        const hone_record *r = hone_record_at(w->e, i);
        const double loss = r->gold && r->prediction ? loss_of(w, r) : (double)NAN;
        if (!isnan(loss))
            places[n++] = (place){loss, i};
    }
    if (n)
        qsort(places, n, sizeof *places, larger_first);
    return n;
}

static bool is_list(const hone__field *f)
{
    return f->type == HONE_FIELD_WORDS || f->type == HONE_FIELD_CHOICES;
}

static void add_field(writing *w, const hone__field *f)
{
    hone__str_add(&w->text, "\t");
    for (uint64_t i = 0; f && is_list(f) && i < f->n; i++)
        add_item(&w->text, i, f->as.texts[i]);
    if (f && f->type == HONE_FIELD_TEXT)
        hone__predictions_escape(&w->text, f->as.text);
}

static void add_answers(writing *w, const hone_record *r)
{
    const hone_answer *const answers[] = {r->gold, r->prediction};
    for (size_t i = 0; i < 2; i++) {
        hone__str_add(&w->text, "\t");
        if (w->prepared && w->e->target == HONE_TARGET_TOKENS)
            add_tokens(w, answers[i]);
        else
            hone__predictions_answer(&w->text, w->e, answers[i]);
    }
}

static void add_error(writing *w, const place *p)
{
    const hone_record *r = hone_record_at(w->e, p->index);
    const hone_example *first = first_example(w->e);
    hone__predictions_escape(&w->text, r->id);
    add_answers(w, r);
    hone__str_addf(&w->text, "\t%.6g", p->loss);
    if (w->prepared)
        add_sequence(w, p->index);
    if (w->prepared && w->e->target == HONE_TARGET_TOKENS)
        add_places(w, r->gold);
    for (size_t f = 0; first && !w->prepared && f < first->n_fields; f++)
        add_field(w, r->example ? hone__example_field(r->example, first->fields[f].name) : NULL);
    for (size_t k = 0; w->kept && w->kept[k]; k++)
        add_cell(&w->text, r->example && r->example->kept && r->example->kept[k] ? r->example->kept[k] : "");
    hone__str_add(&w->text, "\n");
}

static void add_error_names(writing *w)
{
    const hone_example *first = first_example(w->e);
    const bool tokens = w->prepared && w->e->target == HONE_TARGET_TOKENS;
    hone__str_add(&w->text, tokens ? "id\tgold:words\tpredicted:words\tloss" : "id\tgold\tpredicted\tloss");
    if (w->prepared)
        hone__str_add(&w->text, tokens ? "\tsequence:words\tplaces:words" : "\tsequence:words");
    for (size_t f = 0; first && !w->prepared && f < first->n_fields; f++) {
        add_cell(&w->text, first->fields[f].name);
        if (is_list(&first->fields[f]))
            hone__str_add(&w->text, first->fields[f].type == HONE_FIELD_WORDS ? ":words" : ":choices");
    }
    for (size_t k = 0; w->kept && w->kept[k]; k++)
        add_cell(&w->text, w->kept[k]);
    hone__str_add(&w->text, "\n");
}

static hone_status write_errors(writing *w, hone_error *err)
{
    place *places = hone_alloc_array(w->scratch, w->e->n, sizeof *places);
    if (!places)
        return hone_no_memory(err, "looking for the highest losses");
    const uint64_t n = order_by_loss(w, places);
    add_error_names(w);
    for (uint64_t i = 0; i < n && i < (uint64_t)w->config->errors; i++)
        add_error(w, &places[i]);
    return save(w, HONE__ERRORS_FILE, err);
}

/* ---- Slices ------------------------------------------------------------------------------------------------------ */

static uint64_t count_letters(const char *text)
{
    uint64_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Letters of all its texts, and which patterns are in one of them. */
static hone_status look_at(writing *w, const hone_example *x, hone__regex *const *patterns, uint64_t n, bool *found,
                           uint64_t *letters, hone_error *err)
{
    *letters = 0;
    for (size_t f = 0; x && f < x->n_fields; f++) {
        const char *text;
        HONE_TRY(field_text(w, &x->fields[f], &text, err));
        *letters += count_letters(text);
        for (uint64_t i = 0; i < n; i++)
            found[i] = found[i] || (patterns[i] && hone__regex_matches(patterns[i], text));
    }
    return HONE_OK;
}

static const char *column_value(const writing *w, const hone_example *x, const char *column)
{
    for (size_t k = 0; x && x->kept && w->kept && w->kept[k]; k++)
        if (strcmp(w->kept[k], column) == 0)
            return x->kept[k] ? x->kept[k] : "";
    return "";
}

static hone_status add_slices(writing *w, hone__regex *const *patterns, bool *found, hone_error *err)
{
    const hone__slice_config *slices = w->config->slices.items;
    const uint64_t n = w->config->slices.n;
    for (uint64_t i = 0; i < w->e->n; i++) {
        const hone_record *r = hone_record_at(w->e, i);
        uint64_t letters;
        if (n)
            memset(found, 0, n * sizeof *found);
        HONE_TRY(look_at(w, r->example, patterns, n, found, &letters, err));
        hone__predictions_escape(&w->text, r->id);
        hone__str_addf(&w->text, "\t%llu", (unsigned long long)letters);
        for (uint64_t s = 0; s < n; s++)
            add_cell(&w->text, slices[s].pattern ? (found[s] ? "1" : "0") : column_value(w, r->example, slices[s].column));
        hone__str_add(&w->text, "\n");
    }
    return HONE_OK;
}

static void add_header(writing *w)
{
    const hone__slice_config *slices = w->config->slices.items;
    hone__str_add(&w->text, "id\tlength");
    for (uint64_t s = 0; s < w->config->slices.n; s++) {
        const char *what = slices[s].pattern ? slices[s].pattern : slices[s].column;
        hone__str_add(&w->text, slices[s].pattern ? "\tpattern:" : "\tcolumn:");
        hone__predictions_escape(&w->text, slices[s].name ? slices[s].name : what);
    }
    hone__str_add(&w->text, "\n");
}

static hone_status write_slices(writing *w, hone_error *err)
{
    const hone__slice_config *slices = w->config->slices.items;
    const uint64_t n = w->config->slices.n;
    hone__regex **patterns = hone_alloc_array(w->scratch, n, sizeof *patterns);
    bool *found = hone_alloc_array(w->scratch, n, sizeof *found);
    hone_status status = patterns && found ? HONE_OK : hone_no_memory(err, "looking for slices");
    for (uint64_t s = 0; s < n && status == HONE_OK; s++)
        if (slices[s].pattern)
            status = hone__regex_create(slices[s].pattern, &patterns[s], err);
    add_header(w);
    if (status == HONE_OK)
        status = add_slices(w, patterns, found, err);
    for (uint64_t s = 0; patterns && s < n; s++)
        hone__regex_destroy(patterns[s]);
    return status == HONE_OK ? save(w, HONE__SLICES_FILE, err) : status;
}

/* ---- Confusion --------------------------------------------------------------------------------------------------- */

static hone_status add_matrix(writing *w, hone_error *err)
{
    hone__confusion c;
    HONE_TRY(hone__confusion_count(w->scratch, w->e, &c, err));
    const uint64_t columns = c.n + (c.lost > 0);
    if (c.n == 0)
        return HONE_OK;
    hone__str_add(&w->text, "gold\\\\predicted");
    for (uint64_t k = 0; k < columns; k++)
        add_cell(&w->text, k < c.n ? c.labels[k] : HONE__NO_ANSWER);
    hone__str_add(&w->text, "\n");
    for (uint64_t g = 0; g < c.n; g++) {
        hone__predictions_escape(&w->text, c.labels[g]);
        for (uint64_t k = 0; k < columns; k++)
            hone__str_addf(&w->text, "\t%.0f", hone__confusion_at(&c, g, k));
        hone__str_add(&w->text, "\n");
    }
    return HONE_OK;
}

/* Source: scikit-learn, multilabel_confusion_matrix. */
static hone_status add_labels(writing *w, hone_error *err)
{
    hone_evaluation some = *w->e;
    hone_record *records = hone_alloc_array(w->scratch, w->e->n, sizeof *records);
    hone_label_counts c;
    if (!records)
        return hone_no_memory(err, "counting labels");
    some.n = 0;
    some.records = records;
    some.record_size = sizeof *records;
    for (uint64_t i = 0; i < w->e->n; i++)
        if (hone_record_at(w->e, i)->gold && hone_record_at(w->e, i)->prediction)
            records[some.n++] = *hone_record_at(w->e, i);
    HONE_TRY(hone_count_labels(w->scratch, &some, &c, err));
    hone__str_add(&w->text, "label\ttrue_negatives\tfalse_positives\tfalse_negatives\ttrue_positives\n");
    for (uint64_t l = 0; l < c.n; l++) {
        hone__predictions_escape(&w->text, w->e->labels[l]);
        hone__str_addf(&w->text, "\t%.0f\t%.0f\t%.0f\t%.0f\n", (double)some.n - c.gold[l] - c.predicted[l] + c.right[l],
                       c.predicted[l] - c.right[l], c.gold[l] - c.right[l], c.right[l]);
    }
    return HONE_OK;
}

/* One masked token: what stood there, what was predicted. */
typedef struct guess {
    int32_t gold, predicted;
} guess;

typedef struct mistake {
    guess guess;
    double times, masked; /* masked: of the gold token */
} mistake;

static int by_guess(const void *a, const void *b)
{
    const guess *x = a, *y = b;
    return x->gold != y->gold ? (x->gold > y->gold) - (x->gold < y->gold)
                              : (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

static int more_first(const void *a, const void *b)
{
    const mistake *x = a, *y = b;
    return x->times != y->times ? (x->times < y->times ? 1 : -1) : by_guess(&x->guess, &y->guess);
}

static uint64_t collect_guesses(const hone_evaluation *e, guess *guesses)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        for (uint64_t k = 0; r->gold && r->prediction && k < r->gold->n && k < r->prediction->n; k++, n++)
            if (guesses)
                guesses[n] = (guess){r->gold->labels[k], r->prediction->labels[k]};
    }
    return n;
}

/* Equal guesses of the sorted ones together, those that are right left out. */
static uint64_t collect_mistakes(const guess *g, uint64_t n, mistake *mistakes)
{
    uint64_t n_mistakes = 0;
    for (uint64_t begin = 0, end; begin < n; begin = end) {
        for (end = begin; end < n && g[end].gold == g[begin].gold;)
            end++;
        for (uint64_t i = begin, k; i < end; i = k) {
            for (k = i; k < end && g[k].predicted == g[i].predicted;)
                k++;
            if (g[i].predicted != g[i].gold)
                mistakes[n_mistakes++] = (mistake){g[i], (double)(k - i), (double)(end - begin)};
        }
    }
    if (n_mistakes)
        qsort(mistakes, n_mistakes, sizeof *mistakes, more_first);
    return n_mistakes;
}

static hone_status add_mistakes(writing *w, hone_error *err)
{
    enum { MOST = 200 };
    const uint64_t n = collect_guesses(w->e, NULL);
    guess *guesses = hone_alloc_array(w->scratch, n, sizeof *guesses);
    mistake *mistakes = hone_alloc_array(w->scratch, n, sizeof *mistakes);
    if (!guesses || !mistakes)
        return hone_no_memory(err, "counting mistaken tokens");
    collect_guesses(w->e, guesses);
    if (n)
        qsort(guesses, n, sizeof *guesses, by_guess);
    const uint64_t n_mistakes = collect_mistakes(guesses, n, mistakes);
    hone__str_add(&w->text, "gold\tpredicted\ttimes\tmasked\n");
    for (uint64_t i = 0; i < n_mistakes && i < MOST; i++) {
        add_token(w, 0, mistakes[i].guess.gold);
        hone__str_add(&w->text, "\t");
        add_token(w, 0, mistakes[i].guess.predicted);
        hone__str_addf(&w->text, "\t%.0f\t%.0f\n", mistakes[i].times, mistakes[i].masked);
    }
    return HONE_OK;
}

static hone_status write_confusion(writing *w, hone_error *err)
{
    if (w->e->target == HONE_TARGET_CLASSES)
        HONE_TRY(add_labels(w, err));
    else if (w->e->target == HONE_TARGET_TOKENS)
        HONE_TRY(w->prepared ? add_mistakes(w, err) : HONE_OK);
    else
        HONE_TRY(add_matrix(w, err));
    return w->text.n ? save(w, HONE__CONFUSION_FILE, err) : HONE_OK;
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

static hone_status write_predictions(writing *w, hone_error *err)
{
    HONE_TRY(hone__predictions_text(w->e, &w->text, err));
    return save(w, HONE__PREDICTIONS_FILE, err);
}

/* Of examples that have gold of their own, their fields are shown; of others, what prepare() made of them. */
static bool has_sequences(const hone__evidence *x, const hone_evaluation *e)
{
    const hone_example *first = first_example(e);
    return first && !hone_example_gold(first) && x->prepared && x->prepared->ids && x->preparer && x->preparer->tokenizer;
}

static hone_status write_output(const hone__evidence *x, uint64_t o, writing *w, hone_error *err)
{
    const hone_evaluation *e = &x->evaluated->outputs[o];
    *w = (writing){.dir = x->dir,
                   .e = e,
                   .output = o ? e->output : "",
                   .alone = x->evaluated->n == 1,
                   .config = x->config,
                   .kept = x->kept,
                   .prepared = has_sequences(x, e) ? x->prepared : NULL,
                   .preparer = x->preparer,
                   .scratch = w->scratch};
    HONE_TRY(write_predictions(w, err));
    HONE_TRY(write_errors(w, err));
    if (o == 0)
        HONE_TRY(write_slices(w, err));
    return write_confusion(w, err);
}

hone_status hone__evidence_write(const hone__evidence *evidence, hone_arena *scratch, hone_error *err)
{
    writing w = {.scratch = scratch};
    hone_status status = HONE_OK;
    for (uint64_t o = 0; o < evidence->evaluated->n && status == HONE_OK; o++)
        status = write_output(evidence, o, &w, err);
    hone__str_clear(&w.text);
    return status;
}
