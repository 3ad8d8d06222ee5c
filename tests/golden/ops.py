"""ops.py - writes tests/golden/ops.txt: inputs, outputs and gradients of operators, from NumPy and SciPy in float64.

    python3 tests/golden/ops.py > tests/golden/ops.txt

Each formula is written here from its source, not from hone's code; gradients come from central differences in float64 with one step of
Richardson extrapolation, so no derivative is written by hand.

SPDX-License-Identifier: Apache-2.0
"""

import sys

import numpy as np
import scipy
from scipy.special import erf, expit, log_softmax, softmax

rng = np.random.default_rng(20240501)


def array(*shape, lo=-1.0, hi=1.0):
    # Float32 values, so that both sides start from the same numbers.
    return rng.uniform(lo, hi, shape).astype(np.float32).astype(np.float64)


def gradients(f, inputs, dy):
    """d sum(dy * f(inputs)) / d inputs, by central differences at h and 2h."""
    result = []
    for k, x in enumerate(inputs):
        g = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            values = []
            for h in (1e-3, 2e-3):
                ends = []
                for sign in (1, -1):
                    moved = [v.copy() for v in inputs]
                    moved[k][i] += sign * h
                    ends.append(np.sum(dy * f(*moved)))
                values.append((ends[0] - ends[1]) / (2 * h))
            g[i] = (4 * values[0] - values[1]) / 3
        result.append(g)
    return result


def write(name, x):
    print(f"array {name} {x.size}")
    for begin in range(0, x.size, 6):
        print(" ".join(f"{v:.9g}" for v in x.reshape(-1)[begin : begin + 6]))


def case(name, f, *inputs):
    y = f(*inputs)
    dy = array(*y.shape)
    print(f"case {name}")
    for i, x in enumerate(inputs):
        write(f"x{i}", x)
    write("y", y)
    write("dy", dy)
    for i, g in enumerate(gradients(f, inputs, dy)):
        write(f"dx{i}", g)


def layer_norm(x, gain, bias):
    d = x - x.mean(-1, keepdims=True)
    return d / np.sqrt((d * d).mean(-1, keepdims=True) + 1e-5) * gain + bias


STARTS = [0, 3, 3, 4, 9]


def attention(q, k, v):
    y = np.zeros_like(q)
    for begin, end in zip(STARTS, STARTS[1:]):
        for head in range(2) if end > begin else []:
            rows, columns = slice(begin, end), slice(head * 3, head * 3 + 3)
            p = softmax(q[rows, columns] @ k[rows, columns].T / np.sqrt(3.0), axis=1)
            y[rows, columns] = p @ v[rows, columns]
    return y


GOLD = [2, 0, -100, 1]


def cross_entropy(scores, w, smoothing):
    nll = -log_softmax(scores, axis=1)
    y = np.zeros(len(GOLD))
    for i, gold in enumerate(GOLD):
        if gold >= 0:
            y[i] = (1 - smoothing) * w[gold] * nll[i, gold] + smoothing / 3 * np.sum(w * nll[i])
    return y


def mean_rows(x):
    return np.stack([x[b:e].mean(0) if e > b else np.zeros(x.shape[1]) for b, e in zip(STARTS, STARTS[1:])])


def main():
    print(f"# written by tests/golden/ops.py with NumPy {np.__version__}, SciPy {scipy.__version__}, Python {sys.version.split()[0]}")
    wide = array(2, 7, lo=-4, hi=4)
    case("gelu", lambda x: x * 0.5 * (1 + erf(x / np.sqrt(2))), wide)
    case("gelu_tanh", lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), wide)
    case("tanh", np.tanh, wide)
    case("sigmoid", expit, wide)
    case("relu", lambda x: np.maximum(x, 0), wide)
    case("linear", lambda x, w, b: x @ w.T + b, array(3, 5), array(4, 5), array(4))
    case("layer_norm", layer_norm, array(3, 5, lo=-2, hi=2), array(5), array(5))
    case("attention", attention, array(9, 6, lo=-2, hi=2), array(9, 6, lo=-2, hi=2), array(9, 6))
    case("mean_rows", mean_rows, array(9, 2))
    case("cross_entropy", lambda s: cross_entropy(s, np.ones(3), 0.0), array(4, 3, lo=-3, hi=3))
    weights = np.array([0.5, 1.5, 2.0])
    case("cross_entropy_smoothed", lambda s: cross_entropy(s, weights, 0.1), array(4, 3, lo=-3, hi=3))
    case(
        "binary_cross_entropy",
        lambda s, t: -(t * np.log(expit(s)) + (1 - t) * np.log(expit(-s))).mean(1),
        array(3, 4, lo=-5, hi=5),
        array(3, 4, lo=0),
    )
    case("squared_error", lambda s, t: ((s - t) ** 2).mean(1), array(3, 4), array(3, 4))


main()
