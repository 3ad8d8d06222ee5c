#!/bin/bash
# cache.sh - the token cache of runs: made once, shared by trials and by runs, the same bits with it and without, whatever happens to it.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=${HONE_PROGRAM:?run this test through ctest}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-cache-XXXXXX") || exit 1
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

counts() { # NUMBER FOLDER: so many files of tokens, and nothing else
    local n
    n=$(find "$2" -name 'tokens-*.safetensors' 2>/dev/null | wc -l)
    [ "$n" -eq "$1" ] || fail "$2 has $n files of tokens, not $1"
    [ "$(find "$2" -mindepth 1 2>/dev/null | wc -l)" -eq "$1" ] || fail "something else lies in $2: $(ls -la "$2")"
}

says() { # TRIAL TEXT
    grep -qF -- "$2" "$1/log.txt" || fail "$1/log.txt does not say \"$2\": $(cat "$1/log.txt")"
}

same() { # RUN RUN: the trials' numbers
    local t
    for t in 0000 0001 0002; do
        for file in metrics.jsonl predictions.tsv; do
            cmp -s "$1/trials/$t/$file" "$2/trials/$t/$file" || fail "trial $t of $1 and of $2 differ in $file"
        done
    done
}

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
  max_concurrent_trials: 1
  parameters:
    optimizer.learning_rate: {values: [1.0e-3, 1.0e-2, 5.0e-2]}
YAML

# The first trial makes it, the others read it.
run 0 run sweep.yaml output_dir=first
counts 2 first/cache
says first/trials/0000 "the tokens of train are now in"
says first/trials/0001 "the tokens of train are from $(cd first && pwd -P)/cache/tokens-"
says first/trials/0002 "the tokens of validation are from"
[ "$("$hone" inspect "$(find first/cache -name 'tokens-*' | head -1)" | grep -cE '^ *(ids|types|starts|example_starts|cut) ')" -eq 5 ] ||
    fail "hone inspect does not show what is in the cache: $("$hone" inspect "$(find first/cache -name 'tokens-*' | head -1)")"

# All at once, each may make it; the numbers are those of one after another.
run 0 run sweep.yaml output_dir=wide sweep.max_concurrent_trials=3
counts 2 wide/cache
same first wide

# One folder for several runs; a changed text or setting is never mistaken for the old one.
run 0 run sweep.yaml output_dir=shared1 cache_dir=tokens
run 0 run sweep.yaml output_dir=shared2 cache_dir=tokens
[ -e shared1/cache ] || [ -e shared2/cache ] && fail "there is a cache in a run that has one elsewhere"
counts 2 tokens
says shared2/trials/0000 "the tokens of train are from $(pwd -P)/tokens/"
same first shared2
run 0 run sweep.yaml output_dir=short cache_dir=tokens tokenizer.max_length=3
counts 4 tokens
sed -i 's/near tree 1/near bush 1/' train.tsv
run 0 run sweep.yaml output_dir=changed cache_dir=tokens # another vocabulary is learnt, too: validation has other ids
counts 6 tokens
run 0 run sweep.yaml output_dir=changed2
same changed changed2

# Where it cannot be, there is one warning in each trial, and the same numbers.
run 0 run sweep.yaml output_dir=without cache_dir=train.tsv/no
says without/trials/0000 "there is no token cache: cannot make the folder"
[ "$(grep -c "token cache" without/trials/0000/log.txt)" -eq 1 ] || fail "not one warning: $(cat without/trials/0000/log.txt)"
same changed without

# Torn and damaged files are made again, by a line in the log.
for file in changed2/cache/tokens-*; do
    head -c 300 "$file" >torn && cat torn >"$file"
done
run 0 trial changed2/trials/0001
grep -q "a file of the token cache is made again: " out || fail "nothing is said of a torn file: $(cat out)"
same changed changed2
for file in changed2/cache/tokens-*; do
    printf x | dd of="$file" bs=1 seek=900 conv=notrunc 2>/dev/null
