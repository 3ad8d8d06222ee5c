/* predictions_read.c - predictions.tsv read back into an evaluation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/file.h"
#include "train/evaluate.h"
#include "train/predictions.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reading {
    hone_arena *arena;
    const char *path;
    uint64_t line; /* from 1 */
    char **cells;  /* [n_columns] of the current line, still escaped */
    size_t n_columns;
    hone_evaluation *e;
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

static hone_status no_memory(const reading *r)
{
    return hone_no_memory(r->err, "reading predictions");
}

/* ---- Cells ------------------------------------------------------------------------------------------------------- */

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

static hone_status read_text(const reading *r, char *cell, const char **text)
{
    HONE_TRY(unescape(r, cell));
    *text = hone_strdup(r->arena, cell);
    return *text ? HONE_OK : no_memory(r);
}

static hone_status read_real(const reading *r, const char *cell, double *out)
{
    char *end;
    if (strcmp(cell, HONE__NO_ANSWER) == 0) {
        *out = NAN;
        return HONE_OK;
    }
    if (strcmp(cell, ".inf") == 0 || strcmp(cell, "-.inf") == 0) {
        *out = *cell == '-' ? -INFINITY : INFINITY;
        return HONE_OK;
    }
    *out = strtod(cell, &end);
    return *cell && !*end ? HONE_OK : wrong(r, "%.100s is no number", cell);
}

static hone_status read_index(const reading *r, const char *cell, int32_t *out)
{
    char *end;
    errno = 0;
    const long value = strtol(cell, &end, 10);
    if (*cell < '0' || *cell > '9' || *end || errno || value > INT32_MAX)
        return wrong(r, "%.100s is no number from 0 on", cell);
    *out = (int32_t)value;
    return HONE_OK;
}

static hone_status read_label(const reading *r, char *cell, int32_t *index)
{
    *index = -1;
    if (strcmp(cell, HONE__NO_ANSWER) == 0)
        return HONE_OK;
    HONE_TRY(unescape(r, cell));
    for (uint64_t c = 0; c < r->e->n_labels && *index < 0; c++)
        if (strcmp(cell, r->e->labels[c]) == 0)
            *index = (int32_t)c;
    return *index >= 0 ? HONE_OK : wrong(r, "%.100s is none of the labels of the first line", cell);
}

/* Cuts the next item off a list, at a bar that no backslash stands before; NULL behind the last. */
static char *next_item(char **list)
{
    char *item = *list, *end = item;
    if (!item || !*item)
        return NULL;
    for (; *end && *end != '|'; end++)
        if (*end == '\\' && end[1])
            end++;
    *list = *end ? end + 1 : end;
    *end = '\0';
    return item;
}

/* How often next_item() gives one: a bar at the end begins none. */
static size_t count_items(const char *list)
{
    size_t n = *list != '\0';
    for (; *list; list++) {
        if (*list == '\\' && list[1])
            list++;
        else
            n += *list == '|' && list[1];
    }
    return n;
}

/* ---- Answers of each target -------------------------------------------------------------------------------------- */

static hone_status read_class(const reading *r, char *cell, hone_answer *a)
{
    return read_label(r, cell, &a->index);
}

static hone_status read_score(const reading *r, char *cell, hone_answer *a)
{
    return read_real(r, cell, &a->score);
}

static hone_status read_choice(const reading *r, char *cell, hone_answer *a)
{
    return read_index(r, cell, &a->index);
}

static hone_status read_indices(const reading *r, char *cell, bool ids, hone_answer *a)
{
    int32_t *labels = hone_alloc_array(r->arena, count_items(cell), sizeof *labels);
    if (!labels)
        return no_memory(r);
    for (char *item; (item = next_item(&cell)); a->n++)
        HONE_TRY(ids ? read_index(r, item, &labels[a->n]) : read_label(r, item, &labels[a->n]));
    a->labels = labels;
    return HONE_OK;
}

static hone_status read_labels(const reading *r, char *cell, hone_answer *a)
{
    return read_indices(r, cell, false, a);
}

static hone_status read_tokens(const reading *r, char *cell, hone_answer *a)
{
    return read_indices(r, cell, true, a);
}

/* BEGIN-END, @SCORE, =TEXT */
static hone_status read_range(const reading *r, char *item, hone_span *span)
{
    char *text = strchr(item, '='), *end;
    if (text)
        *text++ = '\0';
    char *score = strchr(item, '@');
    if (score)
        *score++ = '\0';
    errno = 0;
    span->begin = strtoull(item, &end, 10);
    if (*item < '0' || *item > '9' || *end != '-' || end[1] < '0' || end[1] > '9')
        return wrong(r, "%.100s is no range of bytes, BEGIN-END", item);
    span->end = strtoull(end + 1, &end, 10);
    if (*end || errno || span->begin > span->end)
        return wrong(r, "%.100s is no range of bytes, BEGIN-END", item);
    if (score)
        HONE_TRY(read_real(r, score, &span->score));
    return text ? read_text(r, text, &span->text) : HONE_OK;
}

