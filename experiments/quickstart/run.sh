#!/bin/sh
# run.sh [key=value ...] - the quickstart on a fresh Debian or Ubuntu machine: installs the packages that are missing (asking for sudo
# only if need be), builds hone, writes the data out of this machine's package index, and runs the sweep. Settings of quickstart.yaml
# can be given on the command line: experiments/quickstart/run.sh trainer.num_train_epochs=2
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/../.."

tests/packages.sh run
cmake --preset release -DHONE_TESTS=OFF -DHONE_ERROR=OFF >/dev/null
cmake --build --preset release
experiments/quickstart/make_data.sh
exec build/release/hone run experiments/quickstart/quickstart.yaml --force "$@"
