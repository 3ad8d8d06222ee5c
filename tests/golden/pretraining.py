#!/usr/bin/env python3
"""pretraining.py - the reference of tests/golden/test_pretraining.c: a small random BertForPreTraining, in double precision.

    python3 tests/golden/pretraining.py        needs torch, transformers, safetensors (and takes no network)

Writes tests/golden/pretraining/: model/ (config.json, model.safetensors, vocab.txt), train.txt, and reference.safetensors with the
scores of tokens and relations, the loss, and every gradient of one batch of unequal lengths, whose masks follow a rule that the test
knows too. Versions stand in its metadata.

SPDX-License-Identifier: Apache-2.0
"""
import os
import random

import torch
import transformers
from safetensors.torch import save_file
from transformers import BertConfig, BertForPreTraining

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pretraining")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [a + b for a in "bdfgklm" for b in "aeiou"]
MASK, LENGTHS = 4, [(3, 4), (9, 5), (1, 2), (6, 2)]


def masked(example, position):
    return (3 * example + position) % 5 == 0


def replacement(example, position, word):
    return (MASK, word, 5 + (position + example) % 20)[position % 3]


def encode(texts):
    rows = []
    for example, (first, second) in enumerate(texts):
        ids = [2] + [WORDS.index(w) for w in first.split()] + [3] + [WORDS.index(w) for w in second.split()] + [3]
        types = [0] * (len(first.split()) + 2) + [1] * (len(second.split()) + 1)
        labels = [-100] * len(ids)
        for position, word in enumerate(ids):
            if word >= 5 and masked(example, position):
                labels[position] = word
                ids[position] = replacement(example, position, word)
        rows.append((ids, types, labels))
    longest = max(len(ids) for ids, _, _ in rows)
    padded = lambda k, with_what: torch.tensor([row[k] + [with_what] * (longest - len(row[k])) for row in rows])
    attention = torch.tensor([[1] * len(row[0]) + [0] * (longest - len(row[0])) for row in rows])
    return padded(0, 0), padded(1, 0), padded(2, -100), attention


def main():
    torch.use_deterministic_algorithms(True)
    rng = random.Random(5)
    texts = [tuple(" ".join(rng.choice(WORDS[5:]) for _ in range(n)) for n in pair) for pair in LENGTHS]
    torch.manual_seed(2)
    config = BertConfig(vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
                        max_position_embeddings=32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, hidden_act="gelu_new",
                        initializer_range=0.2, layer_norm_eps=1e-6, attn_implementation="eager")
    model = BertForPreTraining(config)
    with torch.no_grad():  # so that no bias and no layer norm is 0 or 1
        for p in model.parameters():
            p.add_(0.05 * torch.randn_like(p))
    os.makedirs(os.path.join(HERE, "model"), exist_ok=True)
    model.save_pretrained(os.path.join(HERE, "model"))
    with open(os.path.join(HERE, "model", "vocab.txt"), "w") as f:
        f.write("\n".join(WORDS) + "\n")
    with open(os.path.join(HERE, "train.txt"), "w") as f:
        f.write("\n\n".join(f"{a}\n{b}" for a, b in texts) + "\n")

    model = model.double().train()  # dropout is 0
    ids, types, labels, attention = encode(texts)
    relation = torch.tensor([i % 2 for i in range(len(texts))])
    result = model(input_ids=ids, token_type_ids=types, attention_mask=attention, labels=labels, next_sentence_label=relation)
    result.loss.backward()
    out = {"ids": result.prediction_logits[labels >= 0], "relation": result.seq_relationship_logits, "loss": result.loss.reshape(1)}
    for name, p in model.named_parameters():
        out[f"gradient.{name}"] = p.grad
    save_file({k: v.detach().contiguous().double() for k, v in out.items()}, os.path.join(HERE, "reference.safetensors"),
              metadata={"torch": torch.__version__, "transformers": transformers.__version__})


if __name__ == "__main__":
    main()
