/* footprint.c - how much memory a trial will need.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/footprint.h"

#include "base/child.h"
#include "base/json.h"

#include <limits.h>
#include <stdio.h>

#define LIMIT_S 300

static hone_status read_plan(const hone__str *text, hone__footprint *f, hone_error *err)
{
    json_t *root = NULL;
    int64_t bytes = 0, mapped = 0;
    HONE_TRY(hone__json_parse(hone__str_text(text), text->n, "what hone plan says", &root, err));
    const json_t *point = json_array_get(json_object_get(root, "list"), 0);
    hone_status status = hone__json_int(point, "bytes", true, &bytes, "what hone plan says", err);
    if (status == HONE_OK)
        status = hone__json_int(point, "mapped", true, &mapped, "what hone plan says", err);
    json_decref(root);
    *f = (hone__footprint){(uint64_t)bytes, (uint64_t)mapped};
    return status;
}

hone_status hone__footprint_ask(const char *program, const char *dir, const volatile int *interrupts,
                                hone__footprint *footprint, hone_error *err)
{
    char file[PATH_MAX];
    hone__str out = {0};
    const char *argv[] = {program, "plan", file, "--no-time", "--json", NULL};
    const hone__child child = {.argv = argv, .limit_s = LIMIT_S, .interrupts = interrupts};
    *footprint = (hone__footprint){0};
    if ((size_t)snprintf(file, sizeof file, "%s/trial.yaml", dir) >= sizeof file)
        return hone_fail(err, HONE_EINVAL, "the path of the trial is too long: %s", dir);
    hone_status status = hone__child_run(&child, &out, err);
    if (status == HONE_OK)
        status = read_plan(&out, footprint, err);
    hone__str_clear(&out);
    return status;
}
