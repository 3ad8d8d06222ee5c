#!/usr/bin/env python3
"""What `hone vocab` is compared with: vocabularies learnt by the WordPieceTrainer of Hugging Face's tokenizers.

    pieces.py write              reference.jsonl: for each case the tokens per word of held-out text
    pieces.py compare HONE DIR   the same with vocabularies that the program HONE learns into DIR, side by side

A case is learnt from one text, and measured on another with the same encoder (BertTokenizerFast's steps) for both vocabularies.
The first case is always there: lines of LICENSE, the even ones against the odd ones. The others need ../shared/data.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys
import time

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "tests/golden/pieces/reference.jsonl")
SHARED = os.path.join(ROOT, "../shared/data")
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def lines(path):
    with open(path, encoding="utf-8", newline="\n") as f:
        return f.read().split("\n")


def halves(path):
    all_lines = lines(path)
    return all_lines[0::2], all_lines[1::2]


def wikitext():
    return [lines(os.path.join(SHARED, "wikitext-2", name)) for name in ("test.txt", "valid.txt")]


def chinese():
    return [lines(os.path.join(SHARED, "chnsenticorp", name)) for name in ("train.tsv", "dev.tsv")]


CASES = [
    ("license", lambda: halves(os.path.join(ROOT, "LICENSE")), True, 600),
    ("wikitext", wikitext, True, 2000),
    ("wikitext", wikitext, True, 8000),
    ("wikitext", wikitext, True, 30000),
    ("wikitext", wikitext, False, 8000),
    ("chnsenticorp", chinese, True, 8000),
]


def empty(lowercase):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return t


def learn(train, lowercase, size):
    t = empty(lowercase)
    t.train_from_iterator(train, trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, special_tokens=SPECIALS,
                                                           show_progress=False))
    return t


def tokens_per_word(t, texts):
    words = tokens = unknown = 0
    for text in texts:
        words += len(t.pre_tokenizer.pre_tokenize_str(t.normalizer.normalize_str(text)))
        e = t.encode(text, add_special_tokens=False)
        tokens += len(e.tokens)
        unknown += e.tokens.count("[UNK]")
    return words, tokens, unknown


def load(vocab, lowercase):
    t = empty(lowercase)
    with open(vocab, encoding="utf-8", newline="\n") as f:
        ids = {token: i for i, token in enumerate(f.read().split("\n")[:-1])}
    t.model = models.WordPiece(vocab=ids, unk_token="[UNK]")
    return t


def case_record(name, lowercase, size, vocab_size, counts):
    words, tokens, unknown = counts
    return {"case": name, "lowercase": lowercase, "size": size, "tokens_learnt": vocab_size, "words": words, "tokens": tokens,
            "unknown": unknown, "tokens_per_word": round(tokens / words, 6), "tokenizers": tokenizers.__version__}


def write():
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    with open(OUT, "w", encoding="utf-8") as f:
        for name, texts, lowercase, size in CASES:
            train, held_out = texts()
            t = learn(train, lowercase, size)
            record = case_record(name, lowercase, size, t.get_vocab_size(), tokens_per_word(t, held_out))
            f.write(json.dumps(record) + "\n")
            print(record)


def compare(hone, folder):
    for name, texts, lowercase, size in CASES:
        train, held_out = texts()
        out = os.path.join(folder, "vocab.txt")
        begin = time.time()
        theirs = learn(train, lowercase, size)
        middle = time.time()
        subprocess.run([hone, "vocab", "-", "--size", str(size), "--output", out, "--force"] + ([] if lowercase else ["--cased"]),
                       input="\n".join(train).encode(), stdout=subprocess.DEVNULL, check=True)
        end = time.time()
        a, b = tokens_per_word(theirs, held_out), tokens_per_word(load(out, lowercase), held_out)
        print(f"{name:14} {'uncased' if lowercase else 'cased':8} {size:6}  reference {a[1] / a[0]:.4f} ({a[2]} unknown, "
              f"{middle - begin:.1f} s)  hone {b[1] / b[0]:.4f} ({b[2]} unknown, {end - middle:.1f} s)  "
              f"{100 * (b[1] / b[0] / (a[1] / a[0]) - 1):+.2f} %")


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        write()
    elif len(sys.argv) == 4 and sys.argv[1] == "compare":
        compare(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
