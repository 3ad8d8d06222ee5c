/* auto.c - the word auto as the type of a section: which plugin it means on this processor, at this precision.
 *
 * A rule and never a measurement, so that noise cannot change bits. The complete configuration has the plugin that was chosen.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "config/params_parts.h"

#include <string.h>

/* The first row of the kind whose precision is that of the experiment and whose instruction set is the processor's; NULL is any. `native`
 * was measured faster than OpenBLAS where it has vectors of its own (tests/bench/README.md), and its rows are independent. Elsewhere its
 * portable C is the slower one, but for bf16 the only one: OpenBLAS would leave that to the reference. */
static const struct {
    hone_kind kind;
    const char *precision, *isa, *plugin;
} rules[] = {
    {HONE_KIND_BACKEND, "bf16", NULL, "native"},   {HONE_KIND_BACKEND, NULL, "avx512bf16", "native"},
    {HONE_KIND_BACKEND, NULL, "avx512", "native"}, {HONE_KIND_BACKEND, NULL, "avx2", "native"},
    {HONE_KIND_BACKEND, NULL, NULL, "openblas"},
};

static bool meets(const char *wanted, const char *given)
{
    return !wanted || strcmp(wanted, given) == 0;
}

const char *hone__auto_type(hone_kind kind, const char *precision)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].kind == kind && meets(rules[i].precision, precision ? precision : "float32") &&
            meets(rules[i].isa, hone__cpu_isa()))
            return rules[i].plugin;
    return NULL;
}
