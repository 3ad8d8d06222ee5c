/* test_frozen.c - outputs of frozen layers out of a file: the same bits as without, keyed by all that decides them, made once, whole or
 * not at all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "data/prepared.h"
#include "tensor/safetensors.h"
#include "train/estimate.h"
#include "train/frozen.h"
#include "trial_data.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FREEZE ", freeze: {embeddings: true, layers: 1}"

/* ---- Trials ------------------------------------------------------------------------------------------------------ */

static hone_status run(fixture *f, hone_error *err)
{
    return hone__trial_run(&f->setup, err);
}

static void run_well(fixture *f)
{
    hone_error err;
    ck_assert_msg(run(f, &err) == HONE_OK, "%s", err.msg);
}

/* A small bert with dropout over 40 examples, in two epochs of five steps unless `trainer` says something else. */
static void compose(fixture *f, const char *backend, const char *model, const char *trainer)
{
    const char *usual = strstr(trainer, "train_batch_size") ? "" : ", num_train_epochs: 2, train_batch_size: 8";
    fixture_compose(f, "", fixture_bert(f, model),
                    hone_sprintf(f->arena, "backend: {type: %s}\ntrainer: {threads: 2%s%s}\n", backend, usual, trainer));
    f->setup.cache_dir = fixture_path(f, "cache");
}

static void begin(fixture *f, const char *backend, const char *model, const char *trainer)
{
    fixture_begin_with(f, 40);
    compose(f, backend, model, trainer);
}

enum { N_FILES = 3 };
static const char *const names[N_FILES] = {"metrics.jsonl", "predictions.tsv", "exhibits.json"};

typedef struct files {
    char *text[N_FILES];
} files;

static files run_and_read(fixture *f)
{
    files all;
    run_well(f);
    for (size_t i = 0; i < N_FILES; i++)
        all.text[i] = fixture_read(f, names[i]);
    return all;
}

static void check_equal(files *a, files *b)
{
    for (size_t i = 0; i < N_FILES; i++)
        ck_assert_msg(strcmp(a->text[i], b->text[i]) == 0, "%s differs", names[i]);
}

static void free_files(files *all)
{
    for (size_t i = 0; i < N_FILES; i++)
        hone__free(all->text[i]);
}

/* Files of frozen outputs; the path of one of them goes to `path` (may be NULL). Nothing else but tokens may be there. */
static int count_files(const fixture *f, char path[4600])
{
    int n = 0;
    DIR *d = opendir(fixture_path(f, "cache"));
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        const bool frozen = strncmp(e->d_name, "frozen-", 7) == 0;
        ck_assert_msg(e->d_name[0] == '.' || strstr(e->d_name, ".safetensors"), "%s was left", e->d_name);
        ck_assert_msg(!hone__is_temporary(e->d_name), "%s was left", e->d_name);
        n += frozen;
        if (frozen && path)
            snprintf(path, 4600, "%s/%s", fixture_path(f, "cache"), e->d_name);
    }
    if (d)
        closedir(d);
    return n;
}

/* ---- The same bits ----------------------------------------------------------------------------------------------- */

/* Without, making the files, and reading them. */
static void compare(const char *backend, const char *model, const char *trainer)
{
    fixture f;
    files all[3];
    for (int i = 0; i < 3; i++) {
        char with[300];
        snprintf(with, sizeof with, "%s%s", trainer, i ? "" : ", cache_frozen: none");
        if (i == 0)
            begin(&f, backend, model, with);
        else
            compose(&f, backend, model, with);
        all[i] = run_and_read(&f);
        ck_assert_int_eq(count_files(&f, NULL), i ? 2 : 0); /* training and validation */
    }
    for (int i = 1; i < 3; i++)
        check_equal(&all[0], &all[i]);
    for (int i = 0; i < 3; i++)
        free_files(&all[i]);
    fixture_end(&f);
}

START_TEST(the_files_change_no_bit)
{
    compare("\"null\"", FREEZE, "");
    compare("native", FREEZE, "");
    compare("native", FREEZE, ", micro_batch_size: 3, eval_max_tokens: 50");
    compare("native", FREEZE,
            ", num_train_epochs: 2, train_batch_size: none, max_tokens: 60, train_sampling_strategy: group_by_length");
}
END_TEST

