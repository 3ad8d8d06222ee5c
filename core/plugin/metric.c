/* metric.c - which way each figure of a metric is better.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/metric.h>

#include <string.h>

int32_t hone_metric_direction(const hone_metric *metric, const char *suffix)
{
    for (const hone_figure_direction *d = metric->directions; d && d->suffix && suffix && *suffix; d++)
        if (strcmp(d->suffix, suffix) == 0)
            return (int32_t)d->direction;
    return metric->direction;
}
