/* file.h - files that appear whole or not at all, whole-file reads, read-only maps and paths.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_FILE_H
#define HONE_CORE_BASE_FILE_H

#include <hone/base.h>
#include <stdarg.h>
#include <stdio.h>

/* A file being written: a temporary file in the same folder, and, at commit, fsync, rename and fsync of the folder. A failed
 * fsync is final: the file is given up, never synced again (the kernel may have dropped the pages). Killed at any instant, the
 * old file or the new one is there under the name. */
typedef struct hone__writer {
    FILE *stream; /* write here */
    char *path, *temporary;
} hone__writer;

hone_status hone__writer_open(hone__writer *w, const char *path, hone_error *err) HONE_CHECKED;
/* Reports also what went wrong while writing (a full disk). The writer is closed either way. */
hone_status hone__writer_commit(hone__writer *w, hone_error *err) HONE_CHECKED;
void hone__writer_abandon(hone__writer *w); /* after commit: nothing */

/* The three in one. */
hone_status hone__write_file(const char *path, const void *bytes, size_t n, hone_error *err) HONE_CHECKED;

/* The whole file, NUL-terminated behind its n bytes, freed with hone__free. `limit` bytes at most (0: no limit). "-" is not
 * special. Refuses folders; a FIFO is read to its end. */
hone_status hone__read_file(const char *path, size_t limit, char **bytes, size_t *n, hone_error *err) HONE_CHECKED;

/* A read-only private map of a regular file. */
typedef struct hone__map_file {
    const unsigned char *data;
    size_t n;
} hone__map_file;
hone_status hone__map_open(hone__map_file *m, const char *path, hone_error *err) HONE_CHECKED;
void hone__map_close(hone__map_file *m);

bool hone__exists(const char *path);
bool hone__is_dir(const char *path);
hone_status hone__make_dirs(const char *path, hone_error *err) HONE_CHECKED;   /* like mkdir -p */
hone_status hone__remove_tree(const char *path, hone_error *err) HONE_CHECKED; /* does not follow links; absent is fine */
/* Bytes and number of the files in a folder and below (of a file: its own); links count as themselves. */
hone_status hone__tree_size(const char *path, uint64_t *bytes, uint64_t *files, hone_error *err) HONE_CHECKED;
bool hone__is_temporary(const char *name); /* of a file that a writer left which was killed */
/* Temporary files in the folder that writers left which were killed; an absent folder has none. */
hone_status hone__remove_temporaries(const char *dir, hone_error *err) HONE_CHECKED;
hone_status hone__sync_dir(const char *path, hone_error *err) HONE_CHECKED;

/* dir/name; name alone where it is absolute or dir is NULL, "" or ".". NULL when memory is short. */
char *hone__path_join(hone_arena *arena, const char *dir, const char *name) HONE_CHECKED;
char *hone__path_dir(hone_arena *arena, const char *path) HONE_CHECKED; /* "." where there is none */
const char *hone__path_base(const char *path);
/* The folder of the running program, from /proc/self/exe; NULL if unknown. */
char *hone__program_dir(hone_arena *arena) HONE_CHECKED;

#endif