START_TEST(a_whole_frozen_encoder_and_bf16_change_no_bit_either)
{
    compare("native", ", freeze: {embeddings: true, layers: 2}", "");
    compare("\"null\"", FREEZE, ", precision: bf16");
    compare("auto", FREEZE, ", precision: bf16");
}
END_TEST

/* OpenBLAS adds up rows in an order that depends on their place: auto leaves it alone, always differs by roundings. The loss is a mean of
 * some 0.7 in float32; ten steps of Adam make a rounding of 6e-8 larger. */
START_TEST(without_independent_rows_only_always_keeps_them_within_roundings)
{
    fixture f;
    const hone__plugin *plugin = NULL;
    hone_error err;
    char *text[2];
    begin(&f, "\"null\"", FREEZE, "");
    if (hone__registry_find(f.registry, HONE_KIND_BACKEND, "openblas", &plugin, &err) == HONE_ENOTFOUND) {
        fixture_end(&f); /* it was built without the library */
        return;
    }
    for (int i = 0; i < 2; i++) {
        compose(&f, "openblas", FREEZE, i ? ", cache_frozen: always" : "");
        run_well(&f);
        ck_assert_int_eq(count_files(&f, NULL), i ? 2 : 0);
        text[i] = fixture_read(&f, "metrics.jsonl");
    }
    const char *a = text[0], *b = text[1];
    for (; (a = strstr(a, "loss\": ")) && (b = strstr(b, "loss\": ")); a++, b++)
        ck_assert_double_eq_tol(strtod(a + 7, NULL), strtod(b + 7, NULL), 1e-4);
    hone__free(text[0]);
    hone__free(text[1]);
    fixture_end(&f);
}
END_TEST

/* ---- Keys -------------------------------------------------------------------------------------------------------- */

START_TEST(only_what_decides_the_outputs_makes_another_file)
{
    static const struct {
        const char *backend, *model, *trainer;
        int more; /* files than before */
    } all[] = {
        {"native", FREEZE, "", 2},
        {"native", FREEZE, ", max_grad_norm: 0.5", 0},
        {"native", FREEZE, ", train_batch_size: 4, num_train_epochs: 1", 0},
        {"native", ", hidden_dropout_prob: 0.3, attention_probs_dropout_prob: 0.2" FREEZE, "", 0},
        {"native", ", freeze: {embeddings: true, layers: 1, names: [pooler.*]}", "", 0},
        {"native", ", freeze: {embeddings: true, layers: 2}", "", 2},
        {"native", ", layer_norm_eps: 0.001" FREEZE, "", 2},
        {"\"null\"", FREEZE, "", 2},
        {"native", FREEZE, ", precision: bf16", 2},
        {"native", ", initializer_range: 0.05" FREEZE, "", 2}, /* other weights */
        {"native", FREEZE, ", max_train_samples: 30", 2},      /* from which the vocabulary is learnt */
    };
    fixture f;
    int n = 0;
    begin(&f, "native", FREEZE, "");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        compose(&f, all[i].backend, all[i].model, all[i].trainer);
        run_well(&f);
        n += all[i].more;
        ck_assert_msg(count_files(&f, NULL) == n, "%zu: %d files, not %d", i, count_files(&f, NULL), n);
    }
    fixture_write_data(&f, "train.tsv", 7, 40);
    run_well(&f);
    ck_assert_int_gt(count_files(&f, NULL), n);
    fixture_end(&f);
}
END_TEST

static void no_files(fixture *f)
{
    run_well(f);
    ck_assert_int_eq(count_files(f, NULL), 0);
    fixture_end(f);
}

/* Embeddings alone are as fast to compute as to read. */
START_TEST(where_nothing_would_be_saved_nothing_is_kept)
{
    fixture f;
    begin(&f, "native", "", "");
    no_files(&f);
    begin(&f, "native", ", freeze: {embeddings: true}", "");
    no_files(&f);
    begin(&f, "native", ", freeze: {layers: 1}", ""); /* above trained embeddings */
    no_files(&f);
    begin(&f, "native", FREEZE, ", max_steps: 4"); /* of 5 an epoch */
    no_files(&f);
    begin(&f, "native", FREEZE, ", cache_frozen: none");
    no_files(&f);
    begin(&f, "native", FREEZE, "");
    f.setup.cache_dir = NULL;
    no_files(&f);
}
END_TEST

