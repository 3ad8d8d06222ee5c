#!/usr/bin/env bash
# doctor.sh - `hone version` and `hone doctor` from outside: what they list, and when doctor fails.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=$HONE_PROGRAM
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-test-XXXXXX")
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
  echo "$1"
  failed=1
}

for word in hone compiler libyaml jansson utf8proc openssl cpu instruction_set cpu_features threads; do
  "$hone" version | grep -q "^$word  *[^ ]" || fail "hone version does not say $word"
  [ $word = threads ] || "$hone" version --json | grep -q "\"$word\": \"[^\"]" || fail "hone version --json does not say $word"
done
"$hone" version | grep -q '^backend  *null: ' || fail "hone version does not list the null backend"
"$hone" --version | grep -q '^hone  *[0-9]' || fail "hone --version is not hone version"
"$hone" version more 2>/dev/null
[ $? = 2 ] || fail "hone version more is not refused"

(cd "$dir" && "$hone" doctor >doctor.txt) || fail "hone doctor finds something missing: $(cat "$dir/doctor.txt")"
for word in threads memory plugins gnuplot results temporary; do
  grep -q "^[a-z]*  *$word " "$dir/doctor.txt" || fail "hone doctor does not look at $word"
done

# A plugin that is none: named with the reason, and the exit status says so.
mkdir -p "$dir/more/head"
echo "no plugin" >"$dir/more/head/odd.so"
chmod 644 "$dir/more/head/odd.so"
(cd "$dir" && HONE_PLUGIN_PATH="$HONE_PLUGIN_PATH:$dir/more:$dir/absent" "$hone" doctor >doctor.txt)
[ $? = 1 ] || fail "hone doctor does not fail over a broken plugin"
grep -q "^MISSING .*head/odd.so" "$dir/doctor.txt" || fail "hone doctor does not name the broken plugin: $(cat "$dir/doctor.txt")"
grep -q "^note .*absent; there is no such folder" "$dir/doctor.txt" || fail "hone doctor does not name the absent folder"

# A folder that cannot be written (root can write everywhere but below a file).
mkdir "$dir/here"
touch "$dir/file"
(cd "$dir/here" && TMPDIR="$dir/file" "$hone" doctor >"$dir/doctor.txt") || fail "hone doctor fails without a temporary folder"
grep -q "^note  *temporary " "$dir/doctor.txt" || fail "hone doctor does not see that TMPDIR cannot be written"
exit $failed
