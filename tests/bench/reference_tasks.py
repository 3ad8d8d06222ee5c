"""reference_tasks.py - the run of an experiment file of experiments/, made with PyTorch and Transformers instead of hone.

    python3 tests/bench/reference_tasks.py experiments/wnut17/linear.yaml [KEY=VALUE ...] [--data-root DIR] [--model-root DIR]

Reads the settings from the file itself, as `hone run` does with the same KEY=VALUE words behind it, so that both sides are told the
same: data and their split, truncation and windows, pooling and dropout of the head, AdamW without decay of biases and layer norms,
the schedule, clipping, batch size, epochs, the figure that chooses the best epoch. Seeds mean something else on each side. Readers
csv, tsv, conll, squad and choices and heads classification, regression, multi_label, multiple_choice, token_classification, crf
(pytorch-crf) and span are known here. Where hone splits a file itself, --validation-ids names a predictions.tsv of hone's run, whose
ids are the validation part; where hone learns a vocabulary, --vocab names its vocab.txt.

Figures are those of the packages that define them: seqeval, scikit-learn, scipy, and SQuAD's exact match and F1 by their published
definition. Batches are padded to their longest sequence. Prints one line of JSON, with seconds by the clock and of the processor: on
a machine that others use as well, only the latter say much. --bf16 is for runs that would take too long otherwise. Needs torch,
transformers, pyyaml, scipy, scikit-learn, seqeval and pytorch-crf, and takes no network.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import collections
import copy
import csv
import json
import math
import os
import re
import resource
import string
import sys
import time

import numpy as np
import torch
import transformers
import yaml
from torch import nn
from torch.nn import functional
from transformers import AutoTokenizer, BertConfig, BertModel, BertTokenizer, get_linear_schedule_with_warmup

NO_DECAY = ("bias", "LayerNorm.weight")


# ---- The experiment file ------------------------------------------------------------------------------------------


def read_settings(path, words):
    """The tree of the file, with `key.key=value` over it."""
    with open(path, encoding="utf-8") as f:
        tree = yaml.safe_load(f)
    for word in words:
        key, value = word.split("=", 1)
        at = tree
        *parents, last = key.split(".")
        for name in parents:
            at = at.setdefault(name, {})
        at[last] = yaml.safe_load(value)
    return tree


class Example:
    """An example: its sequences (ids, segments), fields of each sequence, the gold answer, and what a metric may want to see."""

    def __init__(self, id, gold, **seen):
        self.id, self.gold = id, gold
        self.sequences, self.fields = [], collections.defaultdict(list)
        self.__dict__.update(seen)


# ---- Readers ------------------------------------------------------------------------------------------------------


def read_table(path, data):
    columns = data["columns"]
    quoting = csv.QUOTE_NONE if data.get("quoting") == "none" or data["type"] == "tsv" else csv.QUOTE_MINIMAL
    with open(path, encoding="utf-8", newline="" if data["type"] == "csv" else "\n") as f:
        rows = list(csv.reader(f, delimiter="," if data["type"] == "csv" else "\t", quoting=quoting))
    header = rows.pop(0) if data.get("header", True) else None
    at = {role: header.index(c) if header and not isinstance(c, int) else int(c) - 1 for role, c in columns.items()}
    for number, row in enumerate(rows):
        row = [cell.rstrip("\r") for cell in row]
        pair = row[at["text_pair"]] if "text_pair" in at else None
        if "score" in at:
            gold = float(row[at["score"]])
        else:
            names = data.get("label_names", {})
            cell = row[at["label"]]
            gold = [names.get(x, x) for x in (cell.split(data["label_separator"]) if "label_separator" in data else [cell])]
        yield Example(row[at["id"]] if "id" in at else str(number), gold, text=row[at["text"]], pair=pair)


def repaired(tags):
    """I-X that continues no chunk of X begins one, as conlleval reads it."""
    out = []
    for i, tag in enumerate(tags):
        goes_on = i > 0 and tags[i - 1] != "O" and tags[i - 1][2:] == tag[2:]
        out.append("B" + tag[1:] if tag[0] == "I" and not goes_on else tag)
    return out


def read_conll(path, data):
    words, tags, number = [], [], 0
    with open(path, encoding="utf-8") as f:
        for line in list(f) + [""]:
            cells = line.rstrip("\n").split("\t") if data.get("delimiter") == "tab" else line.split()
            if any(c.strip() for c in cells):
                words.append(cells[0][0] + cells[0][1:].rstrip(string.digits) if data.get("segmentation_digits") else cells[0])
                tags.append(cells[-1].strip())
            elif words:
                yield Example(str(number), repaired(tags) if data.get("repair") else tags, words=words)
                words, tags, number = [], [], number + 1


def read_squad(path, data):
    with open(path, encoding="utf-8") as f:
        articles = json.load(f)["data"]
    for article in articles:
        for paragraph in article["paragraphs"]:
            for q in paragraph["qas"]:
                answers = [] if q.get("is_impossible") else q["answers"]
                yield Example(q["id"], answers, question=q["question"].strip(), context=paragraph["context"])


def read_choices(path, data):
    with open(path, encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            choices = row["question"]["choices"]
            gold = [c["label"] for c in choices].index(row["answerKey"])
            yield Example(row["id"], gold, question=row["question"]["stem"], choices=[c["text"] for c in choices])


READERS = {"tsv": read_table, "csv": read_table, "conll": read_conll, "squad": read_squad, "choices": read_choices}


# ---- Heads: sequences, scores, loss, answers ------------------------------------------------------------------------


class Head(nn.Module):
    needs_pooler = False

    def __init__(self, settings, hidden, tokenizer, max_length):
        super().__init__()
        self.settings, self.tokenizer, self.max_length = settings, tokenizer, max_length
        self.hidden = hidden
        self.cls, self.sep = tokenizer.cls_token_id, tokenizer.sep_token_id
        self.dropout = nn.Dropout(settings.get("dropout", 0.1))

    def linear(self, n):
        layer = nn.Linear(self.hidden, n)
        nn.init.normal_(layer.weight, std=self.settings.get("initializer_range", 0.02))
        nn.init.zeros_(layer.bias)
        return layer

    def ids(self, text):
        return self.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]

    def join(self, a, b=None):
        """Ids and segments; what is too long is cut at the end of the longer text."""
        a, b = list(a), None if b is None else list(b)
        special = 2 if b is None else 3
        while len(a) + len(b or []) + special > self.max_length:
            (a if b is None or len(a) > len(b) else b).pop()
        ids = [self.cls] + a + [self.sep] + (b + [self.sep] if b is not None else [])
        return ids, [0] * (len(a) + 2) + [1] * (len(ids) - len(a) - 2)

    def note(self, examples):
        """Looks at the training data: labels."""


class TextHead(Head):
    def __init__(self, settings, *rest):
        super().__init__(settings, *rest)
        self.pooling = settings.get("pooling", "pooler")
        self.needs_pooler = self.pooling == "pooler"

    def prepare(self, e):
        e.sequences.append(self.join(self.ids(e.text), None if e.pair is None else self.ids(e.pair)))

    def pooled(self, out, batch):
        if self.pooling == "pooler":
            return out.pooler_output
        if self.pooling == "first":
            return out.last_hidden_state[:, 0]
        mask = batch["mask"].unsqueeze(2).to(out.last_hidden_state.dtype)
        return (out.last_hidden_state * mask).sum(1) / mask.sum(1)

    def scores(self, out, batch):
        return self.classifier(self.dropout(self.pooled(out, batch)))

    def answers(self, scores, batch):
        return list(scores.double().numpy())


class Classification(TextHead):
    def note(self, examples):
        self.labels = sorted({e.gold[0] for e in examples})
        self.classifier = self.linear(len(self.labels))

    def loss(self, scores, batch):
        gold = torch.tensor([self.labels.index(e.gold[0]) for e in batch["examples"]])
        return functional.cross_entropy(scores, gold)

    def figures(self, examples, answers, calibrate):
        from sklearn.metrics import accuracy_score, f1_score

        gold, got = [self.labels.index(e.gold[0]) for e in examples], [int(a.argmax()) for a in answers]
        return {"accuracy": accuracy_score(gold, got), "f1_macro": f1_score(gold, got, average="macro"),
                "f1": f1_score(gold, got, average="macro" if len(self.labels) > 2 else "binary")}


class Regression(TextHead):
    def note(self, examples):
        self.classifier = self.linear(1)

    def loss(self, scores, batch):
        return functional.mse_loss(scores.flatten(), torch.tensor([e.gold for e in batch["examples"]]))

    def figures(self, examples, answers, calibrate):
        from scipy.stats import pearsonr, spearmanr

        gold, got = [e.gold for e in examples], [float(a[0]) for a in answers]
        mse = float(np.mean((np.array(gold) - np.array(got)) ** 2))
        return {"pearson": pearsonr(gold, got)[0], "spearman": spearmanr(gold, got)[0], "mse": mse}


class MultiLabel(TextHead):
    def note(self, examples):
        self.labels = sorted({x for e in examples for x in e.gold})
        self.classifier = self.linear(len(self.labels))
        self.thresholds = np.full(len(self.labels), 0.5)

    def rows(self, examples):
        return np.array([[float(x in e.gold) for x in self.labels] for e in examples])

    def loss(self, scores, batch):
        return functional.binary_cross_entropy_with_logits(scores, torch.tensor(self.rows(batch["examples"])).float())

    def calibrate(self, gold, p):
        """For each label the threshold halfway between two probabilities with the largest F1."""
        for c in range(len(self.labels)):
            order = np.argsort(-p[:, c], kind="stable")
            sorted_p, right = p[order, c], np.cumsum(gold[order, c])
            f1 = 2 * right / (gold[:, c].sum() + np.arange(1, len(order) + 1))
            f1[:-1][sorted_p[:-1] == sorted_p[1:]] = -1
            k = int(f1.argmax())
            self.thresholds[c] = 0.5 * (sorted_p[k] + (sorted_p[k + 1] if k + 1 < len(order) else 0))

    def figures(self, examples, answers, calibrate):
        from sklearn.metrics import accuracy_score, average_precision_score, f1_score, hamming_loss

        gold, p = self.rows(examples), 1 / (1 + np.exp(-np.array(answers)))
        if calibrate and self.settings.get("threshold") == "calibrate":
            self.calibrate(gold, p)
        got = (p > self.thresholds).astype(float)
        out = {f"f1_{a}": f1_score(gold, got, average=a, zero_division=0) for a in ("macro", "micro", "samples")}
        out.update(average_precision=average_precision_score(gold, p, average="macro"), hamming_loss=hamming_loss(gold, got),
                   subset_accuracy=accuracy_score(gold, got))
        return out


class MultipleChoice(TextHead):
    def note(self, examples):
        self.classifier = self.linear(1)

    def prepare(self, e):
        question = self.ids(e.question)
        e.sequences += [self.join(question, self.ids(c)) for c in e.choices]

    def loss(self, scores, batch):
        n = [len(e.sequences) for e in batch["examples"]]
        parts = scores.flatten().split(n)
        return torch.stack([functional.cross_entropy(p, torch.tensor(e.gold)) for p, e in zip(parts, batch["examples"])]).mean()

    def answers(self, scores, batch):
        n = [len(e.sequences) for e in batch["examples"]]
        return [p.numpy() for p in scores.flatten().split(n)]

    def figures(self, examples, answers, calibrate):
        return {"accuracy": float(np.mean([int(a.argmax()) == e.gold for e, a in zip(examples, answers)]))}


class Tagging(Head):
    """Words are scored by their first pieces. Of a sentence that is too long, each word is of the window that sees most around it."""

    def note(self, examples):
        self.labels = sorted({t for e in examples for t in e.gold})
        self.classifier = self.linear(len(self.labels))

    def windows(self, sizes):
        """[begin, end) in words."""
        room, stride = self.max_length - 2, self.settings.get("window_stride", 0)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        out, begin = [], 0
        while True:
            end = begin
            while end < len(sizes) and starts[end + 1] - starts[begin] <= room:
                end += 1
            out.append((begin, end))
            if end == len(sizes) or not stride:
                return starts, out
            begin = max(begin + 1, next(i for i in range(begin, len(sizes)) if starts[i] >= starts[begin] + stride or i == end))

    def owner(self, word, starts, windows):
        seen = [1 + min(starts[word] - starts[b], starts[e] - starts[word + 1]) if b <= word < e else -1 for b, e in windows]
        return int(np.argmax(seen)) if max(seen) >= 0 else -1

    def prepare(self, e):
        pieces = [self.ids(w) for w in e.words]
        starts, windows = self.windows([len(p) for p in pieces])
        for k, (begin, end) in enumerate(windows):
            e.sequences.append(self.join(sum(pieces[begin:end], [])))
            mine = [w for w in range(begin, end) if pieces[w] and self.owner(w, starts, windows) == k]
            e.fields["words"].append(mine)
            e.fields["rows"].append([1 + starts[w] - starts[begin] for w in mine])

    def scores(self, out, batch):
        """[B, W, C] of the words, padded, and which are there."""
        rows = [r for e in batch["examples"] for r in e.fields["rows"]]
        x = self.dropout(out.last_hidden_state)
        at = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        mask = torch.zeros_like(at, dtype=torch.bool)
        for i, r in enumerate(rows):
            at[i, : len(r)] = torch.tensor(np.array(r, dtype=np.int64))
            mask[i, : len(r)] = True
        batch["word_mask"] = mask
        return self.classifier(x.gather(1, at.unsqueeze(2).expand(-1, -1, x.shape[2])))

    def gold(self, batch):
        words = [(e, w) for e in batch["examples"] for w in e.fields["words"]]
        gold = torch.zeros(batch["word_mask"].shape, dtype=torch.long)
        for i, (e, w) in enumerate(words):
            gold[i, : len(w)] = torch.tensor([self.labels.index(e.gold[j]) for j in w])
        return gold

    def loss(self, scores, batch):
        mask = batch["word_mask"]
        return functional.cross_entropy(scores[mask], self.gold(batch)[mask])

    def paths(self, scores, mask):
        return scores.argmax(2).tolist()

    def answers(self, scores, batch):
        paths, at, out = self.paths(scores, batch["word_mask"]), 0, []
        for e in batch["examples"]:
            tags = ["O"] * len(e.words)
            for words in e.fields["words"]:
                for w, label in zip(words, paths[at]):
                    tags[w] = self.labels[label]
                at += 1
            out.append(tags)
        return out

    def figures(self, examples, answers, calibrate):
        from seqeval.metrics import f1_score, precision_score, recall_score
        from seqeval.scheme import IOB2

        gold = [e.gold for e in examples]
        return {"seqeval": f1_score(gold, answers), "seqeval_precision": precision_score(gold, answers),
                "seqeval_recall": recall_score(gold, answers), "strict": f1_score(gold, answers, mode="strict", scheme=IOB2)}


class Crf(Tagging):
    def note(self, examples):
        from torchcrf import CRF

        super().note(examples)
        self.crf = CRF(len(self.labels), batch_first=True)

    def loss(self, scores, batch):
        """Mean over words. A sentence without a word in its window has nothing to say."""
        mask, gold = batch["word_mask"], self.gold(batch)
        some = mask[:, 0]
        return -self.crf(scores[some], gold[some], mask[some], reduction="token_mean")

    def paths(self, scores, mask):
        """The best path, of those that BIO allows where `constraints: bio` asks for it."""
        crf = self.crf
        if self.settings.get("constraints") == "bio":
            crf = copy.deepcopy(crf)
            for j, b in enumerate(self.labels):
                if b[0] == "I":
                    crf.start_transitions.data[j] = -1e4
                    for i, a in enumerate(self.labels):
                        if a not in ("B" + b[1:], b):
                            crf.transitions.data[i, j] = -1e4
        some = mask[:, 0]
        paths = iter(crf.decode(scores[some], mask[some]))
        return [next(paths) if s else [] for s in some.tolist()]


class Span(Head):
    """Windows, answers and the search for the best one, as in BERT's run_squad.py."""

    def note(self, examples):
        self.qa_outputs = self.linear(2)
        self.negative = self.settings.get("version_2_with_negative", False)

    def prepare(self, e):
        question = self.ids(e.question)[: self.settings.get("max_query_length", 64)]
        text = self.tokenizer(e.context, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids, offsets = text["input_ids"], text["offset_mapping"]
        room, stride, begins = self.max_length - len(question) - 3, self.settings.get("doc_stride", 128), [0]
        while begins[-1] + room < len(ids):
            begins.append(begins[-1] + min(room, stride))
        ends = [min(b + room, len(ids)) for b in begins]
        for b, n in zip(begins, ends):
            shift = len(question) + 2 - b
            e.sequences.append(self.join(question, ids[b:n]))
            e.fields["offsets"].append((len(question) + 2, offsets[b:n]))
            e.fields["here"].append([self.sees_most(t, begins, ends) == b for t in range(b, n)])
            e.fields["answer"].append(self.find(e.gold, offsets, b, n, shift))

    def sees_most(self, token, begins, ends):
        seen = [(min(token - b, n - 1 - token) + 0.01 * (n - b), -b) for b, n in zip(begins, ends) if b <= token < n]
        return -max(seen)[1]

    def find(self, gold, offsets, begin, end, shift):
        """Rows of the first and the last token of the first gold answer; 0, [CLS], where the window has no (whole) answer."""
        if not gold:
            return (0, 0)
        first, last = gold[0]["answer_start"], gold[0]["answer_start"] + len(gold[0]["text"])
        a = [t for t in range(begin, end) if offsets[t][0] <= first < offsets[t][1]]
        b = [t for t in range(begin, end) if offsets[t][0] < last <= offsets[t][1]]
        return (a[0] + shift, b[0] + shift) if a and b else (0, 0)

    def scores(self, out, batch):
        return self.qa_outputs(out.last_hidden_state).masked_fill(~batch["mask"].bool().unsqueeze(2), -1e9)

    def loss(self, scores, batch):
        gold = torch.tensor([a for e in batch["examples"] for a in e.fields["answer"]])
        return 0.5 * (functional.cross_entropy(scores[:, :, 0], gold[:, 0]) + functional.cross_entropy(scores[:, :, 1], gold[:, 1]))

    def best(self, e, scores):
        n_best, longest = self.settings.get("n_best_size", 20), self.settings.get("max_answer_length", 30)
        best, null = (-math.inf, ""), math.inf
        for (shift, offsets), here, row in zip(e.fields["offsets"], e.fields["here"], scores):
            null = min(null, float(row[0, 0] + row[0, 1]))
            text = row[shift : shift + len(offsets)]
            starts = [i for i in np.argsort(-text[:, 0])[:n_best] if here[i]]
            ends = np.argsort(-text[:, 1])[:n_best]
            for i in starts:
                for j in ends:
                    if i <= j < i + longest and text[i, 0] + text[j, 1] > best[0]:
                        best = (float(text[i, 0] + text[j, 1]), e.context[offsets[i][0] : offsets[j][1]])
        none = self.negative and null - best[0] > self.settings.get("null_score_diff_threshold", 0)
        return "" if none else best[1]

    def answers(self, scores, batch):
        parts = scores.split([len(e.sequences) for e in batch["examples"]])
        return [self.best(e, p.double().numpy()) for e, p in zip(batch["examples"], parts)]

    @staticmethod
    def normal(text):
        text = "".join(c for c in text.lower() if c not in string.punctuation)
        return re.sub(r"\b(a|an|the)\b", " ", text).split()

    def exact_and_f1(self, gold, answer):
        a, b = self.normal(gold), self.normal(answer)
        same = sum((collections.Counter(a) & collections.Counter(b)).values())
        if not a or not b:
            return float(a == b), float(a == b)
        return float(a == b), 2 * same / (len(a) + len(b))

    def figures(self, examples, answers, calibrate):
        rows = [np.max([self.exact_and_f1(g["text"], a) for g in e.gold or [{"text": ""}]], axis=0) for e, a in zip(examples, answers)]
        rows, has = 100 * np.array(rows), np.array([bool(e.gold) for e in examples])
        out = {"squad": rows[:, 1].mean(), "squad_exact": rows[:, 0].mean()}
        if not has.all():
            out.update(squad_has_answer_f1=rows[has, 1].mean(), squad_no_answer_f1=rows[~has, 1].mean())
        return {k: float(v) for k, v in out.items()}


HEADS = {"classification": Classification, "regression": Regression, "multi_label": MultiLabel, "multiple_choice": MultipleChoice,
         "token_classification": Tagging, "crf": Crf, "span": Span}


# ---- Training -----------------------------------------------------------------------------------------------------


class Model(nn.Module):
    def __init__(self, bert, head, bf16):
        super().__init__()
        self.bert, self.head, self.bf16 = bert, head, bf16

    def forward(self, batch):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            out = self.bert(input_ids=batch["ids"], token_type_ids=batch["types"], attention_mask=batch["mask"])
        out.last_hidden_state = out.last_hidden_state.float()
        if out.pooler_output is not None:
            out.pooler_output = out.pooler_output.float()
        return self.head.scores(out, batch)


def collate(examples):
    sequences = [s for e in examples for s in e.sequences]
    longest = max(len(ids) for ids, _ in sequences)
    batch = {"examples": examples}
    for i, key in enumerate(("ids", "types")):
        batch[key] = torch.tensor([s[i] + [0] * (longest - len(s[i])) for s in sequences])
    batch["mask"] = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in sequences])
    return batch


