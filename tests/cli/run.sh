#!/bin/bash
# run.sh - `hone run` and `hone report` end to end: a sweep that is fine, one whose trials crash, fail, hang and diverge, interruption,
# refusals, and a report made again.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=${HONE_PROGRAM:?run this test through ctest}
cc=${CC:-cc}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-run-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0

fail() {
    echo "$*"
    failures=$((failures + 1))
}

# run CODE ARGUMENT ...: the exit code must be that; output and errors are left in $dir/out and $dir/err
run() {
    local code=$1
    shift
    "$hone" "$@" >"$dir/out" 2>"$dir/err"
    local status=$?
    [ $status -eq "$code" ] || fail "hone $*: exit code $status, not $code: $(cat "$dir/out" "$dir/err")"
}

says() { # FILE TEXT
    grep -qF -- "$2" "$dir/$1" || fail "there is no \"$2\" in $1: $(cat "$dir/$1")"
}

there() { # PATH
    [ -s "$dir/$1" ] || fail "$1 is not there, or empty"
}

# Sixty sentences of two kinds that a bag of words tells apart at once.
awk -v dir="$dir" 'BEGIN {
    for (i = 0; i < 60; i++) {
        file = dir "/" (i % 3 ? "train" : "validation") ".tsv"
        if (!(file in begun)) { print "text\tlabel" >file; begun[file] = 1 }
        print (i % 2 ? "a cat and a dog near tree " : "one ship on the sea with wind ") (i % 7) "\t" (i % 2 ? "animal" : "it'"'"'s a ship") >file
    }
}'
cat >"$dir/sweep.yaml" <<'YAML'
name: small
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 8}
head: {type: classification, dropout: 0.0}
optimizer: {type: adamw}
schedule: {type: constant}
trainer: {num_train_epochs: 5, train_batch_size: 8}
metrics: [accuracy]
sweep:
  method: grid
  metric: {name: validation/accuracy}
  parameters:
    optimizer.learning_rate: {values: [1.0e-9, 5.0e-2]}
    model.hidden_size: {values: [4, 8]}
YAML

# A sweep that is fine: exit code, leaderboard, and every file that it names.
cd "$dir" || exit 1
run 0 run sweep.yaml output_dir=fine
says err "trial 3 complete: validation/accuracy 1.0000"
says out "fine/leaderboard.tsv"
for file in report.md leaderboard.tsv best.yaml experiment.yaml environment.json journal.log plots/learning_curves.gp \
    plots/learning_curves.dat trials/0000/trial.yaml trials/0003/result.json trials/0003/log.txt trials/0002/predictions.tsv; do
    there "fine/$file"
done
[ -e fine/lock ] && fail "the lock is left behind"
[ "$(wc -l <fine/leaderboard.tsv)" -eq 5 ] || fail "not four trials in $(cat fine/leaderboard.tsv)"
# Equal trials are ranked by number: 2 and 3 have the large learning rate.
[ "$(cut -f 1,2 fine/leaderboard.tsv | sed -n 2p)" = "$(printf '1\t2')" ] || fail "not trial 2 first: $(cat fine/leaderboard.tsv)"
if command -v gnuplot >/dev/null; then
    there fine/plots/learning_curves.svg
    there fine/plots/confusion_matrix.svg
    (cd fine/plots && rm -f confusion_matrix.svg && gnuplot confusion_matrix.gp)
    there fine/plots/confusion_matrix.svg
    says fine/plots/confusion_matrix.svg "it's a ship"
fi

# What the data is like stands on the terminal before the first trial, in the directory and in the report: rows, labels, lengths, what is
# cut, and what stands in two splits.
says err "train       40 examples; tokens: least "
says err "labels      "
says err "warning: "
[ "$(grep -n "^train  " err | cut -d : -f 1)" -lt "$(grep -n "^trial 0 started" err | cut -d : -f 1)" ] || fail "the data is shown after the first trial: $(cat err)"
there fine/data.txt
says fine/data.txt "validation  20 examples; tokens: "
says fine/data.txt "examples stand in training too, with the same texts; the first is "
says fine/report.md "## The data"
says fine/report.md "$(head -1 fine/data.txt)"
run 0 check --data sweep.yaml tokenizer.max_length=4
says out "40 cut (100.0 %)"
run 0 check --data sweep.yaml 'sweep.parameters={tokenizer.max_length: {values: [4, 16]}}' # the first point's tokenizer
says out "40 cut (100.0 %)"
run 0 run sweep.yaml sweep=null output_dir=used trainer.max_train_samples=16 --quiet
[ -s err ] && fail "--quiet is not quiet: $(cat err)"
says used/data.txt "train       40 examples, of which the first 16 are used"

