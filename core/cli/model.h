/* model.h - what the commands that use a trained model begin with: DIR FILE [key=value ...].
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_MODEL_H
#define HONE_CORE_CLI_MODEL_H

#include "train/trained.h"

/* The words and options that they share. */
typedef struct hone__model_words {
    const char *dir, *file;
    const char *threads, *plugin, *tokenizer; /* options; NULL: not given */
    bool lines;                               /* each line of the file is a text */
    uint64_t max_length;                      /* tokens of a sequence; 0: as trained */
} hone__model_words;

/* Zero-initialised before hone__model_session_open; closed in any case. */
typedef struct hone__model_session {
    hone_arena *arena;
    hone_log *log; /* warnings, to standard error */
    hone__registry *registry;
    hone__override *overrides;
    size_t n_overrides;
    hone__trained *trained;
    hone_corpus *corpus;
    hone__prepared *prepared;
} hone__model_session;

/* DIR FILE and the key=value words of argv[1 .. n]; prints one sentence and returns false where they are not there. */
bool hone__model_words_take(hone__model_session *s, int n, char **argv, hone__model_words *words) HONE_CHECKED;
/* Opens the model, reads and prepares the file, loads the weights. */
hone_status hone__model_session_open(hone__model_session *s, const hone__model_words *words, bool encoder, bool gold,
                                     hone_error *err) HONE_CHECKED;
void hone__model_session_close(hone__model_session *s);

/* A whole number that an option gives; HONE_ECONFIG names the option. NULL leaves *out alone. */
hone_status hone__option_int(const char *option, const char *text, int64_t least, int64_t most, int64_t *out,
                             hone_error *err) HONE_CHECKED;
/* Prints "hone COMMAND: ..." for a failure; what the process exits with. */
int hone__model_exit(const char *command, hone_status status, const hone_error *err);

/* To a file, whole or not at all; to standard output where path is NULL or "-". */
struct hone__str;
hone_status hone__output_write(const char *path, const struct hone__str *text, hone_error *err) HONE_CHECKED;

#endif