def evaluate(model, examples, calibrate, size=32):
    model.eval()
    answers = [None] * len(examples)
    order = sorted(range(len(examples)), key=lambda i: max(len(s[0]) for s in examples[i].sequences))
    with torch.no_grad():
        for at in range(0, len(order), size):
            pick = order[at : at + size]
            batch = collate([examples[i] for i in pick])
            for i, a in zip(pick, model.head.answers(model(batch), batch)):
                answers[i] = a
    return {k: float(v) for k, v in model.head.figures(examples, answers, calibrate).items()}


def make_optimizer(model, settings):
    """As Transformers' Trainer has it; groups of the file are for weights of the head, by the beginning of their names."""
    rate, decay = settings["learning_rate"], settings.get("weight_decay", 0.0)
    own = [(g["pattern"].rstrip("*"), g) for g in settings.get("groups", [])]
    groups = collections.defaultdict(list)
    for name, weight in model.named_parameters():
        group = next((g for prefix, g in own if name.removeprefix("head.").startswith(prefix)), {})
        plain = name.endswith(NO_DECAY) or ".crf." in name
        groups[group.get("learning_rate", rate), group.get("weight_decay", 0.0 if plain else decay)].append(weight)
    return torch.optim.AdamW([{"params": w, "lr": r, "weight_decay": d} for (r, d), w in groups.items()], fused=True)


