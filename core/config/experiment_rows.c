/* experiment_rows.c - the tables of the experiment file: what sections there are, and the rows that belong to no plugin.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/format.h"
#include "config/experiment_parts.h"

#include <math.h>
#include <string.h>

#define ROWS(table) (table), sizeof(table) / sizeof *(table)
#define HUGGING_FACE "Hugging Face's TrainingArguments"

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

#define SECTION(field) offsetof(hone__experiment, field)

/* The default types are data like every other default: nothing in the core asks for these plugins by name. They are those of
 * Hugging Face's Trainer. */
const hone__section_row hone__sections[] = {
    {"data", HONE_KIND_READER, NULL, true, false, SECTION(reader), "the examples: files, and how they are read"},
    {"tokenizer", HONE_KIND_TOKENIZER, NULL, false, true, SECTION(tokenizer), "text to ids"},
    {"model", HONE_KIND_MODEL, NULL, true, true, SECTION(model), "the encoder"},
    {"head", HONE_KIND_HEAD, NULL, true, true, SECTION(head), "what is predicted from the encoder's output"},
    {"optimizer", HONE_KIND_OPTIMIZER, "adamw", true, true, SECTION(optimizer), "the update of the weights"},
    {"schedule", HONE_KIND_SCHEDULE, "linear", true, true, SECTION(schedule), "the learning rate over the steps"},
    {"backend", HONE_KIND_BACKEND, "auto", true, false, SECTION(backend),
     "faster operators than the reference ones; auto: by the processor; {type: null}: the reference alone"},
    {"launcher", HONE_KIND_LAUNCHER, "local", true, false, SECTION(launcher), "where trials run"},
    {0},
};

const hone__section_row *hone__section_row_of(const char *key, size_t length)
{
    for (const hone__section_row *row = hone__sections; row->key; row++)
        if (strncmp(row->key, key, length) == 0 && row->key[length] == '\0')
            return row;
    return NULL;
}

/* ---- Common rows of kinds ---------------------------------------------------------------------------------------- */

static const hone_param split_rows[] = {
    HONE_PARAM_REAL(hone__split_config, train, .max_real = 1, .unit = "1", .flags = HONE_FIXED,
                    .help = "share of the training file's examples to train on; 0 is the rest"),
    HONE_PARAM_REAL(hone__split_config, validation, .max_real = 1, .unit = "1", .flags = HONE_OPEN_MAX | HONE_FIXED,
                    .help = "share to choose by", .renamed = "dev valid val"),
    HONE_PARAM_REAL(hone__split_config, test, .max_real = 1, .unit = "1", .flags = HONE_OPEN_MAX | HONE_FIXED,
                    .help = "share to score once at the end"),
};

static const hone_param data_rows[] = {
    HONE_PARAM_STRING(hone__data_config, train, .flags = HONE_REQUIRED | HONE_PATH | HONE_FIXED,
                      .help = "file with the examples to train on", .renamed = "train_file"),
    HONE_PARAM_STRING(hone__data_config, validation, .flags = HONE_PATH | HONE_FIXED,
                      .help = "file with the examples to choose by; or give split", .renamed = "validation_file dev valid val"),
    HONE_PARAM_STRING(hone__data_config, test, .flags = HONE_PATH | HONE_FIXED,
                      .help = "file scored once, with the chosen model, never used to choose", .renamed = "test_file"),
    HONE_PARAM_TABLE(hone__data_config, split, hone__split_config, split_rows, .flags = HONE_FIXED,
                     .help = "shares of the training file, where no file is given for them"),
    HONE_PARAM_INT(hone__data_config, split_seed, .def_int = 42, .max_int = INT64_MAX, .flags = HONE_FIXED,
                   .help = "seed of the split, which is the same in every trial"),
    HONE_PARAM_BOOL(hone__data_config, stratify, .def_int = 1, .flags = HONE_FIXED,
                    .help = "give each part of the split the same shares of classes; split_by_group overrules it"),
    HONE_PARAM_BOOL(hone__data_config, split_by_group, .flags = HONE_FIXED,
                    .help = "keep the examples of a document (of SQuAD: an article) together in one part of the split"),
    HONE_PARAM_BOOL(hone__data_config, train_with_validation, .flags = HONE_FIXED,
                    .help = "train on the validation data too, and validate on nothing: what sweep.refit does"),
    HONE_PARAM_MAP(hone__data_config, label_names, HONE_STRING, const char *, .flags = HONE_FIXED,
                   .help = "label in the data -> name to show", .renamed = "id2label labels"),
    HONE_PARAM_STRING(hone__data_config, positive_label, .flags = HONE_FIXED,
                      .help = "the label that precision, recall and F1 of two classes are about",
                      .renamed = "pos_label positive"),
};

