/* regex.h - POSIX extended regular expressions from experiment files: refused where they could take all memory.
 *
 * Letters of UTF-8 count as one. Back references and repetitions that multiply to more than 1000 are refused: matching then takes time in
 * proportion to the text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_REGEX_H
#define HONE_CORE_BASE_REGEX_H

#include <hone/base.h>

typedef struct hone__regex hone__regex;

/* The message says at which character of the pattern, from 1, a refused part begins, where that is known. */
hone_status hone__regex_create(const char *text, hone__regex **pattern, hone_error *err) HONE_CHECKED;
void hone__regex_destroy(hone__regex *pattern); /* NULL is fine */
bool hone__regex_matches(const hone__regex *pattern, const char *text);

#endif
