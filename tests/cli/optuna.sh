#!/bin/bash
# optuna.sh - Optuna loads the journal of a finished sweep, with complete, pruned and failed trials, and parameters that are conditional,
# categorical, integer and logarithmic; left out where it is not installed (HONE_PYTHON names a Python that has it).
#
# SPDX-License-Identifier: Apache-2.0
exec "${HONE_PYTHON:-python3}" tests/golden/optuna_check.py "${HONE_PROGRAM:?run this test through ctest}"
