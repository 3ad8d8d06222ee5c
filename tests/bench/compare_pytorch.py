"""compare_pytorch.py - the same work in turn by hone and by PyTorch and Transformers' Trainer; prints ratios.

    python3 tests/bench/compare_pytorch.py [--only steps|inference|trainer|start] [--models minilm,bert-base] [--batches 8,32]
                                           [--threads N] [--precision fp32|bf16] [--rounds N] [--shared DIR] [--json FILE]

Ours, theirs, ours, theirs, ...: each round is a process of its own. A ratio says how many times as long theirs takes, of the best and of
the median over all rounds, by the clock on the wall and by the processor's time of all threads (which leaves out what neighbours had of
the processor, but counts threads that wait without sleeping).

Theirs: BertForSequenceClassification with random weights of the same shape, dropout 0.1, PyTorch's fused AdamW, clipping to 1, its own
choice of attention; bf16 by autocast. The Trainer has the usual example's settings: MRPC, batches of 8, dynamic padding, padding to 128
and padding to 512. Needs a build of hone (HONE_BUILD, build/release) and torch, transformers, accelerate; takes no network.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SIZES = {"minilm": (384, 6, 1536), "bert-base": (768, 12, 3072), "tiny": (32, 2, 64)}


def clocks(threads):
    return time.perf_counter(), time.process_time() / threads


# ---- Theirs: each in a process of its own, which prints one line of JSON ------------------------------------------


def their_model(name):
    from transformers import BertConfig, BertForSequenceClassification

    hidden, layers, inner = SIZES[name]
    heads = 2 if name == "tiny" else 12
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=30522,
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=inner,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1,
        )
    )


def measured(samples, threads, **more):
    walls, processors = zip(*samples)
    return {
        "seconds": walls,
        "processor_seconds": processors,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **more,
    }


def their_steps(a):
    import torch

    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    model = their_model(a.model)
    ids = torch.randint(5, 30522, (a.batch, a.length))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": torch.arange(a.batch) % 2}
    precision = torch.autocast("cpu", torch.bfloat16, enabled=a.precision == "bf16")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.01, fused=True)

    def train():
        with precision:
            loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    @torch.inference_mode()
    def infer():
        with precision:
            return model(**batch).logits.sum().item()

    once = infer if a.work == "inference" else train
    model.train(a.work != "inference")
    samples = []
    for i in range(a.n + 1):
        wall, processor = clocks(a.threads)
        once()
        wall_end, processor_end = clocks(a.threads)
        if i > 0:
            samples.append((wall_end - wall, processor_end - processor))
    return measured(samples, a.threads)


def read_mrpc(path):
    with open(path, encoding="utf-8-sig") as f:
        return [line.rstrip("\n").split("\t") for line in f][1:]


def their_trainer(a):
    """`padding` is dynamic or a length. The first step is not counted; what the Trainer does between steps is."""
    import torch

    torch.set_num_threads(a.threads)
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer
    from transformers import TrainerCallback, TrainingArguments

    path = os.path.join(a.shared, "models", "all-MiniLM-L6-v2")
    tokenizer = AutoTokenizer.from_pretrained(path)
    rows = read_mrpc(os.path.join(a.shared, "data", "mrpc", "train.tsv"))
    fixed = None if a.padding == "dynamic" else int(a.padding)
    encoded = tokenizer(
        [r[3] for r in rows],
        [r[4] for r in rows],
        truncation=True,
        max_length=fixed or 128,
        padding="max_length" if fixed else False,
    )
    data = [{**{k: encoded[k][i] for k in encoded}, "labels": int(rows[i][0])} for i in range(len(rows))]

    class Clock(TrainerCallback):
        at = []

        def on_step_end(self, args, state, control, **kwargs):
            self.at.append((time.time(), *clocks(a.threads)))

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=8,
            learning_rate=5e-5,
            weight_decay=0.01,
            max_steps=a.n + 1,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
            bf16=a.precision == "bf16",
            seed=42,
        )
        model = AutoModelForSequenceClassification.from_pretrained(path, num_labels=2)
        Trainer(
            model, arguments, train_dataset=data, data_collator=DataCollatorWithPadding(tokenizer), callbacks=[Clock()]
        ).train()
    at = Clock.at
    samples = [(y[1] - x[1], y[2] - x[2]) for x, y in zip(at, at[1:])]
    return measured(samples, a.threads, first_step_at=at[0][0], first_step_processor=at[0][2] * a.threads)


# ---- Ours ----------------------------------------------------------------------------------------------------------


def our_rows(a, program, words):
    with tempfile.NamedTemporaryFile("r", suffix=".rows") as f:
        command = [os.path.join(a.build, "tests", program), "--json", f.name, *words]
        environment = {**os.environ, "HONE_PLUGIN_PATH": os.path.join(a.build, "plugins")}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        return [json.loads(line) for line in f]


def precision_words(a):
    return [] if a.precision == "fp32" else [f"trainer.precision={a.precision}"]


def our_fixed(a, model, batch, length, work, n):
    hidden, layers, inner = SIZES[model]
    heads = 2 if model == "tiny" else 12
    steps, batches = (0, n) if work == "inference" else (n, 0)
    (row,) = our_rows(
        a,
        "bench-step",
        [
            *("--steps", str(steps), "--batches", str(batches), "tests/bench/fixed.yaml"),
            *(f"data_root={a.texts}", f"model_root={a.texts}", f"tokenizer.max_length={length}"),
            f"model={{type: bert, hidden_size: {hidden}, num_hidden_layers: {layers}, intermediate_size: {inner}, "
            f"num_attention_heads: {heads}}}",
            *(f"trainer.train_batch_size={batch}", f"trainer.eval_batch_size={batch}", f"trainer.threads={a.threads}"),
            *precision_words(a),
        ],
    )
    return row


def mrpc_words(a):
    return [
        *("tests/bench/mrpc.yaml", f"data_root={a.shared}/data", f"model_root={a.shared}/models"),
        *(f"trainer.threads={a.threads}", *precision_words(a)),
    ]


def our_mrpc(a, n):
    return our_rows(a, "bench-step", ["--steps", str(n), "--batches", "0", *mrpc_words(a)])[0]


# ---- In turn -------------------------------------------------------------------------------------------------------


def theirs(a, work, **settings):
    words = [x for k, v in settings.items() for x in (f"--{k}", str(v))]
    command = [sys.executable, __file__, "--child", work, "--threads", str(a.threads), "--precision", a.precision, *words]
    begin = time.time()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    out = json.loads(done.stdout.splitlines()[-1])
    if "first_step_at" in out:
        out["first_step_seconds"] = out["first_step_at"] - begin
    return out


def load():
    return os.getloadavg()[0]


def say(a, row):
    print(
        f"{row['name']:44} {row['ours']:9.4f} {row['theirs']:9.4f} {row['ratio']:7.2f}"
        f"  {row['ours_processor']:9.4f} {row['theirs_processor']:9.4f} {row['ratio_processor']:7.2f}"
        f"  {row.get('ratio_median', float('nan')):7.2f} {row.get('ratio_processor_median', float('nan')):7.2f}"
        f"  {row.get('ours_mib', 0):7.0f} {row.get('theirs_mib', 0):7.0f}  {load():5.1f}",
        flush=True,
    )
    if a.json:
        with open(a.json, "a", encoding="utf-8") as f:
            f.write(json.dumps({"bench": "compare", "threads": a.threads, "precision": a.precision, **row}) + "\n")


def compare_fixed(a, model, batch, length, work, n):
    ours, other = [], []
    for _ in range(a.rounds):
        ours.append(our_fixed(a, model, batch, length, work, n))
        other.append(theirs(a, work, model=model, batch=batch, length=length, n=n))
    walls = [x for o in other for x in o["seconds"]]
    processors = [x for o in other for x in o["processor_seconds"]]
    row = {
        "name": f"{work} {model} {batch} x {length}",
        "ours": min(o["seconds"] for o in ours),
        "theirs": min(walls),
        "ours_processor": min(o["processor_seconds"] for o in ours),
        "theirs_processor": min(processors),
        "ours_median": statistics.median(o["seconds_median"] for o in ours),
        "theirs_median": statistics.median(walls),
        "ours_processor_median": statistics.median(o["processor_seconds_median"] for o in ours),
        "theirs_processor_median": statistics.median(processors),
        "ours_mib": max(o["peak_memory_mib"] for o in ours),
        "theirs_mib": max(o["peak_memory_mib"] for o in other),
        "share": max(o["share"] for o in ours),
        "share_processor": max(o["share_processor"] for o in ours),
        "peak_gflops_processor": max(o["peak_gflops_processor"] for o in ours),
    }
    for clock in ("", "_processor", "_median", "_processor_median"):
        row["ratio" + clock] = row["theirs" + clock] / row["ours" + clock]
    say(a, row)


def compare_trainer(a):
    """Seconds an example, over all rounds and the best of them; ours once for every padding of theirs."""
    for padding, n in (("dynamic", a.steps), ("128", a.steps), ("512", max(2, a.steps // 8))):
        ours, other = [], []
        for _ in range(a.rounds):
            ours.append(our_mrpc(a, a.steps))
            other.append(theirs(a, "trainer", padding=padding, n=n, shared=a.shared))
        row = {"name": f"Trainer on MRPC, padding {padding}"}
        for side, rows in (
            ("ours", [(1 / o["examples_per_s"], 1 / o["examples_per_processor_s"]) for o in ours]),
            ("theirs", [(statistics.mean(o["seconds"]) / 8, statistics.mean(o["processor_seconds"]) / 8) for o in other]),
        ):
            row[side], row[side + "_processor"] = min(r[0] for r in rows), min(r[1] for r in rows)
            row[side + "_median"] = statistics.median(r[0] for r in rows)
            row[side + "_processor_median"] = statistics.median(r[1] for r in rows)
        for clock in ("", "_processor", "_median", "_processor_median"):
            row["ratio" + clock] = row["theirs" + clock] / row["ours" + clock]
        row["ours_mib"] = max(o["peak_memory_mib"] for o in ours)
        row["theirs_mib"] = max(o["peak_memory_mib"] for o in other)
        say(a, row)


def compare_start(a):
    ours, other = [], []
    with tempfile.TemporaryDirectory() as cache:
        for i in range(a.rounds + 1):
            row = our_rows(
                a,
                "bench-runs",
                [os.path.join(a.build, "hone"), *mrpc_words(a), "trainer.max_steps=1", f"cache_dir={cache}"],
            )[0]
            if i > 0:
                ours.append(row)
                other.append(theirs(a, "trainer", padding="dynamic", n=1, shared=a.shared))
    row = {
        "name": "start to the first step",
        "ours": min(o["first_step_seconds"] for o in ours),
        "theirs": min(o["first_step_seconds"] for o in other),
        "ours_processor": min(o["first_step_processor_seconds"] for o in ours),
        "theirs_processor": min(o["first_step_processor"] for o in other),
        "ours_mib": max(o["peak_memory_mib"] for o in ours),
        "theirs_mib": max(o["peak_memory_mib"] for o in other),
    }
    for clock in ("", "_processor"):
        row["ratio" + clock] = row["theirs" + clock] / row["ours" + clock]
    say(a, row)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--only", choices=["steps", "inference", "trainer", "start"])
    p.add_argument("--models", default="minilm,bert-base")
    p.add_argument("--batches", default="8,32")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--n", type=int, default=4, help="steps of a round at fixed shapes")
    p.add_argument("--steps", type=int, default=40, help="steps of a round on MRPC")
    p.add_argument("--shared", default=os.path.join(os.path.dirname(ROOT), "shared"))
    p.add_argument("--build", default=os.environ.get("HONE_BUILD", os.path.join(ROOT, "build", "release")))
    p.add_argument("--json")
    p.add_argument("--child", dest="work", help=argparse.SUPPRESS)
    p.add_argument("--model", help=argparse.SUPPRESS)
    p.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    p.add_argument("--length", type=int, default=128)
    p.add_argument("--padding", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.work:
        print(json.dumps(their_trainer(a) if a.work == "trainer" else their_steps(a)))
        return
    a.texts = os.path.join(ROOT, "build", "bench", "data")
    if not os.path.exists(os.path.join(a.texts, "vocab.txt")):
        subprocess.run(["bash", os.path.join(HERE, "texts.sh"), a.texts], check=True)
    print(f"{a.precision}, {a.threads} threads; seconds of the best; ratios above 1: ours is faster")
    print(
        f"{'':44} {'ours':>9} {'theirs':>9} {'ratio':>7}  {'by cpu':>9} {'theirs':>9} {'ratio':>7}  {'median':>7} {'by cpu':>7}"
        f"  {'MiB':>7} {'theirs':>7}   load"
    )
    for work in ("step", "inference"):
        if a.only not in (None, work, work + "s"):
            continue
        for model in a.models.split(","):
            for batch in a.batches.split(","):
                n = max(2, a.n // 2) if model == "bert-base" and batch == "32" else a.n
                compare_fixed(a, model, int(batch), a.length, work, n)
    have = os.path.isdir(os.path.join(a.shared, "data", "mrpc"))
    if not have and a.only in (None, "trainer", "start"):
        print(f"the Trainer is left out: there is no {a.shared}/data/mrpc")
    if have and a.only in (None, "trainer"):
        compare_trainer(a)
    if have and a.only in (None, "start"):
        compare_start(a)


if __name__ == "__main__":
    main()
