/* auto.c - the word auto as the type of a section: which plugin it means on this processor.
 *
 * A rule and never a measurement, so that noise cannot change bits. The complete configuration has the plugin that was chosen.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "config/params_parts.h"

#include <string.h>

/* The first row of the kind whose instruction set is the processor's; NULL is any. `native` was measured faster than OpenBLAS where it has
 * vectors of its own (tests/bench/README.md), and its rows are independent. Elsewhere its portable C is the slower one. */
static const struct {
    hone_kind kind;
    const char *isa, *plugin;
} rules[] = {
    {HONE_KIND_BACKEND, "avx512bf16", "native"},
    {HONE_KIND_BACKEND, "avx512", "native"},
    {HONE_KIND_BACKEND, "avx2", "native"},
    {HONE_KIND_BACKEND, NULL, "openblas"},
};

const char *hone__auto_type(hone_kind kind)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].kind == kind && (!rules[i].isa || strcmp(rules[i].isa, hone__cpu_isa()) == 0))
            return rules[i].plugin;
    return NULL;
}
