/* leaderboard.h - the points of a run, best first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_LEADERBOARD_H
#define HONE_CORE_REPORT_LEADERBOARD_H

#include "report/run.h"
#include "report/sheet.h"

typedef enum hone__board {
    HONE__BOARD_FULL, /* every point, and every trial that is not all of one, failed ones with their causes; numbers as exact as they are */
    HONE__BOARD_READING /* complete points; numbers and names short enough to be read */
} hone__board;

hone_status hone__leaderboard(const hone__report_run *run, hone__board board, hone__sheet **sheet,
                              hone_error *err) HONE_CHECKED;

/* What the columns' figures count as positive and how they are averaged, "f1: binary, positive label: yes"; "" where no metric says anything.
 * NULL when memory is short. */
const char *hone__leaderboard_notes(const hone__report_run *run);

/* The last part of a parameter's path, unless two parameters would then have one name. */
const char *hone__short_name(const hone__report_run *run, size_t column);
/* A parameter's value as a person reads it; a whole section goes by its type, and by those of its settings that tell it from the
 * column's other choices of that type. NULL when memory is short. */
const char *hone__short_value(const hone__report_run *run, const char *text, size_t column);

#endif
