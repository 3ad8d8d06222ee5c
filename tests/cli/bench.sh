#!/usr/bin/env bash
# The benchmark runs and leaves what others read: its quick form, whose figures mean nothing.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
out=$(tests/bench/run.sh --quick 2>&1) || { echo "$out"; exit 1; }
json=$HONE_BUILD/bench-quick/bench.json

failed=0
has() { # WHAT PATTERN: a line of the file
  grep -Eq "$2" "$json" && return
  echo "no row of $1 in $json"
  failed=1
}
positive='[0-9.e+-]*[1-9]'
has "an operator" "^\{\"bench\": \"operator\", \"name\": \"attention\", .*\"forward_seconds\": $positive.*\"forward_share\": .*\},?$"
has "the tokenizer" "^\{\"bench\": \"text\", \"name\": \"wordpiece, lines of text to ids and offsets\", .*\"mb_per_s\": $positive.*\},?$"
has "a training step" "^\{\"bench\": \"step\", \"name\": \"tiny 2 x 16\", .*\"seconds\": $positive.*\"peak_memory_mib\": $positive.*\},?$"
has "inference" "^\{\"bench\": \"inference\", \"name\": \"tiny 2 x 16\", .*\"tokens_per_s\": $positive.*\},?$"
has "another backend" "^\{\"bench\": \"step\", \"name\": \"tiny openblas 2 x 16\", \"backend\": \"openblas\", .*\},?$"
has "portable C" "^\{\"bench\": \"step\", \"name\": \"tiny native portable 2 x 16\", \"backend\": \"native\", .*\},?$"
has "the start" "^\{\"bench\": \"run\", \"name\": \"start tiny\", \"first_step_seconds\": $positive.*\},?$"
has "an epoch" "^\{\"bench\": \"run\", \"name\": \"epoch tiny\", .*\"seconds\": $positive.*\"trials\": 1,.*\},?$"
has "a sweep" "^\{\"bench\": \"run\", \"name\": \"sweep tiny\", .*\"trials\": 2,.*\},?$"

# The whole file is one value, with a row on each line between its first and its last.
[ "$(head -c 13 "$json")" = '{"format": 1,' ] && [ "$(tail -n 1 "$json")" = ']}' ] || { echo "$json is not whole"; failed=1; }
[ "$(sed '1d;$d' "$json" | grep -Evc '^\{.*\},?$')" = 0 ] || { echo "a line of $json is no row"; failed=1; }

# What is written wrongly is refused.
if tests/bench/run.sh --only stpes >/dev/null 2>&1; then
  echo "run.sh takes a part that there is not"
  failed=1
fi

# Beside PyTorch, where it is installed.
if [ -n "${HONE_PYTHON:-}" ]; then
  compared=$("$HONE_PYTHON" tests/bench/compare_pytorch.py --build "$HONE_BUILD" --only steps --models tiny --batches 2 --length 16 \
    --rounds 1 --n 1) || failed=1
  echo "$compared" | grep -Eq '^step tiny 2 x 16 +[0-9.]+ +[0-9.]+ ' || { echo "no ratio in: $compared"; failed=1; }
fi
[ "$failed" = 0 ] || { echo "$out"; exit 1; }
