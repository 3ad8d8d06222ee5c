/* str.h - a growing string, sets of names, and the nearest name for "did you mean".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_STR_H
#define HONE_CORE_BASE_STR_H

#include <hone/base.h>

/* Zero-initialised is empty. Failure is sticky: after one failed allocation everything is dropped and `failed` is set. */
typedef struct hone__str {
    char *data; /* NUL-terminated, or NULL while empty */
    size_t n, cap;
    bool failed;
} hone__str;

void hone__str_add(hone__str *s, const char *text);
void hone__str_addn(hone__str *s, const char *bytes, size_t n);
void hone__str_addf(hone__str *s, const char *fmt, ...) HONE_PRINTF(2, 3);
/* JSON string with quotes, escaped; bytes that are not UTF-8 become U+FFFD. */
void hone__str_add_json(hone__str *s, const char *text);
/* For messages: control characters and bad UTF-8 escaped; at most max_bytes, "..." at the end among them where cut. */
void hone__str_add_shown(hone__str *s, const char *text, size_t max_bytes);
/* Shortest decimal form that reads back as the same double, always with a point or exponent ("0.1", "5.0e-05", "1.0"), so
 * that YAML reads a real; ".inf", "-.inf" and ".nan" as YAML has them (JSON has no form for these: its writers look first). */
void hone__str_add_real(hone__str *s, double x);
const char *hone__str_text(const hone__str *s); /* "" while empty */
void hone__str_clear(hone__str *s);             /* frees */

/* Copies `text` into out[size] as hone__str_add_shown does; returns out. For messages. */
const char *hone__shown(const char *text, char *out, size_t size);

/* "1.2 MB" (powers of ten) and "1:02:03" or "2:03" in out[size]; return out. NaN is "". */
const char *hone__bytes_text(uint64_t bytes, char *out, size_t size);
const char *hone__seconds_text(double seconds, char *out, size_t size);

/* The name nearest to `word` by Damerau-Levenshtein distance (letter case ignored), at most max(2, length/3) and less than
 * length away, the first of several; else NULL. `next(ctx, i)` gives the i-th name, NULL at the end. */
const char *hone__nearest(const char *word, const char *(*next)(const void *ctx, size_t i), const void *ctx);
const char *hone__nearest_of(const char *word, const char *const *names); /* NULL-terminated list */

bool hone__utf8_valid(const char *bytes, size_t n, size_t *bad_at); /* strict; bad_at may be NULL */

#endif
