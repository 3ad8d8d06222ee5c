#!/usr/bin/env python3
"""Makes the seed corpora of the fuzzers of YAML, expressions, safetensors and the token cache: small files, one feature or mistake each.

Usage: python3 tests/fuzz/make_corpus.py, in the root of the tree. Needs nothing but Python.

SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import struct

CORPUS = pathlib.Path("tests/fuzz/corpus")

YAML = {
    "experiment": "name: mrpc\ndata:\n  type: tsv\n  columns: {text: \"#1 String\", label: Quality}\n"
                  "optimizer: {type: adamw, learning_rate: 5.0e-5}\nmetrics: [accuracy, {type: f1, average: macro}]\n"
                  "sweep:\n  parameters:\n    optimizer.learning_rate: {min: 1.0e-5, max: 1.0e-4}\n    model:\n"
                  "      values:\n        - {type: bert}\n        - {type: bag}\n",
    "scalars": "[~, null, true, FALSE, no, on, 0o14, 0x1F, -7, 1e3, .5, .inf, -.Inf, .NaN, 12345678901234567890, '1', \"x\"]\n",
    "tags": "a: !!str 1\nb: !!int '2'\nc: !!float 3\nd: !!bool \"true\"\ne: !!null ''\nf: !!seq []\ng: !!map {}\n",
    "blocks": "a: |\n  one\n   two\n\n  three\nb: >-\n  folded\n  text\nc: |+2\n   x\n\nd: 'it''s'\ne: \"\\t\\x41\\u00e4\\U0001F600\\\n  y\"\n",
    "keys": "? a long key\n: 1\n\"quoted\": 2\n'single': 3\n4: four\n~: null key\n\u00e4: \u65e5\u672c\n",
    "nested": "- - - 1\n    - 2\n  - {a: [b, {c: d}]}\n- ? x\n  : - y\n",
    "multiline": "a: plain\n  text over\n  lines\nb: \"quoted\n  over lines\"\n# comment\nc: # nothing\n",
    "directive": "%YAML 1.2\n---\na: 1\n...\n",
    "crlf": "a: 1\r\nb:\r\n  - x\r\n",
    "bom": "\ufeffa: 1\n",
    "bad-anchor": "a: &x 1\nb: *x\n",
    "bad-tag": "a: !custom x\n",
    "bad-tag-directive": "%TAG ! tag:x,1:\n---\na: 1\n",
    "bad-duplicate": "a: 1\nb: {c: 1, c: 2}\na: 2\n",
    "bad-documents": "a: 1\n---\nb: 2\n",
    "bad-tab": "a:\n\tb: 1\n",
    "bad-quote": "a: \"x\nb: 'y\n",
    "bad-flow": "a: [1, {b: 2\n",
    "bad-key": "[a, b]: 1\n{c: d}: 2\n",
    "bad-depth": "[" * 70,
    "bad-control": "a: x\x01y\n",
}

# The first byte chooses what the paths are.
EXPRESSIONS = {
    "design": "Boptimizer.type == sgd",
    "product": "Atrainer.train_batch_size * tokenizer.max_length <= 4096",
    "logic": "Ca.b and not (c.d or e.f) or not g.h",
    "lists": "Aa.b in [1, -2, 3.5e-1, 'x', null] and c.d not in [sgd, \"adamw\"]",
    "arithmetic": "A-(a.b + 1) * 2 / 3 % 4 - -5 >= .5",
    "text": "B'\u00e4' == a.b",
    "bad-types": "Ba.b + 1 and x < 2",
    "bad-literals": "A1 == 1",
    "bad-end": "Aa.b ==",
    "bad-brackets": "A((a.b in [1, 2)",
    "bad-signs": "Aa.b && c.d = !e.f",
    "bad-chain": "A1 < a.b < 3",
    "bad-quote": "Aa.b == 'x",
    "bad-number": "Aa.b == 1e999",
    "deep": "A" + "not (" * 40 + "a.b",
}

def tensor(dtype, shape, begin, end, **more):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end], **more}


def safetensors(header, n_data):
    text = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))
    data = text.encode()
    return struct.pack("<Q", len(data)) + data + bytes(i * 37 % 256 for i in range(n_data))


SAFETENSORS = {
    "types": safetensors({name: tensor(name, [2], 16 * i, 16 * i + 2 * size) if size == 8 else
                          tensor(name, [16 // size], 16 * i, 16 * i + 16)
                          for i, (name, size) in enumerate({"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4,
                                                            "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1,
                                                            "BOOL": 1, "F8_E4M3": 1, "C64": 8}.items())}, 15 * 16),
    "metadata": safetensors({"__metadata__": {"format": "pt", "\u00e4": "\n"}, "w": tensor("F32", [1, 2], 0, 8)}, 8),
    "empty": safetensors({}, 0),
    "padded": safetensors('{"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}     ', 2),
    "zero": safetensors({"a": tensor("F32", [0, 3], 0, 0), "b": tensor("U8", [3], 0, 3), "c": tensor("I64", [0], 3, 3)}, 3),
    "small-types": safetensors({"a": tensor("F4", [3, 2], 0, 3), "b": tensor("F6_E2M3", [4], 3, 6)}, 6),
    "ranks": safetensors({"a": tensor("U8", [1] * 8, 0, 1), "b": tensor("U8", [1] * 6, 1, 2)}, 2),
    "bad-short": b"\x02\x00\x00",
    "bad-length": struct.pack("<Q", 2**40) + b"{}",
    "bad-white-space": safetensors(' {}', 0),
    "bad-duplicate": safetensors('{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},'
                                 '"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}', 1),
    "bad-field": safetensors({"a": tensor("U8", [1], 0, 1, extra=1)}, 1),
    "bad-dtype": safetensors({"a": tensor("f32", [1], 0, 4)}, 4),
    "bad-overflow": safetensors({"a": tensor("U8", [2**32, 2**32, 0], 0, 0)}, 0),
    "bad-hole": safetensors({"a": tensor("U8", [1], 0, 1), "b": tensor("U8", [1], 2, 3)}, 3),
    "bad-overlap": safetensors({"a": tensor("U8", [2], 0, 2), "b": tensor("U8", [2], 1, 3)}, 3),
    "bad-tail": safetensors({"a": tensor("U8", [1], 0, 1)}, 2),
    "bad-shape": safetensors({"a": tensor("U8", [-1, 1.0, "x"], 0, 1)}, 1),
    "bad-metadata": safetensors({"__metadata__": {"a": 1}}, 0),
}


def tokens(per=None, key="key", **changed):
    """A file of three examples of one, two and one sequences, seven tokens, and a field for each kind of owner."""
    arrays = {"example_starts": ("I64", "q", [0, 1, 3, 4]), "starts": ("I64", "q", [0, 2, 4, 5, 7]), "cut": ("I64", "q", [0, 1, 0, 0]),
              "field.wanted_rows": ("I64", "q", [1, 0, 0]), "starts.wanted_rows": ("I64", "q", [0, 1, 2, 3, 3]),
              "starts.mark": ("I64", "q", [0, 2, 4, 5, 7]), "starts.draw": ("I64", "q", [0, 1, 2, 3]),
              "ids": ("I32", "i", [1, 2, 3, 4, 5, 6, 7]), "types": ("I32", "i", [0] * 7),
              "field.mark": ("I32", "i", [9] * 7), "field.draw": ("F32", "f", [0.5, 0.25, 1.0]), **changed}
    header, data = {"__metadata__": {"hone_tokens": "1", "key": key, "per.mark": per or "token", "per.draw": "example",
                                     "per.wanted_rows": "item"}}, b""
    for name, (dtype, code, values) in ((name, array) for name, array in arrays.items() if array):
        more = struct.pack(f"<{len(values)}{code}", *values)
        header[name] = tensor(dtype, [len(values)], len(data), len(data) + len(more))
        data += more
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 64 + 56)
    return struct.pack("<Q", len(text)) + text + data


TOKENS = {
    "whole": tokens(),
    "plain": tokens(**{"field.draw": None, "field.mark": None, "field.wanted_rows": None, "ids": None, "types": None}),
    "bad-empty": tokens(**{"field.draw": ("F32", "f", []), "starts.draw": ("I64", "q", [0, 0, 0, 0])}),
    "bad-key": tokens(key="another"),
    "bad-starts": tokens(starts=("I64", "q", [0, 2, 1, 5, 7])),
    "bad-count": tokens(example_starts=("I64", "q", [0, 1, 4])),
    "bad-row": tokens(**{"field.wanted_rows": ("I64", "q", [1, 0, 7])}),
    "bad-ids": tokens(ids=("I32", "i", [1, 2])),
    "bad-per": tokens(per="sentence"),
    "bad-owner": tokens(per="example"),
}


def write(folder, name, content):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    (CORPUS / folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


for folder, files in (("yaml", YAML), ("expression", EXPRESSIONS), ("safetensors", SAFETENSORS), ("tokens", TOKENS)):
    for name, content in files.items():
        write(folder, name, content)
