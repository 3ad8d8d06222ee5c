/* test_checkpoint.c - trials that are interrupted, killed, damaged or out of disk, and end with the bits of one that ran through.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/log.h"
#include "train/checkpoint.h"
#include "trial_data.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- A trial to interrupt ---------------------------------------------------------------------------------------- */

static const char trainer_yaml[] = "trainer: {num_train_epochs: 3, %s, micro_batch_size: 3, threads: 2, "
                                   "eval_strategy: steps, eval_steps: 2, save_strategy: %s, save_steps: %d}\n";

/* 15 steps of a small bert with dropout, warm-up and micro-batches; each epoch ends with a step of 4 examples. */
static void begin_with(fixture *f, const char *batches, const char *strategy, int save_steps)
{
    fixture_begin_with(f, 36);
    fixture_compose(f, "", fixture_bert(f, ", freeze: {embeddings: true}"),
                    hone_sprintf(f->arena, trainer_yaml, batches, strategy, save_steps));
}

static void begin(fixture *f, const char *strategy, int save_steps)
{
    begin_with(f, "train_batch_size: 8", strategy, save_steps);
}

static hone_status run(fixture *f, hone_error *err)
{
    return hone__trial_run(&f->setup, err);
}

static void run_well(fixture *f)
{
    hone_error err;
    ck_assert_msg(run(f, &err) == HONE_OK, "%s", err.msg);
}

/* result.json without what depends on time. */
static char *timeless_result(const fixture *f)
{
    json_t *root = NULL;
    hone_error err;
    ck_assert_msg(hone__json_load(fixture_path(f, "result.json"), 0, &root, &err) == HONE_OK, "%s", err.msg);
    json_object_del(root, "peak_memory_bytes");
    json_t *train = json_object_get(root, "train");
    json_object_del(train, "seconds");
    json_object_del(train, "examples_per_s");
    json_object_del(train, "tokens_per_s");
    hone__str s = {0};
    hone__json_print(root, &s);
    json_decref(root);
    char *text = hone__malloc(s.n + 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, hone__str_text(&s), s.n + 1);
    hone__str_clear(&s);
    return text;
}

enum { N_FILES = 4 };
static const char *const names[N_FILES] = {"metrics.jsonl", "predictions.tsv", "exhibits.json", "result.json"};

typedef struct files {
    char *text[N_FILES];
} files;

static files read_files(const fixture *f)
{
    files all;
    for (size_t i = 0; i + 1 < N_FILES; i++)
        all.text[i] = fixture_read(f, names[i]);
    all.text[N_FILES - 1] = timeless_result(f);
    return all;
}

static void free_files(files *all)
{
    for (size_t i = 0; i < N_FILES; i++)
        hone__free(all->text[i]);
}

static files run_through_with(const char *batches)
{
    fixture f;
    begin_with(&f, batches, "no", 1);
    run_well(&f);
    const files all = read_files(&f);
    fixture_end(&f);
    return all;
}

static files run_through(void)
{
    return run_through_with("train_batch_size: 8");
}

/* What the folder holds is what a trial that ran through leaves; and nothing else is in it. */
static void check_finished(const fixture *f, files *whole)
{
    static const char *const may[] = {
        ".",          "..",         "trial.yaml",    "train.tsv", "dev.tsv",       "metrics.jsonl", "predictions.tsv",
        "errors.tsv", "slices.tsv", "confusion.tsv", "model",     "exhibits.json", "result.json",   "log.txt"};
    files ours = read_files(f);
    for (size_t i = 0; i < N_FILES; i++)
        ck_assert_msg(strcmp(ours.text[i], whole->text[i]) == 0, "%s differs:\n%.1000s\n\nnot:\n%.1000s", names[i],
                      ours.text[i], whole->text[i]);
    free_files(&ours);
    DIR *d = opendir(f->dir);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        bool known = false;
        for (size_t i = 0; i < sizeof may / sizeof *may; i++)
            known = known || strcmp(may[i], entry->d_name) == 0;
        ck_assert_msg(known, "%s was left behind", entry->d_name);
    }
    closedir(d);
}

/* ---- Interrupting ------------------------------------------------------------------------------------------------ */

/* Stops a trial at the first evaluation after step `after`. */
typedef struct stopping {
    volatile int stop;
    int64_t after;
} stopping;

