#!/usr/bin/env bash
# custom_task.sh - the task of one's own in experiments/custom_task builds against the installed package, passes its check and trains;
# its figures, table and curve stand in the exhibits and the report, though nothing in hone knows of them.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
if [ -n "${HONE_SANITIZE:-}" ]; then
  echo "left out: a plugin built by hand has no sanitizer, and cannot be loaded before it"
  exit 77
fi
cc=${CC:-cc}
source=$PWD/experiments/custom_task shared=$(realpath -m ../shared)
work=$(mktemp -d "${TMPDIR:-/tmp}/hone-test-XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
  echo "$*" >&2
  exit 1
}

says() { # FILE TEXT
  grep -qF -- "$2" "$work/$1" || fail "there is no \"$2\" in $1: $(head -c 3000 "$work/$1")"
}

cmake --install "$HONE_BUILD" --prefix "$work/prefix" >"$work/install.log" || { cat "$work/install.log"; fail "not installed"; }
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name hone.pc)")
export PKG_CONFIG_PATH
unset HONE_PLUGIN_PATH
hone=$work/prefix/bin/hone
cd "$work"
# shellcheck disable=SC2046  # the flags are words
"$cc" -std=c11 -O2 -Wall -Wextra -Werror -fPIC -shared -o ordinal.so "$source/ordinal.c" $(pkg-config --cflags --libs hone) -lm
"$hone" plugins check ./ordinal.so >check.log 2>&1 || { cat check.log; fail "ordinal.so fails its check"; }
# The experiment beside it, where its data and weights are.
cp "$source/stsb_levels.yaml" .
if [ -e "$shared/data/stsb/train.tsv" ] && [ -e "$shared/models/all-MiniLM-L6-v2" ]; then
  "$hone" check stsb_levels.yaml "data_root=$shared/data" "model_root=$shared/models" >check.log 2>&1 || { cat check.log; fail "stsb_levels.yaml fails its check"; }
fi

# Sixty pairs whose words give their score away; a small model of random weights.
awk 'BEGIN {
    split("never seldom often always", word, " ")
    for (i = 0; i < 60; i++) {
        file = i % 3 ? "train.tsv" : "validation.tsv"
        if (!(file in begun)) { print "number\tsentence1\tsentence2\tscore" >file; begun[file] = 1 }
        level = int(i / 3) % 4
        print i "\tit is " word[level + 1] " so\tit is so\t" level * 0.9 + 0.2 >file
    }
}'
cat >tiny.yaml <<'Y'
name: tiny
plugins: [ordinal.so]
task: ordinal
data: {train: train.tsv, validation: validation.tsv, highest: 3}
tokenizer: {type: whitespace}
model: {type: bag, hidden_size: 16}
head: {dropout: 0}
optimizer: {type: adamw, learning_rate: 5.0e-2}
trainer: {num_train_epochs: 30, train_batch_size: 8, threads: 1, metric_for_best_model: validation/qwk}
Y
"$hone" run tiny.yaml output_dir=out >run.log 2>&1 || { cat run.log; fail "the task does not train"; }
trial=$(dirname "$(find out -name exhibits.json | head -1)")
for text in '"qwk_levels"' '"qwk_within"' qwk_mae 'mean absolute error' 'share of examples'; do
  says "$trial/exhibits.json" "$text"
done
report=out/report.md
for text in qwk 'Levels and how far predictions are off' 'Predictions at most so many levels off'; do
  says "$report" "$text"
done

tr -d ' \n' <"$trial/result.json" >flat
for figure in qwk:1 qwk_mae:-1; do
  grep -qE "\"validation/${figure%:*}\":\{[^}]*\"direction\":${figure#*:}[,}]" flat || fail "${figure%:*} has not the direction ${figure#*:}"
done

# The words tell the levels apart, and the figures are those of the predictions: columns of predictions.tsv, reckoned here again.
awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { g = $at["gold"]; p = $at["predicted"]; d = g - p; n++; off += d < 0 ? -d : d; square += d * d; gold[g]++; said[p]++ }
    END { for (g in gold) for (p in said) chance += (g - p) * (g - p) * gold[g] * said[p]
          printf "%.6f %.6f\n", 1 - square * n / chance, off / n }' "$trial/predictions.tsv" >mine
read -r kappa error <mine
awk -v k="$kappa" 'BEGIN { exit !(k > 0.9) }' || fail "kappa is $kappa: the task has learnt nothing"
for figure in "qwk:$kappa" "qwk_mae:$error"; do
  value=$(grep -oE "\"validation/${figure%%:*}\":\\{\"value\":[-0-9.e]+" flat | head -1 | sed 's/.*://')
  awk -v a="$value" -v b="${figure#*:}" 'BEGIN { d = a - b; exit !(a != "" && d < 1e-5 && d > -1e-5) }' ||
    fail "${figure%%:*} is \"$value\", and ${figure#*:} by the predictions"
done

# A mistake in the data is one sentence with file and line.
sed 's/2\.9$/many/' train.tsv >wrong.tsv
if "$hone" run tiny.yaml data.train=wrong.tsv output_dir=wrong >wrong.log 2>&1; then fail "a score that is a word is read"; fi
says wrong.log 'the score is "many", which is not a number from 0 to 3'
