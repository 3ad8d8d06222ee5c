#!/bin/bash
# mrpc_losses.sh - the first 100 step losses on MRPC are PyTorch's. Two minutes, so only where HONE_LONG is set; HONE_PYTHON names a Python
# with Transformers.
#
# SPDX-License-Identifier: Apache-2.0
[ -n "${HONE_LONG:-}" ] || { echo "left out: it takes minutes; HONE_LONG=1 runs it"; exit 77; }
python=${HONE_PYTHON:-python3}
command -v "$python" >/dev/null || { echo "left out: there is no $python"; exit 77; }
exec "$python" tests/golden/mrpc_losses.py "$HONE_PROGRAM" ../shared