/* Lines of progress come at evaluations, and in between only when a tenth of a second has passed. */
static void stop_after(void *ctx, const hone__progress *p)
{
    stopping *s = ctx;
    if (p->step > s->after)
        s->stop = 1;
}

static hone_status run_until(fixture *f, int64_t after, hone_error *err)
{
    stopping s = {0, after};
    f->setup.progress = stop_after;
    f->setup.progress_ctx = &s;
    f->setup.stop = &s.stop;
    const hone_status status = run(f, err);
    f->setup.progress = NULL;
    f->setup.stop = NULL;
    return status;
}

static void interrupt(fixture *f, int64_t after)
{
    hone_error err;
    ck_assert_int_eq(run_until(f, after, &err), HONE_EINTERRUPTED);
    ck_assert_msg(strstr(err.msg, "it can go on from") != NULL, "%s", err.msg);
    ck_assert(!hone__exists(fixture_path(f, "result.json")));
}

START_TEST(a_trial_interrupted_again_and_again_has_the_bits_of_one_that_ran_through)
{
    static const char *const strategies[] = {"auto", "steps", "epoch"};
    files whole = run_through();
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        hone_error err;
        begin(&f, strategies[i], 3);
        int times = 0;
        for (int64_t after = 0; run_until(&f, after, &err) != HONE_OK; after += 2, times++)
            ck_assert_msg(err.status == HONE_EINTERRUPTED, "%s", err.msg);
        ck_assert_int_ge(times, 5);
        check_finished(&f, &whole);
        fixture_end(&f);
    }
    free_files(&whole);
}
END_TEST

/* Epochs with steps of their own number, one drawn and one with lengths grouped. */
START_TEST(batches_by_tokens_go_on_in_the_middle_of_an_epoch)
{
    static const char *const batches[] = {"train_batch_size: none, max_tokens: 90",
                                          "train_batch_size: 20, max_tokens: 90, train_sampling_strategy: group_by_length"};
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        hone_error err;
        files whole = run_through_with(batches[i]);
        int times = 0;
        begin_with(&f, batches[i], "steps", 1);
        for (int64_t after = 0; run_until(&f, after, &err) != HONE_OK; after += 2, times++)
            ck_assert_msg(err.status == HONE_EINTERRUPTED, "%s", err.msg);
        ck_assert_int_ge(times, 4);
        check_finished(&f, &whole);
        free_files(&whole);
        fixture_end(&f);
    }
}
END_TEST

/* Stops the trial while it is evaluated, in the middle of the second evaluation. */
static volatile int stop_at_once;
static int decoded, stop_at;
static hone_status (*real_decode)(const hone_self *self, const hone_decode *in, hone_answer *out, hone_error *err);

static hone_status decode_and_stop(const hone_self *self, const hone_decode *in, hone_answer *out, hone_error *err)
{
    stop_at_once |= ++decoded == stop_at;
    return real_decode(self, in, out, err);
}

/* The average that is evaluated counts the steps that are in it, also those before the checkpoint. */
START_TEST(an_evaluation_interrupted_in_its_middle_is_done_again_with_the_same_average)
{
    files all[2];
    for (int i = 0; i < 2; i++) {
        fixture f;
        hone_error err;
        fixture_begin_with(&f, 36);
        fixture_compose(&f, "", fixture_bert(&f, ""),
                        "techniques: [ema]\ntrainer: {num_train_epochs: 2, threads: 1, eval_strategy: steps, eval_steps: 2, "
                        "eval_batch_size: 8}\n");
        hone_head head = *(const hone_head *)(const void *)f.experiment->head.plugin->table;
        hone__plugin plugin = *f.experiment->head.plugin;
        real_decode = head.decode;
        head.decode = decode_and_stop;
        plugin.table = &head.plugin;
        f.experiment->head.plugin = &plugin;
        f.setup.stop = &stop_at_once;
        decoded = 0;
        stop_at = i ? 60 + 20 : -1;
        if (i) {
            ck_assert_int_eq(run(&f, &err), HONE_EINTERRUPTED);
            ck_assert_msg(strstr(err.msg, "stopped while evaluating; it can go on from") != NULL, "%s", err.msg);
        }
        stop_at_once = 0;
        run_well(&f);
        all[i] = read_files(&f);
        fixture_end(&f);
    }
    for (size_t i = 0; i < N_FILES; i++)
        ck_assert_str_eq(all[0].text[i], all[1].text[i]);
    free_files(&all[0]);
    free_files(&all[1]);
}
END_TEST

