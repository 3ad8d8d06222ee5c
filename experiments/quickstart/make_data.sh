#!/bin/sh
# make_data.sh [FOLDER] - writes train.tsv, validation.tsv and test.tsv: Debian packages with their one-line descriptions and sections;
# and, for pre-training, descriptions.txt and descriptions_validation.txt: descriptions of all sections, without labels; and few.tsv: the
# 500 packages of train.tsv whose labels are shown after that.
#
# The text comes from this machine's own package index (apt-cache dumpavail), so the examples differ a little from one system and
# one day to another; from one index they are always the same. There is one example per source package: the binary packages of one
# source describe themselves in nearly the same words, and would stand on both sides of the split. For the same reason no description of
# a source whose package is to be predicted, in validation.tsv or test.tsv, is among those for pre-training, nor one of the same words.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
export LC_ALL=C # sorting and letters are bytes, in every awk

folder=${1:-$(dirname "$0")/data}
seed=42          # another number, another split
least=40         # sections with fewer examples are left out
few=500          # labels for few.tsv
# Sections that say what a package is about. Others (libs, utils, python, ...) say what it is made of or for whom.
sections="database editors electronics games graphics hamradio mail math science sound video web"

if ! command -v apt-cache >/dev/null; then
  echo "make_data.sh: there is no apt-cache; the quickstart classifies Debian packages and needs a Debian or Ubuntu machine" >&2
  exit 1
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/hone-quickstart.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# One line per binary package: source, package, section, description. Ubuntu's sections begin with a component (universe/games); its
# descriptions may be called Description-en. Long descriptions are continuation lines, and most machines do not have them.
apt-cache dumpavail | awk '
  function finish() {
    sub(/.*\//, "", section)
    if (name != "" && description != "" && name !~ /-(dbg|dbgsym|doc|docs|dev|data|common|l10n)$/)
      printf "%s\t%s\t%s\t%s\n", (source == "" ? name : source), name, section, description
    name = section = source = description = ""
  }
  /^Package: / { name = $2 }
  /^Source: / { source = $2 }
  /^Section: / { section = $2 }
  /^Description(-en)?: / { description = substr($0, index($0, ": ") + 2); gsub(/[ \t]+/, " ", description) }
  /^$/ { finish() }
  END { finish() }' | sort -u >"$work/packages"

# The first package of each source that is in one of the sections, and each description once. The key orders the examples of a section as if drawn by lot: a hash of
# seed and source, computed in numbers that every awk holds exactly.
awk -F '\t' -v OFS='\t' -v seed="$seed" -v sections="$sections" '
  function hash(text,    i, h) {
    h = seed
    for (i = 1; i <= length(text); i++)
      h = (h * 65599 + code[substr(text, i, 1)]) % 2147483647
    for (i = 0; i < 4; i++)
      h = (h * 48271 + 11) % 2147483647
    return h
  }
  BEGIN {
    for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i
    n = split(sections, list, " ")
    for (i = 1; i <= n; i++) wanted[list[i]] = 1
  }
  $3 in wanted && !($1 in sources) && !(tolower($4) in texts) {
    sources[$1] = texts[tolower($4)] = 1
    printf "%s\t%010d\t%s\t%s\t%s\n", $3, hash($1), $2, $4, $1
  }' "$work/packages" | sort >"$work/examples"

mkdir -p "$folder"
rm -f "$work/train" "$work/validation" "$work/test" "$work/held"
# Of each section 15 % for validation, 15 % for the test, the rest for training.
awk -F '\t' -v OFS='\t' -v work="$work" -v least="$least" '
  NR == FNR { count[$1]++; next }
  count[$1] >= least {
    i = seen[$1]++
    part = i < count[$1] * 0.15 ? "validation" : i < count[$1] * 0.3 ? "test" : "train"
    print $3, $4, $1 >(work "/" part)
    if (part != "train") print $5, $4 >(work "/held")
    total[part]++
  }
  END { for (part in total) close(work "/" part); close(work "/held") }' "$work/examples" "$work/examples"

if [ ! -s "$work/train" ] || [ "$(wc -l <"$work/train")" -lt 200 ]; then
  echo "make_data.sh: this machine's package index holds too few packages; fill it with: apt-get update" >&2
  exit 1
fi

# As many of each section as its share is, rounded up: the first ones, whose order was drawn above.
awk -F '\t' -v few="$few" '
  NR == FNR { count[$3]++; total++; next }
  seen[$3]++ < count[$3] * few / total' "$work/train" "$work/train" >"$work/few"

for part in train validation test few; do
  {
    printf 'package\tdescription\tsection\n'
    cat "$work/$part"
  } >"$folder/$part.tsv.new"
  mv "$folder/$part.tsv.new" "$folder/$part.tsv"
done

# One description of each other source, whatever its section; every 50th is for validation. An empty line ends a document.
awk -F '\t' -v work="$work" '
  NR == FNR { sources[$1] = texts[tolower($2)] = 1; next }
  !($1 in sources) && !(tolower($4) in texts) {
    sources[$1] = texts[tolower($4)] = 1
    print $4 "\n" >(work "/" (n++ % 50 == 7 ? "descriptions_validation" : "descriptions"))
  }' "$work/held" "$work/packages"
for part in descriptions descriptions_validation; do
  mv "$work/$part" "$folder/$part.txt.new" # from another file system, perhaps: the last step is within one
  mv "$folder/$part.txt.new" "$folder/$part.txt"
done

examples=$(cat "$work/train" "$work/validation" "$work/test" | wc -l)
echo "$folder: $((examples)) packages of $(cut -f 3 "$work/train" | sort -u | wc -l | tr -d ' ') sections: $(($(wc -l <"$work/train"))) to train," \
  "$(($(wc -l <"$work/validation"))) to validate, $(($(wc -l <"$work/test"))) to test"
echo "$folder: $(($(grep -c . "$folder/descriptions.txt"))) descriptions of all sections to pre-train, $(($(wc -l <"$work/few"))) labels after it"