def train_epoch(model, examples, size, optimizer, schedule, max_norm):
    model.train()
    order = torch.randperm(len(examples)).tolist()
    total = 0.0
    for at in range(0, len(order), size):
        batch = collate([examples[i] for i in order[at : at + size]])
        loss = model.head.loss(model(batch), batch)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        total += float(loss.detach()) * len(batch["examples"])
    return total / len(order)


def make_model(tree, args):
    where = tree["model"].get("path")
    settings = tree.get("tokenizer", {})
    if where:
        where = os.path.join(args.model_root, where)
        tokenizer = AutoTokenizer.from_pretrained(where)
    else:
        tokenizer = BertTokenizer(args.vocab, do_lower_case=settings.get("lowercase", True))
    head_settings = tree["head"]
    head = HEADS[head_settings["type"]](head_settings, 0, tokenizer, settings["max_length"])
    if where:
        bert = BertModel.from_pretrained(where, add_pooling_layer=head.needs_pooler)
    else:
        config = BertConfig(vocab_size=len(tokenizer), **{k: v for k, v in tree["model"].items() if k != "type"})
        bert = BertModel(config, add_pooling_layer=head.needs_pooler)
    head.hidden = bert.config.hidden_size
    return Model(bert, head, args.bf16)


def read_split(tree, args, split):
    data = tree["data"]
    path = data.get(split)
    if not path and args.validation_ids:
        path = data["train"] if split == "validation" else None
    if not path:
        return None
    examples = list(READERS[data["type"]](os.path.join(args.data_root, path), data))
    if args.validation_ids:
        with open(args.validation_ids, encoding="utf-8") as f:
            held_out = {row[0] for row in csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE)}
        examples = [e for e in examples if (e.id in held_out) == (split == "validation")]
    most = tree.get("trainer", {}).get("max_train_samples", 0)
    return examples[:most] if split == "train" and most else examples


