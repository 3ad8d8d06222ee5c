#!/usr/bin/env bash
# quickstart.sh - the quickstart from a package index to its reports, on a small made-up index and for a few steps: the data it writes
# leaks nothing, both sweeps run, and the second shows pre-trained, from scratch and bag of words side by side.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
export LC_ALL=C
work=$(mktemp -d "${TMPDIR:-/tmp}/hone-test-XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
  echo "quickstart.sh: $*" >&2
  exit 1
}

# An index of 4 sections that count and one that does not, with sources of two packages, sections of Ubuntu's form, a text that two
# sources share and a lone quotation mark.
mkdir -p "$work/bin" "$work/experiments"
cat >"$work/bin/apt-cache" <<'EOF'
#!/bin/sh
[ "$1" = dumpavail ] || exit 1
awk 'BEGIN {
  split("games mail science universe/sound libs", section, " ")
  split("play chess|read letters|measure stars|hear \"music|link objects", words, "|")
  for (i = 0; i < 1200; i++) {
    k = i % 7 % 5 + 1
    for (twin = 0; twin < 2; twin++)
      printf "Package: p%d%s\n%sSection: %s\nDescription: %s the %d way%s\n\n", i, twin ? "-extra" : "",
        twin ? "Source: p" i " (1.0)\n" : "", section[k], words[k], i == 1194 ? 4 : i, twin ? " with more" : ""
  }
}'
EOF
chmod +x "$work/bin/apt-cache"
cp -r experiments/quickstart "$work/experiments/"
rm -rf "$work/experiments/quickstart/data"
cd "$work"
here=experiments/quickstart
PATH="$work/bin:$PATH" sh $here/make_data.sh >out || fail "make_data.sh: $(cat out)"
data=$here/data

# One example a source, all in one part; none of the section that says nothing.
[ "$(cut -f 2 $data/train.tsv $data/validation.tsv $data/test.tsv | sort | uniq -d)" = description ] || fail "a description is in two places"
[ "$(cut -f 3 $data/train.tsv | sort -u | tr '\n' ' ')" = "games mail science section sound " ] || fail "the sections are wrong"
# The few labels after pre-training are 500 of the training data's, and each section has its share of them.
[ "$(sort -u $data/train.tsv | comm -12 - <(sort -u $data/few.tsv) | wc -l)" -eq "$(wc -l <$data/few.tsv)" ] || fail "few.tsv is not of train.tsv"
tail -n +2 $data/train.tsv | cut -f 3 | uniq -c >all
tail -n +2 $data/few.tsv | cut -f 3 | uniq -c >few
paste all few | awk '
  { total += all[NR] = $1; n += few[NR] = $3 }
  END {
    for (i = 1; i <= NR; i++)
      if (few[i] < all[i] * 500 / total || few[i] >= all[i] * 500 / total + 1) exit 1
    exit !(n >= 500 && n < 500 + NR)
  }' || fail "few.tsv has not 500 labels, or a section not its share: $(cat few)"
# No text of a source that is to be predicted is among those to pre-train on; texts of the training data and of other sections are.
cut -f 2 $data/validation.tsv $data/test.tsv | grep -v '^description$' >held
[ "$(wc -l <held)" -gt 100 ] || fail "there is nothing to predict"
grep -v '^$' $data/descriptions.txt >texts
grep -qxFf held texts && fail "a text to predict is among those to pre-train on"
sed 's/ with more$//' texts | grep -qxFf held && fail "a text of a source to predict is among those to pre-train on"
grep -q '^link objects' texts || fail "other sections are missing"
grep -qxF "$(sed -n 2p $data/train.tsv | cut -f 2)" texts || fail "the training texts are missing"

quick="trainer.max_steps=3 sweep.seeds=[1]"
# shellcheck disable=SC2086  # $quick are words
"$HONE_PROGRAM" run $here/quickstart.yaml $quick --quiet >out 2>err || fail "quickstart.yaml does not run: $(cat err)"
[ "$(grep -c complete reports/quickstart/leaderboard.tsv)" -eq 4 ] || fail "its leaderboard lacks points"

"$HONE_PROGRAM" vocab $data/descriptions.txt --size 300 --output $data/vocab.txt >/dev/null
"$HONE_PROGRAM" run $here/pretraining.yaml trainer.max_steps=3 --quiet >out 2>err || fail "pretraining.yaml does not run: $(cat err)"
# shellcheck disable=SC2086
"$HONE_PROGRAM" run $here/pretrained.yaml $quick --quiet >out 2>err || fail "pretrained.yaml does not run: $(cat err)"
for name in pre-trained "from scratch" "bag of words"; do
  grep -q "| $name |" reports/quickstart_pretrained/report.md || fail "the leaderboard has no $name"
  grep -q "model: $name" reports/quickstart_pretrained/report.md || fail "the report does not say what $name is"
done