static const char *const auto_word[] = {"auto", NULL};

static const hone_param tokenizer_rows[] = {
    HONE_PARAM_INT_OR_WORD(hone__tokenizer_config, max_length, auto_word, .def_text = "auto", .min_int = 1,
                           .max_int = INT32_MAX, .unit = "tokens",
                           .help = "of a sequence, special tokens among them; auto is the model's longest",
                           .renamed = "max_seq_length model_max_length max_seq_len"),
};

static const hone_param freeze_rows[] = {
    HONE_PARAM_BOOL(hone__freeze_config, embeddings, .help = "do not train the embeddings"),
    HONE_PARAM_INT(hone__freeze_config, layers, .max_int = 1000, .unit = "layers", .help = "do not train the first layers"),
    HONE_PARAM_LIST(hone__freeze_config, names, HONE_STRING, const char *,
                    .help = "patterns (* and ?) of weights not to train"),
};

static const hone_param model_rows[] = {
    HONE_PARAM_STRING(hone__model_config, path, .flags = HONE_MODEL_PATH,
                      .help = "folder with the model's files; absent: random weights",
                      .renamed = "model_name_or_path name_or_path pretrained checkpoint"),
    HONE_PARAM_TABLE(hone__model_config, freeze, hone__freeze_config, freeze_rows, .help = "weights that are not trained"),
};

static const char *const inherit_word[] = {"inherit", NULL};

static const hone_param group_rows[] = {
    HONE_PARAM_STRING(hone__group_config, pattern, .flags = HONE_REQUIRED,
                      .help = "names of weights, with * and ?; the model's prefix may be left out", .renamed = "params names"),
    HONE_PARAM_REAL_OR_WORD(hone__group_config, learning_rate, inherit_word, .def_text = "inherit", .max_real = 100,
                            .scale = HONE_LOG, .unit = "1/step", .help = "of these weights; inherit: the optimizer's",
                            .renamed = "lr"),
    HONE_PARAM_REAL_OR_WORD(hone__group_config, weight_decay, inherit_word, .def_text = "inherit", .max_real = 100,
                            .unit = "1/step",
                            .help = "of all these weights; inherit: the optimizer's, with none for biases and layer norms"),
};

static const hone_param optimizer_rows[] = {
    HONE_PARAM_RECORDS(hone__optimizer_config, groups, hone__group_config, group_rows,
                       .help = "weights with settings of their own; the first pattern that matches a weight counts",
                       .renamed = "param_groups parameter_groups"),
    HONE_PARAM_REAL(hone__optimizer_config, layer_decay, .def_real = 1, .max_real = 1, .flags = HONE_OPEN_MIN, .unit = "1",
                    .source = "Clark et al. 2020 (ELECTRA); counted as BEiT does, the head at 1",
                    .help = "each layer's learning rate is that of the layer above times this; 1: the same for all",
                    .renamed = "layerwise_lr_decay layer_wise_lr_decay llrd layerwise_learning_rate_decay"),
};

static const hone_param head_rows[] = {
    HONE_PARAM_BOOL(hone__head_config, reuse,
                    .help = "begin with the head of model.path, whose labels must be these; else with random weights",
                    .renamed = "reuse_head"),
};

static const hone_param metric_rows[] = {
    HONE_PARAM_STRING(hone__metric_config, name, .flags = HONE_FIXED,
                      .help = "of its figures, where one plugin is used twice; absent: the plugin's"),
};

