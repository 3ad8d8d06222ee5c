"""bert.py - the reference of tests/golden/test_bert.c: a small random BERT with dropout 0, in double precision.

    python3 tests/golden/bert.py        needs torch, transformers, safetensors (and takes no network)

Writes tests/golden/bert/: model/ (config.json, model.safetensors, vocab.txt), train.tsv, and reference.safetensors with hidden
states, logits, loss and every gradient of one batch of unequal lengths; the same with class weights and label smoothing; and the
losses, norms of gradients and last weights of ten AdamW steps with warm-up and clipping. Versions stand in its metadata.

SPDX-License-Identifier: Apache-2.0
"""
import os
import random

import torch
import transformers
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification, get_linear_schedule_with_warmup

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bert")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [a + b for a in "bdfgklm" for b in "aeiou"]
EXAMPLES, BATCH, STEPS = 12, 4, 10


def make_examples(rng):
    def text(n):
        return " ".join(rng.choice(WORDS[5:]) for _ in range(n))

    lengths = [(3, 1), (9, 5), (1, 1), (6, 2), (12, 1), (2, 8), (5, 5), (7, 3), (4, 1), (1, 9), (10, 2), (3, 3)]
    return [(text(a), text(b), i % 3) for i, (a, b) in enumerate(lengths)]


def encode(examples, pick):
    """Padded ids, segments, attention mask and labels of the examples `pick`."""
    rows = []
    for i in pick:
        first = ["[CLS]"] + examples[i][0].split() + ["[SEP]"]
        second = examples[i][1].split() + ["[SEP]"]
        rows.append(([WORDS.index(w) for w in first + second], [0] * len(first) + [1] * len(second)))
    longest = max(len(r[0]) for r in rows)
    pad = lambda r: r + [0] * (longest - len(r))
    mask = [[1] * len(r[0]) + [0] * (longest - len(r[0])) for r in rows]
    return (torch.tensor([pad(r[0]) for r in rows]), torch.tensor([pad(r[1]) for r in rows]), torch.tensor(mask),
            torch.tensor([examples[i][2] for i in pick]))


def run(model, inputs):
    ids, types, mask, labels = inputs
    return model(input_ids=ids, token_type_ids=types, attention_mask=mask, output_hidden_states=True), mask.bool(), labels


def packed(x, mask):
    return x[mask].detach().clone()


def make_model():
    torch.manual_seed(1)
    config = BertConfig(vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
                        max_position_embeddings=32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=3,
                        initializer_range=0.2, layer_norm_eps=1e-12, attn_implementation="eager")
    model = BertForSequenceClassification(config)
    with torch.no_grad():  # so that no bias and no layer norm is 0 or 1
        for p in model.parameters():
            p.add_(0.05 * torch.randn_like(p))
    return model


def main():
    torch.use_deterministic_algorithms(True)
    examples = make_examples(random.Random(3))
    model = make_model()
    os.makedirs(os.path.join(HERE, "model"), exist_ok=True)
    model.save_pretrained(os.path.join(HERE, "model"))
    with open(os.path.join(HERE, "model", "vocab.txt"), "w") as f:
        f.write("\n".join(WORDS) + "\n")
    with open(os.path.join(HERE, "train.tsv"), "w") as f:
        f.write("first\tsecond\tlabel\n" + "".join(f"{a}\t{b}\t{c}\n" for a, b, c in examples))

    model = model.double().train()  # dropout is 0
    out = {}
    result, mask, labels = run(model, encode(examples, range(BATCH)))
    for layer, hidden in enumerate(result.hidden_states):
        out[f"hidden.{layer}"] = packed(hidden, mask)
    out["logits"] = result.logits.detach().clone()
    for name, loss in (("plain", torch.nn.CrossEntropyLoss()),
                       ("weighted", torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.5, 0.5]).double(),
                                                              label_smoothing=0.1))):
        model.zero_grad()
        result, mask, labels = run(model, encode(examples, range(BATCH)))
        value = loss(result.logits, labels)
        value.backward()
        out[f"{name}.loss"] = value.detach().reshape(1)
        for key, p in model.named_parameters():
            if name == "plain" or key.startswith("classifier"):
                out[f"{name}.gradient.{key}"] = p.grad.detach().clone()

    still = lambda n: n.endswith("bias") or "LayerNorm" in n
    optimizer = torch.optim.AdamW([{"params": [p for n, p in model.named_parameters() if not still(n)], "weight_decay": 0.1},
                                   {"params": [p for n, p in model.named_parameters() if still(n)], "weight_decay": 0.0}],
                                  lr=1e-2, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimizer, 3, STEPS)
    losses, norms, rates = [], [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        result, mask, labels = run(model, encode(examples, [(step * BATCH + i) % EXAMPLES for i in range(BATCH)]))
        loss = torch.nn.functional.cross_entropy(result.logits, labels)
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)))
        rates.append(optimizer.param_groups[0]["lr"])
        losses.append(float(loss.detach()))
        optimizer.step()
        schedule.step()
    out["steps.loss"] = torch.tensor(losses, dtype=torch.float64)
    out["steps.norm"] = torch.tensor(norms, dtype=torch.float64)
    out["steps.rate"] = torch.tensor(rates, dtype=torch.float64)
    for key, p in model.named_parameters():
        out[f"steps.weight.{key}"] = p.detach().clone()
    save_file({k: v.contiguous().double() for k, v in out.items()}, os.path.join(HERE, "reference.safetensors"),
              metadata={"torch": torch.__version__, "transformers": transformers.__version__})


if __name__ == "__main__":
    main()
