"""transformers_check.py - do other programs load what hone writes, and get the same numbers?

    python3 tests/golden/transformers_check.py [HONE [MODELS]]

HONE is the program (default: $HONE_PROGRAM, else hone), MODELS a folder with all-MiniLM-L6-v2 (default: ../shared/models). Needs torch,
transformers and numpy; exits with 77, saying so, where they are absent. It trains small models with `hone trial`, loads their folders with
Transformers in double precision, and compares

    the probabilities of BertForSequenceClassification, and the number of a regression, with `hone predict`
    hidden states of every layer, their mean and first rows with `hone embed`

The tolerance is 1e-5 of the largest number, since hone computes in single precision. Last run with torch 2.15.0, transformers 5.23.0.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    import transformers
except ImportError as missing:
    print(f"left out: {missing}")
    sys.exit(77)

HONE = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HONE_PROGRAM", "hone")
MODELS = sys.argv[2] if len(sys.argv) > 2 else "../shared/models"
TOLERANCE = 1e-5
TEXTS = ["This is a sentence.", "Another one, with words that nobody knows: zzyzx!", "x", "Good", "a warm day and then some cold rain"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list("abcdefghijklmnopqrstuvwxyz") + [
    "##" + c for c in "abcdefghijklmnopqrstuvwxyz"] + ["warm", "cold", "day", "rain", ".", ",", "!", ":"]


def hone(*arguments):
    done = subprocess.run([HONE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"hone {' '.join(arguments)}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


def compare(what, ours, theirs):
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if ours.shape != theirs.shape:
        sys.exit(f"{what}: {ours.shape} but Transformers has {theirs.shape}")
    error = np.abs(ours - theirs).max() / max(1e-3, np.abs(theirs).max())
    print(f"{what}: relative error {error:.1e}")
    if not error <= TOLERANCE:
        sys.exit(f"{what}: {error} is more than {TOLERANCE}")


def load(cls, folder):
    model, info = cls.from_pretrained(folder, output_loading_info=True)
    if any(info.get(key) for key in ("missing_keys", "mismatched_keys")) or (
            cls is transformers.BertForSequenceClassification and info.get("unexpected_keys")):
        sys.exit(f"{folder}: {info}")
    return model.double().eval()


def train(folder, head, target, rows):
    os.makedirs(folder)
    with open(os.path.join(folder, "vocab.txt"), "w") as f:
        f.write("\n".join(WORDS) + "\n")
    with open(os.path.join(folder, "train.tsv"), "w") as f:
        f.write("text\tgold\n" + "".join(f"{text}\t{gold}\n" for text, gold in rows))
    with open(os.path.join(folder, "trial.yaml"), "w") as f:
        f.write(f"""data: {{type: tsv, train: train.tsv, validation: train.tsv, quoting: none, columns: {{text: text, {target}: gold}}}}