const hone__common hone__common_rows[HONE_KIND_COUNT] = {
    [HONE_KIND_READER] = {ROWS(data_rows), sizeof(hone__data_config)},
    [HONE_KIND_TOKENIZER] = {ROWS(tokenizer_rows), sizeof(hone__tokenizer_config)},
    [HONE_KIND_MODEL] = {ROWS(model_rows), sizeof(hone__model_config)},
    [HONE_KIND_OPTIMIZER] = {ROWS(optimizer_rows), sizeof(hone__optimizer_config)},
    [HONE_KIND_HEAD] = {ROWS(head_rows), sizeof(hone__head_config)},
    [HONE_KIND_METRIC] = {ROWS(metric_rows), sizeof(hone__metric_config)},
};

/* ---- The top ----------------------------------------------------------------------------------------------------- */

static const hone_param top_rows[] = {
    HONE_PARAM_INT(hone__top, format, .def_int = HONE__FORMAT_EXPERIMENT, .min_int = 1, .max_int = HONE__FORMAT_EXPERIMENT,
                   .flags = HONE_FIXED, .help = "of this file; hone writes it into files of its own"),
    HONE_PARAM_STRING(hone__top, name, .flags = HONE_FIXED,
                      .help = "of the experiment; absent: the file's name without its ending", .renamed = "run_name project"),
    HONE_PARAM_STRING(hone__top, output_dir, .flags = HONE_FIXED,
                      .help = "folder that is written, relative to the working directory; absent: reports/NAME",
                      .renamed = "output output_path out_dir"),
    HONE_PARAM_STRING(hone__top, cache_dir, .flags = HONE_FIXED,
                      .help = "folder for what trials share, such as tokens, relative to the working directory, for several "
                              "runs to have in common; absent: cache/ in output_dir",
                      .renamed = "cache cache_path"),
    HONE_PARAM_INT(hone__top, seed, .def_int = 42, .max_int = INT64_MAX, .flags = HONE_FIXED, .source = HUGGING_FACE,
                   .help = "of initialisation, order and dropout; the split has data.split_seed",
                   .renamed = "random_state random_seed"),
    HONE_PARAM_STRING(hone__top, task, .flags = HONE_FIXED,
                      .help = "a task plugin, whose settings stand below those of the file"),
    HONE_PARAM_LIST(hone__top, plugins, HONE_STRING, const char *, .flags = HONE_FIXED,
                    .help = "plugins to load besides the installed ones: .so files, relative to this file"),
    HONE_PARAM_STRING(hone__top, data_root, .flags = HONE_FIXED,
                      .help = "folder that the paths under data are relative to; absent: this file's"),
    HONE_PARAM_STRING(hone__top, model_root, .flags = HONE_FIXED,
                      .help = "folder that model.path is relative to; absent: this file's"),
};
const hone__own_rows hone__top_rows = {"", ROWS(top_rows)};
const char *const hone__top_also[] = {"data",    "tokenizer", "model",  "head",    "optimizer", "schedule", "techniques",
                                      "trainer", "metrics",   "report", "backend", "launcher",  "sweep",    NULL};

const char *const hone__precisions[] = {"float32", "bf16", NULL};
static const char *const eval_strategies[] = {"epoch", "steps", NULL};
static const char *const samplings[] = {"random", "sequential", "group_by_length", NULL};
static const char *const cache_frozens[] = {"auto", "always", "none", NULL};
static const char *const no_bound[] = {"none", NULL};
static const char *const save_strategies[] = {"auto", "epoch", "steps", "no", NULL};

