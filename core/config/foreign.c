/* foreign.c - keys that people know from other programs, and where ours is.
 *
 * A name that stands in the section of ours is in that row's `renamed`; here are those that belong elsewhere, or nowhere.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/params_parts.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *keys, *advice; /* keys are separated by blanks */
} rows[] = {
    {"learning_rate lr", "write optimizer.learning_rate"},
    {"weight_decay", "write optimizer.weight_decay"},
    {"adam_beta1 adam_beta2 adam_epsilon", "write beta1, beta2 and eps in the section optimizer"},
    {"optim", "write optimizer.type"},
    {"lr_scheduler_type lr_scheduler scheduler", "write schedule.type"},
    {"warmup_ratio warmup_steps num_warmup_steps", "write schedule.warmup_ratio"},
    {"label_smoothing_factor label_smoothing", "write head.loss.label_smoothing_factor"},
    {"per_device_train_batch_size per_gpu_train_batch_size batch_size", "write trainer.train_batch_size"},
    {"per_device_eval_batch_size per_gpu_eval_batch_size", "write trainer.eval_batch_size"},
    {"max_tokens token_budget", "write trainer.max_tokens"},
    {"group_by_length train_sampling_strategy", "write trainer.train_sampling_strategy"},
    {"gradient_accumulation_steps",
     "write trainer.train_batch_size for the examples of one update, and trainer.micro_batch_size for those computed at once"},
    {"num_train_epochs epochs max_epochs", "write trainer.num_train_epochs"},
    {"max_steps", "write trainer.max_steps"},
    {"max_grad_norm gradient_clip_val clipnorm", "write trainer.max_grad_norm"},
    {"evaluation_strategy eval_strategy", "write trainer.eval_strategy"},
    {"eval_steps", "write trainer.eval_steps"},
    {"save_strategy", "write trainer.save_strategy"},
    {"save_steps checkpoint_steps", "write trainer.save_steps"},
    {"save_total_limit", "there is none to write: checkpoints are kept as long as they are needed"},
    {"logging_dir logging_steps report_to", "there is none to write: everything is logged below output_dir"},
    {"greater_is_better", "write goal: maximize or minimize under sweep.metric; metrics know theirs"},
    {"metric_for_best_model", "write trainer.metric_for_best_model"},
    {"load_best_model_at_end", "there is none to write: the best model is always the one that is kept"},
    {"early_stopping_patience patience", "write trainer.early_stopping_patience"},
    {"model_name_or_path model_name pretrained_model_name_or_path", "write model.path"},
    {"max_seq_length max_length model_max_length max_seq_len", "write tokenizer.max_length"},
    {"train_file", "write data.train"},
    {"validation_file dev_file", "write data.validation"},
    {"test_file", "write data.test"},
    {"dataset datasets", "write the section data"},
    {"task_name", "write task"},
    {"bf16 mixed_precision torch_dtype", "write trainer.precision"},
    {"fp16 tf32", "numbers are float32, or bf16 where linear layers multiply: write precision: bf16 under trainer"},
    {"no_cuda use_cpu device gpus", "write the section backend"},
    {"dataloader_num_workers num_workers", "write trainer.threads"},
    {"random_state random_seed", "write seed at the top of the file"},
    {"n_trials count run_cap", "write sweep.run_cap"},
    {"seeds", "write sweep.seeds"},
    {"early_terminate", "write sweep.early_terminate"},
    {"time_budget_s", "write sweep.time_budget_s"},
    {"refit", "write sweep.refit"},
    {"direction", "write goal: maximize or minimize under sweep.metric"},
    {"program command entity project", "write name and output_dir; hone itself is the program"},
    {"parameters", "parameters are a map in sweep, from whole paths (optimizer.learning_rate) to their values"},
    {"zip", "write sweep.zip"},
    {"constraints", "write sweep.constraints"},
    {"when", "write it beside the values of one of sweep.parameters"},
};

static bool among(const char *words, const char *word)
{
    const size_t n = strlen(word);
    for (const char *p = words; *p;) {
        size_t length = strcspn(p, " ");
        if (length == n && strncmp(p, word, n) == 0)
            return true;
        p += length + strspn(p + length, " ");
    }
    return false;
}

/* Does the advice name a key of the section that was just found to lack it? */
static bool leads_back(const char *advice, const char *path)
{
    const size_t n = path ? strlen(path) : 0;
    return n > 0 && strncmp(advice, "write ", 6) == 0 && strncmp(advice + 6, path, n) == 0 && advice[6 + n] == '.';
}

const char *hone__foreign_name(const char *path, const char *key)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (among(rows[i].keys, key))
            return leads_back(rows[i].advice, path) ? NULL : rows[i].advice;
    return NULL;
}