START_TEST(perturbed_places_and_examples_of_each_epoch_are_not_kept)
{
    fixture f;
    begin(&f, "native", FREEZE, "}\ntechniques: [fgm]\nreport: {");
    no_files(&f);
    begin(&f, "native", FREEZE, "");
    hone_head head = *(const hone_head *)(const void *)f.experiment->head.plugin->table;
    hone__plugin plugin = *f.experiment->head.plugin;
    head.prepare_per_epoch = 1;
    plugin.table = &head.plugin;
    f.experiment->head.plugin = &plugin;
    no_files(&f);
}
END_TEST

/* ---- Work -------------------------------------------------------------------------------------------------------- */

static hone__estimate estimate(const char *trainer)
{
    fixture f;
    hone_error err = {0};
    hone__estimate e;
    begin(&f, "native", FREEZE, trainer);
    ck_assert_msg(hone__trial_estimate(&f.setup, &e, &err) == HONE_OK, "%s", err.msg);
    fixture_end(&f);
    return e;
}

/* Embeddings and one of two layers: what is saved of every step and evaluation is what making the files takes for as many tokens. */
START_TEST(an_estimate_knows_the_files_and_what_they_save)
{
    fixture f;
    char path[4600];
    struct stat st;
    const hone__estimate with = estimate(""), without = estimate(", cache_frozen: none");
    begin(&f, "native", FREEZE, "");
    run_well(&f);
    hone__parts *parts = fixture_parts(&f);
    const uint64_t tokens = parts->train_prepared->stats.tokens, validation = parts->validation_prepared->stats.tokens;
    hone__parts_destroy(parts);
    ck_assert_uint_eq(with.frozen, (tokens + validation) * 32 * sizeof(float));
    ck_assert_uint_eq(without.frozen, 0);
    ck_assert_uint_eq(with.mapped - without.mapped, with.frozen);
    ck_assert_int_eq(count_files(&f, path), 2);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_lt((uint64_t)st.st_size, with.frozen);
    const double saved = without.training + without.evaluating - with.training - with.evaluating;
    ck_assert_double_eq_tol(saved / (2 * with.making), 1, 0.1); /* attention has its share of lengths in each batch */
    ck_assert_double_gt(without.training / with.training, 1.2);
    fixture_end(&f);
}
END_TEST

/* ---- Accidents --------------------------------------------------------------------------------------------------- */

static void flip_a_bit(const char *path)
{
    FILE *f = fopen(path, "r+");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, -100, SEEK_END), 0);
    const int c = fgetc(f);
    ck_assert_int_eq(fseek(f, -100, SEEK_END), 0);
    fputc(c ^ 1, f);
    fclose(f);
}

START_TEST(a_damaged_file_is_made_again)
{
    fixture f;
    char path[4600];
    begin(&f, "native", FREEZE, "");
    files whole = run_and_read(&f);
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(count_files(&f, path), 2);
        if (k)
            ck_assert_int_eq(truncate(path, 1000), 0);
        else
            flip_a_bit(path);
        files again = run_and_read(&f);
        check_equal(&whole, &again);
        free_files(&again);
        hone__st_file file;
        hone_error err;
        ck_assert_msg(hone__st_open(&file, f.arena, path, &err) == HONE_OK, "%s", err.msg);
        ck_assert_msg(hone__st_check_seal(&file, &err) == HONE_OK, "%s", err.msg);
        hone__st_close(&file);
    }
    free_files(&whole);
    fixture_end(&f);
}
END_TEST

/* In a process of its own, whose files can be no larger; the exit status says how it ended. */
static int run_in_little_room(fixture *f, rlim_t bytes)
{
    int state = 0;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        hone_error err;
        const struct rlimit limit = {bytes, bytes};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        const hone_status status = run(f, &err);
        _exit(status == HONE_OK ? 0 : strstr(err.msg, "trainer.cache_frozen is always, but: ") ? 2 : 1);
    }
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert(WIFEXITED(state));
    return WEXITSTATUS(state);
}

START_TEST(without_room_auto_goes_on_without_and_always_fails)
{
    fixture f;
    begin(&f, "native", FREEZE, ", save_model: false, cache_frozen: none");
    files whole = run_and_read(&f);
    compose(&f, "native", FREEZE, ", save_model: false");
    ck_assert_int_eq(run_in_little_room(&f, 30000), 0);
    ck_assert_int_eq(count_files(&f, NULL), 0);
    for (size_t i = 0; i < N_FILES; i++) {
        char *text = fixture_read(&f, names[i]);
        ck_assert_str_eq(text, whole.text[i]);
        hone__free(text);
    }
    compose(&f, "native", FREEZE, ", save_model: false, cache_frozen: always");
    ck_assert_int_eq(run_in_little_room(&f, 30000), 2);
    ck_assert_int_eq(count_files(&f, NULL), 0);
    free_files(&whole);
    fixture_end(&f);
}
END_TEST

