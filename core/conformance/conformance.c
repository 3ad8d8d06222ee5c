/* conformance.c - runs the checks of a file's plugins, one after another, and says how each went.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/conformance.h"
#include "conformance/lab.h"

#include <features.h>
#include <stdint.h>
#include <time.h>
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <malloc.h>
#endif

static const char *word_of(hone_status status)
{
    return status == HONE_OK ? "ok" : status == HONE_END ? "left out" : "FAILED";
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

enum { ROUNDS = 30, MOST_SECONDS = 3 };

/* Bytes that malloc has given out in this process; 0 where nobody counts them, or where a sanitizer does, which reports leaks itself. */
static uint64_t bytes_in_use(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

static void run_silently(hone__lab *lab)
{
    const hone__check *const of_kind = hone__checks_of_kind[lab->table->kind];
    for (const hone__check *list[] = {hone__checks_of_all, of_kind}, **checks = list; checks < list + 2; checks++)
        for (const hone__check *check = *checks; check && check->name; check++) {
            hone_error err = {0};
            hone__lab_target(lab, HONE_TARGET_CLASS);
            (void)!check->run(lab, &err);
            hone__lab_reset(lab);
        }
}

/* What is taken once (a library's tables) is taken before the first round counts, and what malloc keeps in its own lists for the next
 * call grows in some rounds only. A leak takes more in every round. */
static hone_status memory_is_given_back(hone__lab *lab, hone_error *err)
{
    uint64_t before = bytes_in_use(), least = UINT64_MAX;
    const time_t begin = time(NULL);
    if (!before)
        HONE__LEAVE_OUT("bytes are not counted here; the preset asan finds leaks");
    for (int i = 0; i <= ROUNDS && least; i++) {
        run_silently(lab);
        const uint64_t now = bytes_in_use(), more = now > before ? now - before : 0;
        if (i > 0 && more < least)
            least = more;
        before = now;
        if (least && time(NULL) - begin > MOST_SECONDS)
            HONE__LEAVE_OUT("the other checks take too long to be run %d times; the preset asan finds leaks", ROUNDS);
    }
    HONE__EXPECT(!least, "each of %d rounds of all checks leaves %llu bytes or more behind; the preset asan says which", ROUNDS,
                 (unsigned long long)least);
    return HONE_OK;
}

static const hone__check last_checks[] = {{"memory is given back", memory_is_given_back}, {0}};

/* ---- Running ----------------------------------------------------------------------------------------------------- */

static void run_check(hone__lab *lab, const hone__check *check, bool verbose, FILE *out, hone__conformance *result)
{
    hone_error err = {0};
    /* The name comes first, so that a plugin that crashes shows in which check. */
    if (verbose) {
        fprintf(out, "%s/%s: %s: ", hone__kinds[lab->table->kind].name, lab->table->name, check->name);
        fflush(out);
    }
    hone__lab_target(lab, HONE_TARGET_CLASS);
    const hone_status status = check->run(lab, &err);
    hone__lab_reset(lab);
    result->passed += status == HONE_OK;
    result->left_out += status == HONE_END;
    const bool failed = status != HONE_OK && status != HONE_END;
    result->failed += failed;
    if (!verbose && failed)
        fprintf(out, "%s/%s: %s: ", hone__kinds[lab->table->kind].name, lab->table->name, check->name);
    if (verbose || failed)
        fprintf(out, "%s%s%s\n", word_of(status), status == HONE_OK ? "" : ": ", status == HONE_OK ? "" : err.msg);
}

static void run_checks(hone__lab *lab, const hone__check *checks, bool verbose, FILE *out, hone__conformance *result)
{
    for (; checks && checks->name; checks++)
        run_check(lab, checks, verbose, out, result);
}

hone_status hone__conformance_run(hone__registry *r, const char *path, bool verbose, FILE *out, hone__conformance *result,
                                  hone_error *err)
{
    const hone__plugin **plugins;
    size_t n;
    HONE_TRY(hone__registry_open(r, path, &plugins, &n, err));
    for (size_t i = 0; i < n; i++) {
        hone__lab lab = {.registry = r, .table = plugins[i]->table, .file = plugins[i]->file};
        const bool open = hone__lab_open(&lab);
        if (open) {
            run_checks(&lab, hone__checks_of_all, verbose, out, result);
            run_checks(&lab, hone__checks_of_kind[lab.table->kind], verbose, out, result);
            run_checks(&lab, last_checks, verbose, out, result);
        }
        hone__lab_close(&lab);
        if (!open)
            return hone_no_memory(err, "checking a plugin");
    }
    return HONE_OK;
}
