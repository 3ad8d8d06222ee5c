/* test_file.c - files that appear whole or not at all, reads, maps, folders and paths.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/file.h"
#include "suite.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void in_dir(char out[4200], const char *dir, const char *name)
{
    snprintf(out, 4200, "%s/%s", dir, name);
}

static int count_files(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *entry = readdir(d); entry; entry = readdir(d))
        n += entry->d_name[0] != '.';
    closedir(d);
    return n;
}

/* The file holds exactly this. */
static void assert_content(const char *path, const char *content)
{
    char *bytes;
    size_t n;
    hone_error err;
    ck_assert_msg(hone__read_file(path, 0, &bytes, &n, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(n, strlen(content));
    ck_assert_str_eq(bytes, content);
    hone__free(bytes);
}

START_TEST(a_written_file_is_there_alone_and_readable_by_all_that_may)
{
    char *dir = suite_make_dir(), path[4200];
    hone_error err;
    struct stat st;
    mode_t mask = umask(022);
    in_dir(path, dir, "a.txt");
    ck_assert_int_eq(hone__write_file(path, "one", 3, &err), HONE_OK);
    assert_content(path, "one");
    ck_assert_int_eq(hone__write_file(path, "two!", 4, &err), HONE_OK);
    assert_content(path, "two!");
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0644);
    ck_assert_int_eq(count_files(dir), 1);
    umask(mask);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(an_abandoned_file_leaves_the_old_one)
{
    char *dir = suite_make_dir(), path[4200];
    hone_error err;
    hone__writer w;
    in_dir(path, dir, "a.txt");
    ck_assert_int_eq(hone__write_file(path, "old", 3, &err), HONE_OK);
    ck_assert_int_eq(hone__writer_open(&w, path, &err), HONE_OK);
    fprintf(w.stream, "new");
    hone__writer_abandon(&w);
    hone__writer_abandon(&w);
    assert_content(path, "old");
    ck_assert_int_eq(count_files(dir), 1);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(two_writers_of_one_file_do_not_meet)
{
    char *dir = suite_make_dir(), path[4200];
    hone_error err;
    hone__writer a, b;
    in_dir(path, dir, "a.txt");
    ck_assert_int_eq(hone__writer_open(&a, path, &err), HONE_OK);
    ck_assert_int_eq(hone__writer_open(&b, path, &err), HONE_OK);
    fprintf(a.stream, "from a");
    fprintf(b.stream, "from b");
    ck_assert_int_eq(hone__writer_commit(&b, &err), HONE_OK);
    assert_content(path, "from b");
    ck_assert_int_eq(hone__writer_commit(&a, &err), HONE_OK);
    assert_content(path, "from a");
    ck_assert_int_eq(count_files(dir), 1);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_full_disk_is_reported_and_the_old_file_stays)
{
    char *dir = suite_make_dir(), path[4200], block[4096] = {0};
    hone_error err;
    struct rlimit before, small;
    in_dir(path, dir, "a.txt");
    ck_assert_int_eq(hone__write_file(path, "old", 3, &err), HONE_OK);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){100 * 1024, before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    hone__writer w;
    hone_status opened = hone__writer_open(&w, path, &err);
    for (int i = 0; opened == HONE_OK && i < 50; i++)
        fwrite(block, 1, sizeof block, w.stream);
    hone_status status = opened == HONE_OK ? hone__writer_commit(&w, &err) : opened;
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    ck_assert_int_eq(status, HONE_EIO);
    ck_assert_ptr_nonnull(strstr(err.msg, path));
    assert_content(path, "old");
    ck_assert_int_eq(count_files(dir), 1);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_stream_that_failed_before_the_commit_is_not_forgotten)
{
    char *dir = suite_make_dir(), path[4200];
    hone_error err;
    hone__writer w;
    in_dir(path, dir, "a.txt");
    ck_assert_int_eq(hone__writer_open(&w, path, &err), HONE_OK);
    FILE *full = freopen("/dev/full", "w", w.stream);
    ck_assert_ptr_nonnull(full);
    w.stream = full;
    fprintf(w.stream, "lost");
    ck_assert_int_ne(fflush(w.stream), 0); /* the next flush has nothing to write and would succeed */
    ck_assert_int_eq(hone__writer_commit(&w, &err), HONE_EIO);
    ck_assert(!hone__exists(path));
    ck_assert_int_eq(count_files(dir), 0);
    suite_remove_dir(dir);
}
END_TEST

/* Writes the file over and over, each time all of one letter, until it is killed. */
static void write_for_ever(const char *path)
{
    static char block[300000];
    hone_error err;
    for (int i = 0;; i++) {
        memset(block, 'a' + i % 26, sizeof block);
        if (hone__write_file(path, block, sizeof block, &err) != HONE_OK)
            _exit(1);
    }
}

START_TEST(a_writer_killed_at_any_time_leaves_a_whole_file)
{
    char *dir = suite_make_dir(), path[4200];
    hone_error err;
    in_dir(path, dir, "a.txt");
    for (int i = 0; i < 20; i++) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0)
            write_for_ever(path);
        ck_assert_int_gt(child, 0);
        struct timespec pause = {0, 1000000 + i * 1370000};
        nanosleep(&pause, NULL);
        int how;
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        ck_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        if (!hone__exists(path))
            continue;
        char *bytes;
        size_t n;
        ck_assert_int_eq(hone__read_file(path, 0, &bytes, &n, &err), HONE_OK);
        ck_assert_uint_eq(n, 300000);
        ck_assert_uint_eq(strspn(bytes, (char[]){bytes[0], '\0'}), n);
        hone__free(bytes);
    }
    ck_assert_int_eq(hone__write_file(path, "end", 3, &err), HONE_OK);
    assert_content(path, "end");
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_named)
{
    hone_error err;
    hone__writer w;
    ck_assert_int_eq(hone__writer_open(&w, "/no/such/folder/a.txt", &err), HONE_EIO);
    ck_assert_str_eq(err.msg, "cannot write /no/such/folder/a.txt: No such file or directory");
    char *dir = suite_make_dir();
    ck_assert_int_eq(hone__write_file(dir, "x", 1, &err), HONE_EIO);
    ck_assert(hone__is_dir(dir));
    suite_remove_dir(dir);
}
END_TEST

START_TEST(reading_refuses_folders_and_what_is_too_large)
{
    char *dir = suite_make_dir(), path[4200], *bytes;
    size_t n;
    hone_error err;
    in_dir(path, dir, "a.txt");
    ck_assert_int_eq(hone__write_file(path, "12345", 5, &err), HONE_OK);
    ck_assert_int_eq(hone__read_file(path, 5, &bytes, &n, &err), HONE_OK);
    hone__free(bytes);
    ck_assert_int_eq(hone__read_file(path, 4, &bytes, &n, &err), HONE_EFORMAT);
    ck_assert_ptr_null(bytes);
    ck_assert_ptr_nonnull(strstr(err.msg, "larger than the 4 bytes"));
    ck_assert_int_eq(hone__read_file(dir, 0, &bytes, &n, &err), HONE_EIO);
    ck_assert_ptr_nonnull(strstr(err.msg, "Is a directory"));
    ck_assert_int_eq(hone__read_file("no\nsuch", 0, &bytes, &n, &err), HONE_EIO);
    ck_assert_str_eq(err.msg, "cannot read no\\nsuch: No such file or directory");
    ck_assert_int_eq(hone__read_file("/dev/zero", 100000, &bytes, &n, &err), HONE_EFORMAT);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_fifo_and_files_without_a_size_are_read_to_their_end)
{
    char *dir = suite_make_dir(), path[4200], *bytes;
    size_t n;
    hone_error err;
    in_dir(path, dir, "fifo");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        FILE *f = fopen(path, "w");
        for (int i = 0; f && i < 100000; i++)
            fputc('x', f);
        if (f)
            fclose(f);
        _exit(0);
    }
    ck_assert_int_eq(hone__read_file(path, 0, &bytes, &n, &err), HONE_OK);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_uint_eq(n, 100000);
    hone__free(bytes);
    ck_assert_int_eq(hone__read_file("/proc/self/status", 0, &bytes, &n, &err), HONE_OK);
    ck_assert_uint_gt(n, 100);
    hone__free(bytes);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_map_shows_the_file_and_an_empty_file_can_be_mapped)
{
    char *dir = suite_make_dir(), path[4200];
    hone_error err;
    hone__map_file map;
    in_dir(path, dir, "a.bin");
    ck_assert_int_eq(hone__write_file(path, "abc", 3, &err), HONE_OK);
    ck_assert_int_eq(hone__map_open(&map, path, &err), HONE_OK);
    ck_assert_uint_eq(map.n, 3);
    ck_assert_mem_eq(map.data, "abc", 3);
    hone__map_close(&map);
    ck_assert_int_eq(hone__write_file(path, "", 0, &err), HONE_OK);
    ck_assert_int_eq(hone__map_open(&map, path, &err), HONE_OK);
    ck_assert_uint_eq(map.n, 0);
    ck_assert_ptr_nonnull(map.data);
    hone__map_close(&map);
    ck_assert_int_eq(hone__map_open(&map, dir, &err), HONE_EIO);
    ck_assert_int_eq(hone__map_open(&map, "/dev/null", &err), HONE_EIO);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(folders_are_made_with_their_parents)
{
    static const char *const forms[] = {"x/y/z", "x/y/z", "p//q/", "x"};
    char *dir = suite_make_dir(), path[4200];
    hone_error err;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        in_dir(path, dir, forms[i]);
        ck_assert_msg(hone__make_dirs(path, &err) == HONE_OK, "%s", err.msg);
        ck_assert(hone__is_dir(path));
    }
    in_dir(path, dir, "file");
    ck_assert_int_eq(hone__write_file(path, "", 0, &err), HONE_OK);
    ck_assert_int_eq(hone__make_dirs(path, &err), HONE_EIO);
    in_dir(path, dir, "file/below");
    ck_assert_int_eq(hone__make_dirs(path, &err), HONE_EIO);
    ck_assert_int_eq(hone__make_dirs("/", &err), HONE_OK);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_removed_tree_does_not_take_along_what_its_links_point_to)
{
    char *dir = suite_make_dir(), kept[4200], tree[4200], path[4200];
    hone_error err;
    in_dir(kept, dir, "kept");
    in_dir(tree, dir, "tree");
    in_dir(path, dir, "tree/a/b");
    ck_assert_int_eq(hone__make_dirs(kept, &err), HONE_OK);
    ck_assert_int_eq(hone__make_dirs(path, &err), HONE_OK);
    in_dir(path, dir, "kept/file");
    ck_assert_int_eq(hone__write_file(path, "x", 1, &err), HONE_OK);
    in_dir(path, dir, "tree/a/link");
    ck_assert_int_eq(symlink(kept, path), 0);
    ck_assert_int_eq(hone__remove_tree(tree, &err), HONE_OK);
    ck_assert(!hone__exists(tree));
    in_dir(path, dir, "kept/file");
    ck_assert(hone__exists(path));
    ck_assert_int_eq(hone__remove_tree(tree, &err), HONE_OK); /* absent is fine */
    ck_assert_int_eq(hone__remove_tree(path, &err), HONE_OK); /* and so is a file */
    ck_assert(!hone__exists(path));
    suite_remove_dir(dir);
}
END_TEST

