"""transformers_check.py - do other programs load what hone writes, and get the same numbers?

    python3 tests/golden/transformers_check.py [HONE [MODELS]]

HONE is the program (default: $HONE_PROGRAM, else hone), MODELS a folder with all-MiniLM-L6-v2 (default: ../shared/models). Needs torch,
transformers and numpy; exits with 77, saying so, where they are absent. It trains small models with `hone trial`, loads their folders with
Transformers in double precision, and compares

    the probabilities of BertForSequenceClassification, of labels and of sets, and the number of a regression, with `hone predict`
    the same of BertForTokenClassification, BertForQuestionAnswering and BertForMultipleChoice
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
    return train_on(folder, head, f"type: tsv, quoting: none, columns: {{text: text, {target}: gold}}",
                    "text\tgold\n" + "".join(f"{text}\t{gold}\n" for text, gold in rows), "accuracy" if target == "label" else "mse")


def train_on(folder, head, reader, data, metric):
    os.makedirs(folder)
    with open(os.path.join(folder, "vocab.txt"), "w") as f:
        f.write("\n".join(WORDS) + "\n")
    with open(os.path.join(folder, "data"), "w") as f:
        f.write(data)
    with open(os.path.join(folder, "trial.yaml"), "w") as f:
        f.write(f"""data: {{{reader}, train: data, validation: data}}
tokenizer: {{type: wordpiece, vocab: vocab.txt, max_length: 24}}
model: {{type: bert, hidden_size: 32, num_hidden_layers: 3, num_attention_heads: 4, intermediate_size: 48, max_position_embeddings: 24}}
head: {{{head}}}
optimizer: {{type: adamw, learning_rate: 5.0e-3}}
metrics: [{metric}]
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


def predict(model_dir, folder, data):
    path = os.path.join(folder, "new")
    with open(path, "w") as f:
        f.write(data)
    return [json.loads(line) for line in hone("predict", model_dir, path, "--json").splitlines()]


def check_sets(folder):
    rows = [("a warm day", "good,warm"), ("some cold rain", "bad"), ("warm warm", "warm"), ("x", "")] * 4
    model_dir = train_on(os.path.join(folder, "sets"), "type: multi_label", 'type: tsv, columns: {text: text, label: gold}, label_separator: ","',
                         "text\tgold\n" + "".join(f"{text}\t{gold}\n" for text, gold in rows), "hamming_loss")
    model, tokenizer = load(transformers.BertForSequenceClassification, model_dir), transformers.AutoTokenizer.from_pretrained(model_dir)
    ours = predict(model_dir, folder, "text\n" + "\n".join(TEXTS) + "\n")
    labels = [model.config.id2label[i] for i in range(3)]
    theirs = [torch.sigmoid(model(**encode(tokenizer, text, 24)).logits[0]).tolist() for text in TEXTS]
    compare("probabilities of sets", [[o["scores"][label] for label in labels] for o in ours], theirs)


def check_tags(folder):
    sentences = [["a", "warmest", "day", "."], ["rain", "cold"], ["unwarm"]]
    tags = [["O", "B-X", "I-X", "O"], ["B-Y", "O"], ["O"]]
    data = "\n".join("".join(f"{w} {t}\n" for w, t in zip(*s)) for s in zip(sentences, tags))
    model_dir = train_on(os.path.join(folder, "tags"), "type: token_classification, keep_scores: true", "type: conll", data, "seqeval")
    model, tokenizer = load(transformers.BertForTokenClassification, model_dir), transformers.AutoTokenizer.from_pretrained(model_dir)
    ours, theirs = predict(model_dir, folder, "\n".join("".join(w + "\n" for w in s) for s in sentences)), []
    for sentence in sentences:
        words = tokenizer(sentence, is_split_into_words=True, return_tensors="pt")
        p, at = torch.softmax(model(**words).logits[0], 1), words.word_ids(0)
        theirs.append([x for w in range(len(sentence)) for x in p[at.index(w)].tolist()])
    compare("probabilities of tags", sum((o["scores"] for o in ours), []), sum(theirs, []))
    if ours[0]["predicted"] != [model.config.id2label[int(np.argmax(theirs[0][4 * w:4 * w + 4]))] for w in range(4)]:
        sys.exit("the predicted tags differ")


def check_span(folder):
    question, text = "cold rain", "a warm day, and some cold rain. a day of rain"
    squad = {"data": [{"paragraphs": [{"context": text, "qas": [
        {"id": str(i), "question": question, "answers": [{"text": "rain", "answer_start": 26}]} for i in range(8)]}]}]}
    model_dir = train_on(os.path.join(folder, "span"), "type: span", "type: squad", json.dumps(squad), "squad")
    model, tokenizer = load(transformers.BertForQuestionAnswering, model_dir), transformers.AutoTokenizer.from_pretrained(model_dir)
    ours = predict(model_dir, folder, json.dumps(squad))[0]["predicted"]
    pair = tokenizer(question, text, truncation="only_second", max_length=24, return_tensors="pt", return_offsets_mapping=True)
    kinds, bytes_of = pair.sequence_ids(0), pair.pop("offset_mapping")[0].tolist()
    out, inside = model(**pair), [i for i, kind in enumerate(kinds) if kind == 1]
    spans = sorted(((out.start_logits[0, i] + out.end_logits[0, j]).item(), bytes_of[i][0], bytes_of[j][1])
                   for i in inside for j in inside if i <= j)[::-1]
    compare("scores of spans in one window", [s["score"] for s in ours[:3]] if len(ours) else [], [s[0] for s in spans[:3]])
    if [(s["begin"], s["end"]) for s in ours[:3]] != [s[1:] for s in spans[:3]]:
        sys.exit("the best spans differ")


def check_choices(folder):
    questions = [("a warm day", ["rain", "warm", "day ."], 1), ("cold", ["rain", "a day"], 0)] * 4
    data = "".join(json.dumps({"q": q, "c": c, "a": a}) + "\n" for q, c, a in questions)
    model_dir = train_on(os.path.join(folder, "choices"), "type: multiple_choice",
                         "type: choices, columns: {question: q, choices: c, answer: a}", data, "accuracy")
    model, tokenizer = load(transformers.BertForMultipleChoice, model_dir), transformers.AutoTokenizer.from_pretrained(model_dir)
    theirs = []
    for q, c, _ in questions[:2]:
        pairs = tokenizer([q] * len(c), c, padding=True, return_tensors="pt")
        theirs.append(torch.softmax(model(**{k: v.unsqueeze(0) for k, v in pairs.items()}).logits[0], 0).tolist())
    compare("probabilities of choices", sum((o["scores"] for o in predict(model_dir, folder, data)[:2]), []), sum(theirs, []))


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
        check_sets(folder)
        check_tags(folder)
        check_span(folder)
        check_choices(folder)
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
