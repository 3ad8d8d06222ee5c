#!/bin/bash
# plan.sh - `hone plan`: the points of a sweep, what they cost, and that a trial then takes about as much memory.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=${HONE_PROGRAM:?run this test through ctest}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-plan-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
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

cd "$dir" || exit 1
awk 'BEGIN {
    for (i = 0; i < 120; i++) {
        file = i % 3 ? "train.tsv" : "validation.tsv"
        if (!(file in begun)) { print "text\tlabel" >file; begun[file] = 1 }
        line = ""
        for (k = 0; k < 20 + i % 40; k++) line = line " w" (i * k) % 97
        print line "\t" (i % 2 ? "odd" : "even") >file
    }
}'
cat >sweep.yaml <<'YAML'
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}, quoting: none}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bert, hidden_size: 512, num_hidden_layers: 3, num_attention_heads: 8, intermediate_size: 2048, max_position_embeddings: 64}
head: {type: classification}
trainer: {num_train_epochs: 1, train_batch_size: 16, threads: 1}
metrics: [accuracy]
sweep:
  method: grid
  metric: {name: validation/accuracy}
  max_concurrent_trials: 2
  seeds: [1, 2, 3]
  parameters:
    trainer.train_batch_size: {values: [8, 16]}
    model.num_hidden_layers: {values: [1, 3]}
YAML

# Every point with its values and costs, and what they come to.
run 0 plan sweep.yaml
says out "sweep: 4 points with 3 seeds each, 12 trials, 2 at a time"
grep -qE "^ +point +train_batch_size +num_hidden_layers +parameters +trained +tokens +memory +time" out || fail "no head: $(cat out)"
grep -qE "^ +3 +16 +3 +[0-9.]+ M +[0-9.]+ M +[0-9]+ +[0-9.]+ MB +[0-9:]+$" out || fail "no last point: $(cat out)"
says out "for 2 at a time; "
says out "with 1 thread, as some steps of point 0 took here"
[ "$(find . -type f | wc -l)" -eq 5 ] || fail "planning leaves something behind: $(find . -type f)" # and out and err

# Without measuring there is no time. More points than are estimated count as the mean.
run 0 plan sweep.yaml --no-time
grep -q "time: " out && fail "a time without measuring: $(cat out)"
run 0 plan sweep.yaml --no-time sweep.method=random sweep.run_cap=3 'sweep.parameters={optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-3}}' model.hidden_size=64
says out "sweep: 3 points with 3 seeds"
says out "learning_rate"

# A searcher that learns from results lets lag + 1 points run at once, each with its seeds; the processors are shared among those alone.
tpe='sweep.parameters={optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-3}}'
for case in 0:1:8 1:2:8 3:4:8 9:8:8; do
    IFS=: read -r lag at_once asked <<<"$case"
    run 0 plan sweep.yaml --no-time --json "sweep.method={type: tpe, lag: $lag}" sweep.run_cap=10 "sweep.seeds=[1]" "$tpe" \
        sweep.max_concurrent_trials="$asked" trainer.threads=auto
    says out "\"at_once\": $at_once,"
    says out "\"threads\": $(($(nproc) / at_once > 0 ? $(nproc) / at_once : 1)),"
done
run 0 plan sweep.yaml --no-time --json "sweep.method={type: tpe, lag: 1}" sweep.run_cap=10 "sweep.seeds=[1, 2, 3]" "$tpe" sweep.max_concurrent_trials=8
says out '"at_once": 6,'

# A single trial; mistakes of the file, and of the data.
run 0 plan sweep.yaml sweep=null --no-time
says out "sweep: 1 point"
run 2 plan sweep.yaml optimizer.learning_rte=1
says err "learning_rate"
run 2 plan
printf 'text\tlabel\nnothing else\n' >odd.tsv
run 1 plan sweep.yaml data.train=odd.tsv --no-time
says err "odd.tsv:2"

# What is planned is what it takes: the peak of the process, which includes libraries and what they keep, about 40 MB.
run 0 plan sweep.yaml sweep=null --no-time --json
number() { grep -oE "\"$1\": [0-9]+" "$2" | head -1 | grep -oE '[0-9]+$'; }
planned=$(($(number bytes out) + $(number mapped out)))
tokens=$(grep -oE '"tokens": [0-9]+' out | head -1)
run 0 run sweep.yaml sweep=null output_dir=run --quiet
grep -q "$tokens," run/trials/0000/result.json || fail "not $tokens in $(cat run/trials/0000/result.json)"
peak=$(grep -oE '"peak_bytes":[0-9]+' run/journal.log | grep -oE '[0-9]+$')
if [ -z "${HONE_SANITIZE:-}" ]; then
    awk -v planned="$planned" -v peak="$peak" 'BEGIN { rest = peak - 40e6 - planned; exit !(rest < 0.2 * planned && rest > -0.2 * planned) }' ||
        fail "planned $planned bytes, and it took $peak"
fi

[ $failures -eq 0 ] || echo "$failures failures"
exit $((failures > 0))