static const hone_param trainer_rows[] = {
    HONE_PARAM_INT(hone__trainer_config, num_train_epochs, .def_int = 3, .min_int = 1, .max_int = 1000000, .unit = "epochs",
                   .source = HUGGING_FACE, .help = "times that the training data is gone through",
                   .renamed = "epochs max_epochs n_epochs num_epochs"),
    HONE_PARAM_INT(hone__trainer_config, max_steps, .max_int = INT64_MAX, .unit = "steps",
                   .help = "end after so many updates, if that is earlier; 0: no bound"),
    HONE_PARAM_INT(hone__trainer_config, max_train_samples, .max_int = INT64_MAX, .unit = "examples",
                   .help = "train on the first so many examples only, to try things out; 0: all"),
    HONE_PARAM_INT_OR_WORD(hone__trainer_config, train_batch_size, no_bound, .def_int = 8, .min_int = 1, .max_int = 1000000,
                           .unit = "examples", .source = HUGGING_FACE,
                           .help = "examples of one update at most; none: max_tokens alone bounds it",
                           .renamed = "per_device_train_batch_size per_gpu_train_batch_size batch_size"),
    HONE_PARAM_INT_OR_WORD(
        hone__trainer_config, max_tokens, no_bound, .def_text = "none", .min_int = 1, .max_int = INT32_MAX, .unit = "tokens",
        .help = "tokens of one update at most, beside train_batch_size: a batch ends before the example that "
                "would take it past either; a longer example is a batch of its own",
        .renamed = "max_tokens_per_batch batch_tokens token_budget"),
    HONE_PARAM_CHOICE(hone__trainer_config, train_sampling_strategy, samplings, .def_text = "random", .source = HUGGING_FACE,
                      .help = "the order of an epoch: drawn, that of the file, or drawn with similar lengths together",
                      .renamed = "group_by_length sampler"),
    HONE_PARAM_INT(hone__trainer_config, micro_batch_size, .max_int = 1000000, .unit = "examples",
                   .help = "of an update's examples, how many are computed at once, to save memory; 0: all"),
    /* Hugging Face has 8; evaluation keeps no gradients, so there is room for more, and the figures do not depend on it. */
    HONE_PARAM_INT_OR_WORD(hone__trainer_config, eval_batch_size, no_bound, .def_text = "none", .min_int = 1,
                           .max_int = 1000000, .unit = "examples",
                           .help = "examples evaluated at once at most; none: eval_max_tokens alone bounds it",
                           .renamed = "per_device_eval_batch_size per_gpu_eval_batch_size"),
    HONE_PARAM_INT_OR_WORD(hone__trainer_config, eval_max_tokens, no_bound, .def_int = 4096, .min_int = 1, .max_int = INT32_MAX,
                           .unit = "tokens", .help = "tokens evaluated at once at most", .renamed = "eval_token_budget"),
    HONE_PARAM_REAL(hone__trainer_config, max_grad_norm, .def_real = 1, .max_real = INFINITY, .unit = "1",
                    .source = HUGGING_FACE, .help = "gradients longer than this are scaled down to it; 0: never",
                    .renamed = "gradient_clip_val clipnorm clip_grad_norm grad_clip"),
    HONE_PARAM_CHOICE(hone__trainer_config, precision, hone__precisions, .def_text = "float32", .flags = HONE_FIXED,
                      .source = "Micikevicius et al. 2018; Kalamkar et al. 2019",
                      .help = "bf16: linear layers multiply numbers rounded to bf16; weights, sums and all else stay float32",
                      .renamed = "bf16 mixed_precision torch_dtype dtype"),
    HONE_PARAM_INT_OR_WORD(hone__trainer_config, threads, auto_word, .def_text = "auto", .min_int = 1, .max_int = 4096,
                           .unit = "threads", .flags = HONE_NO_BITS,
                           .help = "of one trial; auto: all processors, or one each where trials run side by side",
                           .renamed = "num_workers n_jobs num_threads dataloader_num_workers"),
    HONE_PARAM_CHOICE(hone__trainer_config, cache_frozen, cache_frozens, .def_text = "auto", .flags = HONE_FIXED,
                      .help =
                          "compute the outputs of the lowest frozen layers once, into cache/, for all trials; auto: where this "
                          "changes no bit and there is room; always: also where it may change the last bits; none",
                      .renamed = "cache_frozen_layers"),
    HONE_PARAM_STRING(hone__trainer_config, metric_for_best_model, .flags = HONE_FIXED, .source = HUGGING_FACE,
                      .help = "the figure by which the best epoch is kept (validation/f1); absent: the sweep's metric, or "
                              "the first one's",
                      .renamed = "monitor"),
    HONE_PARAM_REAL(hone__trainer_config, stop_after, .def_real = 1, .max_real = 1, .unit = "1",
                    .flags = HONE_OPEN_MIN | HONE_FIXED,
                    .help = "end after this share of the steps, while the schedule is that of all of them: what sweep.refit "
                            "does where the best evaluation was not the last"),
    HONE_PARAM_INT(hone__trainer_config, early_stopping_patience, .max_int = 1000000, .unit = "evaluations",
                   .help = "end after so many evaluations without improvement; 0: never", .renamed = "patience"),
    HONE_PARAM_CHOICE(hone__trainer_config, eval_strategy, eval_strategies, .def_text = "epoch", .flags = HONE_FIXED,
                      .help = "when the validation data is evaluated: after each epoch or every eval_steps, and at the end",
                      .renamed = "evaluation_strategy"),
    HONE_PARAM_INT(hone__trainer_config, eval_steps, .def_int = 500, .min_int = 1, .max_int = INT64_MAX, .unit = "steps",
                   .source = HUGGING_FACE, .help = "steps from one evaluation to the next, with eval_strategy: steps"),
    /* A checkpoint changes no number, so it may depend on time, and costs the same share of any training. */
    HONE_PARAM_CHOICE(hone__trainer_config, save_strategy, save_strategies, .def_text = "auto",
                      .flags = HONE_FIXED | HONE_NO_BITS,
                      .help = "when a checkpoint is left to resume from: auto is every save_seconds, no is never",
                      .renamed = "checkpoint_strategy"),
    HONE_PARAM_INT(hone__trainer_config, save_steps, .def_int = 500, .min_int = 1, .max_int = INT64_MAX, .unit = "steps",
                   .flags = HONE_NO_BITS, .source = HUGGING_FACE,
                   .help = "steps from one checkpoint to the next, with save_strategy: steps",
                   .renamed = "checkpoint_steps checkpointing_steps"),
    HONE_PARAM_REAL(hone__trainer_config, save_seconds, .def_real = 60, .max_real = INFINITY, .unit = "s",
                    .flags = HONE_NO_BITS, .help = "seconds from one checkpoint to the next, with save_strategy: auto"),
    HONE_PARAM_BOOL(hone__trainer_config, save_model, .def_int = 1, .flags = HONE_FIXED | HONE_NO_BITS,
                    .help = "leave the model of the best evaluation; of a sweep's trials, sweep.save says which are kept"),
};
const hone__own_rows hone__trainer_rows = {"trainer", ROWS(trainer_rows)};

