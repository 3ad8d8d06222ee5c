/* predictions.c - predictions.tsv: one line an example, written and read back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "train/evaluate.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char no_answer[] = "\\N";
enum { FIXED_COLUMNS = 5 }; /* id, gold, predicted, loss, items */

static bool has_form(uint32_t target)
{
    return target == HONE_TARGET_CLASS || target == HONE_TARGET_CLASSES || target == HONE_TARGET_SCORE;
}

static bool has_labels(uint32_t target)
{
    return target == HONE_TARGET_CLASS || target == HONE_TARGET_CLASSES;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static void add_escaped(hone__str *s, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '\t':
            hone__str_add(s, "\\t");
            break;
        case '\n':
            hone__str_add(s, "\\n");
            break;
        case '\r':
            hone__str_add(s, "\\r");
            break;
        case '\\':
            hone__str_add(s, "\\\\");
            break;
        case '|':
            hone__str_add(s, "\\|");
            break;
        default:
            hone__str_addn(s, text, 1);
        }
    }
}

static void add_real(hone__str *s, double x)
{
    if (isnan(x))
        hone__str_add(s, no_answer);
    else
        hone__str_add_real(s, x);
}

static void add_label(hone__str *s, const hone_evaluation *e, int32_t index)
{
    if (index >= 0 && (uint64_t)index < e->n_labels)
        add_escaped(s, e->labels[index]);
    else
        hone__str_add(s, no_answer);
}

static void add_answer(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    if (!a) {
        hone__str_add(s, no_answer);
    } else if (e->target == HONE_TARGET_CLASS) {
        add_label(s, e, a->index);
    } else if (e->target == HONE_TARGET_SCORE) {
        add_real(s, a->score);
    } else {
        for (uint64_t i = 0; i < a->n; i++) {
            hone__str_add(s, i ? "|" : "");
            add_label(s, e, a->labels[i]);
        }
    }
}

static void add_header(hone__str *s, const hone_evaluation *e)
{
    hone__str_add(s, "id\tgold");
    if (e->target != HONE_TARGET_CLASS)
        hone__str_addf(s, ":%s", hone_target_name(e->target));
    hone__str_add(s, "\tpredicted\tloss\titems");
    for (uint64_t c = 0; has_labels(e->target) && c < e->n_labels; c++) {
        hone__str_add(s, "\tp:");
        add_escaped(s, e->labels[c]);
    }
    hone__str_add(s, "\n");
}

static void add_record(hone__str *s, const hone_evaluation *e, const hone_record *r)
{
    add_escaped(s, r->id);
    hone__str_add(s, "\t");
    add_answer(s, e, r->gold);
    hone__str_add(s, "\t");
    add_answer(s, e, r->prediction);
    hone__str_add(s, "\t");
    add_real(s, r->loss);
    hone__str_add(s, "\t");
    add_real(s, r->items);
    for (uint64_t c = 0; has_labels(e->target) && c < e->n_labels; c++) {
        const bool there = r->prediction && r->prediction->scores && c < r->prediction->n_scores;
        if (there)
            hone__str_addf(s, "\t%.9g", (double)r->prediction->scores[c]);
        else
            hone__str_addf(s, "\t%s", no_answer);
    }
    hone__str_add(s, "\n");
}

