/* trial.c - one training from its experiment to its result.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/trial.h"
#include "train/loop.h"
#include "train/result.h"

static hone_status run(hone__parts *parts, hone_error *err)
{
    hone__loop loop;
    hone_status status = hone__loop_create(&loop, parts, err);
    if (status == HONE_OK)
        status = hone__loop_run(&loop, err);
    if (status == HONE_OK)
        status = hone__result_write(&loop, err);
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