/* Four processes that want the same files: each is written once. */
START_TEST(of_trials_at_once_one_makes_the_files)
{
    fixture f;
    pid_t children[4];
    int made = 0;
    begin(&f, "native", FREEZE, ", save_model: false");
    for (int i = 0; i < 4; i++) {
        const char *dir = fixture_path(&f, hone_sprintf(f.arena, "trial%d", i));
        ck_assert_int_eq(mkdir(dir, 0777), 0);
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            hone_error err;
            FILE *stream = fopen(hone_sprintf(f.arena, "%s/log.txt", dir), "w");
            hone_log *log = stream ? hone__log_create(stream, HONE_LOG_INFO) : NULL;
            if (!log)
                _exit(2);
            f.setup.dir = dir;
            f.setup.log = log;
            const hone_status status = run(&f, &err);
            hone__log_destroy(log);
            _exit(status == HONE_OK ? 0 : 1);
        }
    }
    for (int i = 0; i < 4; i++) {
        int state = 0;
        ck_assert_int_eq(waitpid(children[i], &state, 0), children[i]);
        ck_assert(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    }
    for (int i = 0; i < 4; i++) {
        char *text = fixture_read(&f, hone_sprintf(f.arena, "trial%d/log.txt", i));
        for (const char *at = text; (at = strstr(at, "bert.layer.1 of ")) != NULL; at++) {
            const char *now = strstr(at, "is now in"), *end = strchr(at, '\n');
            made += now && now < end;
        }
        hone__free(text);
    }
    ck_assert_int_eq(made, 2);
    ck_assert_int_eq(count_files(&f, NULL), 2);
    fixture_end(&f);
}
END_TEST

START_TEST(a_stop_ends_the_making_and_leaves_nothing)
{
    fixture f;
    hone_error err;
    volatile int stop = 1;
    begin(&f, "native", FREEZE, "");
    f.setup.stop = &stop;
    ck_assert_int_eq(run(&f, &err), HONE_EINTERRUPTED);
    ck_assert_int_eq(count_files(&f, NULL), 0);
    fixture_end(&f);
}
END_TEST

static void remove_frozen(const fixture *f)
{
    char path[4600];
    while (count_files(f, path) > 0)
        ck_assert_int_eq(unlink(path), 0);
}

/* All that there is before the first step. */
static hone_status attempt(void *ctx, hone_error *err)
{
    fixture *f = ctx;
    hone__parts *parts = NULL;
    remove_frozen(f);
    HONE_TRY(hone__parts_create(&f->setup, &parts, err));
    hone__parts_destroy(parts);
    return HONE_OK;
}

START_TEST(any_allocation_may_fail)
{
    fixture f;
    fixture_begin_with(&f, 4);
    fixture_compose(
        &f, "",
        "model: {type: bert, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: "
        "32, max_position_embeddings: 16" FREEZE "}\n",
        "backend: {type: \"null\"}\ntrainer: {num_train_epochs: 1, train_batch_size: 4, save_model: false, threads: 1}\n");
    f.setup.cache_dir = fixture_path(&f, "cache");
    run_well(&f);
    ck_assert_int_gt(suite_every_allocation_fails(attempt, &f), 50);
    ck_assert_int_eq(count_files(&f, NULL), 2);
    fixture_end(&f);
}
END_TEST

SUITE("frozen", the_files_change_no_bit, a_whole_frozen_encoder_and_bf16_change_no_bit_either,
      without_independent_rows_only_always_keeps_them_within_roundings, only_what_decides_the_outputs_makes_another_file,
      where_nothing_would_be_saved_nothing_is_kept, perturbed_places_and_examples_of_each_epoch_are_not_kept,
      an_estimate_knows_the_files_and_what_they_save, a_damaged_file_is_made_again,
      without_room_auto_goes_on_without_and_always_fails, of_trials_at_once_one_makes_the_files,
      a_stop_ends_the_making_and_leaves_nothing, any_allocation_may_fail)
