/* test_cache.c - the token cache: what comes back is what was prepared, a change of anything is another file, and whatever happens to
 * its files costs time only.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "data/cache.h"
#include "data_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- A world of a tokenizer that saves what it knows, a head, and files for both plugins -------------------------- */

typedef struct world {
    char *dir;
    hone_arena *arena;
    const char *cache, *model; /* the folder of a model */
    hone_tokenizer tokenizer;
    hone_self self;
    hone__plugin plugins[2]; /* tokenizer, head */
    hone__section sections[2];
    hone__preparer preparer;
    hone_facts facts;
    hone_log *log;
    char *said; /* the log */
    size_t n_said;
    FILE *stream;
} world;

static const char *path_in(const world *w, const char *name)
{
    const char *path = hone__path_join(w->arena, w->dir, name);
    ck_assert_ptr_nonnull(path);
    return path;
}

static void write_text(const world *w, const char *name, const char *text)
{
    hone_error err;
    const char *path = path_in(w, name);
    ck_assert_int_eq(hone__make_dirs(hone__path_dir(w->arena, path), &err), HONE_OK);
    ck_assert_int_eq(hone__write_file(path, text, strlen(text), &err), HONE_OK);
}

static void write_plugin(world *w, int i, const char *bytes)
{
    static const char *const names[] = {"tokenizer.so", "head.so"};
    w->plugins[i].file = path_in(w, names[i]);
    w->plugins[i].sha256 = hone_alloc(w->arena, 65);
    write_text(w, names[i], bytes);
}

static hone__yaml *settings(world *w, const char *text)
{
    hone_error err;
    hone__yaml *root;
    ck_assert_msg(hone__yaml_parse(w->arena, text, strlen(text), "test", &root, NULL, &err) == HONE_OK, "%s", err.msg);
    return root;
}

static void begin(world *w, const hone_head *head)
{
    static const char *const labels[] = {"x", "y"};
    static const uint64_t counts[] = {3, 4};
    *w = (world){.dir = suite_make_dir(), .arena = hone__arena_create(0), .tokenizer = letters};
    w->self = (hone_self){.size = sizeof w->self, .plugin = &w->tokenizer.plugin, .params = w};
    w->cache = path_in(w, "cache");
    w->model = path_in(w, "model");
    write_text(w, "model/vocab/letters.txt", "a to z");
    write_plugin(w, 0, "the tokenizer");
    write_plugin(w, 1, "the head");
    w->plugins[0].table = &w->tokenizer.plugin;
    w->plugins[1].table = head ? &head->plugin : NULL;
    for (int i = 0; i < 2; i++)
        w->sections[i] = (hone__section){.plugin = &w->plugins[i], .node = settings(w, i ? "{type: head}" : "{type: letters}")};
    w->preparer = make_preparer(head, 6);
    w->preparer.tokenizer = &w->tokenizer;
    w->preparer.tokenizer_self = &w->self;
    w->facts = (hone_facts){.size = sizeof w->facts, .positive = -1, .n_labels = 2, .labels = labels, .counts = counts};
    w->stream = open_memstream(&w->said, &w->n_said);
    w->log = hone__log_create(w->stream, HONE_LOG_INFO);
    ck_assert_ptr_nonnull(w->log);
}

static void end(world *w)
{
    hone__log_destroy(w->log);
    fclose(w->stream);
    free(w->said);
    hone__arena_destroy(w->arena);
    suite_remove_dir(w->dir);
}

static const char *said(world *w)
{
    fflush(w->stream);
    return w->said;
}

static hone_status prepare_through(world *w, const hone_corpus *corpus, bool training, hone__prepared **prepared,
                                   hone_error *err)
{
    hone__cache c;
    const hone__cache_setup setup = {.dir = w->cache,
                                     .preparer = &w->preparer,
                                     .tokenizer = &w->sections[0],
                                     .head = &w->sections[1],
                                     .model_dir = w->model,
                                     .train = corpus,
                                     .facts = &w->facts,
                                     .log = w->log};
    HONE_TRY(hone__cache_open(&c, &setup, err));
    return hone__cache_prepare(&c, corpus, training, NULL, prepared, err);
}

