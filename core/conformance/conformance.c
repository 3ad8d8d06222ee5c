/* conformance.c - runs the checks of a file's plugins, one after another, and says how each went.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/conformance.h"
#include "conformance/lab.h"

static const char *word_of(hone_status status)
{
    return status == HONE_OK ? "ok" : status == HONE_END ? "left out" : "FAILED";
}

static void run_check(hone__lab *lab, const hone__check *check, bool verbose, FILE *out, hone__conformance *result)
{
    hone_error err = {0};
    /* The name comes first, so that a plugin that crashes shows in which check. */
    if (verbose) {
        fprintf(out, "%s/%s: %s: ", hone__kinds[lab->table->kind].name, lab->table->name, check->name);
        fflush(out);
    }
    hone__lab_target(lab, HONE_TARGET_CLASS);
    const hone_status status = check->run(lab, &err);
    hone__lab_reset(lab);
    result->passed += status == HONE_OK;
    result->left_out += status == HONE_END;
    const bool failed = status != HONE_OK && status != HONE_END;
    result->failed += failed;
    if (!verbose && failed)
        fprintf(out, "%s/%s: %s: ", hone__kinds[lab->table->kind].name, lab->table->name, check->name);
    if (verbose || failed)
        fprintf(out, "%s%s%s\n", word_of(status), status == HONE_OK ? "" : ": ", status == HONE_OK ? "" : err.msg);
}

static void run_checks(hone__lab *lab, const hone__check *checks, bool verbose, FILE *out, hone__conformance *result)
{
    for (; checks && checks->name; checks++)
        run_check(lab, checks, verbose, out, result);
}

hone_status hone__conformance_run(hone__registry *r, const char *path, bool verbose, FILE *out, hone__conformance *result,
                                  hone_error *err)
{
    const hone__plugin **plugins;
    size_t n;
    HONE_TRY(hone__registry_open(r, path, &plugins, &n, err));
    for (size_t i = 0; i < n; i++) {
        hone__lab lab = {.registry = r, .table = plugins[i]->table, .file = plugins[i]->file};
        const bool open = hone__lab_open(&lab);
        if (open) {
            run_checks(&lab, hone__checks_of_all, verbose, out, result);
            run_checks(&lab, hone__checks_of_kind[lab.table->kind], verbose, out, result);
        }
        hone__lab_close(&lab);
        if (!open)
            return hone_no_memory(err, "checking a plugin");
    }
    return HONE_OK;
}
