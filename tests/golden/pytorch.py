#!/usr/bin/env python3
"""Writes tests/golden/pytorch/*.txt: losses with their gradients, steps of SGD, and schedules, by PyTorch and Transformers in double.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install torch transformers
    /tmp/golden/bin/python tests/golden/pytorch.py

Every line is a word and what belongs to it; `case` and a plugin's section in YAML begin a case.

SPDX-License-Identifier: Apache-2.0
"""

import pathlib

import torch
import torch.nn.functional as F
import transformers
from transformers import optimization

HERE = pathlib.Path(__file__).parent / "pytorch"
torch.set_default_dtype(torch.float64)


class File:
    def __init__(self, name):
        self.path = HERE / name
        self.lines = [
            f"# torch {torch.__version__}, transformers {transformers.__version__}; made by tests/golden/pytorch.py"
        ]

    def case(self, yaml):
        self.lines.append(f"case {yaml}")

    def add(self, word, values):
        values = values.flatten().tolist() if torch.is_tensor(values) else values
        self.lines.append(" ".join([word, *(repr(x) for x in values)]))

    def save(self):
        self.path.write_text("\n".join(self.lines) + "\n")


def normal(*shape, scale=1.0):
    """Numbers that a float holds exactly."""
    return (torch.randn(*shape) * scale).float().double()


# ---- Losses ----------------------------------------------------------------------------------------------------------


def loss_case(f, yaml, scores, gold, loss):
    scores = scores.clone().requires_grad_()
    items = loss(scores, gold)
    items.sum().backward()
    f.case(yaml)
    f.add("scores", scores.detach())
    f.add("gold", gold)
    f.add("loss", items.detach())
    f.add("gradient", scores.grad)


def focal(gamma, weights=None):
    """Lin et al. 2017, equation 5, over a softmax; 1 - p as the sum of the others', so that it has all its digits."""

    def loss(scores, gold):
        one_hot = F.one_hot(gold, scores.shape[1])
        log_p = (F.log_softmax(scores, 1) * one_hot).sum(1)
        rest = (F.softmax(scores, 1) * (1 - one_hot)).sum(1)
        alpha = torch.tensor(weights)[gold] if weights else 1.0
        return -alpha * rest**gamma * log_p

    return loss


def write_losses():
    f = File("losses.txt")
    scores, gold = normal(7, scale=2), normal(7)
    scores[0] = gold[0]  # a difference of nothing
    scores[1] = gold[1] + 0.5  # at the edge of huber's
    loss_case(f, "mse", scores, gold, lambda s, t: F.mse_loss(s, t, reduction="none"))
    loss_case(f, "mae", scores, gold, lambda s, t: F.l1_loss(s, t, reduction="none"))
    for delta in (1.0, 0.5, 3.0):
        loss_case(
            f, f"{{type: huber, delta: {delta}}}", scores, gold, lambda s, t: F.huber_loss(s, t, reduction="none", delta=delta)
        )
    scores, gold = normal(8, 3, scale=2), torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    scores[6] = torch.tensor([12.0, -12.0, -13.0])  # as good as certain, and right
    scores[7] = torch.tensor([-12.0, 12.0, -13.0])  # and wrong
    for gamma in (2.0, 0.0, 0.5, 5.0):
        loss_case(f, f"{{type: focal, gamma: {gamma}}}", scores, gold, focal(gamma))
    loss_case(f, "{type: focal, weights_by_label: {l0: 0.25, l2: 3}}", scores, gold, focal(2.0, [0.25, 1.0, 3.0]))
    loss_case(
        f, "{type: cross_entropy, label_smoothing_factor: 0.1, weights_by_label: {l0: 0.25, l2: 3}}", scores, gold,
        lambda s, t: F.cross_entropy(s, t, weight=torch.tensor([0.25, 1.0, 3.0]), reduction="none", label_smoothing=0.1))
    f.save()


# ---- Optimizers and schedules ----------------------------------------------------------------------------------------


def sgd_case(f, yaml, **settings):
    w = normal(5).requires_grad_()
    optimizer = torch.optim.SGD([w], lr=0.05, **settings)
    f.case(yaml)
    f.add("decay", [settings.get("weight_decay", 0.0)])
    f.add("weights", w.detach())
    for _ in range(4):
        w.grad = normal(5)
        f.add("gradient", w.grad)
        optimizer.step()
        f.add("weights", w.detach())


def write_sgd():
    f = File("sgd.txt")
    sgd_case(f, "sgd")
    sgd_case(f, "{type: sgd, momentum: 0.9}", momentum=0.9)
    sgd_case(f, "{type: sgd, momentum: 0.9, nesterov: true}", momentum=0.9, nesterov=True)
    sgd_case(f, "{type: sgd, momentum: 0.5, weight_decay: 0.1}", momentum=0.5, weight_decay=0.1)
    f.save()


def schedule_case(f, yaml, make, total, *settings, **more):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimizer, *settings, **more)
    factors = []
    for _ in range(total):
        factors.append(float(schedule.get_last_lr()[0]))
        optimizer.step()
        schedule.step()
    f.case(yaml)
    f.add("factors", factors)


def write_schedules():
    f = File("schedules.txt")
    linear = optimization.get_linear_schedule_with_warmup
    cosine = optimization.get_cosine_schedule_with_warmup
    constant = optimization.get_constant_schedule_with_warmup
    for total, warm in ((10, 0), (10, 4), (7, 7), (1, 0), (13, 1)):
        for name, make in (("linear", linear), ("cosine", cosine)):
            schedule_case(f, f"{{type: {name}, warmup_steps: {warm}}}", make, total, warm, total)
        schedule_case(f, f"{{type: constant, warmup_steps: {warm}}}", constant, total, warm)
    schedule_case(f, "{type: cosine, warmup_steps: 2, num_cycles: 1.5}", cosine, 20, 2, 20, 1.5)
    schedule_case(f, "{type: cosine, warmup_ratio: 0.31}", cosine, 10, 4, 10)  # rounded up
    f.save()


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    torch.manual_seed(1)
    write_losses()
    write_sgd()
    write_schedules()