START_TEST(without_checkpoints_an_interrupted_trial_begins_anew)
{
    fixture f;
    hone_error err;
    files whole = run_through();
    begin(&f, "no", 1);
    ck_assert_int_eq(run_until(&f, 4, &err), HONE_EINTERRUPTED);
    ck_assert_msg(strstr(err.msg, "there is no checkpoint") != NULL, "%s", err.msg);
    ck_assert(!hone__exists(fixture_path(&f, "checkpoint")));
    run_well(&f);
    check_finished(&f, &whole);
    free_files(&whole);
    fixture_end(&f);
}
END_TEST

/* With what looks at weights and gradients from outside: an average, an adversarial pass, a frozen layer. */
static void begin_precision(fixture *f, const char *precision, int threads)
{
    fixture_begin_with(f, 36);
    fixture_compose(
        f, "", fixture_bert(f, ", freeze: {embeddings: true, layers: 1}"),
        hone_sprintf(f->arena,
                     "techniques: [ema, {type: fgm, epsilon: 0.5}]\ntrainer: {num_train_epochs: 2, train_batch_size: "
                     "8, micro_batch_size: 3, eval_strategy: steps, eval_steps: 2, save_strategy: steps, save_steps: 3, "
                     "precision: %s, threads: %d}\n",
                     precision, threads));
}

static files run_precision(const char *precision, int threads)
{
    fixture f;
    begin_precision(&f, precision, threads);
    run_well(&f);
    const files all = read_files(&f);
    fixture_end(&f);
    return all;
}

START_TEST(a_trial_in_bf16_has_one_result_too)
{
    files whole = run_precision("bf16", 1), wide = run_precision("float32", 1);
    fixture f;
    hone_error err;
    ck_assert_str_ne(whole.text[0], wide.text[0]);
    begin_precision(&f, "bf16", 3);
    for (int64_t after = 0; run_until(&f, after, &err) != HONE_OK; after += 2)
        ck_assert_msg(err.status == HONE_EINTERRUPTED, "%s", err.msg);
    check_finished(&f, &whole);
    fixture_end(&f);
    free_files(&whole);
    free_files(&wide);
}
END_TEST

/* ---- Killing ----------------------------------------------------------------------------------------------------- */

static void sleep_ms(uint64_t ms)
{
    const struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* Runs the trial in a process of its own, and kills that after some time. True: it had finished. */
static bool run_and_kill(fixture *f, uint64_t ms)
{
    int state = 0;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        hone_error err;
        _exit(run(f, &err) == HONE_OK ? 0 : 1);
    }
    sleep_ms(ms);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert_msg(!WIFEXITED(state) || WEXITSTATUS(state) == 0, "the trial failed");
    return WIFEXITED(state);
}

START_TEST(a_trial_killed_at_random_moments_has_the_bits_of_one_that_ran_through)
{
    files whole = run_through();
    const hone_key key = {.seed = (uint64_t)time(NULL)};
    for (uint64_t i = 0; i < 3; i++) {
        fixture f;
        uint64_t kills = 0;
        begin(&f, "steps", 1);
        /* The time that is left to it grows, so that it ends also on a slow machine. */
        while (!run_and_kill(&f, hone_random_below(hone_stream_of(&key), i, kills, 30 + kills * kills)))
            kills++;
        check_finished(&f, &whole);
        fixture_end(&f);
    }
    free_files(&whole);
}
END_TEST

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

static int64_t newest_step(const fixture *f)
{
    int64_t newest = -1;
    DIR *d = opendir(fixture_path(f, "checkpoint"));
    ck_assert_ptr_nonnull(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        long long step;
        if (sscanf(entry->d_name, "step-%lld.safetensors", &step) == 1 && step > newest)
            newest = step;
    }
    closedir(d);
    return newest;
}

static const char *checkpoint_path(const fixture *f, int64_t step)
{
    return fixture_path(f, hone_sprintf(f->arena, "checkpoint/step-%lld.safetensors", (long long)step));
}

static int64_t file_size(const char *path)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    return (int64_t)st.st_size;
}

