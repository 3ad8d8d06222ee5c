/* folder.h - a folder of files that appears whole or not at all, also in the place of an older one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_FOLDER_H
#define HONE_CORE_BASE_FOLDER_H

#include "base/file.h"

/* A folder being written beside the one it will become. Its files are written there (each with its own fsync), and commit puts it in
 * place: where there is an older one, the two change names in one operation, and the older one is removed. Killed at any instant, the
 * old folder or the new one is there under the name; what was left beside it, the next writer of that name takes away. One writer at a
 * time. */
typedef struct hone__folder_writer {
    char *path;
    char *temporary; /* write here: PATH.new */
} hone__folder_writer;

hone_status hone__folder_begin(hone__folder_writer *w, const char *path, hone_error *err) HONE_CHECKED;
/* The writer is closed either way. */
hone_status hone__folder_commit(hone__folder_writer *w, hone_error *err) HONE_CHECKED;
void hone__folder_abandon(hone__folder_writer *w); /* removes what was written; after commit: nothing */

/* The files of the folder `from` once more as the folder `path`, as hard links, where the file system has none as copies. Folders inside
 * are left out. */
hone_status hone__folder_link(const char *from, const char *path, hone_error *err) HONE_CHECKED;

#endif
