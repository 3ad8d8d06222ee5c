#!/bin/bash
# transformers.sh - Transformers loads what hone writes; left out where it is not installed (HONE_PYTHON names a Python that has it).
#
# SPDX-License-Identifier: Apache-2.0
python=${HONE_PYTHON:-python3}
command -v "$python" >/dev/null || { echo "left out: there is no $python"; exit 77; }
exec "$python" tests/golden/transformers_check.py "$HONE_PROGRAM" ../shared/models
