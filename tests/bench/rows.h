/* rows.h - where a benchmark's figures go: a JSON object a line, added to the file that --json names, beside what it prints.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_BENCH_ROWS_H
#define HONE_TESTS_BENCH_ROWS_H

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

typedef struct bench_rows {
    FILE *file; /* NULL: nowhere */
    hone__str line;
} bench_rows;

/* False where the file cannot be written. `path` may be NULL. */
static inline bool rows_open(bench_rows *r, const char *path)
{
    *r = (bench_rows){.file = path ? fopen(path, "a") : NULL};
    if (path && !r->file)
        fprintf(stderr, "%s cannot be written\n", path);
    return !path || r->file;
}

static inline void row_text(bench_rows *r, const char *key, const char *value)
{
    hone__str_add(&r->line, r->line.n ? ", " : "{");
    hone__str_add_json(&r->line, key);
    hone__str_add(&r->line, ": ");
    hone__str_add_json(&r->line, value);
}

/* What is not known is null. */
static inline void row_real(bench_rows *r, const char *key, double value)
{
    hone__str_add(&r->line, r->line.n ? ", " : "{");
    hone__str_add_json(&r->line, key);
    if (isfinite(value))
        hone__str_addf(&r->line, ": %.6g", value);
    else
        hone__str_add(&r->line, ": null");
}

static inline void row_begin(bench_rows *r, const char *bench, const char *name)
{
    hone__str_clear(&r->line);
    row_text(r, "bench", bench);
    row_text(r, "name", name);
}

static inline void row_end(bench_rows *r)
{
    if (r->file)
        fprintf(r->file, "%s}\n", hone__str_text(&r->line));
    hone__str_clear(&r->line);
}

static inline bool rows_close(bench_rows *r)
{
    const bool failed = r->file && (ferror(r->file) | fclose(r->file)) != 0;
    if (failed)
        fprintf(stderr, "the rows could not be written\n");
    return !failed;
}

/* ---- Clocks and samples ------------------------------------------------------------------------------------------ */

static inline double clock_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline double wall_now(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

/* Of this process alone, all threads together: stands still while others have the processor. */
static inline double processor_now(void)
{
    return clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

enum { MOST_SAMPLES = 4096 };

typedef struct samples {
    double x[MOST_SAMPLES];
    int n;
} samples;

static inline void samples_add(samples *s, double x)
{
    if (s->n < MOST_SAMPLES)
        s->x[s->n++] = x;
}

static inline double samples_most(const samples *s)
{
    double most = NAN;
    for (int i = 0; i < s->n; i++)
        most = i == 0 || s->x[i] > most ? s->x[i] : most;
    return most;
}

/* The lower one of the two in the middle. */
static inline double samples_median(const samples *s)
{
    for (int i = 0; i < s->n; i++) {
        int below = 0, equal = 0;
        for (int j = 0; j < s->n; j++) {
            below += s->x[j] < s->x[i];
            equal += s->x[j] == s->x[i];
        }
        if (below <= (s->n - 1) / 2 && below + equal > (s->n - 1) / 2)
            return s->x[i];
    }
    return NAN;
}

#endif