static hone__prepared *through(world *w, const hone_corpus *corpus, bool training)
{
    hone_error err = {0};
    hone__prepared *p = NULL;
    ck_assert_msg(prepare_through(w, corpus, training, &p, &err) == HONE_OK, "%s", err.msg);
    return p;
}

static void use(world *w, const hone_corpus *corpus)
{
    hone__prepared_destroy(through(w, corpus, true));
}

static hone__prepared *plainly(world *w, const hone_corpus *corpus)
{
    hone_error err;
    hone__prepared *p = NULL;
    ck_assert_msg(hone__prepare(&w->preparer, corpus, 0, true, NULL, &p, &err) == HONE_OK, "%s", err.msg);
    return p;
}

/* How many files the cache has; *path is one of them. Whatever else lies there is a mistake. */
static int count_files(world *w, const char **path)
{
    int n = 0;
    DIR *d = opendir(w->cache);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        ck_assert_msg(strncmp(e->d_name, "tokens-", 7) == 0 && strstr(e->d_name, ".safetensors"), "%s lies in the cache",
                      e->d_name);
        if (path)
            *path = hone__path_join(w->arena, w->cache, e->d_name);
        n++;
    }
    if (d)
        closedir(d);
    return n;
}

static void expect_equal(const hone__prepared *a, const hone__prepared *b)
{
    ck_assert_mem_eq(&a->stats, &b->stats, sizeof a->stats);
    ck_assert_ptr_eq(a->corpus, b->corpus);
    ck_assert_uint_eq(a->n_labels, b->n_labels);
    ck_assert_mem_eq(a->example_starts, b->example_starts, (a->stats.examples + 1) * 8);
    ck_assert_mem_eq(a->starts, b->starts, (a->stats.sequences + 1) * 8);
    ck_assert_mem_eq(a->cut, b->cut, a->stats.sequences * 8);
    ck_assert_mem_eq(a->ids, b->ids, a->stats.tokens * 4);
    ck_assert_mem_eq(a->types, b->types, a->stats.tokens * 4);
    ck_assert_uint_eq(a->n_fields, b->n_fields);
    for (size_t i = 0; i < a->n_fields; i++) {
        const hone__named_field *f = &a->fields[i], *g = NULL;
        for (size_t k = 0; k < b->n_fields; k++)
            if (strcmp(b->fields[k].form.name, f->form.name) == 0)
                g = &b->fields[k];
        ck_assert_ptr_nonnull(g);
        const uint64_t owners = hone__owners_of(a, f->form.per);
        ck_assert_int_eq(f->form.per, g->form.per);
        ck_assert_uint_eq(f->form.dtype, g->form.dtype);
        ck_assert(hone_shape_equal(&f->form.row, &g->form.row));
        ck_assert_mem_eq(f->starts, g->starts, (owners + 1) * 8);
        ck_assert_mem_eq(f->data, g->data, f->starts[owners] * f->form.row_size);
    }
}

/* ---- What comes back ----------------------------------------------------------------------------------------------- */

START_TEST(what_comes_out_of_the_cache_is_what_was_prepared)
{
    static const hone_head *const heads[] = {NULL, &windows};
    for (size_t i = 0; i < 2; i++) {
        world w;
        begin(&w, heads[i]);
        hone_corpus *corpus = many(w.arena);
        hone__prepared *plain = plainly(&w, corpus), *first = through(&w, corpus, true), *second = through(&w, corpus, true);
        expect_equal(plain, first);
        expect_equal(plain, second);
        ck_assert_ptr_nonnull(first->file.map.data);
        ck_assert_ptr_nonnull(second->file.map.data);
        ck_assert_int_eq(count_files(&w, NULL), 1);
        ck_assert_ptr_nonnull(strstr(said(&w), "the tokens of train are now in"));
        ck_assert_ptr_nonnull(strstr(said(&w), "the tokens of train are from"));
        hone__prepared_destroy(plain);
        hone__prepared_destroy(first);
        hone__prepared_destroy(second);
        end(&w);
    }
}
END_TEST

