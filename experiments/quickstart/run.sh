#!/bin/sh
# run.sh [--pretrain] [key=value ...] - the quickstart on a fresh Debian or Ubuntu machine: installs the packages that are missing (asking
# for sudo only if need be), builds hone, writes the data out of this machine's package index, and runs the sweep. Settings of
# quickstart.yaml can be given on the command line: experiments/quickstart/run.sh trainer.num_train_epochs=2
#
# With --pretrain the small BERT first learns from descriptions without labels, and the sweep (pretrained.yaml, whose settings can be
# given) shows pre-trained, from scratch and bag of words side by side, with the labels of some 500 packages for each.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/../.."
here=experiments/quickstart
sweep=quickstart
if [ "${1:-}" = --pretrain ]; then
  sweep=pretrained
  shift
fi

tests/packages.sh run
cmake --preset release -DHONE_TESTS=OFF -DHONE_ERROR=OFF >/dev/null
cmake --build --preset release
$here/make_data.sh
if [ $sweep = pretrained ]; then
  build/release/hone vocab $here/data/descriptions.txt --size 6000 --output $here/data/vocab.txt --force
  build/release/hone run $here/pretraining.yaml --force
fi
exec build/release/hone run $here/$sweep.yaml --force "$@"