static void flip_bit(const char *path, int64_t at)
{
    FILE *file = fopen(path, "r+");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, (long)at, SEEK_SET), 0);
    const int byte = fgetc(file);
    ck_assert_int_eq(fseek(file, (long)at, SEEK_SET), 0);
    fputc(byte ^ 0x10, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Finishes the trial and returns what it logged. */
static char *run_logged(fixture *f)
{
    hone_error err;
    FILE *stream = fopen(fixture_path(f, "log.txt"), "w");
    ck_assert_ptr_nonnull(stream);
    hone_log *log = hone__log_create(stream, HONE_LOG_INFO);
    f->setup.log = log;
    const hone_status status = run(f, &err);
    ck_assert_msg(status == HONE_OK, "%s", err.msg);
    f->setup.log = NULL;
    hone__log_destroy(log);
    fclose(stream);
    return fixture_read(f, "log.txt");
}

static void check_log(fixture *f, const char *says, const char *then)
{
    char *log = run_logged(f);
    ck_assert_msg(strstr(log, says) && strstr(log, then), "%s", log);
    hone__free(log);
}

START_TEST(a_flipped_bit_is_noticed_and_the_checkpoint_before_it_used)
{
    static const double places[] = {0, 0.0001, 0.01, 0.5, 0.999};
    files whole = run_through();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        fixture f;
        begin(&f, "steps", 1);
        interrupt(&f, 5);
        const char *path = checkpoint_path(&f, 6);
        ck_assert_int_eq(newest_step(&f), 6);
        flip_bit(path, (int64_t)(places[i] * (double)file_size(path)));
        check_log(&f, "it is not used", "going on after step 5");
        check_finished(&f, &whole);
        fixture_end(&f);
    }
    free_files(&whole);
}
END_TEST

START_TEST(with_every_checkpoint_damaged_the_trial_begins_anew)
{
    fixture f;
    files whole = run_through();
    begin(&f, "steps", 1);
    interrupt(&f, 5);
    ck_assert_int_eq(truncate(checkpoint_path(&f, 6), 1000), 0);
    ck_assert_int_eq(truncate(checkpoint_path(&f, 5), 0), 0);
    check_log(&f, "step-6.safetensors", "step-5.safetensors");
    check_finished(&f, &whole);
    free_files(&whole);
    fixture_end(&f);
}
END_TEST

START_TEST(a_checkpoint_whose_metrics_are_gone_is_not_used)
{
    fixture f;
    files whole = run_through();
    begin(&f, "steps", 1);
    interrupt(&f, 5);
    ck_assert_int_eq(truncate(fixture_path(&f, "metrics.jsonl"), 10), 0);
    check_log(&f, "metrics.jsonl", "it is not used");
    check_finished(&f, &whole);
    free_files(&whole);
    fixture_end(&f);
}
END_TEST

START_TEST(only_what_changes_numbers_makes_it_another_configuration)
{
    fixture f;
    files whole = run_through();
    begin(&f, "steps", 1);
    interrupt(&f, 5);
    fixture_compose(&f, "", fixture_bert(&f, ", freeze: {embeddings: true}"),
                    "output_dir: elsewhere\ntrainer: {num_train_epochs: 3, train_batch_size: 8, micro_batch_size: 3, "
                    "threads: 1, eval_strategy: steps, eval_steps: 2, save_strategy: epoch}\n");
    check_log(&f, "going on after step 6", "");
    check_finished(&f, &whole);
    fixture_end(&f);
    begin(&f, "steps", 1);
    interrupt(&f, 5);
    fixture_compose(&f, "", fixture_bert(&f, ", freeze: {embeddings: true}"),
                    "seed: 7\ntrainer: {num_train_epochs: 3, train_batch_size: 8, eval_strategy: steps, eval_steps: 2}\n");
    check_log(&f, "is of another configuration", "it is not used");
    free_files(&whole);
    fixture_end(&f);
    begin(&f, "steps", 1);
    interrupt(&f, 5);
    fixture_compose(
        &f, "", fixture_bert(&f, ", freeze: {embeddings: true}"),
        "trainer: {num_train_epochs: 3, train_batch_size: 8, micro_batch_size: 3, threads: 2, eval_strategy: steps, "
        "eval_steps: 2, precision: bf16}\n");
    check_log(&f, "is of another configuration", "it is not used");
    fixture_end(&f);
}
END_TEST

START_TEST(a_checkpoint_over_other_data_is_not_used)
{
    fixture f;
    begin(&f, "steps", 1);
    interrupt(&f, 5);
    fixture_write_data(&f, "train.tsv", 3, 36);
    check_log(&f, "is of other data", "it is not used");
    fixture_end(&f);
}
END_TEST