START_TEST(without_a_folder_nothing_is_written)
{
    world w;
    begin(&w, NULL);
    w.cache = NULL;
    hone__prepared *p = through(&w, many(w.arena), true);
    ck_assert_ptr_null(p->file.map.data);
    ck_assert_str_eq(said(&w), "");
    hone__prepared_destroy(p);
    end(&w);
}
END_TEST

/* ---- Keys ---------------------------------------------------------------------------------------------------------- */

START_TEST(a_change_of_the_data_or_the_tokenizer_is_another_file)
{
    world w;
    begin(&w, NULL);
    hone_corpus *corpus = make_corpus(w.arena, (row[]){{"ab", NULL, "x"}, {"cd", NULL, "y"}}, 2);
    use(&w, corpus);
    use(&w, make_corpus(w.arena, (row[]){{"ab", NULL, "x"}, {"cd", NULL, "y"}}, 2));
    ck_assert_int_eq(count_files(&w, NULL), 1);
    use(&w, make_corpus(w.arena, (row[]){{"ab", NULL, "x"}, {"ce", NULL, "y"}}, 2));
    ck_assert_int_eq(count_files(&w, NULL), 2);
    write_text(&w, "model/vocab/letters.txt", "a to y"); /* a vocabulary that changed under the same name */
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, NULL), 3);
    w.sections[0].node = settings(&w, "{type: letters, lower_case: true}");
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, NULL), 4);
    write_plugin(&w, 0, "the tokenizer, mended");
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, NULL), 5);
    w.preparer.max_length = 5;
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, NULL), 6);
    const struct named {
        const char *vocabulary;
    } named = {path_in(&w, "named.txt")};
    static const hone_param rows[] = {HONE_PARAM_STRING(struct named, vocabulary, .flags = HONE_PATH, .help = "")};
    w.tokenizer.plugin.params = rows;
    w.tokenizer.plugin.n_params = 1;
    w.tokenizer.plugin.param_size = sizeof *rows;
    w.sections[0].params = &named;
    write_text(&w, "named.txt", "a to z");
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, NULL), 7);
    write_text(&w, "named.txt", "a to y");
    use(&w, corpus);
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, NULL), 8);
    end(&w);
}
END_TEST

START_TEST(a_head_counts_only_where_it_prepares)
{
    static const hone_head *const heads[] = {NULL, &windows};
    for (size_t i = 0; i < 2; i++) {
        world w;
        const int each = heads[i] ? 1 : 0;
        int n = 1;
        begin(&w, heads[i]);
        hone_corpus *corpus = make_corpus(w.arena, (row[]){{"ab", NULL, "x"}, {"cd", NULL, "y"}}, 2);
        use(&w, corpus);
        ck_assert_int_eq(count_files(&w, NULL), n);
        w.preparer.seed = 2;
        use(&w, corpus);
        ck_assert_int_eq(count_files(&w, NULL), n += each);
        w.sections[1].node = settings(&w, "{type: head, stride: 2}");
        use(&w, corpus);
        ck_assert_int_eq(count_files(&w, NULL), n += each);
        write_plugin(&w, 1, "the head, mended");
        use(&w, corpus);
        ck_assert_int_eq(count_files(&w, NULL), n += each);
        w.facts.n_train = 7;
        use(&w, corpus);
        ck_assert_int_eq(count_files(&w, NULL), n += each);
        hone__prepared_destroy(through(&w, corpus, false));
        ck_assert_int_eq(count_files(&w, NULL), n += each);
        end(&w);
    }
}
END_TEST

