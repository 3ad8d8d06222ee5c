/* kinds.c - the one table of kinds: a new kind is a row here and a header section.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin/registry.h"

#include <string.h>

/* What must be there of each kind's table, beside what is common to all: every callback, and every other pointer, of which the header
 * does not say that it may be NULL. Offset 0 is the common part's and ends a list. */
static const size_t tokenizer_needs[] = {offsetof(hone_tokenizer, create), offsetof(hone_tokenizer, info),
                                         offsetof(hone_tokenizer, encode), offsetof(hone_tokenizer, token),
                                         offsetof(hone_tokenizer, save),   0};
static const size_t reader_needs[] = {offsetof(hone_reader, target), offsetof(hone_reader, read), offsetof(hone_reader, fields),
                                      0};
static const size_t model_needs[] = {offsetof(hone_model, prefix), offsetof(hone_model, create), offsetof(hone_model, hidden),
                                     offsetof(hone_model, build), 0};
static const size_t head_needs[] = {offsetof(hone_head, outputs), offsetof(hone_head, create), offsetof(hone_head, build),
                                    offsetof(hone_head, decode), 0};
static const size_t loss_needs[] = {offsetof(hone_loss, build), 0};
static const size_t optimizer_needs[] = {offsetof(hone_optimizer, update), 0};
static const size_t schedule_needs[] = {offsetof(hone_schedule, factor), 0};
static const size_t metric_needs[] = {offsetof(hone_metric, compute), 0};
static const size_t technique_needs[] = {0};
static const size_t searcher_needs[] = {offsetof(hone_searcher, ask), 0};
static const size_t stopper_needs[] = {offsetof(hone_stopper, stop), 0};
static const size_t launcher_needs[] = {offsetof(hone_launcher, start),  offsetof(hone_launcher, poll),
                                        offsetof(hone_launcher, wait),   offsetof(hone_launcher, stop),
                                        offsetof(hone_launcher, forget), 0};
static const size_t backend_needs[] = {offsetof(hone_backend, create), offsetof(hone_backend, supports),
                                       offsetof(hone_backend, run), offsetof(hone_backend, describe), 0};
static const size_t task_needs[] = {offsetof(hone_task, settings), 0};

const hone__kind hone__kinds[HONE_KIND_COUNT] = {
#define X(NAME, name, help) [HONE_KIND_##NAME] = {HONE_KIND_##NAME, #name, help, sizeof(hone_##name), name##_needs},
    HONE_KIND_MAP(X)
#undef X
};

const hone__kind *hone__kind_by_name(const char *name)
{
    for (int k = 1; k < HONE_KIND_COUNT; k++)
        if (strcmp(hone__kinds[k].name, name) == 0)
            return &hone__kinds[k];
    return NULL;
}
