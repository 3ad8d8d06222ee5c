/* dormant.c - which rows of a table have had a gradient.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/dormant.h"

#include <string.h>

/* A call of the optimizer costs as much as a few rows. */
enum { FEWEST_ROWS = 4 };

static bool is_zero(const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (x[i] != 0)
            return false;
    return true;
}

static void look_at_slots(hone__dormant *d, int64_t rows, const float *const *slots, uint32_t n_slots)
{
    for (uint32_t i = 0; i < n_slots; i++)
        for (int64_t r = 0; r < rows; r++)
            d->awake[r] |= !is_zero(slots[i] + r * d->columns, d->columns);
}

hone_status hone__dormant_note(hone__dormant *d, const hone__weight *w, const float *const *slots, uint32_t n_slots, bool first,
                               hone_arena *arena, hone_error *err)
{
    if (!w->picked || !w->reached || w->n == 0)
        return HONE_OK;
    const int64_t rows = w->value.shape.dim[0];
    if (!d->awake) {
        d->awake = hone_alloc(arena, (size_t)rows);
        if (!d->awake)
            return hone_no_memory(err, "noting which rows of a table have had a gradient");
        d->columns = w->n / rows;
        if (!first)
            look_at_slots(d, rows, slots, n_slots);
    }
    for (int64_t r = 0; r < rows; r++)
        d->awake[r] |= w->whole || w->picked[r];
    return HONE_OK;
}

int64_t hone__dormant_run(const hone__dormant *d, int64_t begin, int64_t n, bool *dormant)
{
    *dormant = false;
    if (!d->awake)
        return n;
    const int64_t first = begin / d->columns, end = (begin + n - 1) / d->columns + 1;
    for (int64_t row = first; row < end;) {
        const int64_t asleep_from = row;
        while (row < end && !d->awake[row])
            row++;
        if (row - asleep_from >= FEWEST_ROWS) {
            *dormant = asleep_from == first;
            const int64_t stop = (*dormant ? row : asleep_from) * d->columns;
            return stop - begin < n ? stop - begin : n;
        }
        while (row < end && d->awake[row])
            row++;
    }
    return n;
}