static hone_status read_span(const reading *r, char *cell, hone_answer *a)
{
    hone_span *spans = hone_alloc_array(r->arena, count_items(cell), sizeof *spans);
    if (!spans)
        return no_memory(r);
    for (char *item; (item = next_item(&cell)); a->n++)
        HONE_TRY(read_range(r, item, &spans[a->n]));
    a->spans = spans;
    a->text = a->n ? spans[0].text : NULL;
    return HONE_OK;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static hone_status read_other(const reading *r, char *cell, hone_answer *a)
{
    char *text = strchr(cell, '=');
    if (text)
        *text++ = '\0';
    const size_t n = strlen(cell);
    unsigned char *bytes = hone_alloc(r->arena, n / 2);
    if (!bytes)
        return no_memory(r);
    for (size_t i = 0; i < n; i++)
        if (digit_of(cell[i]) < 0 || n % 2)
            return wrong(r, "%.100s are no bytes in hexadecimal", cell);
    for (size_t i = 0; i < n / 2; i++)
        bytes[i] = (unsigned char)(16 * digit_of(cell[2 * i]) + digit_of(cell[2 * i + 1]));
    a->bytes = bytes;
    a->n_bytes = n / 2;
    return text ? read_text(r, text, &a->text) : HONE_OK;
}

typedef hone_status answer_fn(const reading *r, char *cell, hone_answer *a);
static answer_fn *const answer_of[] = {
    [HONE_TARGET_CLASS] = read_class,   [HONE_TARGET_CLASSES] = read_labels, [HONE_TARGET_SCORE] = read_score,
    [HONE_TARGET_TAGS] = read_labels,   [HONE_TARGET_SPAN] = read_span,      [HONE_TARGET_CHOICE] = read_choice,
    [HONE_TARGET_TOKENS] = read_tokens, [HONE_TARGET_OTHER] = read_other,
};

/* *answer is NULL where there is none. A prediction of tags is always there: what looks like none is a single word without a tag. */
static hone_status read_answer(const reading *r, char *cell, bool prediction, hone_answer **answer)
{
    *answer = NULL;
    if (strcmp(cell, HONE__NO_ANSWER) == 0 && !(prediction && r->e->target == HONE_TARGET_TAGS))
        return HONE_OK;
    hone_answer *a = hone_alloc(r->arena, sizeof *a);
    if (!a)
        return no_memory(r);
    *a = hone_answer_of((hone_target)r->e->target);
    *answer = a;
    return answer_of[r->e->target](r, cell, a);
}

/* ---- The first line ---------------------------------------------------------------------------------------------- */

static hone_status find_target(const reading *r, uint32_t *target)
{
    const char *cell = r->cells[1];
    for (*target = HONE_TARGET_CLASS; *target <= HONE_TARGET_OTHER; ++*target) {
        const bool plain = *target == HONE_TARGET_CLASS && strcmp(cell, "gold") == 0;
        if (plain || (strncmp(cell, "gold:", 5) == 0 && strcmp(cell + 5, hone_target_name(*target)) == 0))
            return HONE_OK;
    }
    return wrong(r, "the second column is %.100s; it must be gold, or gold: and the name of a target, as in gold:score", cell);
}

static hone_status labels_by_column(const reading *r, const char **labels)
{
    for (uint64_t c = 0; c < r->e->n_labels; c++) {
        char *cell = r->cells[HONE__FIXED_COLUMNS + c];
        if (strncmp(cell, "p:", 2) != 0)
            return wrong(r, "column %zu is %.100s; a score's name begins with p:", (size_t)c + HONE__FIXED_COLUMNS + 1, cell);
        HONE_TRY(read_text(r, cell + 2, &labels[c]));
    }
    return HONE_OK;
}

static hone_status labels_in_a_cell(const reading *r, char *list, const char **labels)
{
    char *item;
    for (uint64_t c = 0; (item = next_item(&list)); c++)
        HONE_TRY(read_text(r, item, &labels[c]));
    return HONE_OK;
}

static hone_status read_labels_of_file(reading *r)
{
    const hone__score_columns columns = hone__score_columns_of(r->e->target);
    const size_t extra = r->n_columns - HONE__FIXED_COLUMNS;
    char *list = NULL;
    if (columns == HONE__SCORES_IN_A_CELL) {
        char *cell = extra == 1 ? r->cells[HONE__FIXED_COLUMNS] : NULL;
        if (!cell || strncmp(cell, "scores", 6) != 0 || (cell[6] && cell[6] != ':'))
            return wrong(r, "behind items, one column scores must stand for this target");
        list = cell[6] ? cell + 7 : cell + 6;
    }
    if (columns == HONE__SCORES_NONE && extra)
        return wrong(r, "behind items, no column may stand for this target");
    r->e->n_labels = list ? count_items(list) : extra;
    const char **labels = hone_alloc_array(r->arena, r->e->n_labels, sizeof *labels);
    if (!labels)
        return no_memory(r);
    r->e->labels = labels;
    return list ? labels_in_a_cell(r, list, labels) : labels_by_column(r, labels);
}

static hone_status read_header(reading *r)
{
    static const char *const names[HONE__FIXED_COLUMNS] = {"id", NULL, "predicted", "loss", "items"};
    if (r->n_columns < HONE__FIXED_COLUMNS)
        return wrong(r, "there are %zu columns; predictions have id, gold, predicted, loss, items and scores", r->n_columns);
    for (size_t c = 0; c < HONE__FIXED_COLUMNS; c++)
        if (names[c] && strcmp(r->cells[c], names[c]) != 0)
            return wrong(r, "column %zu is %.100s; it must be %s", c + 1, r->cells[c], names[c]);
    HONE_TRY(find_target(r, &r->e->target));
    return read_labels_of_file(r);
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

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

static size_t count_of(const char *text, char what)
{
    size_t n = 0;
    for (; *text && *text != '\n'; text++)
        n += *text == what;
    return n;
}

static hone_status scores_by_column(const reading *r, hone_answer *a)
{
    float *scores = hone_alloc_array(r->arena, r->e->n_labels, sizeof *scores);
    if (!scores)
        return no_memory(r);
    for (uint64_t c = 0; c < r->e->n_labels; c++) {
        double value;
        if (strcmp(r->cells[HONE__FIXED_COLUMNS + c], HONE__NO_ANSWER) == 0)
            return HONE_OK;
        HONE_TRY(read_real(r, r->cells[HONE__FIXED_COLUMNS + c], &value));
        scores[c] = (float)value;
    }
    a->scores = scores;
    a->n_scores = r->e->n_labels;
    return HONE_OK;
}

static hone_status scores_in_a_cell(const reading *r, hone_answer *a)
{
    char *cell = r->cells[HONE__FIXED_COLUMNS];
    if (!*cell)
        return HONE_OK;
    a->n_scores = count_of(cell, ' ') + 1;
    float *scores = hone_alloc_array(r->arena, a->n_scores, sizeof *scores);
    if (!scores)
        return no_memory(r);
    for (uint64_t i = 0; i < a->n_scores; i++) {
        double value;
        char *space = strchr(cell, ' ');
        if (space)
            *space = '\0';
        HONE_TRY(read_real(r, cell, &value));
        scores[i] = (float)value;
        cell = space ? space + 1 : cell;
    }
    a->scores = scores;
    return HONE_OK;
}

static hone_status read_scores(const reading *r, hone_answer *a)
{
    switch (hone__score_columns_of(r->e->target)) {
    case HONE__SCORES_BY_LABEL:
        return scores_by_column(r, a);
    case HONE__SCORES_IN_A_CELL:
        return scores_in_a_cell(r, a);
    default:
        return HONE_OK;
    }
}

static hone_status read_record(const reading *r, hone_record *record)
{
    hone_answer *gold, *prediction;
    HONE_TRY(read_text(r, r->cells[0], &record->id));
    HONE_TRY(read_answer(r, r->cells[1], false, &gold));
    HONE_TRY(read_answer(r, r->cells[2], true, &prediction));
    HONE_TRY(read_real(r, r->cells[3], &record->loss));
    HONE_TRY(read_real(r, r->cells[4], &record->items));
    if (prediction)
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
    const size_t most = count_of(text, '\t') + 1;
    r->cells = hone_alloc_array(r->arena, most, sizeof *r->cells);
    if (!records || !r->cells)
        return no_memory(r);
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
        return no_memory(&r);
    HONE_TRY(hone__read_file(path, 0, &bytes, &n, err));
    *r.e = (hone_evaluation){.size = sizeof *r.e, .positive = -1, .split = "validation", .output = ""};
    const hone_status status =
        strlen(bytes) == n ? read_all(&r, bytes) : hone_fail(err, HONE_EFORMAT, "%s holds a NUL byte", path);
    hone__free(bytes);
    *evaluation = r.e;
    return status;
}