/* ---- The report -------------------------------------------------------------------------------------------------- */

static const hone_param slice_rows[] = {
    HONE_PARAM_STRING(hone__slice_config, column, .flags = HONE_FIXED,
                      .help = "a column of the data: the examples of each of its values"),
    HONE_PARAM_STRING(hone__slice_config, pattern, .flags = HONE_FIXED,
                      .help = "a POSIX extended regular expression: the examples with it in their text, and those without",
                      .renamed = "regex regexp"),
    HONE_PARAM_STRING(hone__slice_config, name, .flags = HONE_FIXED, .help = "how it is shown; absent: the column or pattern"),
};

static const hone_param report_rows[] = {
    HONE_PARAM_INT(hone__report_config, errors, .def_int = 100, .max_int = 1000000, .unit = "examples", .flags = HONE_FIXED,
                   .help = "with the highest loss, that errors.tsv keeps with their text"),
    HONE_PARAM_BOOL(hone__report_config, by_label, .def_int = 1, .flags = HONE_FIXED,
                    .help = "how right the examples of each gold label are"),
    HONE_PARAM_BOOL(hone__report_config, by_length, .def_int = 1, .flags = HONE_FIXED,
                    .help = "how right short and long texts are, a quarter of the examples each"),
    HONE_PARAM_RECORDS(hone__report_config, slices, hone__slice_config, slice_rows, .flags = HONE_FIXED,
                       .help = "further groups of examples to look at apart, each by a column or by a pattern in the text"),
};
const hone__own_rows hone__report_rows = {"report", ROWS(report_rows)};

/* ---- The sweep --------------------------------------------------------------------------------------------------- */

static const char *const goals[] = {"auto", "maximize", "minimize", NULL}, *const on_errors[] = {"continue", "abort", NULL};
static const char *const on_duplicates[] = {"reuse", "run", NULL}, *const refits[] = {"none", "train+validation", NULL};
static const char *const saves[] = {"none", "trial_best", "sweep_best", NULL}, *const none_word[] = {"none", NULL};

