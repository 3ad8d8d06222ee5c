#!/bin/bash
# resume.sh - `hone resume`: runs whose supervisor is killed at random times, alone or with its trials, end like one that ran through;
# refusals, interruption, failed trials run again.
#
# SPDX-License-Identifier: Apache-2.0
set -u
. "$(dirname "$0")/common.bash"

awk 'BEGIN {
    for (i = 0; i < 60; i++) {
        file = (i % 3 ? "train" : "validation") ".tsv"
        if (!(file in begun)) { print "text\tlabel" >file; begun[file] = 1 }
        print (i % 2 ? "a cat and a dog near tree " : "one ship on the sea with wind ") (i % 7) "\t" (i % 2 ? "animal" : "ship") >file
    }
}'
cat >sweep.yaml <<'YAML'
name: small
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 8}
head: {type: classification}
optimizer: {type: adamw}
trainer: {num_train_epochs: 150, train_batch_size: 8, threads: 1, eval_strategy: steps, eval_steps: 100, save_strategy: steps, save_steps: 25}
metrics: [accuracy]
sweep:
  method: grid
  metric: {name: validation/accuracy}
  max_concurrent_trials: 2
  parameters:
    optimizer.learning_rate: {values: [1.0e-4, 5.0e-3]}
    model.hidden_size: {values: [4, 8]}
YAML

# Everything of a run that does not depend on time.
same_as_whole() { # DIR
    local f
    cut -f 1-8 whole/leaderboard.tsv >a
    cut -f 1-8 "$1/leaderboard.tsv" >b
    cmp -s a b || fail "$1: another leaderboard: $(cat a b)"
    for f in best/model.safetensors trials/000{0,1,2,3}/{metrics.jsonl,predictions.tsv,exhibits.json,model/model.safetensors}; do
        [ -e "whole/$f" ] || continue
        cmp -s "whole/$f" "$1/$f" || fail "$1: $f is another one"
    done
    [ -z "$(find "$1" -name checkpoint -o -name '*.tmp.*' -o -name lock)" ] || fail "left behind: $(find "$1" -name checkpoint -o -name '*.tmp.*' -o -name lock)"
}

# Kills a supervisor after some time, with its trials or without. True where it had ended by itself.
kill_after() { # SECONDS yes|no ARGUMENT ...
    local seconds=$1 all=$2 pid trials status=0
    shift 2
    "$hone" "$@" >out 2>err &
    pid=$!
    sleep "$seconds"
    trials=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null || status=$?
    [ "$all" = no ] || [ -z "$trials" ] || kill -KILL $trials 2>/dev/null
    [ $status -eq 137 ] && return 1
    [ $status -eq 0 ] || fail "hone $*: exit code $status: $(cat out err)"
    return 0
}

run 0 run sweep.yaml output_dir=whole

for all in yes no; do
    target=killed_$all
    kill_after 0.$((RANDOM % 4))5 $all run sweep.yaml output_dir=$target
    kills=1
    # Killed before the first file was whole, there is nothing to resume.
    while [ ! -e $target/experiment.yaml ]; do
        rm -rf $target
        kill_after 0.3 $all run sweep.yaml output_dir=$target
    done
    until kill_after "$((kills / 8)).$((RANDOM % 5 + kills % 8 / 2))" $all resume $target; do
        kills=$((kills + 1))
    done
    run 0 resume $target
    same_as_whole $target
done

# Interrupted: what runs leaves a checkpoint, and the rest is done later. Interrupted twice, it ends with the checkpoint that there is.
"$hone" run sweep.yaml output_dir=stopped sweep.max_concurrent_trials=1 >out 2>err &
pid=$!
for _ in $(seq 200); do
    [ -e stopped/trials/0000/checkpoint ] && break
    sleep 0.02
done
kill -INT $pid
wait $pid
status=$?
[ $status -eq 75 ] || [ $status -eq 0 ] || fail "exit code $status after an interruption: $(cat err)"
run 0 resume stopped
same_as_whole stopped

# A run of one trial, killed between its first checkpoint and its end; where it was quicker than we are, once more.
for _ in $(seq 30); do
    rm -rf single
    "$hone" run sweep.yaml output_dir=single sweep=null >out 2>err &
    pid=$!
    while [ ! -e single/trials/0000/checkpoint ] && kill -0 $pid 2>/dev/null; do
        sleep 0.01
    done
    trial=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null) || true
    kill -KILL $pid $trial 2>/dev/null || true
    wait $pid 2>/dev/null || true
    [ ! -e single/trials/0000/checkpoint ] || [ -e single/trials/0000/result.json ] || break
done
run 2 run sweep.yaml output_dir=single sweep=null
says err "hone resume single"
run 0 resume single
grep -q '"attempt":2' single/journal.log || fail "no second attempt in the journal"
run 0 run sweep.yaml output_dir=once sweep=null
cmp -s once/trials/0000/metrics.jsonl single/trials/0000/metrics.jsonl || fail "a single trial goes on with other numbers"

# A finished run stays as it is; what is no run is refused.
run 0 resume whole
run 2 resume
run 2 resume nowhere
says err "there is no folder nowhere"
mkdir empty
run 2 resume empty
says err "no experiment.yaml"

# On another processor or build it goes on only where that is wanted.
cp -r whole elsewhere
sed -i 's/"instruction_set": "[^"]*"/"instruction_set": "abacus"/' elsewhere/environment.json
run 1 resume elsewhere
says err "instruction_set was abacus"
says err "--accept-changed"
run 0 resume elsewhere --accept-changed
grep -q 'accepted_change' elsewhere/journal.log || fail "the change is not in the journal"

# Failed trials stay failed, until they are run again as new ones.
cp -r whole failed
sed -i '/"op_code":6,.*"trial_id":1,/s/"state":1,"values":[^]]*\]/"state":3,"values":null/' failed/journal.log
rm -rf failed/trials/0001
run 3 resume failed
run 0 resume failed --failed
cmp -s whole/trials/0001/metrics.jsonl failed/trials/0004/metrics.jsonl || fail "a failed point is run again with other numbers"

exit $failures
