/* check_plugin.c - `hone plugins check FILE.so ...`: does a plugin keep its promises?
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "conformance/conformance.h"

#include <stdio.h>

static void check_file(hone__registry *r, const char *path, bool verbose, hone__conformance *result)
{
    hone_error err = {0};
    if (hone__conformance_run(r, path, verbose, stdout, result, &err) == HONE_OK)
        return;
    printf("%s\n", err.msg);
    result->failed++;
}

int hone__cli_check_plugins(int argc, char **argv)
{
    bool verbose = false;
    const hone__option options[] = {{"--verbose", &verbose, NULL}, {0}};
    hone__conformance result = {0};
    int n;
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n == 0) {
        fprintf(stderr, "hone plugins check: it takes the files of plugins, e.g. ./mine.so\n");
        return HONE__EXIT_USAGE;
    }
    hone_log *log = hone__log_create(stderr, HONE_LOG_WARNING);
    hone__registry *r = hone__registry_create(log, true);
    if (!log || !r) {
        fprintf(stderr, "hone plugins check: out of memory\n");
        result.failed++;
    }
    for (int i = 1; r && i <= n; i++)
        check_file(r, argv[i], verbose, &result);
    printf("%zu passed, %zu failed, %zu left out\n", result.passed, result.failed, result.left_out);
    hone__registry_destroy(r);
    hone__log_destroy(log);
    return result.failed ? HONE__EXIT_FAILED : HONE__EXIT_DONE;
}