static const hone_param metric_of_sweep_rows[] = {
    HONE_PARAM_STRING(hone__sweep_metric, name,
                      .help = "the figure that ranks points (validation/f1); absent: trainer.metric_for_best_model"),
    HONE_PARAM_CHOICE(hone__sweep_metric, goal, goals, .def_text = "auto",
                      .help = "whether more is better; auto: as the metric says", .renamed = "direction mode"),
    HONE_PARAM_REAL_OR_WORD(hone__sweep_metric, target, none_word, .def_text = "none", .min_real = -INFINITY,
                            .max_real = INFINITY, .unit = "1", .help = "the sweep ends once a point is as good as this"),
};

static const hone_param sweep_rows[] = {
    HONE_PARAM_TABLE(hone__sweep_top, metric, hone__sweep_metric, metric_of_sweep_rows, .help = "what ranks points"),
    HONE_PARAM_INT(hone__sweep_top, run_cap, .max_int = 1000000000, .unit = "points", .help = "at most so many; 0: no cap",
                   .renamed = "n_trials count num_trials max_trials"),
    HONE_PARAM_LIST(hone__sweep_top, seeds, HONE_INT, int64_t, .max_int = INT64_MAX, .max_items = 1000,
                    .help = "a trial of each point with each of these; points are ranked by the mean; absent: seed",
                    .renamed = "n_seeds repeats num_seeds"),
    HONE_PARAM_INT(hone__sweep_top, sampler_seed, .def_int = 42, .max_int = INT64_MAX, .help = "seed of the search itself",
                   .renamed = "random_state random_seed seed"),
    HONE_PARAM_REAL(hone__sweep_top, time_budget_s, .max_real = INFINITY, .unit = "s",
                    .help = "no further point is begun once so long has passed; 0: no bound",
                    .renamed = "time_budget max_time budget_s"),
    HONE_PARAM_INT_OR_WORD(hone__sweep_top, max_concurrent_trials, auto_word, .def_text = "auto", .min_int = 1,
                           .max_int = 100000, .unit = "trials", .flags = HONE_NO_BITS,
                           .help = "how many run side by side; auto: processors / trainer.threads",
                           .renamed = "n_jobs max_concurrent"),
    HONE_PARAM_CHOICE(hone__sweep_top, on_error, on_errors, .def_text = "continue",
                      .help = "what a failed trial does to the rest"),
    HONE_PARAM_CHOICE(hone__sweep_top, on_duplicate, on_duplicates, .def_text = "reuse",
                      .help = "a point that the search draws again has the result of the first; or is run again"),
    HONE_PARAM_CHOICE(hone__sweep_top, save, saves, .def_text = "sweep_best",
                      .help = "whose models are kept: nobody's, the best one's of each trial, or the best point's",
                      .renamed = "save_total_limit save_best"),
    HONE_PARAM_CHOICE(
        hone__sweep_top, refit, refits, .def_text = "none",
        .help = "train the best point once more at the end, on the training and the validation data; best/ is then that model"),
    HONE_PARAM_REAL(hone__sweep_top, trial_timeout_s, .max_real = INFINITY, .unit = "s", .flags = HONE_NO_BITS,
                    .help = "a trial that takes longer is ended; 0: never", .renamed = "timeout timeout_s trial_timeout"),
    HONE_PARAM_REAL(hone__sweep_top, trial_memory_gib, .max_real = 1048576, .unit = "GiB", .flags = HONE_NO_BITS,
                    .help = "a trial whose private memory goes beyond it is ended; 0: no limit",
                    .renamed = "memory_limit max_memory trial_memory"),
    HONE_PARAM_REAL(hone__sweep_top, memory_gib, .max_real = 1048576, .unit = "GiB", .flags = HONE_NO_BITS,
                    .help = "for all running trials; one that does not fit beside them waits; 0: what is free at the start"),
};
const hone__own_rows hone__sweep_rows = {"sweep", ROWS(sweep_rows)};
const char *const hone__sweep_also[] = {"method", "early_terminate", "parameters", "zip", "constraints", NULL};
