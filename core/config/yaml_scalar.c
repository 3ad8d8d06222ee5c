/* yaml_scalar.c - the core schema: which plain scalars are null, booleans, integers and reals.
 *
 * Source: YAML 1.2.2, section 10.3.2, "Tag Resolution", whose regular expressions stand beside the functions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml_parts.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static const char *skip_sign(const char *p)
{
    return *p == '-' || *p == '+' ? p + 1 : p;
}

static const char *skip_digits(const char *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

/* [-+]? [0-9]+ */
static bool is_decimal(const char *text)
{
    const char *digits = skip_sign(text);
    const char *end = skip_digits(digits);
    return end > digits && *end == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_real(const char *text)
{
    const char *p = skip_sign(text);
    const char *end = skip_digits(p);
    size_t digits = (size_t)(end - p);
    if (*end == '.') {
        p = end + 1;
        end = skip_digits(p);
        if (digits == 0 && end == p)
            return false;
        digits += (size_t)(end - p);
    }
    if (digits == 0)
        return false;
    if (*end == 'e' || *end == 'E') {
        p = skip_sign(end + 1);
        end = skip_digits(p);
        if (end == p)
            return false;
    }
    return *end == '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* 0o [0-7]+ and 0x [0-9a-fA-F]+: digits of `bits` bits each. Digits that no longer fit leave only a sticky bit behind, which
 * is all that rounding to a double needs. */
static bool set_power_of_two(hone__yaml *node, const char *digits, int bits)
{
    uint64_t value = 0;
    int dropped = 0;
    if (*digits == '\0')
        return false;
    for (const char *p = digits; *p != '\0'; p++) {
        int digit = digit_value(*p);
        if (digit >= 1 << bits)
            return false;
        if (value >> (64 - bits) != 0) {
            value |= digit != 0;
            dropped += dropped < 4096 ? bits : 0;
        } else {
            value = value << bits | (uint64_t)digit;
        }
    }
    bool fits = dropped == 0 && value <= INT64_MAX;
    node->type = fits ? HONE__YAML_INT : HONE__YAML_REAL;
    node->integer = fits ? (int64_t)value : 0;
    node->real = ldexp((double)value, dropped);
    return true;
}

static void set_decimal(hone__yaml *node, const char *text)
{
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    bool fits = errno == 0;
    node->type = fits ? HONE__YAML_INT : HONE__YAML_REAL;
    node->integer = fits ? value : 0;
    node->real = fits ? (double)value : strtod(text, NULL);
}

/* [-+]? ( \.inf | \.Inf | \.INF ) and ( \.nan | \.NaN | \.NAN ) */
static bool set_special(hone__yaml *node, const char *text)
{
    static const char *const infinite[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const nan_words[] = {".nan", ".NaN", ".NAN", NULL};
    if (is_one_of(skip_sign(text), infinite))
        node->real = *text == '-' ? -(double)INFINITY : (double)INFINITY;
    else if (is_one_of(text, nan_words))
        node->real = (double)NAN;
    else
        return false;
    node->type = HONE__YAML_REAL;
    return true;
}

bool hone__yaml_resolve(hone__yaml *node, const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const truths[] = {"true", "True", "TRUE", NULL};
    static const char *const falsehoods[] = {"false", "False", "FALSE", NULL};

    node->type = HONE__YAML_STRING;
    node->truth = false;
    node->integer = 0;
    node->real = 0;
    if (is_one_of(text, nulls)) {
        node->type = HONE__YAML_NULL;
    } else if (is_one_of(text, truths) || is_one_of(text, falsehoods)) {
        node->type = HONE__YAML_BOOL;
        node->truth = *text == 't' || *text == 'T';
    } else if (is_decimal(text)) {
        set_decimal(node, text);
    } else if (is_real(text)) {
        node->type = HONE__YAML_REAL;
        node->real = strtod(text, NULL);
    } else if (set_special(node, text)) {
        return true;
    } else if (text[0] == '0' && (text[1] == 'o' || text[1] == 'x')) {
        if (!set_power_of_two(node, text + 2, text[1] == 'o' ? 3 : 4))
            node->type = HONE__YAML_STRING;
    }
    return isfinite(node->real);
}
