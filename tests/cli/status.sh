#!/bin/bash
# status.sh - `hone status` and `hone clean`: of a run at work, an interrupted one, one with failed trials, a finished one.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=${HONE_PROGRAM:?run this test through ctest}
cc=${CC:-cc}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-status-XXXXXX") || exit 1
pid=
trap '[ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
failures=0

fail() {
    echo "$*"
    failures=$((failures + 1))
}

run() { # CODE ARGUMENT ...
    local code=$1
    shift
    "$hone" "$@" >"$dir/out" 2>"$dir/err"
    local status=$?
    [ $status -eq "$code" ] || fail "hone $*: exit code $status, not $code: $(cat "$dir/out" "$dir/err")"
}

says() { # FILE TEXT
    grep -qF -- "$2" "$dir/$1" || fail "there is no \"$2\" in $1: $(cat "$dir/$1")"
}

# Until a command succeeds; machines are shared, so it is patient.
await() {
    local i
    for i in $(seq 600); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "waited in vain for: $*"
}

status_has() { # RUN TEXT
    "$hone" status "$1" --json 2>/dev/null | grep -qE "$2"
}

root=$PWD
cd "$dir" || exit 1
awk 'BEGIN {
    for (i = 0; i < 60; i++) {
        file = i % 3 ? "train.tsv" : "validation.tsv"
        if (!(file in begun)) { print "text\tlabel" >file; begun[file] = 1 }
        print (i % 2 ? "a cat and a dog near tree " : "one ship on the sea with wind ") (i % 7) "\t" (i % 2 ? "animal" : "ship") >file
    }
}'
cat >sweep.yaml <<'YAML'
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 8}
head: {type: classification}
trainer: {num_train_epochs: 2, train_batch_size: 8}
metrics: [accuracy]
sweep:
  method: grid
  metric: {name: validation/accuracy}
  max_concurrent_trials: 1
  parameters:
    optimizer.learning_rate: {values: [1.0e-3, 5.0e-2]}
YAML

# A finished run.
run 0 run sweep.yaml output_dir=done
run 0 status done
says out "sweep: 2 of 2 trials done"
says out "finished"
says out "best so far: trial 1, validation/accuracy 1.0000  learning_rate=0.05"
run 0 status done --json
for text in '"state": "finished"' '"supervisor": null' '"points": 2, "points_done": 2, "trials": 2, "complete": 2' '"open": []' \
    '"best": {"trial": 1, "point": 1, "value": 1.0, "params": {"optimizer.learning_rate": "0.05"}}'; do
    says out "$text"
done

# What is no run.
run 2 status .
says err "holds no run: there is no journal.log in it"
run 2 status
run 2 status done done
run 2 clean .
says err "it has no experiment.yaml"
[ -e lock ] && fail "a refused clean leaves a lock"

# At work: what runs, how far it is, and that nothing of it can be cleaned. Looking changes nothing and hinders nobody.
"$hone" run sweep.yaml output_dir=work trainer.num_train_epochs=1000000 trainer.save_strategy=steps trainer.save_steps=20 >/dev/null 2>&1 &
pid=$!
await status_has work '"state": "running".*"open": \[\{"trial": 0, "attempt": 1, "step": [1-9][0-9]*, "total_steps": 5000000, '
await status_has work '"metric": [0-9.]+, "seconds": [0-9.]+, "seconds_left": [0-9.e+]+'
run 0 status work
says out "sweep: 0 of 2 trials done, 1 running"
says out "running: process $pid on $(uname -n)"
says out "/5000000"
says out "learning_rate=0.001"
grep -qE "^  trial +step +epoch +loss +validation/accuracy +time +left" out || fail "no head of a table: $(cat out)"
await test -d work/trials/0000/checkpoint
run 1 clean work
says err "work is in use by process $pid"
run 1 clean work --dry-run
[ -d work/trials/0000/checkpoint ] || fail "a refused clean removes something"

# Killed with its trial: not finished. Its checkpoints can go; resume would then begin anew, which is said.
trial=$(pgrep -P "$pid")
kill -KILL "$pid"
wait "$pid" 2>/dev/null
pid=
run 0 status work # whether its trial has gone yet or not
says out "1 not finished"
says out "nothing runs; \`hone resume work\` does the rest"
status_has work '"state": "interrupted", "supervisor": null' || fail "not interrupted: $("$hone" status work --json)"
[ -n "$trial" ] && kill -KILL "$trial" 2>/dev/null
await sh -c "! kill -0 $trial"
find work -type f ! -name lock | sort >before
run 0 clean work --dry-run
says out "work/cache: 2 files, "
says out "work/trials/0000/checkpoint: "
says out " (of a trial without a result, which would begin anew)"
says out "would be freed"
find work -type f ! -name lock | sort | cmp -s - before || fail "a dry run removes something"
bytes=$(find work/cache work/trials/0000/checkpoint -type f -printf '%s\n' | awk '{s += $1} END {printf "%.1f", s / 1000}')
says out "$bytes kB would be freed"
run 0 clean work
says out "are freed"
[ -e work/cache ] && fail "the cache is still there"
[ -e work/trials/0000/checkpoint ] && fail "the checkpoint is still there"
[ -e work/lock ] && fail "the lock is left behind"
[ -s work/trials/0000/metrics.jsonl ] || fail "clean removes more than it should"
run 0 clean work
says out "work has no caches and no checkpoints"

# A trial that outlived its supervisor still writes there.
run 0 clean done --dry-run
says out "done/cache: 2 files, "
flock done/trials/0001 "$hone" clean done >out 2>err && fail "a folder in use is cleaned"
says err "done/trials/0001 is still in use"
[ -d done/cache ] || fail "a refused clean removes the cache"
run 0 clean done
run 0 report done # nothing that it needs is gone

# Failed trials with their causes.
mkdir -p plugins/schedule
cat >bad.c <<'C'
#include <hone/train.h>
#include <stdio.h>
#include <unistd.h>

typedef struct params {
    bool leaves;
} params;
static const hone_param rows[] = {HONE_PARAM_BOOL(params, leaves, .help = "ends the process at step 3")};

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)total;
    if (step < 3 || !((const params *)self->params)->leaves)
        return 1;
    fprintf(stderr, "it is going wrong\n");
    _exit(7);
}

static const hone_schedule bad = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "bad", .summary = "goes wrong", HONE_PARAMS(params, rows)},
    .factor = factor,
};
HONE_MODULE(&bad.plugin);
C
"$cc" -std=c11 -D_DEFAULT_SOURCE -shared -fPIC -I"$root/include" bad.c -o plugins/schedule/bad.so || fail "the bad plugin does not build"
export HONE_PLUGIN_PATH="$dir/plugins:${HONE_PLUGIN_PATH:-}"
run 3 run sweep.yaml output_dir=bad schedule.type=bad optimizer.learning_rate=0.05 'sweep.parameters={schedule.leaves: {values: [false, true]}}'
run 0 status bad
says out "sweep: 1 of 2 trials done, 1 failed"
says out "ended with failed trials; \`hone resume bad --failed\` runs their points again"
says out "trial 1 failed: exit code 7: it is going wrong"
says out "(bad/trials/0001/log.txt)"
says out "best so far: trial 0"
run 0 status bad --json
says out '"failures": [{"trial": 1, "cause": "exit code 7: it is going wrong'
says out '"state": "ended"'

[ $failures -eq 0 ] || echo "$failures failures"
exit $((failures > 0))
