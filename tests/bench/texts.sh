#!/usr/bin/env bash
# texts.sh DIR [N] - writes into DIR what the benchmarks of fixed shapes read: a vocabulary of BERT's size and N texts (320) longer than any shape.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
mkdir -p "$1"
awk 'BEGIN {
  print "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]"
  for (i = 0; i < 30517; i++) print "w" i
}' >"$1/vocab.txt"
for split in train validation; do
  awk -v n="${2:-320}" -v split_seed="$split" 'BEGIN {
    print "text\tlabel"
    x = split_seed == "train" ? 1 : 2
    for (i = 0; i < n; i++) {
      line = ""
      for (j = 0; j < 520; j++) {
        x = (x * 16807) % 2147483647
        line = line " w" x % 30517
      }
      print substr(line, 2) "\t" (i % 2 ? "b" : "a")
    }
  }' >"$1/$split.tsv"
done
