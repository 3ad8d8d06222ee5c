#!/usr/bin/env bash
# format.sh - checks that clang-format would change nothing. Only version 14 is asked: others lay out some lines otherwise.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/.."

for tool in clang-format-14 clang-format ""; do
  if [ -z "$tool" ]; then
    echo "The format is not checked: there is no clang-format 14."
    exit 0
  fi
  if command -v $tool >/dev/null && $tool --version | grep -q 'version 14\.'; then
    break
  fi
done

if ! git rev-parse --git-dir >/dev/null 2>&1; then
  echo "The format is not checked: this is no git checkout."
  exit 0
fi
git ls-files -z '*.c' '*.h' | xargs -0 -r "$tool" --dry-run -Werror