START_TEST(what_a_head_says_cannot_matter_shares_a_file)
{
    struct settings {
        double dropout, stride;
    };
    static const hone_param rows[] = {
        HONE_PARAM_REAL(struct settings, dropout, .max_real = 1, .flags = HONE_NO_PREPARE, .unit = "1", .help = ""),
        HONE_PARAM_REAL(struct settings, stride, .max_real = 1, .unit = "1", .help = "")};
    hone_head head = windows;
    world w;
    head.plugin.params = rows;
    head.plugin.n_params = 2;
    head.plugin.param_size = sizeof *rows;
    head.prepare_draws_nothing = 1;
    begin(&w, &head);
    hone_corpus *corpus = make_corpus(w.arena, (row[]){{"ab", NULL, "x"}, {"cd", NULL, "y"}}, 2);
    w.sections[1].node = settings(&w, "{type: head, dropout: 0.1, stride: 0.5}");
    use(&w, corpus);
    w.sections[1].node = settings(&w, "{type: head, dropout: 0.2, stride: 0.5}");
    w.preparer.seed = 2;
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, NULL), 1);
    w.sections[1].node = settings(&w, "{type: head, dropout: 0.1, stride: 0.4}");
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, NULL), 2);
    end(&w);
}
END_TEST

/* ---- What can happen to a file -------------------------------------------------------------------------------------- */

static void change_file(const char *path, size_t length, size_t at)
{
    hone_error err;
    char *bytes;
    size_t n;
    ck_assert_int_eq(hone__read_file(path, 0, &bytes, &n, &err), HONE_OK);
    if (at)
        bytes[at < n ? at : n - 1] ^= 1;
    ck_assert_int_eq(hone__write_file(path, bytes, length < n ? length : n, &err), HONE_OK);
    hone__free(bytes);
}

START_TEST(a_damaged_file_is_noticed_and_made_again)
{
    world w;
    const char *path = NULL;
    begin(&w, &windows);
    hone_corpus *corpus = many(w.arena);
    hone__prepared *plain = plainly(&w, corpus);
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, &path), 1);
    static const size_t lengths[] = {0, 7, 500, 5000, SIZE_MAX, SIZE_MAX, SIZE_MAX};
    static const size_t flips[] = {0, 0, 0, 0, 20, 3000, SIZE_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        change_file(path, lengths[i], flips[i]);
        const size_t before = strlen(said(&w));
        hone__prepared *p = through(&w, corpus, true);
        ck_assert_ptr_nonnull(strstr(said(&w) + before, "a file of the token cache is made again"));
        expect_equal(plain, p);
        hone__prepared_destroy(p);
        const size_t after = strlen(said(&w));
        use(&w, corpus);
        ck_assert_ptr_nonnull(strstr(said(&w) + after, "are from"));
    }
    hone__prepared_destroy(plain);
    end(&w);
}
END_TEST

START_TEST(a_file_under_the_name_of_another_is_refused)
{
    world w;
    hone_error err;
    const char *path = NULL;
    hone__prepared *p = NULL;
    begin(&w, NULL);
    hone_corpus *corpus = many(w.arena);
    use(&w, corpus);
    ck_assert_int_eq(count_files(&w, &path), 1);
    ck_assert_int_eq(hone__prepared_open(path, "0123", corpus, 2, &p, &err), HONE_EFORMAT);
    ck_assert_ptr_nonnull(strstr(err.msg, "has another key than its name says"));
    end(&w);
}
END_TEST

