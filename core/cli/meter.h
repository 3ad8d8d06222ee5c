/* meter.h - how far a command is, on standard error: one line that is written anew on a terminal, a line every ten seconds elsewhere.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_METER_H
#define HONE_CORE_CLI_METER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct hone__meter {
    const char *what; /* "predicting" */
    const char *unit; /* "examples" */
    bool terminal, shown;
    double begin, at; /* seconds */
} hone__meter;

void hone__meter_init(hone__meter *m, const char *what, const char *unit);
void hone__meter_show(void *meter, uint64_t done, uint64_t n);
void hone__meter_end(hone__meter *m); /* clears the line */

#endif
