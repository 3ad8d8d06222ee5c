/* str.c - a growing string, text made fit for messages, and the nearest name.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "base/alloc.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------- */

/* The length of the character that begins at p, of n bytes left, and its code point; 0 where it is not UTF-8: no overlong
 * forms, no surrogates, nothing above U+10FFFF. Source: RFC 3629, section 4. */
static size_t decode(const unsigned char *p, size_t n, uint32_t *point)
{
    if (n == 0)
        return 0;
    if (p[0] < 0x80) {
        *point = p[0];
        return 1;
    }
    size_t length = p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;
    if (length == 0 || length > n)
        return 0;
    uint32_t c = p[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if ((length == 3 && c < 0x800) || (length == 4 && c < 0x10000) || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *point = c;
    return length;
}

bool hone__utf8_valid(const char *bytes, size_t n, size_t *bad_at)
{
    uint32_t point;
    for (size_t i = 0, length; i < n; i += length) {
        length = decode((const unsigned char *)bytes + i, n - i, &point);
        if (length == 0) {
            if (bad_at)
                *bad_at = i;
            return false;
        }
    }
    return true;
}

/* ---- The growing string ------------------------------------------------------------------------------------------ */

static void fail(hone__str *s)
{
    hone__free(s->data);
    *s = (hone__str){.failed = true};
}

/* Room for `more` bytes and the NUL; false once the string has failed. */
static bool reserve(hone__str *s, size_t more)
{
    if (s->failed)
        return false;
    if (more < s->cap - s->n)
        return true;
    size_t cap = s->cap ? s->cap : 64;
    while (cap <= SIZE_MAX / 2 && cap - s->n <= more)
        cap *= 2;
    char *data = cap - s->n > more ? hone__realloc(s->data, cap) : NULL;
    if (!data) {
        fail(s);
        return false;
    }
    s->data = data;
    s->cap = cap;
    return true;
}

void hone__str_addn(hone__str *s, const char *bytes, size_t n)
{
    if (!reserve(s, n))
        return;
    memcpy(s->data + s->n, bytes, n);
    s->n += n;
    s->data[s->n] = '\0';
}

void hone__str_add(hone__str *s, const char *text)
{
    hone__str_addn(s, text, strlen(text));
}

void hone__str_addf(hone__str *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) {
        fail(s);
        return;
    }
    if (!reserve(s, (size_t)n))
        return;
    va_start(args, fmt);
    vsnprintf(s->data + s->n, (size_t)n + 1, fmt, args);
    va_end(args);
    s->n += (size_t)n;
}

/* The letter behind the backslash in JSON (and in messages); 0 where there is none. */
static char short_escape(uint32_t c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\n':
        return 'n';
    case '\t':
        return 't';
    case '\r':
        return 'r';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    default:
        return 0;
    }
}

void hone__str_add_json(hone__str *s, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = strlen(text);
    hone__str_addn(s, "\"", 1);
    for (size_t i = 0, length; i < n; i += length) {
        uint32_t c = 0;
        length = decode(p + i, n - i, &c);
        if (length == 0) {
            hone__str_add(s, "\\ufffd"); /* JSON has no form for a byte that is no text */
            length = 1;
        } else if (short_escape(c)) {
            hone__str_addf(s, "\\%c", short_escape(c));
        } else if (c < 0x20 || c == 0x7F) {
            hone__str_addf(s, "\\u%04x", (unsigned)c);
        } else {
            hone__str_addn(s, text + i, length);
        }
    }
    hone__str_addn(s, "\"", 1);
}

/* Characters that change what a terminal shows of the others: control characters, and the marks that turn the direction of
 * writing. */
