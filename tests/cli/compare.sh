#!/bin/bash
# compare.sh - `hone compare`: runs side by side with intervals, paired tests, what differs, and curves in one picture.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=${HONE_PROGRAM:?run this test through ctest}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-compare-XXXXXX") || exit 1
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
    for (i = 0; i < 150; i++) {
        file = i % 3 ? "train.tsv" : "validation.tsv"
        if (!(file in begun)) { print "text\tlabel" >file; begun[file] = 1 }
        print (i % 2 ? "a cat and a dog near tree " : "one ship on the sea with wind ") (i % 7) "\t" (i % 2 ? "animal" : "ship") >file
    }
}'
cat >good.yaml <<'YAML'
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 8}
head: {type: classification}
optimizer: {type: adamw, learning_rate: 0.05}
trainer: {num_train_epochs: 3, train_batch_size: 8}
metrics: [accuracy, f1, matthews_correlation]
YAML

run 0 run good.yaml output_dir=good --quiet
run 0 run good.yaml output_dir=poor name=poor optimizer.learning_rate=1.0e-9 trainer.train_batch_size=16 --quiet
run 0 run good.yaml output_dir=same --quiet

# The best comes first, whatever the order in which they are given.
run 0 compare poor good --output side
[ "$(grep -nE '^  good ' out | head -1 | cut -d : -f 1)" -lt "$(grep -nE '^  poor ' out | head -1 | cut -d : -f 1)" ] || fail "the best is not first: $(cat out)"
grep -qE '^  good +0 +1\.0000 \[1\.0000, 1\.0000\]' out || fail "no figure with its interval: $(cat out)"
grep -qE 'good against poor: validation/accuracy \+0\.[0-9]+ \[\+0\.[0-9]+, \+0\.[0-9]+\], p = 0\.00[0-9] \(paired bootstrap\)' out ||
    fail "no bootstrap: $(cat out)"
grep -qE 'right where the other is wrong: [0-9]+ against 0, p [<=] 0\.[0-9]+ \(McNemar\)' out || fail "no test of McNemar: $(cat out)"
grep -qE 'optimizer.learning_rate +0.05 +1.0e-09' out || fail "no differing setting: $(cat out)"
grep -qE 'trainer.train_batch_size +8 +16' out || fail "no differing setting: $(cat out)"
grep -q 'hidden_size' out && fail "a setting that does not differ: $(cat out)"
for file in side/compare.md side/plots/validation_accuracy.gp side/plots/train_loss.dat; do
    [ -s $file ] || fail "$file is not there: $(ls -R side)"
done
if command -v gnuplot >/dev/null; then
    [ -s side/plots/validation_accuracy.svg ] || fail "the picture is not drawn"
fi
says side/compare.md "## What differs"
says side/compare.md "good against poor"
says side/compare.md "plots/validation_accuracy."

# McNemar's p by hand: of the 50 examples the poor one has all wrong of one label, 2 / 2^n.
run 0 compare poor good --output side --json
wrong=$(grep -oE '"only_best": [0-9]+' out | grep -oE '[0-9]+')
p=$(grep -oE '"p_mcnemar": [0-9.e+-]+' out | cut -d ' ' -f 2)
awk -v n="$wrong" -v p="$p" 'BEGIN { e = 2 / 2 ^ n; exit !(p > 0.999999 * e && p < 1.000001 * e) }' || fail "p is $p for $wrong to 0"
says out '"metric": "validation/accuracy", "goal": "maximize"'
says out '"not_tested": null'

# The same twice: no difference, nothing that differs. Two runs of one name go by their folders.
run 0 compare good same --output side
says out "good against same: validation/accuracy +0.0000 [+0.0000, +0.0000], p = 1.000 (paired bootstrap)"
says out "0 against 0, p = 1.000 (McNemar)"
says out "the settings are the same"

# By another figure; by one that is better the smaller it is; by one that is not there.
run 0 compare good poor --metric validation/loss --output side
says out "good against poor: validation/loss -0."
run 2 compare good poor --metric validation/spearman --output side
says err "has no figure validation/spearman"
says err "validation/f1"

# Other examples are not compared with each other.
head -30 validation.tsv >short.tsv
run 0 run good.yaml output_dir=short name=short data.validation=short.tsv optimizer.learning_rate=1.0e-9 --quiet
run 0 compare good short --output side
says out "not tested, because they were evaluated on different examples"

# A sweep with seeds: the mean beside the trial that stands for it. Three runs at once.
run 0 run good.yaml output_dir=seeds name=seeds --quiet 'sweep={method: grid, metric: {name: validation/accuracy}, seeds: [1, 2, 3], parameters: {model.hidden_size: {values: [8]}}}'
run 0 compare poor seeds good --output side
says out "mean of seeds"
says out "± 0.0000 of 3"
[ "$(grep -c "against" out)" -ge 2 ] || fail "not two tests: $(cat out)"

# Data that has gone since: figures and settings are still there.
mv validation.tsv elsewhere.tsv
run 0 compare good poor --output side
says err "has no intervals"
says out "optimizer.learning_rate"
says out "not tested, because "

run 2 compare good
run 2 compare good nowhere
says err "nowhere holds no run"

[ $failures -eq 0 ] || echo "$failures failures"
exit $((failures > 0))
