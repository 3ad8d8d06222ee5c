/* test_doc.c - documents as Markdown.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/str.h"
#include "report/doc.h"
#include "suite.h"

#include <string.h>

START_TEST(a_part_that_is_called_as_its_section_has_no_heading_of_its_own)
{
    hone_arena *arena = hone__arena_create(0);
    hone__str out = {0};
    hone__doc d;
    hone__doc_init(&d, arena, "run");
    hone__doc_section(&d, "labels", "Each label");
    hone__doc_heading(&d, "Each %s", "label");
    hone__doc_heading(&d, "Curves");
    hone__doc_section(&d, "words", "Words");
    hone__doc_heading(&d, "Each label");
    hone__doc_markdown(&d, &(hone__plots){0}, &out);
    const char *text = out.data;
    ck_assert_ptr_nonnull(strstr(text, "\n## Each label\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n### Curves\n"));
    const char *second = strstr(text, "\n### Each label\n");
    ck_assert(second && second > strstr(text, "\n## Words\n"));
    ck_assert_ptr_null(strstr(second + 1, "\n### Each label\n"));
    hone__str_clear(&out);
    hone__arena_destroy(arena);
}
END_TEST

SUITE("doc", a_part_that_is_called_as_its_section_has_no_heading_of_its_own)
