/* cli.c - finds the command that a command line names, and runs it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

const hone__command hone__commands[] = {
    {"check", hone__cli_check, "FILE [key=value ...] [--render]",
     "every mistake of an experiment file at once, or all of it with every default",
     "hone check experiments/quickstart/quickstart.yaml optimizer.learning_rate=1.0e-4 --render"},
    {"describe", hone__cli_describe, "[KIND[/NAME]] [--markdown | --json]",
     "what a kind of plugin or one of them does, and its parameters with units, defaults and ranges",
     "hone describe optimizer/adamw"},
    {"doctor", hone__cli_doctor, "[--json]", "what this machine lacks, and what to do about it", "hone doctor"},
    {"inspect", hone__cli_inspect, "FILE [--json]", "the tensors of a safetensors file, and the range of their values",
     "hone inspect model.safetensors"},
    {"new", hone__cli_new, "KIND NAME [--dir FOLDER]", "the beginning of a plugin: a C file that builds and passes its checks",
     "hone new head mine"},
    {"plugins", hone__cli_plugins, "[--kind KIND] [--json] | check FILE.so ... [--verbose]",
     "the plugins there are; or whether those of a file keep the promises of their kind", "hone plugins check ./mine.so"},
    {"report", hone__cli_report, "DIR ...", "makes the reports of runs again, out of their directories",
     "hone report reports/mrpc"},
    {"run", hone__cli_run, "FILE [key=value ...] [--force] [--quiet | --json]",
     "runs an experiment or a sweep, and reports on it", "hone run experiments/mrpc/grid.yaml trainer.num_train_epochs=3"},
    {"schema", hone__cli_schema, "", "the JSON Schema of experiment files, for editors", "hone schema > hone.schema.json"},
    {"tokenize", hone__cli_tokenize, "DIR|VOCAB FILE [--type NAME] [--json]",
     "the tokens of every line of a file, by a model's tokenizer or a vocabulary",
     "hone tokenize all-MiniLM-L6-v2 lines.txt --json"},
    {"trial", hone__cli_trial, "DIR", "one trial, as the launcher of a sweep starts it", "hone trial reports/mrpc/trials/0007"},
    {"version", hone__cli_version, "[--json]", "hone, its libraries, the processor, and the backends there are",
     "hone version"},
    {"vocab", hone__cli_vocab,
     "FILE ... --size N [--cased] [--min-frequency K] [--limit-alphabet K] [--output vocab.txt] [--force] [--json]",
     "a WordPiece vocabulary learnt from texts (`-`: standard input), for models trained from scratch",
     "hone vocab train.txt --size 8000 --output vocab.txt"},
    {0},
};

static void print_usage(FILE *out)
{
    fprintf(out, "usage: hone COMMAND [ARGUMENT ...]\n\n");
    for (const hone__command *c = hone__commands; c->word; c++)
        fprintf(out, "  hone %-9s %s\n", c->word, c->help);
    fprintf(out, "\n`hone COMMAND --help` gives the arguments of one of them, and an example.\n");
}

static void print_help(const hone__command *c)
{
    printf("usage: hone %s%s%s\n\n%s.\n", c->word, c->arguments[0] ? " " : "", c->arguments, c->help);
    if (c->example)
        printf("\nExample: %s\n", c->example);
}

static const hone__command *find_command(const char *word)
{
    if (strcmp(word, "--version") == 0)
        word = "version";
    for (const hone__command *c = hone__commands; c->word; c++)
        if (strcmp(c->word, word) == 0)
            return c;
    return NULL;
}

static const char *command_name(const void *ctx, size_t i)
{
    return ((const hone__command *)ctx)[i].word;
}

static void complain(const char *word)
{
    char shown[80];
    const char *nearest = hone__nearest(word, command_name, hone__commands);
    fprintf(stderr, "hone: there is no command %s; ", hone__shown(word, shown, sizeof shown));
    if (nearest)
        fprintf(stderr, "did you mean %s? ", nearest);
    fprintf(stderr, "`hone --help` lists them\n");
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int hone_main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return HONE__EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return HONE__EXIT_DONE;
    }
    const hone__command *command = find_command(argv[1]);
    if (!command) {
        complain(argv[1]);
        return HONE__EXIT_USAGE;
    }
    if (asks_for_help(argc - 1, argv + 1)) {
        print_help(command);
        return HONE__EXIT_DONE;
    }
    return command->run(argc - 1, argv + 1);
}