tokenizer: {{type: wordpiece, vocab: vocab.txt, max_length: 24}}
model: {{type: bert, hidden_size: 32, num_hidden_layers: 3, num_attention_heads: 4, intermediate_size: 48, max_position_embeddings: 24}}
head: {{{head}}}
optimizer: {{type: adamw, learning_rate: 5.0e-3}}
metrics: [{'accuracy' if target == 'label' else 'mse'}]
trainer: {{num_train_epochs: 3, train_batch_size: 4, threads: 1}}
""")
    hone("trial", folder)
    return os.path.join(folder, "model")


def encode(tokenizer, text, longest):
    return tokenizer(text, truncation=True, max_length=longest, return_tensors="pt")


def check_classifier(folder, lines):
    rows = [("a warm day", "good"), ("some cold rain", "bad"), ("warm warm", "good"), ("rain", "bad")] * 4
    model_dir = train(os.path.join(folder, "class"), "type: classification", "label", rows)
    model, tokenizer = load(transformers.BertForSequenceClassification, model_dir), transformers.AutoTokenizer.from_pretrained(model_dir)
    ours = [json.loads(line) for line in hone("predict", model_dir, lines, "--lines", "--json").splitlines()]
    labels = [model.config.id2label[i] for i in range(2)]
    theirs = [torch.softmax(model(**encode(tokenizer, text, 24)).logits[0], 0).tolist() for text in TEXTS]
    compare("probabilities", [[o["scores"][label] for label in labels] for o in ours], theirs)
    if [o["predicted"] for o in ours] != [labels[int(np.argmax(p))] for p in theirs]:
        sys.exit("the predicted labels differ")


def check_regression(folder, lines):
    rows = [("a warm day", 1.5), ("some cold rain", -2), ("warm warm", 3), ("rain", -1)] * 4
    model_dir = train(os.path.join(folder, "score"), "type: regression", "score", rows)
    model, tokenizer = load(transformers.BertForSequenceClassification, model_dir), transformers.AutoTokenizer.from_pretrained(model_dir)
    ours = [json.loads(line)["predicted"] for line in hone("predict", model_dir, lines, "--lines", "--json").splitlines()]
    if model.config.problem_type != "regression" or model.config.num_labels != 1:
        sys.exit("config.json does not say that it is a regression")
    compare("regression", ours, [model(**encode(tokenizer, text, 24)).logits[0, 0].item() for text in TEXTS])


def check_encoder(what, model_dir, folder, lines, longest):
    model = load(transformers.BertModel, model_dir)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_dir)
    out = os.path.join(folder, "out.npy")
    states = [[h[0].detach().numpy() for h in model(**encode(tokenizer, text, longest), output_hidden_states=True).hidden_states]
              for text in TEXTS]

    def embed(*options):
        hone("embed", model_dir, lines, "--lines", "--max-length", str(longest), "--output", out, *options)
        return np.load(out)

    for layer in (0, 1, -1):
        compare(f"{what}, layer {layer}", embed("--pooling", "none", "--layers", str(layer)),
                np.concatenate([s[layer] for s in states]))
    compare(f"{what}, mean", embed(), np.stack([s[-1].mean(0) for s in states]))
    compare(f"{what}, first of the mean of two layers", embed("--pooling", "cls", "--layers", "-1,-2"),
            np.stack([(s[-1][0] + s[-2][0]) / 2 for s in states]))
    mean = np.stack([s[-1].mean(0) for s in states])
    compare(f"{what}, of length 1", embed("--normalize"), mean / np.linalg.norm(mean, axis=1, keepdims=True))


def main():
    torch.manual_seed(0)
    transformers.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as folder:
        lines = os.path.join(folder, "lines.txt")
        with open(lines, "w") as f:
            f.write("\n".join(TEXTS) + "\n")
        check_classifier(folder, lines)
        check_regression(folder, lines)
        rows = [("a warm day", "good"), ("some cold rain", "bad")] * 4
        pooled = train(os.path.join(folder, "mean"), "type: classification, pooling: mean", "label", rows)
        with open(os.path.join(pooled, "hone.json")) as f:
            if json.load(f)["layout"] != "encoder":
                sys.exit("a head that Transformers does not know is not saved as an encoder")
        # Transformers makes a pooler of its own there, which nothing of this looks at.
        model = transformers.BertModel.from_pretrained(pooled, add_pooling_layer=False).double().eval()
        if model.config.num_hidden_layers != 3:
            sys.exit("config.json lacks the layers")
        check_encoder("classifier's encoder", os.path.join(folder, "class", "model"), folder, lines, 24)
        minilm = os.path.join(MODELS, "all-MiniLM-L6-v2")
        if os.path.isdir(minilm):
            check_encoder("all-MiniLM-L6-v2", minilm, folder, lines, 128)
        else:
            print(f"left out: {minilm} is absent")
    print(f"torch {torch.__version__}, transformers {transformers.__version__}: all agree")


main()