hone_status hone__predictions_text(const hone_evaluation *e, hone__str *out, hone_error *err)
{
    if (!has_form(e->target))
        return hone_fail(err, HONE_EUNSUPPORTED, "predictions of the target %s have no text form yet",
                         hone_target_name(e->target));
    add_header(out, e);
    for (uint64_t i = 0; i < e->n; i++)
        add_record(out, e, hone_record_at(e, i));
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

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void add_json_real(hone__str *s, double x)
{
    if (isfinite(x))
        hone__str_add_real(s, x);
    else
        hone__str_add(s, "null");
}

static void add_json_label(hone__str *s, const hone_evaluation *e, int32_t index)
{
    if (index >= 0 && (uint64_t)index < e->n_labels)
        hone__str_add_json(s, e->labels[index]);
    else
        hone__str_add(s, "null");
}

static void add_json_answer(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    if (!a) {
        hone__str_add(s, "null");
    } else if (e->target == HONE_TARGET_CLASS) {
        add_json_label(s, e, a->index);
    } else if (e->target == HONE_TARGET_SCORE) {
        add_json_real(s, a->score);
    } else {
        hone__str_add(s, "[");
        for (uint64_t i = 0; i < a->n; i++) {
            hone__str_add(s, i ? ", " : "");
            add_json_label(s, e, a->labels[i]);
        }
        hone__str_add(s, "]");
    }
}

static void add_json_scores(hone__str *s, const hone_evaluation *e, const hone_answer *a)
{
    hone__str_add(s, ", \"scores\": {");
    for (uint64_t c = 0; c < e->n_labels && c < a->n_scores; c++) {
        hone__str_add(s, c ? ", " : "");
        hone__str_add_json(s, e->labels[c]);
        hone__str_addf(s, ": %.9g", (double)a->scores[c]);
    }
    hone__str_add(s, "}");
}

static void add_json_record(hone__str *s, const hone_evaluation *e, const hone_record *r)
{
    hone__str_add(s, "{\"id\": ");
    hone__str_add_json(s, r->id);
    if (r->gold) {
        hone__str_add(s, ", \"gold\": ");
        add_json_answer(s, e, r->gold);
        hone__str_add(s, ", \"loss\": ");
        add_json_real(s, r->loss);
    }
    hone__str_add(s, ", \"predicted\": ");
    add_json_answer(s, e, r->prediction);
    if (has_labels(e->target) && r->prediction && r->prediction->scores)
        add_json_scores(s, e, r->prediction);
    hone__str_add(s, "}\n");
}

hone_status hone__predictions_json(const hone_evaluation *e, hone__str *out, hone_error *err)
{
    if (!has_form(e->target))
        return hone_fail(err, HONE_EUNSUPPORTED, "predictions of the target %s have no text form yet",
                         hone_target_name(e->target));
    for (uint64_t i = 0; i < e->n; i++)
        add_json_record(out, e, hone_record_at(e, i));
    return out->failed ? hone_no_memory(err, "writing predictions") : HONE_OK;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

typedef struct reading {
    hone_arena *arena;
    const char *path;
    uint64_t line; /* from 1 */
    char **cells;  /* [n_columns] of the current line, still escaped */
    size_t n_columns;
    hone_evaluation *e;
    const char **labels; /* [e->n_labels] */
    hone_error *err;
} reading;

HONE_PRINTF(2, 3) static hone_status wrong(const reading *r, const char *fmt, ...)
{
    char what[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return hone_fail(r->err, HONE_EFORMAT, "%s:%llu: %s", r->path, (unsigned long long)r->line, what);
}

/* Undoes the escapes, in place. */
static hone_status unescape(const reading *r, char *text)
{
    static const char codes[] = "tnr\\|", meanings[] = "\t\n\r\\|";
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        const char *code = from[1] ? strchr(codes, from[1]) : NULL;
        if (!code)
            return wrong(r, "there is a backslash before no letter that hone writes");
        *to++ = meanings[code - codes];
        from++;
    }
    *to = '\0';
    return HONE_OK;
}

/* Ends the line at `text` and cuts it at its tabs; the start of the next line, NULL behind the last. */
static char *cut_line(char *text, char **cells, size_t most, size_t *n)
{
    char *end = strchr(text, '\n');
    if (end)
        *end = '\0';
    *n = 0;
    for (char *cell = text; cell; (*n)++) {
        char *tab = strchr(cell, '\t');
        if (tab)
            *tab = '\0';
        if (*n < most)
            cells[*n] = cell;
        cell = tab ? tab + 1 : NULL;
    }
    return end && end[1] ? end + 1 : NULL;
}

static size_t count_columns(const char *text)
{
    size_t n = 1;
    for (; *text && *text != '\n'; text++)
        n += *text == '\t';
    return n;
}

static hone_status find_target(const reading *r, uint32_t *target)
{
    const char *cell = r->cells[1];
    for (*target = HONE_TARGET_CLASS; *target <= HONE_TARGET_SCORE; ++*target) {
        const bool plain = *target == HONE_TARGET_CLASS && strcmp(cell, "gold") == 0;
        if (plain || (strncmp(cell, "gold:", 5) == 0 && strcmp(cell + 5, hone_target_name(*target)) == 0))
            return HONE_OK;
    }
    return wrong(r, "the second column is %s; it must be gold, gold:classes or gold:score", cell);
}

static hone_status read_header(reading *r)
{
    static const char *const names[FIXED_COLUMNS] = {"id", NULL, "predicted", "loss", "items"};
    if (r->n_columns < FIXED_COLUMNS)
        return wrong(r, "there are %zu columns; predictions have id, gold, predicted, loss, items and scores", r->n_columns);
    for (size_t c = 0; c < FIXED_COLUMNS; c++)
        if (names[c] && strcmp(r->cells[c], names[c]) != 0)
            return wrong(r, "column %zu is %s; it must be %s", c + 1, r->cells[c], names[c]);
    HONE_TRY(find_target(r, &r->e->target));
    r->e->n_labels = r->n_columns - FIXED_COLUMNS;
    r->labels = hone_alloc_array(r->arena, r->e->n_labels, sizeof *r->labels);
    if (!r->labels)
        return hone_no_memory(r->err, "reading predictions");
    for (uint64_t c = 0; c < r->e->n_labels; c++) {
        char *cell = r->cells[FIXED_COLUMNS + c];
        if (strncmp(cell, "p:", 2) != 0)
            return wrong(r, "column %zu is %s; a score's name begins with p:", (size_t)c + FIXED_COLUMNS + 1, cell);
        HONE_TRY(unescape(r, cell));
        if (!(r->labels[c] = hone_strdup(r->arena, cell + 2)))
            return hone_no_memory(r->err, "reading predictions");
    }
    r->e->labels = r->labels;
    return HONE_OK;
}

static hone_status read_real(const reading *r, const char *cell, double *out)
{
    char *end;
    if (strcmp(cell, no_answer) == 0) {
        *out = NAN;
        return HONE_OK;
    }
    if (strcmp(cell, ".inf") == 0 || strcmp(cell, "-.inf") == 0) {
        *out = *cell == '-' ? -INFINITY : INFINITY;
        return HONE_OK;
    }
    *out = strtod(cell, &end);
    return *cell && !*end ? HONE_OK : wrong(r, "%s is no number", cell);
}

static hone_status read_label(const reading *r, char *cell, int32_t *index)
{
    *index = -1;
    if (strcmp(cell, no_answer) == 0)
        return HONE_OK;
    HONE_TRY(unescape(r, cell));
    for (uint64_t c = 0; c < r->e->n_labels && *index < 0; c++)
        if (strcmp(cell, r->labels[c]) == 0)
            *index = (int32_t)c;
    return *index >= 0 ? HONE_OK : wrong(r, "%s is none of the labels of the first line", cell);
}

/* The end of the first label of a set: a bar that no backslash stands before. */
static char *label_end(char *text)
{
    for (; *text && *text != '|'; text++)
        if (*text == '\\' && text[1])
            text++;
    return text;
}

static hone_status read_set(const reading *r, char *cell, hone_answer *a)
{
    int32_t *labels = hone_alloc_array(r->arena, strlen(cell) + 1, sizeof *labels);
    if (!labels)
        return hone_no_memory(r->err, "reading predictions");
    for (char *at = cell; *at;) {
        char *end = label_end(at), *next = *end ? end + 1 : end;
        *end = '\0';
        HONE_TRY(read_label(r, at, &labels[a->n++]));
        at = next;
    }
    a->labels = labels;
    return HONE_OK;
}

/* *answer is NULL where there is none. */
static hone_status read_answer(const reading *r, char *cell, hone_answer **answer)
{
    *answer = NULL;
    if (strcmp(cell, no_answer) == 0)
        return HONE_OK;
    hone_answer *a = hone_alloc(r->arena, sizeof *a);
    if (!a)
        return hone_no_memory(r->err, "reading predictions");
    *a = hone_answer_of((hone_target)r->e->target);
    *answer = a;
    if (r->e->target == HONE_TARGET_CLASS)
        return read_label(r, cell, &a->index);
    return r->e->target == HONE_TARGET_SCORE ? read_real(r, cell, &a->score) : read_set(r, cell, a);
}

static hone_status read_scores(const reading *r, hone_answer *a)
{
    float *scores = hone_alloc_array(r->arena, r->e->n_labels, sizeof *scores);
    if (!scores)
        return hone_no_memory(r->err, "reading predictions");
    for (uint64_t c = 0; c < r->e->n_labels; c++) {
        double value;
        if (strcmp(r->cells[FIXED_COLUMNS + c], no_answer) == 0)
            return HONE_OK;
        HONE_TRY(read_real(r, r->cells[FIXED_COLUMNS + c], &value));
        scores[c] = (float)value;
    }
    a->scores = scores;
    a->n_scores = r->e->n_labels;
    return HONE_OK;
}

static hone_status read_record(const reading *r, hone_record *record)
{
    hone_answer *gold, *prediction;
    HONE_TRY(unescape(r, r->cells[0]));
    if (!(record->id = hone_strdup(r->arena, r->cells[0])))
        return hone_no_memory(r->err, "reading predictions");
    HONE_TRY(read_answer(r, r->cells[1], &gold));
    HONE_TRY(read_answer(r, r->cells[2], &prediction));
    HONE_TRY(read_real(r, r->cells[3], &record->loss));
    HONE_TRY(read_real(r, r->cells[4], &record->items));
    if (prediction && r->e->n_labels)
        HONE_TRY(read_scores(r, prediction));
    record->gold = gold;
    record->prediction = prediction;
    return HONE_OK;
}

static uint64_t count_lines(const char *text)
{
    uint64_t n = 0;
    for (; *text; text++)
        n += *text == '\n' || !text[1];
    return n;
}

static hone_status read_all(reading *r, char *text)
{
    hone_evaluation *e = r->e;
    const uint64_t n_lines = count_lines(text);
    if (n_lines == 0)
        return wrong(r, "the file is empty");
    hone_record *records = hone_alloc_array(r->arena, n_lines, sizeof *records);
    const size_t most = count_columns(text);
    r->cells = hone_alloc_array(r->arena, most, sizeof *r->cells);
    if (!records || !r->cells)
        return hone_no_memory(r->err, "reading predictions");
    text = cut_line(text, r->cells, most, &r->n_columns);
    HONE_TRY(read_header(r));
    for (r->line = 2; text; r->line++) {
        size_t n;
        text = cut_line(text, r->cells, most, &n);
        if (n != r->n_columns)
            return wrong(r, "there are %zu columns; the first line has %zu", n, r->n_columns);
        HONE_TRY(read_record(r, &records[e->n++]));
    }
    e->records = records;
    e->record_size = sizeof *records;
    return HONE_OK;
}

hone_status hone__predictions_read(hone_arena *arena, const char *path, hone_evaluation **evaluation, hone_error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    reading r = {.arena = arena, .path = path, .line = 1, .e = hone_alloc(arena, sizeof *r.e), .err = err};
    if (!r.e)
        return hone_no_memory(err, "reading predictions");
    HONE_TRY(hone__read_file(path, 0, &bytes, &n, err));
    *r.e = (hone_evaluation){.size = sizeof *r.e, .positive = -1, .split = "validation", .output = ""};
    const hone_status status =
        strlen(bytes) == n ? read_all(&r, bytes) : hone_fail(err, HONE_EFORMAT, "%s holds a NUL byte", path);
    hone__free(bytes);
    *evaluation = r.e;
    return status;
}
