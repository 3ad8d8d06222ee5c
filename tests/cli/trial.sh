#!/bin/bash
# trial.sh - `hone trial DIR` from outside: its files, its exit codes, and what a signal does.
#
# SPDX-License-Identifier: Apache-2.0
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
    echo "trial.sh: $1"
    exit 1
}

# Runs `hone trial` and asks for an exit code.
expect() {
    local want=$1 got=0
    shift
    "$HONE_PROGRAM" "$@" >"$dir/out" 2>"$dir/err" || got=$?
    [ "$got" = "$want" ] || fail "hone $*: exit code $got, not $want: $(cat "$dir/out" "$dir/err")"
}

printf 'text\tlabel\n' >"$dir/train.tsv"
for i in $(seq 1 40); do
    printf 'a warm day %s\tgood\nsome cold rain %s\tbad\n' "$i" "$i" >>"$dir/train.tsv"
done

# A trial of so many epochs, in a folder of its own.
write_trial() {
    mkdir -p "$dir/$1"
    cat >"$dir/$1/trial.yaml" <<YAML
data: {type: tsv, train: ../train.tsv, validation: ../train.tsv, quoting: none, columns: {text: text, label: label}}
tokenizer: {type: whitespace}
model: {type: bag, hidden_size: 8}
head: {type: classification}
optimizer: {type: adamw, learning_rate: $3}
trainer: {num_train_epochs: $2, threads: 1}
metrics: [accuracy]
YAML
}

write_trial whole 5 1.0e-2
expect 0 trial "$dir/whole"
for file in result.json metrics.jsonl predictions.tsv exhibits.json; do
    [ -s "$dir/whole/$file" ] || fail "$file is not there"
done
[ "$(wc -l <"$dir/whole/errors.tsv")" = 81 ] || fail "errors.tsv has not a line for each of 80 examples"
head -1 "$dir/whole/errors.tsv" | grep -q "^id.gold.predicted.loss.text$" || fail "errors.tsv has no text"
[ "$(wc -l <"$dir/whole/slices.tsv")" = 81 ] || fail "slices.tsv has not a line for each of 80 examples"
[ "$(wc -l <"$dir/whole/confusion.tsv")" = 3 ] || fail "confusion.tsv has not a line for each of 2 labels"
[ "$(wc -l <"$dir/whole/predictions.tsv")" = 81 ] || fail "predictions.tsv has not a line for each of 80 examples"
grep -q 'step 50/50' "$dir/out" || fail "no line says that the last step is done"

write_trial wrong 5 -1
expect 2 trial "$dir/wrong"
grep -q 'trial.yaml:5:.*learning_rate' "$dir/err" || fail "the message does not say where: $(cat "$dir/err")"
[ ! -e "$dir/wrong/result.json" ] || fail "a trial that never ran has a result"

expect 2 trial
expect 1 trial "$dir/nowhere"

write_trial long 100000 1.0e-4
"$HONE_PROGRAM" trial "$dir/long" >"$dir/out" 2>"$dir/err" &
pid=$!
for _ in $(seq 1 1200); do
    [ -s "$dir/long/metrics.jsonl" ] && break
    sleep 0.05
done
kill -TERM "$pid"
got=0
wait "$pid" || got=$?
[ "$got" = 75 ] || fail "after SIGTERM the exit code is $got, not 75: $(cat "$dir/err")"
# The signal finds it in a step or in an evaluation.
grep -Eq 'stopped (after step|while evaluating).*can go on from .*checkpoint' "$dir/err" || fail "it does not say where it stopped: $(cat "$dir/err")"
[ ! -e "$dir/long/result.json" ] || fail "an interrupted trial has a result"
exit 0
