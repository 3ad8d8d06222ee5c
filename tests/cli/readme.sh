#!/usr/bin/env bash
# readme.sh - what README.md shows is true: its experiment passes hone check and runs, its commands and files exist.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
readme=$PWD/README.md
work=$(mktemp -d "${TMPDIR:-/tmp}/hone-test-XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
  echo "readme.sh: $*" >&2
  exit 1
}

# Data and weights of the README's names are not everybody's: its file is run on a few pairs of our own and a small random model.
mkdir -p "$work/data/mrpc"
for part in train dev; do
  {
    printf 'Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n'
    for i in 1 2 3 4 5 6 7 8; do
      printf '1\t%d\t%d\tthe red cat sat on mat %d\ta red cat sat on mat %d\n' "$i" "$i" "$i" "$i"
      printf '0\t%d\t%d\tthe red cat sat on mat %d\tstocks fell by %d points\n' "$i" "$i" "$i" "$i"
    done
  } >"$work/data/mrpc/$part.tsv"
done
sed -n '/^```yaml$/,/^```$/p' "$readme" | sed '1d;$d' >"$work/mrpc.yaml"
grep -q '^sweep:' "$work/mrpc.yaml" || fail "README.md shows no experiment"

cd "$work"
small="{type: bert, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 16}"
set -- mrpc.yaml data_root=data model="$small" tokenizer.vocab_size=120 tokenizer.max_length=32
"$HONE_PROGRAM" check "$@" >out 2>err || fail "its experiment does not pass hone check: $(cat err)"
"$HONE_PROGRAM" check "$@" --render >rendered.yaml || fail "its experiment does not render"
"$HONE_PROGRAM" run "$@" sweep.run_cap=2 >out 2>err || fail "its experiment does not run: $(cat err)"

# Every file of "What a run leaves" that such a run has.
for file in report.md leaderboard.tsv best.yaml best experiment.yaml environment.json journal.log data.txt; do
  [ -e "reports/mrpc/$file" ] || fail "a run leaves no $file"
  grep -q "$file" "$readme" || fail "README.md does not name $file"
done
for file in trial.yaml metrics.jsonl result.json predictions.tsv exhibits.json log.txt model; do
  [ -e "reports/mrpc/trials/0000/$file" ] || fail "a trial leaves no $file"
done

# Every command that it names is one, and every file of the tour is there.
grep -o '`hone [a-z][a-z]*' "$readme" | cut -d ' ' -f 2 | sort -u | while read -r word; do
  "$HONE_PROGRAM" "$word" --help >/dev/null 2>&1 || fail "there is no hone $word"
done
cd "$(dirname "$readme")"
sed -n '/^## A tour/,/^## Building/p' "$readme" | grep -o '`[a-z]*/[A-Za-z0-9_./]*`' | tr -d '`' | while read -r file; do
  [ -e "$file" ] || fail "README.md's tour names $file, which is not there"
done