START_TEST(paths_are_joined_and_taken_apart)
{
    hone_arena *arena = hone__arena_create(0);
    ck_assert_str_eq(hone__path_join(arena, "a", "b"), "a/b");
    ck_assert_str_eq(hone__path_join(arena, "a/", "b"), "a/b");
    ck_assert_str_eq(hone__path_join(arena, "a", "/b"), "/b");
    ck_assert_str_eq(hone__path_join(arena, NULL, "b"), "b");
    ck_assert_str_eq(hone__path_join(arena, "", "b"), "b");
    ck_assert_str_eq(hone__path_join(arena, ".", "b"), "b");
    ck_assert_str_eq(hone__path_dir(arena, "a/b/c"), "a/b");
    ck_assert_str_eq(hone__path_dir(arena, "/c"), "/");
    ck_assert_str_eq(hone__path_dir(arena, "c"), ".");
    ck_assert_str_eq(hone__path_base("a/b/c"), "c");
    ck_assert_str_eq(hone__path_base("c"), "c");
    char *program = hone__program_dir(arena);
    ck_assert(program && hone__is_dir(program));
    hone__arena_destroy(arena);
}
END_TEST

static hone_status write_and_read(void *ctx, hone_error *err)
{
    char *bytes, path[4200];
    size_t n;
    in_dir(path, ctx, "deep/er");
    HONE_TRY(hone__make_dirs(path, err));
    in_dir(path, ctx, "deep/er/a.txt");
    HONE_TRY(hone__write_file(path, "new", 3, err));
    HONE_TRY(hone__read_file(path, 0, &bytes, &n, err));
    hone__free(bytes);
    return HONE_OK;
}

