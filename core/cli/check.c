/* check.c - `hone check` and `hone schema`: what is wrong with an experiment file, what it means in full, what its data is like, and its
 * JSON Schema.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/session.h"
#include "sweep/points.h"
#include "train/trial.h"

#include <stdio.h>
#include <string.h>

/* ---- What a sweep comes to --------------------------------------------------------------------------------------- */

/* What works, but may not be what was meant. */
static void warn(const hone__experiment *e)
{
    if (e->trainer.precision == HONE__BF16_OPERANDS && !hone__cpu_has_bf16())
        printf(
            "%s: trainer.precision is bf16, and this processor (%s) has no instructions for it: training will be slower than "
            "with float32, which is the default\n",
            e->file, hone__cpu_isa());
}

static hone_status summarise(hone__session *s, const hone__experiment *e, hone_error *err)
{
    uint64_t n = 0;
    char seeds[60] = "";
    if (!e->sweep) {
        printf("%s: fine: a single trial, to be written to %s\n", e->file, e->output_dir);
        return HONE_OK;
    }
    HONE_TRY(hone__sweep_count(s->arena, e, &n, err));
    if (e->sweep->n_seeds > 1)
        snprintf(seeds, sizeof seeds, " with %zu seeds each", e->sweep->n_seeds);
    printf("%s: fine: %llu point%s%s over %zu parameter%s by %s, %s of %s, %lld at a time, to be written to %s\n", e->file,
           (unsigned long long)n, n == 1 ? "" : "s", seeds, e->sweep->n_dimensions, e->sweep->n_dimensions == 1 ? "" : "s",
           e->sweep->searcher.plugin->table->name, e->sweep->maximize ? "maximum" : "minimum", e->sweep->metric,
           (long long)e->sweep->max_concurrent_trials, e->output_dir);
    return HONE_OK;
}

/* ---- The data ---------------------------------------------------------------------------------------------------- */

/* As the first point has it: a sweep may choose the tokenizer, or how long sequences are. */
static hone_status describe_data(hone__session *s, const hone__experiment *e, hone_error *err)
{
    hone__str out = {0};
    hone__yaml *root;
    hone__experiment *first;
    HONE_TRY(hone__sweep_first(s->arena, e, &root, err));
    HONE_TRY(hone__experiment_from(s->arena, s->registry, root, e->file, ".", &first, &s->issues, err));
    const hone__trial_setup setup = {.experiment = first, .registry = s->registry, .cache_dir = e->cache_dir, .log = s->log};
    const hone_status status = hone__trial_describe(&setup, &out, err);
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
    return status;
}

/* ---- Commands ---------------------------------------------------------------------------------------------------- */

static hone_status render(const hone__experiment *e, hone_error *err)
{
    hone__str out = {0};
    hone_status status = hone__yaml_emit(e->complete, &out, err);
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
    return status;
}

static hone_status check(hone__session *s, bool with_defaults, bool data, int n, char **words, hone_error *err)
{
    hone__experiment *e;
    HONE_TRY(hone__session_open(s, err));
    HONE_TRY(hone__session_load(s, "check", n, words, &e, err));
    if (data)
        return describe_data(s, e, err);
    if (with_defaults)
        return render(e, err);
    warn(e);
    return summarise(s, e, err);
}

static int exit_code(hone_status status)
{
    if (status == HONE_OK)
        return HONE__EXIT_DONE;
    return status == HONE_ENOMEM ? HONE__EXIT_FAILED : HONE__EXIT_USAGE;
}

int hone__cli_check(int argc, char **argv)
{
    hone__session s = {0};
    bool with_defaults = false, data = false;
    hone_error err = {0};
    const hone__option options[] = {{"--render", &with_defaults, NULL}, {"--data", &data, NULL}, {0}};
    int n;
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (data && with_defaults) {
        fprintf(stderr, "hone check: --data and --render are two things to print; give one of them\n");
        return HONE__EXIT_USAGE;
    }
    hone_status status = check(&s, with_defaults, data, n, argv + 1, &err);
    hone__session_complain(&s, status, &err);
    hone__session_close(&s);
    return exit_code(status);
}

static hone_status schema(hone__session *s, hone_error *err)
{
    hone__str out = {0};
    HONE_TRY(hone__session_open(s, err));
    hone_status status = hone__experiment_schema(s->registry, &out, err);
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
    return status;
}

int hone__cli_schema(int argc, char **argv)
{
    hone__session s = {0};
    hone_error err = {0};
    const hone__option options[] = {{0}};
    int n;
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n > 0) {
        fprintf(stderr, "hone: schema takes no arguments; it was given %s\n", argv[1]);
        return HONE__EXIT_USAGE;
    }
    hone_status status = schema(&s, &err);
    if (status != HONE_OK)
        fprintf(stderr, "hone: %s\n", err.msg);
    hone__session_close(&s);
    return exit_code(status);
}
