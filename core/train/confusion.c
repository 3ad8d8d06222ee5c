/* confusion.c - how often each label was predicted for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/confusion.h"

#include <stdio.h>

enum { MOST_CHOICES = 100 };

const char *hone__choice_name(uint64_t i, char name[HONE__CHOICE_NAME])
{
    if (i < 26)
        snprintf(name, HONE__CHOICE_NAME, "%c", (char)('A' + i));
    else
        snprintf(name, HONE__CHOICE_NAME, "%llu", (unsigned long long)i + 1);
    return name;
}

/* As many as the longest list of choices that scores or answers show. */
static uint64_t count_choices(const hone_evaluation *e)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        if (!r->gold || !r->prediction)
            continue;
        const int64_t gold = (int64_t)r->gold->index + 1, predicted = (int64_t)r->prediction->index + 1;
        n = r->prediction->n_scores > n ? r->prediction->n_scores : n;
        n = gold > (int64_t)n ? (uint64_t)gold : n;
        n = predicted > (int64_t)n ? (uint64_t)predicted : n;
    }
    return n <= MOST_CHOICES ? n : 0;
}

static hone_status name_choices(hone_arena *arena, hone__confusion *c, hone_error *err)
{
    const char **names = hone_alloc_array(arena, c->n, sizeof *names);
    for (uint64_t i = 0; names && i < c->n; i++) {
        char name[HONE__CHOICE_NAME];
        if (!(names[i] = hone_strdup(arena, hone__choice_name(i, name))))
            names = NULL;
    }
    c->labels = names;
    return names ? HONE_OK : hone_no_memory(err, "naming choices");
}

static void count(hone__confusion *c, int32_t gold, int32_t predicted)
{
    const bool none = predicted < 0 || (uint64_t)predicted >= c->n;
    if (gold < 0 || (uint64_t)gold >= c->n)
        return;
    c->counts[(uint64_t)gold * (c->n + 1) + (none ? c->n : (uint64_t)predicted)]++;
    c->lost += none;
}

hone_status hone__confusion_count(hone_arena *arena, const hone_evaluation *e, hone__confusion *c, hone_error *err)
{
    *c = (hone__confusion){0};
    if (e->target != HONE_TARGET_CLASS && e->target != HONE_TARGET_TAGS && e->target != HONE_TARGET_CHOICE)
        return HONE_OK;
    c->n = e->target == HONE_TARGET_CHOICE ? count_choices(e) : e->n_labels;
    c->labels = e->labels;
    if (e->target == HONE_TARGET_CHOICE)
        HONE_TRY(name_choices(arena, c, err));
    c->counts = hone_alloc_array(arena, c->n, (c->n + 1) * sizeof *c->counts);
    if (!c->counts)
        return hone_no_memory(err, "counting a confusion matrix");
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        if (!r->gold || !r->prediction)
            continue;
        if (e->target != HONE_TARGET_TAGS)
            count(c, r->gold->index, r->prediction->index);
        for (uint64_t w = 0; e->target == HONE_TARGET_TAGS && w < r->gold->n; w++)
            count(c, r->gold->labels[w], w < r->prediction->n ? r->prediction->labels[w] : -1);
    }
    return HONE_OK;
}
