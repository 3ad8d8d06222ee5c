#!/usr/bin/env bash
# commands.sh - what holds for every command: help with an example on standard output, wrong use refused with 2 on standard error.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=${HONE_PROGRAM:?}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-test-XXXXXX")
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
  echo "$1"
  failed=1
}

runs() { # STATUS ARGUMENT ...: the exit status, and which of the two streams speaks
  local status=$1 got=0 speaks=out silent=err
  shift
  "$hone" "$@" >"$dir/out" 2>"$dir/err" </dev/null || got=$?
  [ "$got" = "$status" ] || fail "hone $* ends with $got and not $status"
  [ "$status" = 0 ] || { speaks=err silent=out; }
  [ -s "$dir/$speaks" ] || fail "hone $* says nothing on std$speaks"
  [ ! -s "$dir/$silent" ] || fail "hone $* says something on std$silent: $(cat "$dir/$silent")"
}

runs 0 --help
cp "$dir/out" "$dir/commands"
words=$(awk '$1 == "hone" && $2 ~ /^[a-z]+$/ {print $2}' "$dir/commands")
[ "$(echo "$words" | wc -l)" -ge 12 ] || fail "hone --help lists too few commands: $words"
[ "$(wc -L <"$dir/commands")" -le 120 ] || fail "hone --help has lines of more than 120 columns"

for word in $words; do
  runs 0 "$word" --help
  grep -q "^usage: hone $word" "$dir/out" || fail "hone $word --help does not say how it is used"
  example=$(sed -n 's/^Example: //p' "$dir/out")
  case $example in "hone $word"*) ;; *) fail "hone $word --help has no example of it: $example" ;; esac
  for file in $(echo "$example" | grep -o 'experiments/[^ ]*'); do
    [ -f "$file" ] || fail "the example of hone $word names $file, which is not there"
  done
  runs 2 "$word" --no-such-option
done

runs 2
runs 2 chek
grep -q "did you mean check?" "$dir/err" || fail "hone chek does not suggest check: $(cat "$dir/err")"
for word in run check report plugins\ check inspect tokenize trial vocab new; do
  # shellcheck disable=SC2086  # the word may be two
  runs 2 $word
done

# Data that is bad, not the use: 1.
runs 1 inspect "$dir/commands"
runs 1 trial "$dir"
exit $failed
