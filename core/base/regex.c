/* regex.c - POSIX extended regular expressions from experiment files.
 *
 * Source: POSIX.1-2017, XBD 9.4; the limits are because regcomp(3) of glibc copies what is repeated.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/regex.h"

#include "base/alloc.h"

#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1000, MOST_REPEATED = 1000 };

struct hone__regex {
    locale_t locale; /* 0: bytes */
    regex_t regex;
};

/* The character behind a bracket expression that begins at `at`. */
static size_t skip_brackets(const char *text, size_t at)
{
    size_t i = at + 1;
    i += text[i] == '^';
    i += text[i] == ']'; /* the first one is a letter */
    while (text[i] && text[i] != ']') {
        if (text[i] == '[' && text[i + 1] && strchr(".:=", text[i + 1])) {
            const char kind = text[i + 1];
            for (i += 2; text[i] && !(text[i] == kind && text[i + 1] == ']'); i++)
                ;
            i += text[i] ? 1 : 0;
        }
        i += text[i] ? 1 : 0;
    }
    return text[i] ? i + 1 : i;
}

/* The larger count of {m}, {m,} or {m,n} at `at`; 0 where there is none. */
static unsigned long count_of(const char *text, size_t at)
{
    char *end;
    unsigned long most = strtoul(text + at + 1, &end, 10);
    if (*end == ',' && end[1] >= '0' && end[1] <= '9')
        most = strtoul(end + 1, &end, 10);
    return most;
}

/* Repetitions in repetitions multiply; all of them together bound that. */
static hone_status check(const char *text, hone_error *err)
{
    unsigned long repeated = 1;
    if (strlen(text) > LONGEST)
        return hone_fail(err, HONE_EINVAL, "it has %zu bytes; the longest pattern has %d", strlen(text), (int)LONGEST);
    for (size_t i = 0; text[i];) {
        if (text[i] == '\\' && text[i + 1] >= '1' && text[i + 1] <= '9')
            return hone_fail(err, HONE_EINVAL, "its character %zu begins a back reference (\\%c), which hone does not take",
                             i + 1, text[i + 1]);
        if (text[i] == '{') {
            const unsigned long count = count_of(text, i);
            if (count > MOST_REPEATED || (count > 1 && (repeated *= count) > MOST_REPEATED))
                return hone_fail(
                    err, HONE_EINVAL,
                    "with the repetition at its character %zu all of them multiply to more than %d, which takes too "
                    "much memory",
                    i + 1, (int)MOST_REPEATED);
        }
        if (text[i] == '[')
            i = skip_brackets(text, i);
        else
            i += text[i] == '\\' && text[i + 1] ? 2 : 1;
    }
    return HONE_OK;
}

static hone_status compile(hone__regex *p, const char *text, hone_error *err)
{
    char why[128];
    const int failed = regcomp(&p->regex, text, REG_EXTENDED | REG_NOSUB);
    if (failed == 0)
        return HONE_OK;
    if (failed == REG_ESPACE)
        return hone_no_memory(err, "reading a pattern");
    regerror(failed, &p->regex, why, sizeof why);
    return hone_fail(err, HONE_EINVAL, "it is no extended regular expression: %s", why);
}

/* The process's own locale is "C", in which a letter is a byte. */
hone_status hone__regex_create(const char *text, hone__regex **pattern, hone_error *err)
{
    *pattern = NULL;
    HONE_TRY(check(text, err));
    hone__regex *p = hone__calloc(1, sizeof *p);
    if (!p)
        return hone_no_memory(err, "reading a pattern");
    p->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    const locale_t before = p->locale ? uselocale(p->locale) : (locale_t)0;
    const hone_status status = compile(p, text, err);
    if (before)
        uselocale(before);
    if (status == HONE_OK) {
        *pattern = p;
        return HONE_OK;
    }
    if (p->locale)
        freelocale(p->locale);
    hone__free(p);
    return status;
}

void hone__regex_destroy(hone__regex *p)
{
    if (!p)
        return;
    regfree(&p->regex);
    if (p->locale)
        freelocale(p->locale);
    hone__free(p);
}

bool hone__regex_matches(const hone__regex *p, const char *text)
{
    const locale_t before = p->locale ? uselocale(p->locale) : (locale_t)0;
    const bool found = regexec(&p->regex, text, 0, NULL, 0) == 0;
    if (before)
        uselocale(before);
    return found;
}