START_TEST(the_fuzzers_seeds_are_read_or_refused_as_their_names_say)
{
    static const char folder[] = "tests/fuzz/corpus/tokens";
    hone_arena *arena = hone__arena_create(0);
    hone_corpus *corpus = make_corpus(arena, (row[]){{"a", NULL, "x"}, {"b", NULL, "x"}, {"c", NULL, "x"}}, 3);
    int n = 0;
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        hone_error err = {0};
        hone__prepared *p = NULL;
        char *bytes;
        size_t size;
        if (e->d_name[0] == '.')
            continue;
        ck_assert_int_eq(hone__read_file(hone__path_join(arena, folder, e->d_name), 0, &bytes, &size, &err), HONE_OK);
        const hone_status status = hone__prepared_parse(bytes, size, e->d_name, "key", corpus, 2, &p, &err);
        ck_assert_msg((status == HONE_OK) == (strncmp(e->d_name, "bad-", 4) != 0), "%s: %s", e->d_name, err.msg);
        if (status == HONE_OK)
            hone__prepared_destroy(p);
        hone__free(bytes);
        n++;
    }
    closedir(d);
    ck_assert_int_ge(n, 10);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(a_disk_that_takes_nothing_costs_one_warning)
{
    world w;
    struct rlimit before, small;
    begin(&w, NULL);
    hone_corpus *corpus = many(w.arena);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    hone__prepared *p = through(&w, corpus, true);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    ck_assert_ptr_null(p->file.map.data);
    ck_assert_ptr_nonnull(strstr(said(&w), "there is no token cache: cannot write"));
    hone__prepared *plain = plainly(&w, corpus);
    expect_equal(plain, p);
    hone__prepared_destroy(plain);
    hone__prepared_destroy(p);
    ck_assert_int_eq(count_files(&w, NULL), 0);
    end(&w);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_costs_one_warning)
{
    world w;
    begin(&w, NULL);
    w.cache = hone__path_join(w.arena, w.plugins[0].file, "cache"); /* below a file */
    hone__prepared *p = through(&w, many(w.arena), true);
    ck_assert_ptr_null(p->file.map.data);
    const char *first = strstr(said(&w), "there is no token cache");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "there is no token cache"));
    hone__prepared_destroy(p);
    end(&w);
}
END_TEST

START_TEST(processes_that_make_a_file_at_once_do_each_other_no_harm)
{
    enum { PROCESSES = 4 };
    world w;
    pid_t children[PROCESSES];
    begin(&w, &windows);
    hone_corpus *corpus = many(w.arena);
    hone__prepared *plain = plainly(&w, corpus);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            hone_error err;
            hone__prepared *p = NULL;
            const bool right = prepare_through(&w, corpus, true, &p, &err) == HONE_OK && p->file.map.data &&
                               memcmp(p->ids, plain->ids, plain->stats.tokens * 4) == 0;
            _exit(right ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(count_files(&w, NULL), 1);
    hone__prepared *p = through(&w, corpus, true);
    expect_equal(plain, p);
    hone__prepared_destroy(p);
    hone__prepared_destroy(plain);
    end(&w);
}
END_TEST

/* ---- Memory that runs short ------------------------------------------------------------------------------------------ */

START_TEST(short_memory_is_reported)
{
    world w;
    begin(&w, &windows);
    const hone_corpus *corpus = make_corpus(w.arena, (row[]){{"ab", NULL, "x"}, {"cd", NULL, "y"}}, 2);
    for (int64_t n = 1;; n += 1 + n / 8) { /* each that fails late costs a sync of the disk */
        hone_error err = {0};
        hone__alloc_fail_at(n);
        hone__prepared *p = NULL;
        const hone_status status = prepare_through(&w, corpus, true, &p, &err);
        const bool reached = hone__alloc_count() >= n;
        hone__alloc_fail_at(0);
        if (status == HONE_OK)
            hone__prepared_destroy(p);
        else
            ck_assert_msg(status == HONE_ENOMEM, "allocation %lld failed: %s", (long long)n, err.msg);
        if (!reached)
            break;
        ck_assert_int_eq(hone__remove_tree(w.cache, &err), HONE_OK);
    }
    end(&w);
}
END_TEST

SUITE("cache", what_comes_out_of_the_cache_is_what_was_prepared, without_a_folder_nothing_is_written,
      a_change_of_the_data_or_the_tokenizer_is_another_file, a_head_counts_only_where_it_prepares,
      what_a_head_says_cannot_matter_shares_a_file, a_damaged_file_is_noticed_and_made_again,
      a_file_under_the_name_of_another_is_refused, the_fuzzers_seeds_are_read_or_refused_as_their_names_say,
      a_disk_that_takes_nothing_costs_one_warning, a_folder_that_cannot_be_made_costs_one_warning,
      processes_that_make_a_file_at_once_do_each_other_no_harm, short_memory_is_reported)
