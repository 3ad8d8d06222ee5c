/* result.c - result.json, and the predictions and exhibits of the best evaluation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/result.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/format.h"
#include "train/evidence.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>

static json_t *real_json(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *figure_json(double value, const char *note, int32_t direction)
{
    return json_pack("{s:o, s:s, s:i}", "value", real_json(value), "note", note, "direction", (int)direction);
}

/* "validation/f1": {...}, and the loss of the last epoch of training. */
static json_t *figures_json(const hone__loop *l)
{
    json_t *figures = json_object();
    int failed =
        json_object_set_new(figures, "train/loss", figure_json(hone__loop_epoch_loss(l), "mean of the last epoch", -1));
    for (size_t i = 0; l->best && i < l->best->exhibits->n_figures; i++) {
        const hone__figure *f = &l->best->exhibits->figures[i];
        char *key = hone_sprintf(l->scratch, "validation/%s", f->name);
        failed |= key ? json_object_set_new(figures, key, figure_json(f->value, f->note, f->direction)) : -1;
    }
    if (failed) {
        json_decref(figures);
        return NULL;
    }
    return figures;
}

json_t *hone__prepared_json(const hone__prepared *prepared)
{
    if (!prepared)
        return json_null();
    const hone__prepared_stats *s = hone__prepared_stats_of(prepared);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "examples", (json_int_t)s->examples, "sequences",
                     (json_int_t)s->sequences, "tokens", (json_int_t)s->tokens, "longest", (json_int_t)s->longest,
                     "cut_examples", (json_int_t)s->cut_examples, "cut_tokens", (json_int_t)s->cut_tokens);
}

static json_t *train_json(const hone__loop *l)
{
    const double s = l->seconds > 0 ? l->seconds : NAN;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "steps", (json_int_t)l->step, "total_steps",
                     (json_int_t)l->parts->total_steps, "epochs", (json_int_t)hone__loop_begun(l), "examples",
                     (json_int_t)l->examples, "tokens", (json_int_t)l->tokens, "seconds", real_json(l->seconds),
                     "examples_per_s", real_json((double)l->examples / s), "tokens_per_s", real_json((double)l->tokens / s));
}

static int64_t peak_memory(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (int64_t)usage.ru_maxrss * 1024 : 0;
}

static json_t *result_json(const hone__loop *l)
{
    const hone__parts *p = l->parts;
    const char *metric = l->best ? hone_sprintf(l->scratch, "validation/%s", l->metric) : "train/loss";
    if (!metric)
        return NULL;
    return json_pack(
        "{s:i, s:s, s:s, s:o, s:I, s:o, s:I, s:o, s:o, s:{s:I, s:I}, s:{s:o, s:o}, s:I}", "format", HONE__FORMAT_RESULT,
        "status", "complete", "metric", metric, "value", real_json(l->best ? l->best->value : hone__loop_epoch_loss(l)),
        "best_step", (json_int_t)(l->best ? l->best->step : l->step), "best_epoch",
        real_json(l->best ? l->best->epoch : hone__loop_epochs(l)), "seed", (json_int_t)p->experiment->seed, "figures",
        figures_json(l), "train", train_json(l), "model", "weights", (json_int_t)hone__store_elements(p->network.store, false),
        "trainable", (json_int_t)hone__store_elements(p->network.store, true), "data", "train",
        hone__prepared_json(p->train_prepared), "validation", hone__prepared_json(p->validation_prepared), "peak_memory_bytes",
        (json_int_t)peak_memory());
}

static const char *file_in(const hone__loop *l, const char *name)
{
    return hone__path_join(l->scratch, l->parts->setup->dir, name);
}

const char **hone__result_best_files(const hone__loop *l, hone_arena *arena)
{
    static const char *const always[] = {"exhibits.json", HONE__SLICES_FILE};
    static const char *const each[] = {HONE__PREDICTIONS_FILE, HONE__ERRORS_FILE, HONE__CONFUSION_FILE};
    enum { N_ALWAYS = sizeof always / sizeof *always, N_EACH = sizeof each / sizeof *each };
    const hone_head *head = l->parts->network.head;
    const char **names = hone_alloc_array(arena, N_EACH * head->n_outputs + N_ALWAYS + 1, sizeof *names);
    size_t n = N_ALWAYS;
    if (!names)
        return NULL;
    memcpy(names, always, sizeof always);
    for (uint64_t o = 0; o < head->n_outputs; o++)
        for (size_t i = 0; i < N_EACH; i++)
            if (!(names[n++] = hone__output_file(arena, each[i], hone__output_name(head, o))))
                return NULL;
    return names;
}

hone_status hone__result_write_best(const hone__loop *l, hone_error *err)
{
    const hone__parts *p = l->parts;
    const char *path = file_in(l, "exhibits.json");
    const hone__evidence evidence = {.dir = p->setup->dir,
                                     .evaluated = &l->best->evaluated,
                                     .config = &p->experiment->report,
                                     .kept = (const char *const *)p->experiment->data->kept,
                                     .prepared = p->validation_prepared,
                                     .preparer = &p->preparer};
    if (!path)
        return hone_no_memory(err, "writing the results");
    HONE_TRY(hone__exhibits_save(l->best->exhibits, path, err));
    HONE_TRY(hone__evidence_write(&evidence, l->scratch, err));
    hone__arena_reset(l->scratch);
    return HONE_OK;
}

hone_status hone__result_write(const hone__loop *l, hone_error *err)
{
    HONE_TRY(hone__loop_sync_metrics(l, NULL, err));
    const char *path = file_in(l, "result.json");
    hone__json_init();
    json_t *root = path ? result_json(l) : NULL;
    const hone_status status = root ? hone__json_save(root, path, err) : hone_no_memory(err, "writing the results of a trial");
    json_decref(root);
    return status;
}
