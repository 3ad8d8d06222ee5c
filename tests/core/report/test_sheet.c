/* test_sheet.c - tables as TSV, Markdown and text, whatever their cells hold.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/sheet.h"

#include "base/arena.h"
#include "suite.h"

static hone__sheet *sheet_of(hone_arena *arena)
{
    static const hone__column columns[] = {{"name", false}, {"value", true}};
    static const char *const rows[][2] = {
        {"a\tb\n|c", "1.5"}, {"\xe4\xb8\xad\xe6\x96\x87", NULL}, {"long enough to be cut", "22"}};
    hone_error err;
    hone__sheet *s = hone__sheet_create(arena, columns, 2);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(hone__sheet_add(s, rows[i], &err), HONE_OK);
    return s;
}

START_TEST(tsv_keeps_one_row_a_line)
{
    hone_arena *arena = hone__arena_create(0);
    hone__str out = {0};
    hone__sheet_tsv(sheet_of(arena), &out);
    ck_assert_str_eq(hone__str_text(&out),
                     "name\tvalue\na\\tb\\n|c\t1.5\n\xe4\xb8\xad\xe6\x96\x87\t\nlong enough to be cut\t22\n");
    hone__str_clear(&out);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(markdown_keeps_its_columns)
{
    hone_arena *arena = hone__arena_create(0);
    hone__str out = {0};
    hone__sheet_markdown(sheet_of(arena), &out);
    ck_assert_ptr_nonnull(strstr(hone__str_text(&out), "| name | value |\n|---|---:|\n| a\tb<br>\\|c | 1.5 |\n"));
    hone__str_clear(&out);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(text_is_aligned_by_what_a_terminal_shows)
{
    hone_arena *arena = hone__arena_create(0);
    hone__str out = {0};
    hone__sheet_text(sheet_of(arena), 10, 0, 1, &out);
    ck_assert_str_eq(hone__str_text(&out), " name        value\n"
                                           " a b |c        1.5\n"
                                           " \xe4\xb8\xad\xe6\x96\x87             \n"
                                           " long enou…     22\n");
    hone__str_clear(&out);
    hone__sheet_text(sheet_of(arena), 10, 1, 0, &out);
    ck_assert_ptr_nonnull(strstr(hone__str_text(&out), "... and 2 more\n"));
    hone__str_clear(&out);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(texts_are_cut_between_characters)
{
    char out[64];
    ck_assert_uint_eq(hone__text_width("\xe4\xb8\xad"), 2);
    ck_assert_str_eq(hone__text_fit("\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad", 4, out, sizeof out), "\xe4\xb8\xad…");
    ck_assert_str_eq(hone__text_fit("abc", 3, out, sizeof out), "abc");
    ck_assert_str_eq(hone__text_fit("abcd", 3, out, sizeof out), "ab…");
    ck_assert_str_eq(hone__text_fit("a\tb\377", 9, out, sizeof out), "a b\377");
    ck_assert_uint_lt(strlen(hone__text_fit("abcdefghij", 10, out, 8)), 8);
}
END_TEST

SUITE("sheet", tsv_keeps_one_row_a_line, markdown_keeps_its_columns, text_is_aligned_by_what_a_terminal_shows,
      texts_are_cut_between_characters)