static bool is_unshown(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/* One character (or bad byte) of text as it is shown; its length in text is returned. */
static size_t show_character(const char *text, size_t n, char shown[16], size_t *shown_length)
{
    uint32_t c = 0;
    size_t length = decode((const unsigned char *)text, n, &c);
    int out;
    if (length == 0)
        out = snprintf(shown, 16, "\\x%02x", (unsigned)(unsigned char)*text);
    else if (!is_unshown(c))
        out = snprintf(shown, 16, "%.*s", (int)length, text);
    else if (short_escape(c))
        out = snprintf(shown, 16, "\\%c", short_escape(c));
    else
        out = snprintf(shown, 16, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
    *shown_length = (size_t)out;
    return length ? length : 1;
}

/* Writes at most `max` bytes and a NUL; returns how many. */
static size_t show(const char *text, char *out, size_t max)
{
    size_t n = strlen(text), used = 0, cut = 0; /* cut: the last place that leaves room for the dots */
    for (size_t i = 0; i < n;) {
        char shown[16];
        size_t length;
        i += show_character(text + i, n - i, shown, &length);
        if (used + length > max) {
            size_t dots = max - cut < 3 ? max - cut : 3;
            memcpy(out + cut, "...", dots);
            used = cut + dots;
            break;
        }
        memcpy(out + used, shown, length);
        used += length;
        if (used + 3 <= max)
            cut = used;
    }
    out[used] = '\0';
    return used;
}

void hone__str_add_shown(hone__str *s, const char *text, size_t max_bytes)
{
    size_t n = strlen(text);
    size_t most = n > SIZE_MAX / 4 ? SIZE_MAX / 2 : 4 * n; /* "\x1b" for one byte is the longest form */
    if (most > max_bytes)
        most = max_bytes;
    if (reserve(s, most))
        s->n += show(text, s->data + s->n, most);
}

const char *hone__shown(const char *text, char *out, size_t size)
{
    if (size)
        show(text, out, size - 1);
    return out;
}

void hone__str_add_real(hone__str *s, double x)
{
    if (!isfinite(x)) {
        hone__str_add(s, isnan(x) ? ".nan" : x > 0 ? ".inf" : "-.inf");
        return;
    }
    char text[40];
    int digits = 1;
    for (;; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, x);
        if (digits == 17 || strtod(text, NULL) == x)
            break;
    }
    /* %g writes no exponent where it has digits enough: 100.0, not 1.0e+02. */
    int exponent = atoi(strchr(text, 'e') + 1);
    if (exponent >= digits && exponent < 16)
        digits = exponent + 1;
    snprintf(text, sizeof text, "%.*g", digits, x);
    size_t mantissa = strcspn(text, "e");
    hone__str_addn(s, text, mantissa);
    if (!memchr(text, '.', mantissa))
        hone__str_add(s, ".0");
    hone__str_add(s, text + mantissa);
}

const char *hone__str_text(const hone__str *s)
{
    return s->data ? s->data : "";
}

void hone__str_clear(hone__str *s)
{
    hone__free(s->data);
    *s = (hone__str){0};
}

/* ---- The nearest name -------------------------------------------------------------------------------------------- */

enum { LONGEST_NAME = 80 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, changes and swaps of neighbours that make a into b, no place edited twice; letter case ignored.
 * Source: Damerau 1964, "A technique for computer detection and correction of spelling errors". */
static int distance(const char *a, int na, const char *b, int nb)
{
    int rows[3][LONGEST_NAME + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    for (int j = 0; j <= nb; j++)
        above[j] = before[j] = j;
    for (int i = 1; i <= na; i++) {
        row[0] = i;
        for (int j = 1; j <= nb; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (ca != cb));
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) && cb == tolower((unsigned char)a[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        int *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[nb];
}

const char *hone__nearest(const char *word, const char *(*next)(const void *ctx, size_t i), const void *ctx)
{
    size_t length = strlen(word);
    if (length == 0 || length > LONGEST_NAME)
        return NULL;
    int limit = length / 3 > 2 ? (int)(length / 3) : 2;
    if (limit >= (int)length) /* a name that shares no letter is no help */
        limit = (int)length - 1;
    const char *nearest = NULL;
    for (size_t i = 0;; i++) {
        const char *name = next(ctx, i);
        if (!name)
            return nearest;
        size_t n = strlen(name);
        if (n > LONGEST_NAME)
            continue;
        int d = distance(word, (int)length, name, (int)n);
        if (d < limit + (nearest == NULL)) {
            limit = d;
            nearest = name;
        }
    }
}

static const char *list_name(const void *ctx, size_t i)
{
    return ((const char *const *)ctx)[i];
}

const char *hone__nearest_of(const char *word, const char *const *names)
{
    return hone__nearest(word, list_name, names);
}

/* ---- Sizes and times --------------------------------------------------------------------------------------------- */

const char *hone__bytes_text(uint64_t bytes, char *out, size_t size)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double x = (double)bytes;
    size_t unit = 0;
    for (; x >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
        x /= 1000;
    snprintf(out, size, unit ? "%.1f %s" : "%.0f %s", x, units[unit]);
    return out;
}

const char *hone__seconds_text(double seconds, char *out, size_t size)
{
    const long t = seconds >= 0 ? lround(seconds) : 0; /* of NaN too */
    out[0] = '\0';
    if (t >= 3600)
        snprintf(out, size, "%ld:%02ld:%02ld", t / 3600, t / 60 % 60, t % 60);
    else if (seconds >= 0)
        snprintf(out, size, "%ld:%02ld", t / 60, t % 60);
    return out;
}
