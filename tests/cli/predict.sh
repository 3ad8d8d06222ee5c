#!/bin/bash
# predict.sh - hone predict, evaluate and embed from outside: what they print and write, and how they refuse.
#
# SPDX-License-Identifier: Apache-2.0
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
    echo "predict.sh: $1"
    exit 1
}

# Runs hone and asks for an exit code.
expect() {
    local want=$1 got=0
    shift
    "$HONE_PROGRAM" "$@" >"$dir/out" 2>"$dir/err" </dev/null || got=$?
    [ "$got" = "$want" ] || fail "hone $*: exit code $got, not $want: $(cat "$dir/out" "$dir/err")"
}

# What standard error must say.
says() {
    grep -q -- "$1" "$dir/err" || fail "no message with \"$1\": $(cat "$dir/err")"
}

printf 'text\tlabel\n' >"$dir/train.tsv"
for i in $(seq 1 20); do
    printf 'a warm day %s\tgood\nsome cold rain %s\tbad\n' "$i" "$i" >>"$dir/train.tsv"
done
mkdir "$dir/trial"
cat >"$dir/trial/trial.yaml" <<YAML
data: {type: tsv, train: ../train.tsv, validation: ../train.tsv, quoting: none, columns: {text: text, label: label}}
tokenizer: {type: whitespace}
model: {type: bag, hidden_size: 8}
head: {type: classification}
optimizer: {type: adamw, learning_rate: 5.0e-2}
trainer: {num_train_epochs: 4, threads: 1}
metrics: [accuracy, {type: f1, average: macro}]
YAML
expect 0 trial "$dir/trial"
tail -n 1 "$dir/out" | grep -q "the model is $dir/trial/model: hone's own form" || fail "the last line does not say where the model is"

# The same predictions again, from the trial's folder and from the model's.
expect 0 evaluate "$dir/trial" "$dir/train.tsv" --output "$dir/again.tsv"
grep -q '^accuracy  *1.0000' "$dir/out" || fail "evaluate prints no accuracy: $(cat "$dir/out")"
cut -f 2- "$dir/trial/predictions.tsv" >"$dir/a"
cut -f 2- "$dir/again.tsv" | cmp -s - "$dir/a" || fail "evaluation of the same data gives other predictions"
expect 0 evaluate "$dir/trial/model" "$dir/train.tsv" --json
grep -q '"f1": {"value": 1.0, "note": "macro' "$dir/out" || fail "no figures as JSON: $(cat "$dir/out")"

# A head of two outputs gives both: in one stream, as lines of JSON, and in files of their own.
for i in $(seq 1 12); do
    printf 'the day %s was warm\nthe night %s was cold\nthe rain %s was wet\n\n' "$i" "$i" "$i" >>"$dir/passages.txt"
done
printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nday\nnight\nrain\nwas\nwarm\ncold\nwet\n' >"$dir/vocab.txt"
cat >"$dir/both.yaml" <<YAML
name: both
task: pretraining
data: {train: passages.txt, validation: passages.txt, cut_sentences: false}
tokenizer: {type: wordpiece, vocab: vocab.txt, max_length: 32}
model: {type: bert, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 16, max_position_embeddings: 32}
optimizer: {type: adamw}
trainer: {num_train_epochs: 1, threads: 1, metric_for_best_model: validation/perplexity}
YAML
expect 0 run "$dir/both.yaml" output_dir="$dir/both" --quiet
grep -q '^## Output: masked' "$dir/both/report.md" || fail "the report has no section of the masked tokens"
grep -q '^## Output: relation' "$dir/both/report.md" || fail "the report has no section of the next sentences"
expect 0 predict "$dir/both" "$dir/passages.txt"
grep -q '^# output masked' "$dir/out" && grep -q '^# output relation' "$dir/out" || fail "an output is missing: $(cat "$dir/out")"
expect 0 predict "$dir/both" "$dir/passages.txt" --json
[ "$(grep -c '"output": "masked"' "$dir/out")" = "$(grep -c '"output": "relation"' "$dir/out")" ] || fail "outputs differ in number"
expect 0 predict "$dir/both" "$dir/passages.txt" --output "$dir/two.tsv"
head -n 1 "$dir/two.tsv" | grep -q 'gold:tokens' || fail "the first output is no table alone"
head -n 1 "$dir/two.relation.tsv" | grep -q 'p:random' || fail "the second output has no file"

