/* file.c - files that appear whole or not at all, whole-file reads, maps and folders.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/alloc.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* "cannot VERB PATH: why", from errno. */
static hone_status io_error(hone_error *err, const char *verb, const char *path, int number)
{
    char shown[512], why[128];
    hone__shown(path, shown, sizeof shown);
    /* The GNU form, which _GNU_SOURCE gives: it returns the text, in `why` or elsewhere. */
    return hone_fail(err, HONE_EIO, "cannot %s %s: %s", verb, shown, strerror_r(number, why, sizeof why));
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static char *copy_text(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = hone__malloc(n);
    return copy ? memcpy(copy, text, n) : NULL;
}

static void free_names(hone__writer *w)
{
    hone__free(w->path);
    hone__free(w->temporary);
    *w = (hone__writer){0};
}

/* A new file beside w->path. Not mkstemp, whose files only their owner may read. Names of a killed process, or of a process of
 * the same number on another machine, are stepped over. */
static int create_temporary(hone__writer *w, size_t size)
{
    for (unsigned i = 0;; i++) {
        snprintf(w->temporary, size, "%s.tmp.%ld.%u", w->path, (long)getpid(), i);
        int fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST || i == UINT16_MAX)
            return fd;
    }
}

hone_status hone__writer_open(hone__writer *w, const char *path, hone_error *err)
{
    size_t size = strlen(path) + 64;
    *w = (hone__writer){.path = copy_text(path), .temporary = hone__malloc(size)};
    if (!w->path || !w->temporary) {
        free_names(w);
        return hone_no_memory(err, "opening a file for writing");
    }
    int fd = create_temporary(w, size);
    if (fd < 0) {
        int number = errno;
        free_names(w);
        return io_error(err, "write", path, number);
    }
    w->stream = fdopen(fd, "wb");
    if (!w->stream) {
        close(fd);
        unlink(w->temporary);
        free_names(w);
        return hone_no_memory(err, "opening a file for writing");
    }
    return HONE_OK;
}

/* Everything on the disk under the temporary name, and the stream closed; else errno (EIO where an earlier write failed and its
 * reason is forgotten). */
static int flush_and_close(FILE *stream)
{
    errno = 0;
    bool failed = ferror(stream) != 0;
    if (fflush(stream) != 0 || failed || fsync(fileno(stream)) != 0) {
        int number = errno ? errno : EIO;
        fclose(stream);
        return number;
    }
    return fclose(stream) == 0 ? 0 : errno;
}

static hone_status sync_dir_of(const char *path, hone_error *err)
{
    char *dir = copy_text(path);
    if (!dir)
        return hone_no_memory(err, "writing a file");
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir ? 1 : 0] = '\0';
    hone_status status = hone__sync_dir(slash ? dir : ".", err);
    hone__free(dir);
    return status;
}

hone_status hone__writer_commit(hone__writer *w, hone_error *err)
{
    int number = flush_and_close(w->stream);
    w->stream = NULL;
    if (number == 0 && rename(w->temporary, w->path) != 0)
        number = errno;
    hone_status status = HONE_OK;
    if (number != 0) {
        unlink(w->temporary);
        status = io_error(err, "write", w->path, number);
    } else {
        status = sync_dir_of(w->path, err);
    }
    free_names(w);
    return status;
}

void hone__writer_abandon(hone__writer *w)
{
    if (!w->stream)
        return;
    fclose(w->stream);
    unlink(w->temporary);
    free_names(w);
}

hone_status hone__write_file(const char *path, const void *bytes, size_t n, hone_error *err)
{
    hone__writer w;
    HONE_TRY(hone__writer_open(&w, path, err));
    fwrite(bytes, 1, n, w.stream); /* the commit sees what went wrong */
    return hone__writer_commit(&w, err);
}

