/* scored.c - what one evaluation left in a folder: exhibits of metrics and heads, and its findings.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/scored.h"

#include "base/file.h"
#include "train/evaluate.h"

#include <string.h>

static int32_t positive_label(const hone_evaluation *e, const hone__yaml *experiment)
{
    const hone__yaml *node = experiment ? hone__yaml_path(experiment, "data.positive_label") : NULL;
    for (uint64_t l = 0; node && node->text && l < e->n_labels; l++)
        if (strcmp(node->text, e->labels[l]) == 0)
            return (int32_t)l;
    return -1;
}

static hone_status add_findings(hone_arena *arena, const char *path, const hone__yaml *experiment, hone_log *log,
                                hone__findings *scored, hone_error *err)
{
    hone_evaluation *e;
    hone_error why;
    const hone_status status = hone__predictions_read(arena, path, &e, &why);
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    if (status != HONE_OK) {
        hone_log_line(log, HONE_LOG_WARNING, "%s", why.msg);
        return HONE_OK;
    }
    e->positive = positive_label(e, experiment);
    return hone__findings_add(e, scored, err);
}

hone_status hone__scored_read(hone_arena *arena, const char *dir, const hone__yaml *experiment, hone_log *log,
                              hone__findings *scored, hone_error *err)
{
    hone_error why;
    const char *exhibits = hone__path_join(arena, dir, "exhibits.json");
    const char *predictions = hone__path_join(arena, dir, "predictions.tsv");
    *scored = (hone__findings){0};
    if (!exhibits || !predictions)
        return hone_no_memory(err, "reading what an evaluation left");
    if (!hone__exists(exhibits))
        return HONE_OK;
    const hone_status status = hone__exhibits_load(arena, exhibits, &scored->exhibits, &why);
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    if (status != HONE_OK) {
        scored->exhibits = NULL;
        hone_log_line(log, HONE_LOG_WARNING, "%s", why.msg);
        return HONE_OK;
    }
    return hone__exists(predictions) ? add_findings(arena, predictions, experiment, log, scored, err) : HONE_OK;
}
