#!/usr/bin/env bash
# packages.sh run|test|all - installs what is missing of the Debian or Ubuntu packages that hone needs: `run` to build hone and to
# draw plots, `test` also for the tests, `all` also for clang's builds, the fuzzers and the format check. sudo is asked for only
# where something is missing and the user is not root. Does nothing, and needs no network, where all is there.
#
# SPDX-License-Identifier: Apache-2.0
set -eu

# PACKAGE or PACKAGE:COMMAND; a command that is there, whoever brought it, will do.
run="gcc:cc libc6-dev cmake:cmake ninja-build:ninja pkg-config:pkg-config libyaml-dev libjansson-dev libutf8proc-dev libssl-dev
  libopenblas-dev gnuplot-nox:gnuplot"
test="$run g++:c++ check"
all="$test clang:clang clang-format:clang-format git:git"

case ${1:-} in
  run) wanted=$run ;;
  test) wanted=$test ;;
  all) wanted=$all ;;
  *)
    echo "usage: tests/packages.sh run|test|all" >&2
    exit 2
    ;;
esac

installed() { # PACKAGE
  [ "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null)" = "install ok installed" ]
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is no Debian or Ubuntu, so nothing is installed. Needed are: $wanted" >&2
  exit 0
fi

missing=""
for row in $wanted; do
  package=${row%%:*}
  command=${row#"$package"}
  command=${command#:}
  if [ -n "$command" ] && command -v "$command" >/dev/null; then
    continue
  fi
  installed "$package" || missing="$missing $package"
done

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "These packages are missing, and there is no sudo to install them:$missing" >&2
    exit 1
  fi
}

if [ -n "$missing" ]; then
  echo "Installing:$missing"
  as_root apt-get update -qq
  # shellcheck disable=SC2086  # the packages are words
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

# clang's sanitizers and libFuzzer are a package of their own in newer releases, and part of clang's in older ones.
if [ "$1" = all ] && ! installed libclang-rt-dev && apt-cache show libclang-rt-dev >/dev/null 2>&1; then
  missing=" libclang-rt-dev"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libclang-rt-dev
fi
