/* split.c - shares of one file: seeded, and stratified over classes.
 *
 * Each class is shuffled by itself, and its examples are spread evenly over (0, 1); read in that order, any piece of the whole has
 * the classes in their proportion, and the pieces have exactly the sizes asked for. The first of each class goes to the front, so
 * that training sees every class that there is room for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/split.h"
#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const part_names[3] = {"train", "validation", "test"};

bool hone__split_given(const hone__split_config *split)
{
    return split->train != 0 || split->validation != 0 || split->test != 0;
}

/* An example's place in the order that is cut. */
typedef struct place {
    double key;
    uint64_t tie; /* place in a shuffle of everything */
    uint64_t index;
    const char *label; /* "" where there is none, or strata do not count */
    uint64_t group;
} place;

static int by_label(const void *a, const void *b)
{
    const place *x = a, *y = b;
    int order = strcmp(x->label, y->label);
    return order ? order : x->tie < y->tie ? -1 : x->tie > y->tie;
}

static int by_key(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key ? 1 : x->tie < y->tie ? -1 : x->tie > y->tie;
}

static int by_group(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->group < y->group ? -1 : x->group > y->group ? 1 : x->tie < y->tie ? -1 : x->tie > y->tie;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Gives every example of one class, places[0 .. n) in shuffled order, its key. */
static void spread(place *places, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        places[i].key = i == 0 ? 0 : ((double)i + 0.5) / (double)n;
}

static void stratify(place *places, uint64_t n)
{
    qsort(places, n, sizeof *places, by_label);
    for (uint64_t begin = 0, end; begin < n; begin = end) {
        end = begin + 1;
        while (end < n && strcmp(places[end].label, places[begin].label) == 0)
            end++;
        spread(places + begin, end - begin);
    }
    qsort(places, n, sizeof *places, by_key);
}

/* Groups in the order of their first examples, whose order is a shuffled one. */
static void gather(place *places, uint64_t n)
{
    qsort(places, n, sizeof *places, by_group);
    for (uint64_t i = 0, first = 0; i < n; i++) {
        first = i && places[i].group == places[first].group ? first : i;
        places[i].key = (double)places[first].tie;
    }
    qsort(places, n, sizeof *places, by_key);
}

static hone_status check_shares(const hone__data_config *config, double shares[3], hone_error *err)
{
    const hone__split_config *split = &config->split;
    double rest = 1 - split->validation - split->test;
    memcpy(shares, (const double[3]){split->train == 0 ? rest : split->train, split->validation, split->test},
           3 * sizeof *shares);
    double sum = shares[0] + shares[1] + shares[2];
    for (int i = 0; i < 3; i++)
        if (!(shares[i] >= 0 && shares[i] <= 1))
            return hone_fail(err, HONE_ECONFIG, "data.split.%s is %g; a share lies between 0 and 1", part_names[i], shares[i]);
    if (sum > 1 + 1e-9)
        return hone_fail(err, HONE_ECONFIG, "the shares in data.split add up to %g; they must not exceed 1", sum);
    if (shares[0] == 0)
        return hone_fail(err, HONE_ECONFIG, "data.split leaves nothing for training: its shares must add up to less than 1");
    if ((split->validation > 0 && config->validation) || (split->test > 0 && config->test))
        return hone_fail(err, HONE_ECONFIG,
                         "data.%s names a file, and data.split.%s takes a share of data.train: give one of them",
                         split->validation > 0 && config->validation ? "validation" : "test",
                         split->validation > 0 && config->validation ? "validation" : "test");
    return HONE_OK;
}

/* `order` is room for all examples. */
static hone_status cut(hone_arena *arena, const hone_corpus *whole, const place *places, bool grouped, const double shares[3],
                       uint64_t *order, hone_corpus *parts[3], hone_error *err)
{
    double share = 0;
    for (uint64_t i = 0, begin = 0, end; i < 3; i++, begin = end) {
        share += shares[i];
        end = (uint64_t)llround(fmin(share, 1) * (double)whole->n);
        while (grouped && end > begin && end < whole->n && places[end].group == places[end - 1].group)
            end++;
        if (shares[i] == 0)
            continue;
        uint64_t n = end > begin ? end - begin : 0;
        if (n == 0)
            return hone_fail(err, HONE_ECONFIG, "data.split.%s is %g, which of the %llu examples of %s leaves none",
                             part_names[i], shares[i], (unsigned long long)whole->n, whole->file);
        for (uint64_t k = 0; k < n; k++)
            order[k] = places[begin + k].index;
        qsort(order, n, sizeof *order, by_number);
        parts[i] = hone__corpus_subset(arena, whole, order, n);
        if (!parts[i])
            return hone_no_memory(err, "splitting the data");
        parts[i]->split = part_names[i];
    }
    return HONE_OK;
}

static void fill_places(const hone_corpus *whole, const hone__data_config *config, bool strata, uint64_t *order, place *places)
{
    hone_key key = {.seed = (uint64_t)config->split_seed, .scope = hone_scope_hash("data.split")};
    for (uint64_t i = 0; i < whole->n; i++)
        order[i] = i;
    hone_random_shuffle(hone_stream_of(&key), 0, order, whole->n);
    for (uint64_t i = 0; i < whole->n; i++) {
        const hone_answer *gold = whole->examples[order[i]]->gold;
        places[i] = (place){.tie = i,
                            .index = order[i],
                            .group = whole->examples[order[i]]->group,
                            .label = strata && gold && gold->names ? gold->names[0] : ""};
    }
}

hone_status hone__corpus_split(hone_arena *arena, const hone_corpus *whole, const hone__data_config *config, hone_target target,
                               hone_corpus *parts[3], hone_error *err)
{
    double shares[3];
    bool strata = config->stratify && target == HONE_TARGET_CLASS && !config->split_by_group;
    memset(parts, 0, 3 * sizeof *parts);
    HONE_TRY(check_shares(config, shares, err));
    uint64_t *order = hone__calloc(whole->n, sizeof *order);
    place *places = hone__calloc(whole->n, sizeof *places);
    hone_status status = HONE_OK;
    if (!order || !places) {
        status = hone_no_memory(err, "splitting the data");
    } else {
        fill_places(whole, config, strata, order, places);
        if (strata)
            stratify(places, whole->n);
        if (config->split_by_group)
            gather(places, whole->n);
        status = cut(arena, whole, places, config->split_by_group, shares, order, parts, err);
    }
    hone__free(places);
    hone__free(order);
    return status;
}