# Data that cannot be read costs a line, and its trials say so themselves.
printf 'text\tlabel\na plant\tplant\n' >odd.tsv
run 1 run sweep.yaml sweep=null output_dir=odd data.validation=odd.tsv
says err "The data could not be looked at before training: "
says err "odd.tsv:2"
says err "trial 0 FAILED"
says odd/report.md "The data could not be looked at before training: "

# Test data is scored once, with the chosen model, apart from what trials are compared by.
cp validation.tsv test.tsv
run 0 run sweep.yaml output_dir=tested data.test=test.tsv
says err "test/accuracy 1.0000"
says tested/report.md "## Test data, scored once"
says tested/report.md "| test/accuracy | 1.0000 |"
cut -f 2- tested/test/predictions.tsv >a && cut -f 2- tested/trials/0002/predictions.tsv >b
cmp -s a b || fail "the chosen model predicts otherwise on the same rows as test data"
cut -f 1-7 fine/leaderboard.tsv >a && cut -f 1-7 tested/leaderboard.tsv >b
cmp -s a b || fail "test data changes the leaderboard: $(cat a b)"
run 2 evaluate --test tested
says err "scored once"
run 2 evaluate --test fine
says err "no data.test"

# The whole configuration as run runs again, wherever it lies; and so does the best trial's. Their numbers are the same.
run 0 run fine/experiment.yaml output_dir=again
for t in 0000 0001 0002 0003; do
    cmp -s "fine/trials/$t/predictions.tsv" "again/trials/$t/predictions.tsv" || fail "trial $t predicts otherwise in another run"
done
run 0 run fine/best.yaml output_dir=best
cmp -s fine/trials/0002/predictions.tsv best/trials/0000/predictions.tsv || fail "best.yaml trains another model"

# The same with another number of trials at once.
run 0 run sweep.yaml output_dir=narrow sweep.max_concurrent_trials=1
cut -f 1-8 fine/leaderboard.tsv >a && cut -f 1-8 narrow/leaderboard.tsv >b
cmp -s a b || fail "the leaderboard depends on how many run at once: $(cat a b)"

# A report is made again out of the directory alone.
cp fine/report.md before.md
rm -r fine/report.md fine/leaderboard.tsv fine/plots fine/best.yaml
run 0 report fine
cmp -s before.md fine/report.md || fail "the report is another one: $(diff before.md fine/report.md)"
run 0 report --json fine
says out '"complete": 4, "pruned": 0, "failed": 0'
run 2 report "$dir"
says err "there is no journal.log"
run 2 report

# Without gnuplot: one warning, and scripts and data stay.
mkdir empty
PATH="$dir/empty" "$hone" report fine >out 2>err || fail "a report without gnuplot fails: $(cat err)"
[ "$(grep -c "gnuplot is not installed" err)" -eq 1 ] || fail "not one warning that gnuplot is absent: $(cat err)"
there fine/plots/learning_curves.gp
[ -e fine/plots/learning_curves.svg ] && fail "a picture of an earlier report is left"

# A directory that exists is refused with the ways out.
run 2 run sweep.yaml output_dir=fine
says err "hone resume fine"
says err "--force"
run 0 run sweep.yaml output_dir=fine --force sweep.run_cap=1 --quiet
[ -e fine/trials/0001 ] && fail "--force leaves old trials behind"
run 2 run sweep.yaml output_dir="$dir" --force
says err "no run of hone"
there sweep.yaml

# What the searcher refuses is refused before anything is written.
run 2 run sweep.yaml output_dir=never 'sweep.parameters.optimizer.learning_rate={min: 0.1, max: 0.2}'
says err "continuous range"
[ -e never ] && fail "a refused sweep leaves a directory"

# A single experiment is a sweep of one point.
run 0 run sweep.yaml output_dir=single sweep=null
[ "$(wc -l <single/leaderboard.tsv)" -eq 2 ] || fail "not one trial in $(cat single/leaderboard.tsv)"

# For programs: one object a line.
run 0 run sweep.yaml output_dir=json --json
[ "$(grep -c '"event": "ended"' out)" -eq 4 ] || fail "not four events in $(cat out)"
says out '{"run": "json"'

# A plugin whose trials crash, leave, hang and diverge: each costs one trial.
mkdir -p plugins/schedule
cat >bad.c <<'C'
#include <hone/train.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct params {
    int32_t how;
} params;
static const char *const ways[] = {"fine", "crash", "leave", "hang", "nan", "killed", NULL};
static const hone_param rows[] = {HONE_PARAM_CHOICE(params, how, ways, .def_text = "fine", .help = "what goes wrong at step 3")};

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    const params *p = self->params;
    (void)total;
    if (step < 3 || p->how == 0)
        return 1;
    if (p->how == 4)
        return NAN;
    fprintf(stderr, "it is going wrong\n");
    if (p->how == 1)
        raise(SIGSEGV);
    if (p->how == 2)
        _exit(7);
    if (p->how == 5)
        raise(SIGKILL);
    for (;;)
        pause();
}