hone_status hone__sync_dir(const char *path, hone_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return io_error(err, "open the folder", path, errno);
    int number = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    /* Some file systems know no fsync of a folder; they promise what it would. */
    return number == 0 || number == EINVAL || number == ENOTSUP ? HONE_OK : io_error(err, "sync the folder", path, number);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static hone_status open_to_read(const char *path, int *fd, struct stat *st, hone_error *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return io_error(err, "read", path, errno);
    int number = fstat(*fd, st) != 0 ? errno : S_ISDIR(st->st_mode) ? EISDIR : 0;
    if (number == 0)
        return HONE_OK;
    close(*fd);
    return io_error(err, "read", path, number);
}

static hone_status too_large(const char *path, size_t limit, hone_error *err)
{
    char shown[512];
    hone__shown(path, shown, sizeof shown);
    return hone_fail(err, HONE_EFORMAT, "%s is larger than the %zu bytes that are allowed here", shown, limit);
}

/* Reads fd to its end into *bytes, which the caller frees whatever comes back. `expected` bytes are asked for first. */
static hone_status read_all(int fd, const char *path, size_t expected, size_t limit, char **bytes, size_t *n, hone_error *err)
{
    size_t cap = expected + 2; /* one byte more than expected shows the end, one is for the NUL */
    *n = 0;
    *bytes = hone__malloc(cap);
    while (*bytes) {
        ssize_t got = read(fd, *bytes + *n, cap - 1 - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(err, "read", path, errno);
        if (got == 0) {
            (*bytes)[*n] = '\0';
            return HONE_OK;
        }
        *n += (size_t)got;
        if (*n > limit)
            return too_large(path, limit, err);
        if (*n < cap - 1)
            continue;
        char *grown = cap <= SIZE_MAX / 2 ? hone__realloc(*bytes, cap *= 2) : NULL;
        if (!grown)
            break;
        *bytes = grown;
    }
    return hone_no_memory(err, "reading a file");
}

hone_status hone__read_file(const char *path, size_t limit, char **bytes, size_t *n, hone_error *err)
{
    int fd;
    struct stat st;
    *bytes = NULL;
    *n = 0;
    if (limit == 0)
        limit = PTRDIFF_MAX - 2;
    HONE_TRY(open_to_read(path, &fd, &st, err));
    size_t expected = S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size : 4096;
    hone_status status = S_ISREG(st.st_mode) && (uint64_t)st.st_size > limit
                             ? too_large(path, limit, err)
                             : read_all(fd, path, expected, limit, bytes, n, err);
    close(fd);
    if (status != HONE_OK) {
        hone__free(*bytes);
        *bytes = NULL;
        *n = 0;
    }
    return status;
}

hone_status hone__map_open(hone__map_file *m, const char *path, hone_error *err)
{
    static const unsigned char nothing[1];
    int fd;
    struct stat st;
    *m = (hone__map_file){0};
    HONE_TRY(open_to_read(path, &fd, &st, err));
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return hone_fail(err, HONE_EIO, "cannot map %s: it is not a regular file", path);
    }
    if (st.st_size == 0) { /* mmap knows no empty maps */
        close(fd);
        m->data = nothing;
        return HONE_OK;
    }
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int number = errno;
    close(fd);
    if (data == MAP_FAILED)
        return io_error(err, "map", path, number);
    *m = (hone__map_file){data, (size_t)st.st_size};
    return HONE_OK;
}

void hone__map_close(hone__map_file *m)
{
    if (m->n)
        munmap((void *)(uintptr_t)m->data, m->n);
    *m = (hone__map_file){0};
}

/* ---- Folders ----------------------------------------------------------------------------------------------------- */

bool hone__exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool hone__is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

hone_status hone__make_dirs(const char *path, hone_error *err)
{
    char *part = copy_text(path);
    if (!part)
        return hone_no_memory(err, "making a folder");
    int number = 0;
    for (char *p = part + (*part == '/');; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        number = mkdir(part, 0777) == 0 || hone__is_dir(part) ? 0 : errno;
        *p = end;
        if (number != 0 || end == '\0')
            break;
        while (p[1] == '/')
            p++;
        if (p[1] == '\0')
            break;
    }
    hone__free(part);
    return number == 0 ? HONE_OK : io_error(err, "make the folder", path, number);
}

static int remove_entry(int parent, const char *name);

/* Everything in the folder `fd`, which is closed. Returns errno, as all of these do. */
static int remove_entries(int fd)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int number = errno;
        close(fd);
        return number;
    }
    int number = 0;
    errno = 0;
    for (struct dirent *entry = readdir(dir); entry && number == 0; errno = 0, entry = readdir(dir))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            number = remove_entry(dirfd(dir), entry->d_name);
    if (number == 0)
        number = errno;
    closedir(dir);
    return number;
}

