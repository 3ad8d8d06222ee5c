/* score.c - `hone evaluate RUN --test`: the chosen model of a run on the data that was kept for this, once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "report/run.h"
#include "sweep/rundir.h"
#include "train/evidence.h"
#include "train/result.h"
#include "train/trained.h"

#include <stdio.h>

typedef struct scoring {
    hone__session session;
    hone__report_run *run;
    hone__experiment *experiment; /* of the best trial */
    hone__trained *trained;
    hone__dataset dataset;
    hone__prepared *prepared;
    const char *trial, *folder; /* RUN/trials/0007 or RUN/refit, RUN/test */
} scoring;

static hone_status open_run(scoring *s, const char *dir, hone_error *err)
{
    hone_arena *arena = s->session.arena;
    HONE_TRY(hone__report_open(arena, dir, s->session.log, &s->run, err));
    const hone__report_trial *best = hone__report_best(s->run);
    if (!best)
        return hone_fail(err, HONE_ENOTFOUND, "%s has no complete trial whose model could be scored", dir);
    s->trial = hone__path_join(arena, dir, s->run->refit ? HONE__REFIT_DIR : best->dir); /* whichever is best/ */
    s->folder = hone__path_join(arena, dir, HONE__TEST_DIR);
    const char *done = s->folder ? hone__path_join(arena, s->folder, "exhibits.json") : NULL;
    const char *file = s->trial ? hone__path_join(arena, s->trial, "trial.yaml") : NULL;
    if (!done || !file)
        return hone_no_memory(err, "opening a run");
    if (hone__exists(done))
        return hone_fail(err, HONE_EEXIST, "%s is there: the test data of a run is scored once", done);
    HONE_TRY(hone__experiment_load(arena, s->session.registry, file, NULL, 0, &s->experiment, &s->session.issues, err));
    if (!s->experiment->data->test && !(s->experiment->data->split.test > 0))
        return hone_fail(err, HONE_ENOTFOUND, "the run has no data.test and no share of it in data.split");
    return HONE_OK;
}

/* The same reading and splitting as in training, so that a share kept for testing is the same one. */
static hone_status open_data(scoring *s, hone_error *err)
{
    const hone__trained_setup setup = {.registry = s->session.registry, .dir = s->trial, .log = s->session.log};
    HONE_TRY(hone__trained_open(&setup, &s->trained, err));
    HONE_TRY(hone__dataset_load(s->trained->arena, s->experiment->data, s->trained->reader, s->trained->reader_self,
                                &s->dataset, err));
    HONE_TRY(hone__corpus_index(s->dataset.test, &s->trained->labels, err));
    HONE_TRY(hone__trained_prepare(s->trained, s->dataset.test, &s->prepared, err));
    return hone__trained_load(s->trained, s->prepared, true, err);
}

static hone_status save_counts(const scoring *s, hone_error *err)
{
    const char *path = hone__path_join(s->session.arena, s->folder, "result.json");
    hone__json_init();
    json_t *root = json_pack("{s:i, s:{s:o}}", "format", HONE__FORMAT_RESULT, "data", "test", hone__prepared_json(s->prepared));
    const hone_status status = path && root ? hone__json_save(root, path, err) : hone_no_memory(err, "writing test results");
    json_decref(root);
    return status;
}

static hone_status save(scoring *s, const hone__evaluated *evaluated, const hone_exhibits *exhibits, hone_error *err)
{
    hone_arena *arena = s->session.arena;
    const char *figures = hone__path_join(arena, s->folder, "exhibits.json");
    const hone__evidence evidence = {.dir = s->folder,
                                     .evaluated = evaluated,
                                     .config = &s->experiment->report,
                                     .kept = (const char *const *)s->experiment->data->kept,
                                     .prepared = s->prepared,
                                     .preparer = &s->trained->preparer};
    if (!figures)
        return hone_no_memory(err, "writing test results");
    HONE_TRY(hone__make_dirs(s->folder, err));
    HONE_TRY(hone__evidence_write(&evidence, arena, err));
    HONE_TRY(save_counts(s, err));
    return hone__exhibits_save(exhibits, figures, err); /* last: where it stands, the test data is scored */
}

static hone_status score(scoring *s, const char *dir, hone_error *err)
{
    hone__evaluated evaluated;
    HONE_TRY(hone__session_open(&s->session, err));
    HONE_TRY(open_run(s, dir, err));
    HONE_TRY(open_data(s, err));
    hone_exhibits *exhibits = hone__exhibits_create(s->session.arena);
    if (!exhibits)
        return hone_no_memory(err, "scoring the test data");
    HONE_TRY(hone__trained_evaluate(s->trained, s->prepared, "test", true, s->session.arena, NULL, NULL, &evaluated, err));
    HONE_TRY(hone__trained_figures(s->trained, &evaluated, exhibits, err));
    HONE_TRY(save(s, &evaluated, exhibits, err));
    for (size_t i = 0; i < exhibits->n_figures; i++)
        printf("test/%s %.4f\n", exhibits->figures[i].name, exhibits->figures[i].value);
    return HONE_OK;
}

int hone__cli_score(const char *dir)
{
    scoring s = {0};
    hone_error err = {0};
    const hone_status status = score(&s, dir, &err);
    hone__session_complain(&s.session, status, &err);
    hone__prepared_destroy(s.prepared);
    hone__trained_close(s.trained);
    hone__report_close(s.run);
    hone__session_close(&s.session);
    return status == HONE_OK                                   ? HONE__EXIT_DONE
           : status == HONE_ENOTFOUND || status == HONE_EEXIST ? HONE__EXIT_USAGE
                                                               : HONE__EXIT_FAILED;
}
