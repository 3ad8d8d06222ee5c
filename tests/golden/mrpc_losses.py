"""mrpc_losses.py - are the first 100 step losses on MRPC those of PyTorch?

    python3 tests/golden/mrpc_losses.py [HONE [SHARED]]

HONE is the program (default: $HONE_PROGRAM, else hone), SHARED a folder with data/mrpc and models/all-MiniLM-L6-v2 (default: ../shared).
Needs torch, transformers and numpy; exits with 77, saying so, where they or the data are absent. It takes a minute or two.

hone fine-tunes all-MiniLM-L6-v2 without dropout, two epochs of 50 steps of 8 pairs, with warm-up, linear decay, weight decay and
clipping. PyTorch does the same in double precision: from the weights that hone began with (a trial of one step whose learning rate is
next to nothing), in hone's order of examples (drawn here again with Philox from the seed). Every one of the 100 losses has to agree
within 1e-3 of itself: single precision begins with about 1e-7 a step, and training multiplies what is there.
Last run with torch 2.15.0, transformers 5.23.0: largest difference 9.4e-7.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys
import tempfile

try:
    import torch
    import transformers
except ImportError as missing:
    print(f"left out: {missing}")
    sys.exit(77)

HONE = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HONE_PROGRAM", "hone")
SHARED = sys.argv[2] if len(sys.argv) > 2 else "../shared"
SEED, SAMPLES, BATCH, EPOCHS = 42, 400, 8, 2
RATE, DECAY, WARMUP, CLIP = 5e-5, 0.01, 10, 1.0
STEPS = EPOCHS * SAMPLES // BATCH
TOLERANCE = 1e-3
MASK = 2**64 - 1


# ---- hone's order of examples ----------------------------------------------------------------------------------------


def philox(counter, key):
    """Philox 4x32-10 (Salmon et al. 2011) of four 32-bit words."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def halves(x):
    return [x & 0xFFFFFFFF, x >> 32]


def scope_hash(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def stream(seed, scope, step):
    mixed = philox(halves(seed) + halves(scope_hash(scope)), [0x656E6F68, 0x79656B00])
    return philox(halves(step) + mixed[2:], mixed[:2])[:2]


def below(key, i, n):
    block = philox(halves(i // 2) + [0, 0], key)
    return ((block[i % 2 * 2] << 32 | block[i % 2 * 2 + 1]) * n) >> 64


def order_of(epoch, n):
    key, order = stream(SEED, "trainer.order", epoch), list(range(n))
    for left in range(n, 1, -1):
        j = below(key, left - 1, left)
        order[left - 1], order[j] = order[j], order[left - 1]
    return order


# ---- Both programs ---------------------------------------------------------------------------------------------------


def hone(folder, rate, steps):
    os.makedirs(folder)
    with open(os.path.join(folder, "trial.yaml"), "w") as f:
        f.write(f"""seed: {SEED}
data_root: {os.path.abspath(os.path.join(SHARED, "data"))}
model_root: {os.path.abspath(os.path.join(SHARED, "models"))}
data: {{type: tsv, train: mrpc/train.tsv, validation: mrpc/dev.tsv, quoting: none,
  columns: {{text: "#1 String", text_pair: "#2 String", label: Quality}}}}
tokenizer: {{type: wordpiece, max_length: 128}}
model: {{type: bert, path: all-MiniLM-L6-v2, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0}}
head: {{type: classification, dropout: 0}}
optimizer: {{type: adamw, learning_rate: {rate}, weight_decay: {DECAY}}}
schedule: {{type: linear, warmup_steps: {WARMUP}}}
trainer: {{num_train_epochs: {EPOCHS}, max_steps: {steps}, max_train_samples: {SAMPLES}, train_batch_size: {BATCH}, max_grad_norm: {CLIP}}}
metrics: [accuracy]
""")
    done = subprocess.run([HONE, "trial", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"hone trial: exit code {done.returncode}: {done.stdout}")
    with open(os.path.join(folder, "metrics.jsonl")) as f:
        lines = [json.loads(line) for line in f]
    return [line["train/loss"] for line in lines if "learning_rate" in line]


def rows():
    with open(os.path.join(SHARED, "data", "mrpc", "train.tsv"), encoding="utf-8-sig", newline="\n") as f:
        table = [line.rstrip("\r\n").split("\t") for line in f]
    columns = {name: i for i, name in enumerate(table[0])}
    return [(r[columns["#1 String"]], r[columns["#2 String"]], int(r[columns["Quality"]])) for r in table[1:SAMPLES + 1]]


def pytorch(model_dir):
    model = transformers.BertForSequenceClassification.from_pretrained(model_dir).double()
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_dir)
    labels = [int(model.config.label2id[str(c)]) for c in (0, 1)]
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.train()
    plain = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    decayed = [p for n, p in model.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}], lr=RATE)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    data, losses = rows(), []
    for step in range(STEPS):
        order = order_of(step * BATCH // SAMPLES, SAMPLES)
        batch = [data[i] for i in order[step * BATCH % SAMPLES:][:BATCH]]
        inputs = tokenizer([a for a, _, _ in batch], [b for _, b, _ in batch], truncation=True, max_length=128, padding=True,
                           return_tensors="pt")
        loss = model(**inputs, labels=torch.tensor([labels[y] for _, _, y in batch])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def main():
    if not os.path.exists(os.path.join(SHARED, "data", "mrpc", "train.tsv")):
        print(f"left out: there is no MRPC in {SHARED}")
        sys.exit(77)
    transformers.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as folder:
        ours = hone(os.path.join(folder, "whole"), RATE, STEPS)
        hone(os.path.join(folder, "start"), 1e-30, 1)
        theirs = pytorch(os.path.join(folder, "start", "model"))
    if len(ours) != STEPS:
        sys.exit(f"hone wrote {len(ours)} losses, not {STEPS}")
    worst = max(range(STEPS), key=lambda i: abs(ours[i] - theirs[i]) / abs(theirs[i]))
    error = abs(ours[worst] - theirs[worst]) / abs(theirs[worst])
    print(f"{STEPS} losses, from {theirs[0]:.4f} to {theirs[-1]:.4f}: the largest relative difference is {error:.1e}, at step {worst + 1}")
    if not error <= TOLERANCE:
        sys.exit(f"that is more than {TOLERANCE}")


main()
