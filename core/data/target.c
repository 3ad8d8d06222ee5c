/* target.c - the names of targets, and empty answers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/target.h>

hone_answer hone_answer_of(hone_target target)
{
    return (hone_answer){.size = sizeof(hone_answer), .target = target, .index = -1, .span_size = sizeof(hone_span)};
}

const char *hone_target_name(uint32_t target)
{
    static const char *const names[] = {"none",
#define X(NAME, name, what, scores) #name,
                                        HONE_TARGET_MAP(X)
#undef X
    };
    return target < sizeof names / sizeof *names ? names[target] : "?";
}
