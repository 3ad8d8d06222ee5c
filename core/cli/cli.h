/* cli.h - the command line: one table of {word, function, help}.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_CLI_H
#define HONE_CORE_CLI_CLI_H

#include <hone/base.h>

/* What the process exits with. */
enum {
    HONE__EXIT_DONE = 0,
    HONE__EXIT_FAILED = 1,
    HONE__EXIT_USAGE = 2,        /* wrong use or configuration */
    HONE__EXIT_SOME_FAILED = 3,  /* a sweep finished, with failed trials */
    HONE__EXIT_INTERRUPTED = 75, /* can be resumed */
};

/* One word of the command line. `run` gets the arguments from its own word on (argv[0] is the word). */
typedef struct hone__command {
    const char *word;
    int (*run)(int argc, char **argv);
    const char *arguments; /* "FILE [key=value ...]", "" where there are none */
    const char *help;      /* one line, without a full stop */
    const char *example;   /* one line that can be typed as it is; may be NULL */
    const char *more;      /* lines of the command's own help; may be NULL */
} hone__command;

/* All commands, ended by a row without a word. */
extern const hone__command hone__commands[];

/* The commands that have a file of their own. */
int hone__cli_check(int argc, char **argv);
int hone__cli_check_plugins(int argc, char **argv); /* argv[0] is "check" */
int hone__cli_clean(int argc, char **argv);
int hone__cli_compare(int argc, char **argv);
int hone__cli_describe(int argc, char **argv);
int hone__cli_doctor(int argc, char **argv);
int hone__cli_embed(int argc, char **argv);
int hone__cli_evaluate(int argc, char **argv);
int hone__cli_inspect(int argc, char **argv);
int hone__cli_new(int argc, char **argv);
int hone__cli_plan(int argc, char **argv);
int hone__cli_plugins(int argc, char **argv);
int hone__cli_predict(int argc, char **argv);
int hone__cli_report(int argc, char **argv);
int hone__cli_resume(int argc, char **argv);
int hone__cli_run(int argc, char **argv);
int hone__cli_score(const char *run); /* hone evaluate RUN --test */
int hone__cli_schema(int argc, char **argv);
int hone__cli_status(int argc, char **argv);
int hone__cli_tokenize(int argc, char **argv);
int hone__cli_trial(int argc, char **argv);
int hone__cli_version(int argc, char **argv);
int hone__cli_vocab(int argc, char **argv);

/* The program's main; exits with one of the numbers above. */
HONE_EXPORT int hone_main(int argc, char **argv);

#endif
