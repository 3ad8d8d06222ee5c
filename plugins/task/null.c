/* null.c - the task made of null plugins: trains in no time, on examples out of nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/task.h>

static const hone_task null_task = {
    .plugin = {HONE_PLUGIN(hone_task, HONE_KIND_TASK), .name = "null",
               .summary = "null plugins throughout: what hone itself costs"},
    .settings = "data: {type: \"null\", train: /dev/null, validation: /dev/null}\n"
                "tokenizer: {type: \"null\"}\n"
                "model: {type: \"null\"}\n"
                "head: {type: \"null\"}\n"
                "optimizer: {type: \"null\"}\n"
                "schedule: {type: \"null\"}\n"
                "backend: {type: \"null\"}\n"
                "metrics: [\"null\"]\n",
};
HONE_MODULE(&null_task.plugin);