# Data without labels, under another name of the column, and lines from standard input.
printf 'sentence\twhatever\nwarm day\t1\ncold rain\t2\n' >"$dir/new.tsv"
expect 0 predict "$dir/trial" "$dir/new.tsv" columns.text=sentence
[ "$(cut -f 3 "$dir/out" | tr '\n' ' ')" = "predicted good bad " ] || fail "wrong predictions: $(cat "$dir/out")"
expect 0 predict "$dir/trial" "$dir/new.tsv" data.columns.text=sentence --output "$dir/p.tsv"
cmp -s "$dir/out" /dev/null || fail "predictions stand in the file and on standard output"
[ "$(wc -l <"$dir/p.tsv")" = 3 ] || fail "the file has not a line for each text"
got=$(printf 'cold cold\nwarm\n' | "$HONE_PROGRAM" predict "$dir/trial" - --lines --json)
[ "$(echo "$got" | grep -o '"predicted": "[a-z]*"' | tr '\n' ' ')" = '"predicted": "bad" "predicted": "good" ' ] || fail "wrong: $got"

# Vectors.
printf 'warm day\n\ncold 雨 rain day\n' >"$dir/lines.txt"
expect 0 embed "$dir/trial" "$dir/lines.txt" --lines
[ "$(wc -l <"$dir/out")" = 3 ] || fail "embed gives not a line for each line: $(cat "$dir/out")"
[ "$(head -n 1 "$dir/out" | tr '\t' '\n' | wc -l)" = 9 ] || fail "embed gives not 8 numbers"
expect 0 embed "$dir/trial" "$dir/lines.txt" --lines --pooling none --output "$dir/v.tsv"
[ "$(cut -f 2 "$dir/v.tsv" | head -n 4 | tr '\n' ' ')" = "[CLS] warm day [SEP] " ] || fail "tokens: $(cut -f 1,2 "$dir/v.tsv")"
expect 0 embed "$dir/trial" "$dir/lines.txt" --lines --unit vocabulary --output "$dir/v.vec"
[ "$(head -n 1 "$dir/v.vec")" = "5 8" ] || fail "words: $(cat "$dir/v.vec")"
[ "$(cut -d ' ' -f 1 "$dir/v.vec" | sed -n 2p)" = day ] || fail "the word that is there twice is not the first: $(cat "$dir/v.vec")"
expect 0 embed "$dir/trial" "$dir/lines.txt" --lines --output "$dir/v.npy"
[ "$(head -c 6 "$dir/v.npy" | tail -c 5)" = NUMPY ] && [ "$(stat -c %s "$dir/v.npy")" = $((128 + 3 * 8 * 4)) ] || fail "no npy"

# How they refuse.
expect 2 predict
expect 2 predict "$dir/trial"
expect 2 predict "$dir/nowhere" "$dir/new.tsv"
says "there is no folder"
expect 2 predict "$dir" "$dir/new.tsv"
says "holds no model"
expect 2 predict "$dir/trial" "$dir/new.tsv" colums.text=sentence
says "did you mean \"columns\""
expect 2 predict "$dir/trial" "$dir/new.tsv" more
says "key=value\|settings of the reader"
expect 1 predict "$dir/trial" "$dir/new.tsv"
says "there is no column text"
expect 2 predict "$dir/trial" "$dir/new.tsv" --threads none
expect 2 predict "$dir/trial" "$dir/new.tsv" --jsn
says "did you mean --json"
printf 'text\tlabel\na\tugly\n' >"$dir/unknown.tsv"
expect 1 evaluate "$dir/trial" "$dir/unknown.tsv"
says "unknown.tsv:2: the label"
expect 0 predict "$dir/trial" "$dir/unknown.tsv"
expect 1 evaluate "$dir/trial" "$dir/new.tsv" columns.text=sentence
says "there is no column label"
expect 2 embed "$dir/trial" "$dir/lines.txt" --lines --layers 3
says "there is no layer 3"
expect 2 embed "$dir/trial" "$dir/lines.txt" --pooling max
expect 2 embed "$dir/trial" "$dir/lines.txt" --layers x
expect 2 embed "$dir/trial" "$dir/lines.txt" --output x.txt
for command in predict evaluate embed; do
    expect 0 "$command" --help
    grep -q "Example: hone $command" "$dir/out" || fail "no example in the help of $command"
done
exit 0