START_TEST(every_failed_allocation_is_survived)
{
    char *dir = suite_make_dir(), path[4200];
    ck_assert_int_ge(suite_every_allocation_fails(write_and_read, dir), 5);
    in_dir(path, dir, "deep/er");
    ck_assert_int_eq(count_files(path), 1);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(the_size_of_a_tree_is_that_of_its_files)
{
    hone_error err;
    uint64_t bytes, files;
    char *dir = suite_make_dir(), path[4200];
    snprintf(path, sizeof path, "%s/a/b", dir);
    ck_assert_int_eq(hone__make_dirs(path, &err), HONE_OK);
    snprintf(path, sizeof path, "%s/a/b/ten", dir);
    ck_assert_int_eq(hone__write_file(path, "0123456789", 10, &err), HONE_OK);
    ck_assert_int_eq(hone__tree_size(path, &bytes, &files, &err), HONE_OK);
    ck_assert(bytes == 10 && files == 1);
    snprintf(path, sizeof path, "%s/three", dir);
    ck_assert_int_eq(hone__write_file(path, "012", 3, &err), HONE_OK);
    ck_assert_int_eq(hone__tree_size(dir, &bytes, &files, &err), HONE_OK);
    ck_assert(bytes == 13 && files == 2);
    snprintf(path, sizeof path, "%s/absent", dir);
    ck_assert_int_eq(hone__tree_size(path, &bytes, &files, &err), HONE_OK);
    ck_assert(bytes == 0 && files == 0);
    suite_remove_dir(dir);
}
END_TEST

SUITE("file", the_size_of_a_tree_is_that_of_its_files, a_written_file_is_there_alone_and_readable_by_all_that_may,
      an_abandoned_file_leaves_the_old_one, two_writers_of_one_file_do_not_meet, a_full_disk_is_reported_and_the_old_file_stays,
      a_stream_that_failed_before_the_commit_is_not_forgotten, a_writer_killed_at_any_time_leaves_a_whole_file,
      a_file_that_cannot_be_written_is_named, reading_refuses_folders_and_what_is_too_large,
      a_fifo_and_files_without_a_size_are_read_to_their_end, a_map_shows_the_file_and_an_empty_file_can_be_mapped,
      folders_are_made_with_their_parents, a_removed_tree_does_not_take_along_what_its_links_point_to,
      paths_are_joined_and_taken_apart, every_failed_allocation_is_survived)
