/* cases_labels.c - examples whose answer is a label, a set of them, a number, a choice, or only its own plugin knows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/cases.h"

#include "train/confusion.h"

#include <hone/statistics.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* "0.03" behind a label, where its probability is known. */
static const char *probability(const hone_answer *prediction, uint64_t label, char *out, size_t size)
{
    if (label >= prediction->n_scores || !isfinite(prediction->scores[label]))
        return "";
    snprintf(out, size, "%.2f", (double)prediction->scores[label]);
    return out;
}

static void add_label(const hone__case_source *s, hone__case_writer *w, hone__case_mark mark, uint64_t label)
{
    char p[32];
    hone__case_add(w, mark, s->e->labels[label], probability(s->record->prediction, label, p, sizeof p));
}

hone_status hone__case_class(const hone__case_source *s, hone__case_writer *w, hone_error *err)
{
    const int32_t gold = s->record->gold->index, predicted = s->record->prediction->index;
    (void)err;
    hone__case_begin(w, "gold");
    add_label(s, w, gold == predicted ? HONE__MARK_RIGHT : HONE__MARK_MISSED, (uint64_t)gold);
    hone__case_begin(w, "predicted");
    add_label(s, w, gold == predicted ? HONE__MARK_RIGHT : HONE__MARK_WRONG, (uint64_t)predicted);
    return HONE_OK;
}

static void add_set(const hone__case_source *s, hone__case_writer *w, const char *name, const hone_answer *own,
                    const hone_answer *other, hone__case_mark mark)
{
    size_t n = 0;
    hone__case_begin(w, name);
    for (uint64_t l = 0; l < s->e->n_labels; l++) {
        if (!hone_answer_holds(own, l))
            continue;
        if (n++)
            hone__case_add(w, HONE__MARK_NONE, " ", NULL);
        add_label(s, w, hone_answer_holds(other, l) ? HONE__MARK_RIGHT : mark, l);
    }
    if (n == 0)
        hone__case_addf(w, "(none)");
}

hone_status hone__case_classes(const hone__case_source *s, hone__case_writer *w, hone_error *err)
{
    (void)err;
    add_set(s, w, "gold", s->record->gold, s->record->prediction, HONE__MARK_MISSED);
    add_set(s, w, "predicted", s->record->prediction, s->record->gold, HONE__MARK_WRONG);
    return HONE_OK;
}

hone_status hone__case_score(const hone__case_source *s, hone__case_writer *w, hone_error *err)
{
    const double gold = s->record->gold->score, predicted = s->record->prediction->score;
    (void)err;
    hone__case_begin(w, "gold");
    hone__case_addf(w, "%.4g", gold);
    hone__case_begin(w, "predicted");
    hone__case_addf(w, "%.4g (%+.4g)", predicted, predicted - gold);
    return HONE_OK;
}

static hone__case_mark mark_of_choice(const hone_record *r, int64_t choice)
{
    if (choice == r->gold->index)
        return choice == r->prediction->index ? HONE__MARK_RIGHT : HONE__MARK_MISSED;
    return choice == r->prediction->index ? HONE__MARK_WRONG : HONE__MARK_NONE;
}

/* The text that the choices belong to, and each of them. */
hone_status hone__case_choice(const hone__case_source *s, hone__case_writer *w, hone_error *err)
{
    static const char *const says[] = {"", "gold, predicted", "predicted", "gold"};
    const char **choices = NULL, *text = hone__case_cell(s, "text");
    uint64_t n;
    HONE_TRY(hone__case_list(s, "choices", &choices, &n, err));
    if (text) {
        hone__case_begin(w, "text");
        hone__case_add(w, HONE__MARK_NONE, text, NULL);
    }
    for (uint64_t i = 0; i < n; i++) {
        char p[32], letter[HONE__CHOICE_NAME], name[64];
        const char *probable = probability(s->record->prediction, i, p, sizeof p);
        const hone__case_mark mark = mark_of_choice(s->record, (int64_t)i);
        snprintf(name, sizeof name, "%s%s%s", hone__choice_name(i, letter), *probable ? ": " : "", probable);
        hone__case_begin(w, name);
        hone__case_add(w, mark, choices[i], says[mark]);
    }
    if (n == 0) {
        hone__case_begin(w, "gold");
        const int32_t gold = s->record->gold->index, predicted = s->record->prediction->index;
        char letters[2][HONE__CHOICE_NAME];
        hone__case_addf(w, "choice %s; predicted %s", gold >= 0 ? hone__choice_name((uint64_t)gold, letters[0]) : "none",
                        predicted >= 0 ? hone__choice_name((uint64_t)predicted, letters[1]) : "none");
    }
    return HONE_OK;
}

hone_status hone__case_other(const hone__case_source *s, hone__case_writer *w, hone_error *err)
{
    (void)err;
    hone__case_begin(w, "gold");
    hone__case_add(w, HONE__MARK_NONE, s->record->gold->text ? s->record->gold->text : "", NULL);
    hone__case_begin(w, "predicted");
    hone__case_add(w, HONE__MARK_NONE, s->record->prediction->text ? s->record->prediction->text : "", NULL);
    return HONE_OK;
}
