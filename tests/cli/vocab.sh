#!/usr/bin/env bash
# vocab.sh - `hone vocab` from outside: what it writes, the same for every order, and what it refuses.
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

refused() { # STATUS MESSAGE ARGUMENTS
  local status=$1 message=$2 said rc
  shift 2
  said=$("$hone" vocab "$@" 2>&1 >/dev/null)
  rc=$?
  [ $rc = "$status" ] && [ "$said" = "hone vocab: $message" ] || fail "hone vocab $*: $rc: $said"
}

cd "$dir" || exit 1
printf 'The dogs see the dog\nThe dog sees\n' >a.txt
printf 'the dogs\r\nDOGS sée dogs\n' >b.txt

"$hone" vocab a.txt b.txt --size 24 >said.txt || fail "hone vocab fails"
[ "$(head -5 vocab.txt | tr '\n' ' ')" = "[PAD] [UNK] [CLS] [SEP] [MASK] " ] || fail "the special tokens do not come first"
grep -qx dogs vocab.txt && grep -qx the vocab.txt || fail "the frequent words are not in the vocabulary: $(cat vocab.txt)"
grep -q 'In an experiment: tokenizer: {type: wordpiece, vocab: vocab.txt, lowercase: true}' said.txt || fail "$(cat said.txt)"
"$hone" vocab b.txt a.txt --size 24 --output other.txt >/dev/null || fail "hone vocab --output fails"
cmp -s vocab.txt other.txt || fail "the order of the files matters"
cat a.txt b.txt | "$hone" vocab - --size 24 --output other.txt --force --json >said.txt || fail "hone vocab - fails"
cmp -s vocab.txt other.txt || fail "standard input gives another vocabulary"
grep -q '"words": 13, "distinct_words": 5, "lowercase": true' said.txt || fail "$(cat said.txt)"
"$hone" vocab a.txt --cased --size 24 --min-frequency 1 --output cased.txt >/dev/null || fail "hone vocab --cased fails"
grep -qx The cased.txt || fail "--cased has no capitals: $(cat cased.txt)"

refused 1 "vocab.txt exists already; give another --output, or --force to replace it" a.txt --size 20
refused 2 "--size says how many tokens to learn, and is missing; \`hone vocab --help\` says more" a.txt
refused 2 "it needs the files to learn from; \`hone vocab --help\` says more" --size 20
refused 2 "--size is 5; it must be a whole number from 6 to 2147483647" a.txt --size 5
refused 2 "--size is 8k; it must be a whole number from 6 to 2147483647" a.txt --size 8k
refused 2 "--cased and --lowercase contradict each other" a.txt --size 20 --cased --lowercase
printf 'good\nb\xffd\n' >bad.txt
refused 1 "bad.txt:2: the byte 0xff is not UTF-8; convert the file to UTF-8" bad.txt --size 20 --output new.txt
printf 'a\n\nb\0d\n' >bad.txt
refused 1 "bad.txt:3: there is a NUL byte; text files have none (is this a text file, in UTF-8?)" bad.txt --size 20 --output new.txt
printf '\n' >empty.txt
refused 1 "there are no words in these files to learn a vocabulary from" empty.txt --size 20 --output new.txt
[ ! -e new.txt ] || fail "a vocabulary was written in spite of an error"
exit $failed