static int remove_entry(int parent, const char *name)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM) /* POSIX says EPERM for a folder, Linux EISDIR */
        return errno;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int number = remove_entries(fd);
    if (number == 0 && unlinkat(parent, name, AT_REMOVEDIR) != 0)
        number = errno;
    return number;
}

hone_status hone__remove_tree(const char *path, hone_error *err)
{
    int number = remove_entry(AT_FDCWD, path);
    return number == 0 ? HONE_OK : io_error(err, "remove", path, number);
}

static int add_size(int parent, const char *name, uint64_t *bytes, uint64_t *files)
{
    struct stat st;
    int number = 0;
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : errno;
    if (!S_ISDIR(st.st_mode)) {
        *bytes += (uint64_t)st.st_size;
        ++*files;
        return 0;
    }
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        number = errno;
        if (fd >= 0)
            close(fd);
        return number;
    }
    for (struct dirent *entry; number == 0 && (entry = readdir(dir)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            number = add_size(dirfd(dir), entry->d_name, bytes, files);
    closedir(dir);
    return number;
}

hone_status hone__tree_size(const char *path, uint64_t *bytes, uint64_t *files, hone_error *err)
{
    *bytes = *files = 0;
    const int number = add_size(AT_FDCWD, path, bytes, files);
    return number == 0 ? HONE_OK : io_error(err, "look at", path, number);
}

/* "NAME.tmp.PROCESS.COUNT", as create_temporary() makes them. */
bool hone__is_temporary(const char *name)
{
    static const char mark[] = ".tmp.";
    const char *at = NULL;
    for (const char *p = strstr(name, mark); p; p = strstr(p + 1, mark))
        at = p;
    if (!at)
        return false;
    at += sizeof mark - 1;
    const size_t process = strspn(at, "0123456789");
    const size_t count = at[process] == '.' ? strspn(at + process + 1, "0123456789") : 0;
    return process > 0 && count > 0 && at[process + 1 + count] == '\0';
}

hone_status hone__remove_temporaries(const char *path, hone_error *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? HONE_OK : io_error(err, "read the folder", path, errno);
    int number = 0;
    for (struct dirent *entry; number == 0 && (entry = readdir(dir)) != NULL;)
        if (hone__is_temporary(entry->d_name) && unlinkat(dirfd(dir), entry->d_name, 0) != 0 && errno != ENOENT)
            number = errno;
    closedir(dir);
    return number == 0 ? HONE_OK : io_error(err, "remove temporary files in", path, number);
}

/* ---- Paths ------------------------------------------------------------------------------------------------------- */

char *hone__path_join(hone_arena *arena, const char *dir, const char *name)
{
    if (*name == '/' || !dir || !*dir || strcmp(dir, ".") == 0)
        return hone_strdup(arena, name);
    const char *slash = dir[strlen(dir) - 1] == '/' ? "" : "/";
    return hone_sprintf(arena, "%s%s%s", dir, slash, name);
}

char *hone__path_dir(hone_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return hone_strdup(arena, ".");
    return hone_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

const char *hone__path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *hone__program_dir(hone_arena *arena)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    if (n <= 0 || (size_t)n >= sizeof path)
        return NULL;
    path[n] = '\0';
    return hone__path_dir(arena, path);
}
