#!/bin/bash
# refit.sh - `sweep.refit: train+validation`: the best point once more on both parts of the data, what says so, and the same bits after
# any kill.
#
# SPDX-License-Identifier: Apache-2.0
set -u
. "$(dirname "$0")/common.bash"

same() { # FILE FILE
    cmp -s "$1" "$2" || fail "$1 and $2 differ"
}

awk 'BEGIN {
    split("train validation test", part, " ")
    for (i = 0; i < 90; i++) {
        file = part[i % 3 + 1] ".tsv"
        if (!(file in begun)) { print "text\tlabel" >file; begun[file] = 1 }
        print (i % 2 ? "a cat and a dog near tree " : "one ship on the sea with wind ") (i % 7) "\t" (i % 2 ? "animal" : "ship") >file
    }
}'
cat >sweep.yaml <<'YAML'
name: small
data: {type: tsv, train: train.tsv, validation: validation.tsv, test: test.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 8}
head: {type: classification}
optimizer: {type: adamw}
trainer: {num_train_epochs: 40, train_batch_size: 8, threads: 1, save_strategy: steps, save_steps: 20}
metrics: [accuracy]
sweep:
  method: grid
  metric: {name: validation/accuracy}
  max_concurrent_trials: 2
  refit: train+validation
  seeds: [1, 2, 3]
  parameters:
    optimizer.learning_rate: {values: [1.0e-4, 5.0e-3]}
YAML

run 0 run sweep.yaml output_dir=whole
best=$(sed -n 's/^# The best trial of small, trial \([0-9]*\):.*/\1/p' whole/best.yaml)
trial=whole/trials/$(printf %04d "${best:-0}")
says whole/best.yaml "once more, on the training and the validation data"
says whole/refit/trial.yaml "train_with_validation: true"
says whole/refit/result.json '"examples": 60'
says whole/report.md "The model in best/ is the refit"
says whole/report.md "The refitted model in best/ on data that no choice was made by"
grep -q validation/ whole/refit/metrics.jsonl && fail "a refit claims validation figures"
[ -e whole/refit/checkpoint ] && fail "the refit left its checkpoint"
same whole/best/model.safetensors whole/refit/model/model.safetensors
cmp -s whole/best/model.safetensors "$trial/model/model.safetensors" && fail "the refit is the trial's own model"

# The share of the steps after which the trial was at its best, on 60 examples in place of 30: 320 steps in place of 160.
share=$(sed -n 's/^ *stop_after: *//p' whole/refit/trial.yaml)
at=$(sed -n 's/^ *"best_step": *\([0-9]*\).*/\1/p' "$trial/result.json")
steps=$(sed -n 's/^ *"steps": *\([0-9]*\).*/\1/p' whole/refit/result.json)
awk -v share="$share" -v at="$at" -v steps="$steps" 'BEGIN { exit !(share * 160 == at && steps == int(share * 320 + 0.5)) }' ||
    fail "share $share, best step $at, $steps steps"

# What the test data is scored with is the refit: scored by hand it gives the same predictions.
run 0 evaluate whole/refit test.tsv --output by_hand.tsv
same by_hand.tsv whole/test/predictions.tsv

# best.yaml is an experiment: it trains that model again.
run 0 run whole/best.yaml output_dir=again
same whole/best/model.safetensors again/best/model.safetensors

# Without it, the trial's own model is the best.
run 0 run sweep.yaml output_dir=none sweep.refit=none
[ -e none/refit ] && fail "there is a refit that nobody asked for"
says none/report.md "The chosen model on data that no choice was made by"

# A run to which only the refit is left.
to_refit() { # DIR
    rm -rf "$1"
    cp -r none "$1"
    rm -rf "$1/test"
    sed -i 's/refit: none/refit: train+validation/' "$1/experiment.yaml"
}

# Starts `hone ARGUMENT ...`, and waits until killed/refit has FILE.
start_until() { # FILE ARGUMENT ...
    local file=$1
    shift
    "$hone" "$@" >out 2>err &
    pid=$!
    while [ ! -e "killed/refit/$file" ] && kill -0 $pid 2>/dev/null; do
        sleep 0.01
    done
}

resumes_to_the_same_bits() {
    run 0 resume killed
    same whole/best/model.safetensors killed/best/model.safetensors
    same whole/refit/metrics.jsonl killed/refit/metrics.jsonl
    same whole/test/predictions.tsv killed/test/predictions.tsv
    [ -e killed/refit/checkpoint ] && fail "a resumed refit left its checkpoint"
}

# Killed while it refits, alone or with the refit's process, before its first checkpoint or later: the same bits.
for after in trial.yaml checkpoint model; do
    for all in yes no; do
        to_refit killed
        start_until $after resume killed
        trials=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
        kill -KILL $pid 2>/dev/null
        [ $all = no ] || [ -z "$trials" ] || kill -KILL $trials 2>/dev/null
        wait $pid 2>/dev/null
        resumes_to_the_same_bits
    done
done

# Interrupted: it goes on from its checkpoint.
to_refit killed
start_until checkpoint resume killed
kill -INT $pid 2>/dev/null
wait $pid
status=$?
[ $status -eq 75 ] || [ $status -eq 0 ] || fail "exit code $status after an interruption: $(cat err)"
resumes_to_the_same_bits

# A finished one stays; one of another point goes.
run 0 resume whole
cp -r whole other
sed -i 's/stop_after: .*/stop_after: 0.125/' other/refit/trial.yaml
run 0 resume other
same whole/best/model.safetensors other/best/model.safetensors
same whole/refit/trial.yaml other/refit/trial.yaml

# One that fails is told and leaves the trial's own model as the best.
to_refit failed
echo 'no columns' >validation.tsv
run 3 resume failed
says err "the refit failed"
same failed/best/model.safetensors "failed/trials/$(printf %04d "$best")/model/model.safetensors"
grep -q 'is the refit' failed/report.md && fail "the report speaks of a refit that failed"

exit $failures
