#!/usr/bin/env bash
# headers.sh - every public header compiles alone, as C11, C17 and C++17, without a warning.
#
# SPDX-License-Identifier: Apache-2.0
set -u
cc=${CC:-cc}
cxx=${CXX:-c++}
flags="-pedantic -Wall -Wextra -Wshadow -Werror -fsyntax-only -Iinclude"
failed=0

compile() { # COMPILER LANGUAGE STANDARD HEADER
  # shellcheck disable=SC2086  # the flags are words
  if ! echo "#include <hone/$4>" | "$1" -x "$2" -std="$3" $flags -; then
    echo "include/hone/$4 does not compile alone as $3"
    failed=1
  fi
}

for path in include/hone/*.h; do
  header=${path#include/hone/}
  compile "$cc" c c11 "$header"
  compile "$cc" c c17 "$header"
  if command -v "$cxx" >/dev/null; then
    compile "$cxx" c++ c++17 "$header"
  else
    echo "$header is not tried as C++17: there is no compiler $cxx"
  fi
done
exit $failed