done
run 0 trial changed2/trials/0001
grep -q "is damaged: its SHA-256 is" out || fail "nothing is said of a damaged file: $(cat out)"
same changed changed2
run 0 trial changed2/trials/0001
grep -q "is made again" out && fail "it is not made again: $(cat out)"

# A head that prepares its own sequences: what it says cannot matter, and seeds where it draws nothing, share the files.
awk 'BEGIN {
    for (i = 0; i < 30; i++) {
        file = i % 3 ? "train.conll" : "validation.conll"
        print "the O\n" (i % 2 ? "cat B-PET" : "ship B-BOAT") "\nleaves O\n" >file
    }
}'
cat >tags.yaml <<'YAML'
data: {type: conll, train: train.conll, validation: validation.conll}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 8}
head: {type: token_classification}
trainer: {num_train_epochs: 1}
metrics: [seqeval]
sweep:
  method: grid
  metric: {name: validation/seqeval}
  seeds: [1, 2]
  parameters:
    head.dropout: {values: [0.0, 0.1]}
YAML
run 0 run tags.yaml output_dir=tags
counts 2 tags/cache
says tags/trials/0003 "the tokens of train are from"

# Outputs of frozen layers: made by the first trial, read by the others, the same numbers without; planned, and removed by hone clean.
cat >frozen.yaml <<'YAML'
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1, max_length: 16}
model: {type: bert, hidden_size: 32, num_hidden_layers: 3, num_attention_heads: 2, intermediate_size: 64, max_position_embeddings: 16,
        freeze: {embeddings: true, layers: 2}}
head: {type: classification}
trainer: {num_train_epochs: 2, train_batch_size: 8}
metrics: [accuracy]
sweep:
  method: grid
  max_concurrent_trials: 1
  parameters:
    optimizer.learning_rate: {values: [1.0e-4, 1.0e-3, 1.0e-2]}
YAML
run 0 run frozen.yaml output_dir=frozen backend.type=native
[ "$(find frozen/cache -name 'frozen-*.safetensors' | wc -l)" -eq 2 ] || fail "not two files: $(ls frozen/cache)"
[ "$(find frozen/cache -type f | wc -l)" -eq 4 ] || fail "something else is there: $(ls frozen/cache)"
says frozen/trials/0000 "bert.layer.2 of train is now in $(cd frozen && pwd -P)/cache/frozen-"
says frozen/trials/0001 "bert.layer.2 of train is from"
says frozen/trials/0002 "bert.layer.2 of validation is from"
grep -q "is now in" frozen/trials/0001/log.txt && fail "the second trial makes them again: $(cat frozen/trials/0001/log.txt)"
run 0 run frozen.yaml output_dir=computed backend.type=native trainer.cache_frozen=none
[ -n "$(find computed/cache -name 'frozen-*')" ] && fail "there are files that nobody wanted: $(ls computed/cache)"
same frozen computed
for kind in tokens frozen; do # a damaged file costs one line
    printf x | dd of="$(find frozen/cache -name "$kind-*.safetensors" | head -1)" bs=1 seek=900 conv=notrunc 2>/dev/null
    run 0 trial frozen/trials/0001
    [ "$(grep -c "made again: .*$kind-.* is damaged" out)" -eq 1 ] || fail "not one line of the damaged $kind: $(cat out)"
done
same frozen computed
run 0 plan frozen.yaml backend.type=native --no-time
grep -qE "^  disk: .* in the cache, once, for the outputs of frozen layers" out || fail "hone plan says nothing of the disk: $(cat out)"
run 0 plan frozen.yaml backend.type=native trainer.cache_frozen=none --no-time
grep -q "disk:" out && fail "hone plan plans files that nobody wants: $(cat out)"
run 0 clean frozen
[ -e frozen/cache ] && fail "hone clean leaves the cache: $(ls frozen/cache)"
run 0 run tags.yaml output_dir=tags2 cache_dir=tags/cache head.window_stride=1 sweep=null
counts 4 tags/cache

[ $failures -eq 0 ] || exit 1
