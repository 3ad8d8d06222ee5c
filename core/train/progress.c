/* progress.c - how far a step is through the warm-up and through what follows it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

#include <math.h>

hone_progress hone_progress_of(double warmup_ratio, int64_t warmup_steps, int64_t step, int64_t total)
{
    const double now = (double)(step - 1), all = (double)total;
    const double warm = warmup_steps > 0 ? (double)warmup_steps : ceil(all * warmup_ratio);

    if (now < warm)
        return (hone_progress){.warming_up = true, .warm = now / fmax(1, warm), .left = 1};
    const double after = fmax(1, all - warm);
    return (hone_progress){.warm = 1, .done = fmin(1, (now - warm) / after), .left = fmax(0, (all - now) / after)};
}
