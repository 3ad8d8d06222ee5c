/* trial.c - one training from its experiment to its result.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/trial.h"
#include "data/check.h"
#include "train/checkpoint.h"
#include "train/loop.h"
#include "train/model_dir.h"
#include "train/result.h"

/* The last line of a trial: where its model is, and who can load it. */
static void tell(const hone__parts *p)
{
    static const char *const who[HONE__N_LAYOUTS] = {
        [HONE__LAYOUT_TRANSFORMERS] = "which Transformers loads with its head",
        [HONE__LAYOUT_ENCODER] = "which Transformers loads without the head; that is in head.safetensors and hone.json",
        [HONE__LAYOUT_HONE] = "which hone alone loads"};
    char class[160];
    if (!p->experiment->trainer.save_model)
        return;
    hone_log_line(p->setup->log, HONE_LOG_INFO, "the model is %s/%s: %s, %s", p->setup->dir, HONE__MODEL_DIR,
                  hone__model_class(&p->network, class, sizeof class), who[hone__model_layout(&p->network)]);
}

static hone_status run(hone__parts *parts, hone_error *err)
{
    hone__loop loop;
    hone_status status = hone__loop_create(&loop, parts, err);
    if (status == HONE_OK)
        status = hone__loop_run(&loop, err);
    if (status == HONE_OK)
        status = hone__result_write(&loop, err);
    if (status == HONE_OK)
        status = hone__checkpoint_remove(&loop, err);
    if (status == HONE_OK)
        tell(parts);
    hone__loop_clear(&loop);
    return status;
}

hone_status hone__trial_run(const hone__trial_setup *setup, hone_error *err)
{
    hone__parts *parts = NULL;
    HONE_TRY(hone__parts_create(setup, &parts, err));
    const hone_status status = run(parts, err);
    hone__parts_destroy(parts);
    return status;
}

static hone_status describe(hone__parts *p, hone__str *out, hone_error *err)
{
    hone__prepared *test = NULL;
    if (p->dataset.test)
        HONE_TRY(hone__cache_prepare(&p->cache, p->dataset.test, false, p->pool, &test, err));
    const hone_status status = hone__dataset_describe(&p->dataset, p->train_prepared, p->validation_prepared, test, out, err);
    hone__prepared_destroy(test);
    return status;
}

hone_status hone__trial_describe(const hone__trial_setup *setup, hone__str *out, hone_error *err)
{
    hone__parts *parts = NULL;
    HONE_TRY(hone__parts_create_data(setup, &parts, err));
    const hone_status status = describe(parts, out, err);
    hone__parts_destroy(parts);
    return status;
}
