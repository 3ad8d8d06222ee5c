# plugins.sh - hone plugins, describe and new, as they are used: every skeleton builds without a warning and passes its checks.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
hone=${HONE_PROGRAM:?}
cc=${CC:-cc}
flags="-std=c11 -pedantic -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Werror -D_DEFAULT_SOURCE -O1 -fPIC -shared"
[ -z "${HONE_SANITIZE:-}" ] || flags="$flags -fsanitize=$HONE_SANITIZE"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fails() { # STATUS WORDS COMMAND...: it must end with the status and say the words
  local status=$1 words=$2 got=0
  shift 2
  "$@" >"$dir/out" 2>&1 || got=$?
  if [ "$got" != "$status" ] || ! grep -q -- "$words" "$dir/out"; then
    echo "\"$*\" ended with $got and not $status, or does not say \"$words\":"
    cat "$dir/out"
    exit 1
  fi
}

kinds=$("$hone" describe | awk 'NF > 2 && $2 ~ /^[0-9]+$/ {print $1}')
for kind in $kinds; do
  "$hone" plugins --kind "$kind" | grep -q "^$kind *null "
  "$hone" describe "$kind" >/dev/null
  "$hone" describe "$kind/null" | grep -q "^$kind/null: "
  "$hone" describe "$kind/null" --markdown | grep -q "^## $kind/null"
  mkdir -p "$dir/$kind"
  "$hone" new "$kind" mine --dir "$dir/$kind" >/dev/null
  # shellcheck disable=SC2086  # the flags are words
  $cc $flags -Iinclude -o "$dir/$kind/mine.so" "$dir/$kind/mine.c" -L"$HONE_BUILD" -lhone -lm
  "$hone" plugins check "$dir/$kind/mine.so" >"$dir/out" || { echo "the skeleton of a $kind fails:"; cat "$dir/out"; exit 1; }
done
# Promises that are broken are noticed: the skeleton with one thing wrong.
breaks() { # KIND SED-EXPRESSION WORDS
  mkdir -p "$dir/broken"
  sed "$2" "$dir/$1/mine.c" >"$dir/broken/mine.c"
  if cmp -s "$dir/$1/mine.c" "$dir/broken/mine.c"; then
    echo "the skeleton of a $1 has changed: nothing to break by $2"
    exit 1
  fi
  # shellcheck disable=SC2086  # the flags are words
  $cc $flags -w -Iinclude -o "$dir/broken/$1.so" "$dir/broken/mine.c" -L"$HONE_BUILD" -lhone -lm
  fails 1 "$3" "$hone" plugins check "$dir/broken/$1.so"
}
breaks schedule 's/return p->floor/return -2.0 + p->floor/' 'the factor of step 1 of'
breaks optimizer 's/= p->momentum \*/= 1e-3 * (double)u->begin + p->momentum */' 'updated in ranges'
breaks optimizer 's/learning_rate, .def_real/learning_rate, .unit = NULL, .def_real/; s/"1.step"/NULL/' 'has no unit'
breaks stopper 's/return seen > 0/return true/' 'the only trial'
breaks tokenizer 's/hash % buckets/hash % buckets + 2 * buckets/' 'FAILED'
breaks model 's/hone_add(g, x, y)/hone_add(g, x, hone_gather(g, y, hone_lookup_last(g, in)))/; s/^static hone_status build/static hone_node *hone_lookup_last(hone_graph *g, const hone_inputs *in)\n{\n    (void)g;\n    return in->types;\n}\n\n&/' 'other hidden states alone'
breaks backend 's/a\[i\] + b\[i\]/a[i] - b[i]/' 'the reference gives'
[ -n "${HONE_SANITIZE:-}" ] || # which count leaks themselves
  breaks metric '/^static hone_status compute/,/^{/ s/^{/{\n    extern void *malloc(size_t);\n    char *volatile lost = malloc(77);\n    (void)lost;/' \
    'rounds of all checks leaves'
breaks launcher 's/out->exit_code = WEXITSTATUS(job->status)/out->exit_code = 0/' 'exit 3 is reported'

export HONE_PLUGIN_PATH=$HONE_PLUGIN_PATH:$dir
"$hone" plugins | grep -q '^head *mine '
"$hone" describe head/mine | grep -q 'dropout: real, default 0.1, in \[0, 1)'
"$hone" describe head/mine --json | grep -q '"kind": "head"'
"$hone" plugins --json | grep -q '"name": "mine"'

fails 1 'is there already' "$hone" new head mine --dir "$dir/head"
fails 2 'did you mean head' "$hone" new hed mine
fails 2 'is not possible' "$hone" new head ../mine
fails 2 'takes a KIND and a NAME' "$hone" new head
fails 2 'did you mean --json' "$hone" describe head --jsn
fails 2 'did you mean null' "$hone" describe head/nul
fails 2 'no kind of plugin' "$hone" plugins --kind nothing
fails 2 'takes the files' "$hone" plugins check
fails 1 'crashed with signal' "$hone" plugins check "$HONE_BUILD/tests/bad/crashes.so"
fails 1 '1 failed' "$hone" plugins check "$HONE_BUILD/tests/bad/bad_row.so"

# One plugin that crashes does not hide the others.
cp "$HONE_BUILD/tests/bad/crashes.so" "$dir/schedule/crashes.so"
"$hone" plugins >"$dir/out"
grep -q '^schedule *crashes *NOT USABLE: .*signal' "$dir/out"
grep -q '^head *mine ' "$dir/out"