static const hone_schedule bad = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "bad", .summary = "goes wrong", HONE_PARAMS(params, rows)},
    .factor = factor,
};
HONE_MODULE(&bad.plugin);
C
"$cc" -std=c11 -D_DEFAULT_SOURCE -shared -fPIC -I"$OLDPWD/include" bad.c -o plugins/schedule/bad.so || fail "the bad plugin does not build"
export HONE_PLUGIN_PATH="$dir/plugins:${HONE_PLUGIN_PATH:-}"
sed -e 's/schedule: .*/schedule: {type: bad}/' -e '/parameters:/,$d' sweep.yaml >bad.yaml
cat >>bad.yaml <<'YAML'
  trial_timeout_s: 20
  max_concurrent_trials: 6
  parameters:
    schedule.how: {values: [fine, crash, leave, hang, nan, killed]}
YAML
run 3 run bad.yaml output_dir=bad optimizer.learning_rate=0.05 launcher.grace_s=0.2 sweep.trial_timeout_s=4
says err "trial 0 complete"
[ -n "${HONE_SANITIZE:-}" ] || says err "trial 1 FAILED: ended by signal 11 (SIGSEGV: Segmentation fault)"
says err "trial 2 FAILED: exit code 7: it is going wrong"
says err "trial 3 FAILED: stopped after its limit of 4 s"
says err "trial 4 FAILED: "
says err "trial 5 FAILED: killed by signal 9, cause unknown"
says err "hone: 5 trials failed"
says bad/report.md "## Failed trials"
says bad/report.md "it is going wrong"
says bad/leaderboard.tsv "killed by signal 9, cause unknown"
grep -q '"state":3,"values":null' bad/journal.log || fail "no failed trial in the journal"

# With on_error: abort the first failure ends it.
run 1 run bad.yaml output_dir=abort optimizer.learning_rate=0.05 sweep.on_error=abort sweep.max_concurrent_trials=1
says err "on_error: abort"
[ -e abort/trials/0002 ] && fail "on_error: abort goes on"

# Interrupted once, the running trial is asked to end and no other begins; a second supervisor is refused meanwhile.
sed -i 's/values: .*/values: [hang, fine]}/' bad.yaml
"$hone" run bad.yaml output_dir=stop launcher.grace_s=0.2 sweep.trial_timeout_s=6 sweep.max_concurrent_trials=1 >out 2>err &
pid=$!
for _ in $(seq 100); do
    grep -q "going wrong" stop/trials/0000/log.txt 2>/dev/null && break
    sleep 0.1
done
run_err=$("$hone" run bad.yaml output_dir=stop --force 2>&1) && fail "a second supervisor is let in"
case $run_err in *"in use by process $pid"*) ;; *) fail "the holder of the lock is not named: $run_err" ;; esac
kill -INT $pid
wait $pid
code=$?
[ $code -eq 75 ] || fail "exit code $code after an interruption, not 75: $(cat err)"
says err "hone resume stop"
[ -e stop/trials/0001 ] && fail "a trial was started after the interruption"

# Interrupted twice, the running one is ended at once, though it does not listen; it has not failed.
"$hone" run bad.yaml output_dir=stop2 sweep.max_concurrent_trials=1 >out 2>err &
pid=$!
for _ in $(seq 100); do
    grep -q "going wrong" stop2/trials/0000/log.txt 2>/dev/null && break
    sleep 0.1
done
kill -INT $pid
until grep -q "leave a checkpoint" err; do
    sleep 0.05
done
kill -INT $pid
wait $pid
code=$?
[ $code -eq 75 ] || fail "exit code $code after two interruptions, not 75: $(cat err)"
says err "stopped with the sweep"
grep -q '"state":3' stop2/journal.log && fail "a trial that was stopped counts as failed"

# With launchers and plugins that do nothing, what hone itself costs: many trials, quickly.
cat >many.yaml <<'YAML'
data: {type: null, train: train.tsv, validation: validation.tsv}
tokenizer: {type: null}
model: {type: null}
head: {type: null}
optimizer: {type: null}
schedule: {type: null}
metrics: [{type: null}]
launcher: {type: null}
sweep:
  method: random
  metric: {name: validation/null, goal: maximize}
  run_cap: 200
  max_concurrent_trials: 7
  parameters:
    optimizer.learning_rate: {min: 1.0e-5, max: 1.0e-3}
YAML
run 0 run many.yaml output_dir=many --quiet
[ "$(wc -l <many/leaderboard.tsv)" -eq 201 ] || fail "not 200 trials: $(head -3 many/leaderboard.tsv)"

[ $failures -eq 0 ] || echo "$failures failures"
exit $((failures > 0))