def run(tree, args):
    seed = tree.get("seed", 42)
    torch.manual_seed(seed)
    torch.set_num_threads(args.threads)
    begun = time.time()
    trainer = {"num_train_epochs": 3, "train_batch_size": 8, **tree.get("trainer", {})}
    splits = {s: read_split(tree, args, s) for s in ("train", "validation", "test")}
    model = make_model(tree, args)
    model.head.note(splits["train"])
    for examples in splits.values():
        for e in examples or []:
            model.head.prepare(e)
    prepared = time.time() - begun

    train, epochs, size = splits["train"], trainer["num_train_epochs"], trainer["train_batch_size"]
    steps = epochs * math.ceil(len(train) / size)
    optimizer = make_optimizer(model, tree["optimizer"])
    schedule = get_linear_schedule_with_warmup(optimizer, math.ceil(steps * tree["schedule"].get("warmup_ratio", 0)), steps)
    figure = trainer["metric_for_best_model"].removeprefix("validation/")
    best, kept, curve, training, working = {}, None, [], 0.0, 0.0
    for epoch in range(epochs):
        at, work_at = time.time(), time.process_time()
        loss = train_epoch(model, train, size, optimizer, schedule, trainer.get("max_grad_norm", 1.0))
        training, working = training + time.time() - at, working + time.process_time() - work_at
        now = evaluate(model, splits["validation"], True)
        curve.append(round(now[figure], 4))
        print(f"{time.strftime('%T')} epoch {epoch + 1}: loss {loss:.4f} {now}", file=sys.stderr, flush=True)
        if not best or now[figure] > best[figure]:
            best, kept = now, (copy.deepcopy(model.state_dict()), copy.deepcopy(getattr(model.head, "thresholds", None)))
    model.load_state_dict(kept[0])
    if kept[1] is not None:
        model.head.thresholds = kept[1]
    tokens = sum(len(ids) for e in train for ids, _ in e.sequences)
    return {"name": tree["name"], "seed": seed, "threads": args.threads, "bf16": args.bf16, "epochs": epochs, "train_examples": len(train),
            "sequences": {s: sum(len(e.sequences) for e in x) for s, x in splits.items() if x}, "curve": curve,
            "validation": best, "test": evaluate(model, splits["test"], False) if splits["test"] else None,
            "seconds": round(time.time() - begun, 1), "prepare_seconds": round(prepared, 1),
            "train_seconds": round(training, 1), "train_processor_seconds": round(working, 1),
            "processor_seconds": round(time.process_time(), 1), "examples_per_s": round(epochs * len(train) / training, 1),
            "examples_per_processor_s": round(epochs * len(train) / working, 1),
            "tokens_per_processor_s": round(epochs * tokens / working), "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "torch": torch.__version__, "transformers": transformers.__version__}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("experiment")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--data-root", default="../shared/data")
    parser.add_argument("--model-root", default="../shared/models")
    parser.add_argument("--validation-ids", help="a predictions.tsv of hone: its ids are the validation part")
    parser.add_argument("--vocab", help="the vocab.txt that hone learnt")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bf16", action="store_true", help="products of the encoder in bfloat16, by autocast")
    args = parser.parse_args()
    print(json.dumps(run(read_settings(args.experiment, args.settings), args)), flush=True)


main()
