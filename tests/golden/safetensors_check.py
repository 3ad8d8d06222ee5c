#!/usr/bin/env python3
"""Holds hone's safetensors files against the reference implementation, in both directions.

    python3 tests/golden/safetensors_check.py --write   makes tests/golden/safetensors/reference.safetensors
    python3 tests/golden/safetensors_check.py           checks tests/golden/safetensors/hone.safetensors

tests/golden/test_safetensors_reference.c reads the first file and writes the second one. Element i of every tensor is i - 3,
except in unsigned tensors, where it is i. Made and checked with Python 3.11.7, safetensors 0.8.0 and numpy 2.4.6.

SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import sys

import numpy as np
import safetensors

FOLDER = pathlib.Path("tests/golden/safetensors")
METADATA = {"format": "pt", "made by": "h\u00f6ne \"golden\""}
SHAPES = {"float64": (2, 3), "float32": (3, 2), "float16": (2, 1, 4), "bfloat16": (5,), "int64": (2, 2), "int32": (7,),
          "int8": (), "uint8": (3, 3)}
EMPTY = ("float32", (0, 4))


def values(dtype, shape):
    """The elements, and their bytes in the file."""
    first = 0 if dtype.startswith("u") else -3
    x = np.arange(first, first + int(np.prod(shape)), dtype=np.float32).reshape(shape)
    if dtype == "bfloat16":  # the upper half of a float32
        return x, (x.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    return x, x.astype(dtype).tobytes()


def write():
    data = {f"layer.{dtype}": (dtype, shape, values(dtype, shape)[1]) for dtype, shape in SHAPES.items()}
    data["empty"] = (*EMPTY, b"")
    buffers = {name: np.frombuffer(raw or b"\0", np.uint8) for name, (_, _, raw) in data.items()}
    tensors = {name: safetensors.TensorSpec(dtype=dtype, shape=list(shape), data_ptr=buffers[name].ctypes.data,
                                            data_len=len(raw))
               for name, (dtype, shape, raw) in data.items()}
    (FOLDER / "reference.safetensors").write_bytes(safetensors.serialize(tensors, METADATA))


def check():
    path = FOLDER / "hone.safetensors"
    names = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
             "I8": "int8", "U8": "uint8"}
    found = dict(safetensors.deserialize(path.read_bytes()))
    assert set(found) == {f"layer.{dtype}" for dtype in SHAPES} | {"empty"}, sorted(found)
    for name, tensor in found.items():
        dtype, shape = EMPTY if name == "empty" else (name.split(".")[1], SHAPES[name.split(".")[1]])
        assert names[tensor["dtype"]] == dtype, name
        assert tuple(tensor["shape"]) == shape, name
        assert bytes(tensor["data"]) == values(dtype, shape)[1], name
    with safetensors.safe_open(path, "np") as f:
        assert f.metadata() == METADATA, f.metadata()
        for dtype, shape in SHAPES.items():
            if dtype != "bfloat16":
                np.testing.assert_array_equal(f.get_tensor(f"layer.{dtype}"), values(dtype, shape)[0])
    print(f"{path}: {len(found)} tensors as they should be (safetensors {safetensors.__version__}, numpy {np.__version__})")


write() if "--write" in sys.argv[1:] else check()
