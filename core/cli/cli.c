/* cli.c - finds the command that a command line names, and runs it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

const hone__command hone__commands[] = {
    {"check", hone__cli_check, "FILE [key=value ...] [--render | --data]",
     "every mistake of an experiment file at once, all of it with every default, or what its data is like",
     "hone check experiments/quickstart/quickstart.yaml optimizer.learning_rate=1.0e-4 --render", NULL},
    {"clean", hone__cli_clean, "DIR [--dry-run]", "removes what a run can do without: its caches and checkpoints",
     "hone clean reports/mrpc --dry-run",
     "Says what it removes, and how many bytes that is; with --dry-run it only says it. Metrics, logs, results and models "
     "stay. A trial "
     "that\n"
     "is not finished would begin anew, with the same numbers. A run at work is refused; a cache_dir elsewhere is left alone."},
    {"compare", hone__cli_compare, "DIR DIR ... [--metric NAME] [--output FOLDER] [--json]",
     "sets several runs side by side: figures with intervals, paired tests, what differs, curves",
     "hone compare reports/mrpc reports/mrpc2",
     "Of each run it takes the trial that stands for its best point. Intervals and the tests (paired bootstrap; McNemar's "
     "where each "
     "example\n"
     "has one label) draw the validation examples again; runs on other examples are shown and not tested. --metric is by "
     "default that of "
     "the\n"
     "first run. FOLDER (compare) gets compare.md and plots/."},
    {"describe", hone__cli_describe, "[KIND[/NAME]] [--markdown | --json]",
     "what a kind of plugin or one of them does, and its parameters with units, defaults and ranges",
     "hone describe optimizer/adamw", NULL},
    {"doctor", hone__cli_doctor, "[--json]", "what this machine lacks, and what to do about it", "hone doctor", NULL},
    {"embed", hone__cli_embed,
     "DIR FILE|- [--pooling mean|cls|none | --unit vocabulary] [--layers -1] [--output X.npy|X.tsv|X.vec] [--normalize]\n"
     "       [--lines] [--max-length N] [--cased] [--tokenizer TYPE] [--plugin FILE] [--threads N] [key=value ...]",
     "vectors of texts, of tokens, or of the words of a file, out of any model that hone reads",
     "hone embed all-MiniLM-L6-v2 lines.txt --pooling mean --normalize --output lines.npy",
     "DIR is a model's folder, trained by hone or not, or that of a run or trial. FILE is read as the training data was "
     "(key=value\n"
     "changes that), or, with --lines and for models that hone did not train, as one text a line; - is standard input.\n"
     "  --pooling   a text is the mean of its tokens (the default) or its first token; none: every token has its vector\n"
     "  --unit      vocabulary: one mean vector for each distinct word or Chinese character of the file; words keep their "
     "case\n"
     "              with --cased, or where the model's tokenizer keeps it\n"
     "  --layers    0 is the embeddings, 1 the first layer, -1 the last; of several (-4,-3,-2,-1) the mean is taken\n"
     "  --output    its ending says the form: NumPy, tab-separated, or word2vec's text; without it .tsv, with --unit .vec"},
    {"evaluate", hone__cli_evaluate,
     "DIR FILE|- [--output FILE] [--json] [--plugin FILE] [--threads N] [key=value ...] | RUN --test",
     "the figures of a trained model on other data that has labels",
     "hone evaluate reports/mrpc test.tsv columns.label=Quality --output predictions.tsv",
     "DIR is that of a run (its best model), a trial or a model. FILE is read as the training data was; key=value changes "
     "settings of\n"
     "the reader. --output is for the predictions."},
    {"inspect", hone__cli_inspect, "FILE [--json]", "the tensors of a safetensors file, and the range of their values",
     "hone inspect model.safetensors", NULL},
    {"new", hone__cli_new, "KIND NAME [--dir FOLDER]", "the beginning of a plugin: a C file that builds and passes its checks",
     "hone new head mine", NULL},
    {"plan", hone__cli_plan, "FILE [key=value ...] [--no-time] [--json]",
     "the points that a sweep would run, and what they would cost in memory and time",
     "hone plan experiments/quickstart/quickstart.yaml",
     "Of searches that learn, it lists the points that need no results. Memory is the process, the data, the weights, their "
     "gradients and "
     "the\n"
     "optimizer's slots, and the planned activations of the largest batch that the seed draws. Time is the operations of all "
     "batches, at "
     "the\n"
     "rate of some steps of the first point, which are run here (not with --no-time); early stopping, reading and saving are "
     "not in it."},
    {"plugins", hone__cli_plugins, "[--kind KIND] [--json] | check FILE.so ... [--verbose]",
     "the plugins there are; or whether those of a file keep the promises of their kind", "hone plugins check ./mine.so", NULL},
    {"predict", hone__cli_predict,
     "DIR FILE|- [--output FILE] [--json] [--lines] [--plugin FILE] [--threads N] [key=value ...]",
     "labels new data with a trained model", "hone predict reports/mrpc new.tsv columns.text=sentence --output predictions.tsv",
     "DIR is that of a run (its best model), a trial or a model. FILE is read as the training data was, labels not being "
     "looked at;\n"
     "key=value changes settings of the reader. With --lines each line is a text; - is standard input. Predictions are "
     "tab-separated,\n"
     "as in a trial's predictions.tsv, or with --json one object a line. A head of several outputs gives them all: one table "
     "behind "
     "the\n"
     "other, or in files with their names (predictions.relation.tsv)."},
    {"report", hone__cli_report, "DIR ... [--format svg|png|pdf] [--json]",
     "makes the reports of runs again, out of their directories", "hone report reports/mrpc --format png",
     "index.html is one page that needs nothing else, report.md the same as text. Every picture is an SVG; --format draws them "
     "as PNG "
     "or\nPDF too, beside the SVG, its script and its data in plots/."},
    {"resume", hone__cli_resume, "DIR [--failed] [--accept-changed] [--quiet | --json]",
     "finishes a run that was interrupted or killed", "hone resume reports/mrpc",
     "What is done stays; trials that were running go on from their checkpoints, and end with the numbers of a run that was "
     "never\n"
     "interrupted. --failed runs the points of failed trials again, as new trials. A changed build or processor is refused, "
     "unless\n"
     "--accept-changed is given."},
    {"run", hone__cli_run, "FILE [key=value ...] [--force] [--quiet | --json]",
     "runs an experiment or a sweep, and reports on it", "hone run experiments/mrpc/grid.yaml trainer.num_train_epochs=3",
     NULL},
    {"schema", hone__cli_schema, "", "the JSON Schema of experiment files, for editors", "hone schema > hone.schema.json",
     NULL},
    {"status", hone__cli_status, "DIR [--json]", "how far a run is, also while it runs", "hone status reports/mrpc",
     "What is done, what runs with its step, newest numbers and time left, what failed and why, and the best so far. It takes "
     "no lock "
     "and\n"
     "changes nothing."},
    {"tokenize", hone__cli_tokenize, "DIR|VOCAB FILE [--type NAME] [--json]",
     "the tokens of every line of a file, by a model's tokenizer or a vocabulary",
     "hone tokenize all-MiniLM-L6-v2 lines.txt --json", NULL},
    {"trial", hone__cli_trial, "DIR", "one trial, as the launcher of a sweep starts it", "hone trial reports/mrpc/trials/0007",
     NULL},
    {"version", hone__cli_version, "[--json]", "hone, its libraries, the processor, and the backends there are", "hone version",
     NULL},
    {"vocab", hone__cli_vocab,
     "FILE ... --size N [--cased] [--min-frequency K] [--limit-alphabet K] [--output vocab.txt] [--force] [--json]",
     "a WordPiece vocabulary learnt from texts (`-`: standard input), for models trained from scratch",
     "hone vocab train.txt --size 8000 --output vocab.txt", NULL},
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
    if (c->more)
        printf("\n%s\n", c->more);
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
