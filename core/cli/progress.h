/* progress.h - what a person sees while a sweep runs.
 *
 * On a terminal one line per running trial is kept up to date below the lines that stay; elsewhere there are only lines that stay.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_PROGRESS_H
#define HONE_CORE_CLI_PROGRESS_H

#include "sweep/supervisor.h"
#include <stdio.h>

typedef struct hone__display {
    FILE *stream;
    bool live;          /* a terminal */
    bool json;          /* one object a line, for programs */
    bool quiet;         /* nothing but failures */
    const char *metric; /* NULL: "value" */
    int64_t epochs;     /* of each trial, for the bar; 0: unknown */
    size_t lines;       /* of the live block on the screen */
} hone__display;

void hone__display_init(hone__display *d, FILE *stream, bool json, bool quiet, const hone__experiment *e);
/* For hone__sweep_setup.progress; ctx is the display. */
void hone__display_news(void *ctx, hone__sweep_news news, const hone__sweep_view *view, const hone__trial_view *trial);

#endif
