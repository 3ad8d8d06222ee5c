#!/bin/bash
# transformers.sh - Transformers loads what hone writes; left out where it is not installed (HONE_PYTHON names a Python that has it).
#
# SPDX-License-Identifier: Apache-2.0
exec "${HONE_PYTHON:-python3}" tests/golden/transformers_check.py "$HONE_PROGRAM" ../shared/models