/* ---- Ends -------------------------------------------------------------------------------------------------------- */

static void spoil_a_weight(void *ctx, const hone__progress *p)
{
    hone__parts *parts = *(hone__parts *const *)ctx;
    if (p->step == 6)
        ((float *)hone__store_weight(parts->network.store, "classifier.weight")->value.data)[0] = NAN;
}

START_TEST(a_loss_that_is_no_number_names_the_step_and_the_last_good_checkpoint)
{
    fixture f;
    hone_error err;
    hone__loop loop;
    begin(&f, "steps", 5);
    hone__parts *parts = NULL;
    f.setup.progress = spoil_a_weight;
    f.setup.progress_ctx = &parts;
    parts = fixture_parts(&f);
    ck_assert_msg(hone__loop_create(&loop, parts, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(hone__loop_run(&loop, &err), HONE_ENUMERIC);
    ck_assert_msg(strstr(err.msg, "step 7: the loss is not a number") && strstr(err.msg, "checkpoint/step-5.safetensors"), "%s",
                  err.msg);
    hone__loop_clear(&loop);
    hone__parts_destroy(parts);
    ck_assert_int_eq(newest_step(&f), 5);
    fixture_end(&f);
}
END_TEST

/* As large as a checkpoint less a byte: everything else can still be written. */
static int run_in_little_room(fixture *f, int64_t room)
{
    int state = 0;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        hone_error err;
        const struct rlimit limit = {(rlim_t)room, (rlim_t)room};
        signal(SIGXFSZ, SIG_IGN); /* as `hone trial` does */
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(3);
        const hone_status status = run(f, &err);
        _exit(status != HONE_EIO                                  ? 4
              : !strstr(err.msg, "cannot write")                  ? 5
              : !strstr(err.msg, "the last good checkpoint is")   ? 6
              : !strstr(err.msg, "checkpoint/step-6.safetensors") ? 7
                                                                  : 0);
    }
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 100;
}

START_TEST(a_full_disk_ends_the_trial_with_the_last_checkpoint_intact)
{
    fixture f;
    files whole = run_through();
    begin(&f, "steps", 1);
    interrupt(&f, 5);
    ck_assert_int_eq(run_in_little_room(&f, file_size(checkpoint_path(&f, 6)) - 1), 0);
    ck_assert_int_eq(newest_step(&f), 6);
    check_log(&f, "going on after step 6", "");
    check_finished(&f, &whole);
    free_files(&whole);
    fixture_end(&f);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static hone_status attempt(void *ctx, hone_error *err)
{
    fixture *f = ctx;
    return run(f, err);
}

START_TEST(any_allocation_may_fail_while_checkpoints_are_made_and_used)
{
    fixture f;
    fixture_begin_with(&f, 4);
    fixture_compose(&f, "", "model: {type: bag, hidden_size: 2}\n",
                    "trainer: {num_train_epochs: 2, train_batch_size: 4, save_strategy: steps, save_steps: 1, threads: 1}\n");
    run_well(&f);
    files whole = read_files(&f);
    ck_assert_int_gt(suite_every_allocation_fails(attempt, &f), 50);
    check_finished(&f, &whole);
    free_files(&whole);
    fixture_end(&f);
}
END_TEST

SUITE("checkpoint", a_trial_interrupted_again_and_again_has_the_bits_of_one_that_ran_through,
      batches_by_tokens_go_on_in_the_middle_of_an_epoch,
      an_evaluation_interrupted_in_its_middle_is_done_again_with_the_same_average,
      without_checkpoints_an_interrupted_trial_begins_anew, a_trial_in_bf16_has_one_result_too,
      a_trial_killed_at_random_moments_has_the_bits_of_one_that_ran_through,
      a_flipped_bit_is_noticed_and_the_checkpoint_before_it_used, with_every_checkpoint_damaged_the_trial_begins_anew,
      a_checkpoint_whose_metrics_are_gone_is_not_used, only_what_changes_numbers_makes_it_another_configuration,
      a_checkpoint_over_other_data_is_not_used, a_loss_that_is_no_number_names_the_step_and_the_last_good_checkpoint,
      a_full_disk_ends_the_trial_with_the_last_checkpoint_intact, any_allocation_may_fail_while_checkpoints_are_made_and_used)
