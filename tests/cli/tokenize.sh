#!/usr/bin/env bash
# tokenize.sh - hone tokenize: tokens of a file and of standard input, and its mistakes.
#
# SPDX-License-Identifier: Apache-2.0
set -u
failed=0
vocab=tests/golden/wordpiece/vocab.txt

expect() { # WHAT EXPECTED SEEN
  if [ "$2" != "$3" ]; then
    printf '%s\nexpected: %s\nseen:     %s\n' "$1" "$2" "$3"
    failed=1
  fi
}

seen=$(printf 'The [MASK]!\n\n' | "$HONE_PROGRAM" tokenize "$vocab" - --json)
expect "JSON of two lines" '{"tokens": ["[CLS]", "the", "[MASK]", "!", "[SEP]"], "ids": [2, 979, 4, 5, 3], "type_ids": [0, 0, 0, 0, 0], "offsets": [[0, 0], [0, 3], [4, 10], [10, 11], [0, 0]]}
{"tokens": ["[CLS]", "[SEP]"], "ids": [2, 3], "type_ids": [0, 0], "offsets": [[0, 0], [0, 0]]}' "$seen"

seen=$(printf 'The end' | "$HONE_PROGRAM" tokenize --type wordpiece "$vocab" - | cut -d' ' -f1,2)
expect "words" "[CLS] the" "$seen"

seen=$(printf 'a\n\377\n' | "$HONE_PROGRAM" tokenize "$vocab" - 2>&1 >/dev/null)
expect "bad UTF-8" "hone tokenize: standard input:2: the byte 0xff is not UTF-8; convert the file to UTF-8" "$seen"

"$HONE_PROGRAM" tokenize "$vocab" 2>/dev/null
expect "status without a file" 2 $?
"$HONE_PROGRAM" tokenize nowhere "$vocab" 2>/dev/null
expect "status without a tokenizer" 1 $?
exit $failed
