#!/usr/bin/env bash
# gallery.sh - makes reports/gallery again: the quickstart's sweep, run in a folder of its own, and the pictures of its report.
#
#   reports/gallery.sh [HONE]      HONE: the program, build/release/hone by default
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/.."
hone=$(realpath "${1:-build/release/hone}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -f experiments/quickstart/data/train.tsv ] || bash experiments/quickstart/make_data.sh
"$hone" run experiments/quickstart/quickstart.yaml output_dir="$work/run" --quiet

gallery=reports/gallery
rm -rf "$gallery"
mkdir -p "$gallery"
{
  echo "# Gallery"
  echo
  echo "The pictures of the quickstart's report, made by \`reports/gallery.sh\`. Each has its gnuplot script and data beside it in a run."
  for picture in "$work"/run/plots/*.svg; do
    cp "$picture" "$gallery/"
    echo
    echo "![$(basename "$picture" .svg)]($(basename "$picture"))"
  done
} > "$gallery/README.md"
du -sh "$gallery"
