/* hone/task.h - a task: a reader, a head, metrics and their settings under one word in YAML (`task: ordinal`).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TASK_H
#define HONE_TASK_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* No code: sections of an experiment file as YAML text, which the file's own keys overrule. They are checked like a file. */
typedef struct hone_task {
    hone_plugin plugin;
    const char *settings; /* "data: {type: stars}\nhead: {type: ordinal}\nmetrics: [qwk]\n" */
} hone_task;

#ifdef __cplusplus
}
#endif

#endif
