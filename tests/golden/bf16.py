"""bf16.py - writes tests/golden/bf16.txt: linear layers whose operands are rounded to bf16, by PyTorch.

    python3 tests/golden/bf16.py > tests/golden/bf16.txt

PyTorch rounds (to nearest, ties to even); the products of what is rounded are then made in double, forward and backward. The last case
has numbers that lie in the middle between two of bf16, and some that are very small and very large.

SPDX-License-Identifier: Apache-2.0
"""

import sys

import torch

torch.manual_seed(20240601)


def rounded(x):
    return x.float().to(torch.bfloat16).double()


def array(*shape):
    return (torch.rand(*shape, dtype=torch.float64) * 2 - 1).float().double()


def write(name, x):
    x = x.reshape(-1).tolist()
    print(f"array {name} {len(x)}")
    for begin in range(0, len(x), 6):
        print(" ".join(f"{v:.9g}" for v in x[begin : begin + 6]))


def case(x, w, b):
    dy = array(x.shape[0], w.shape[0])
    print("case linear_bf16")
    for i, a in enumerate((x, w, b)):
        write(f"x{i}", a)
    write("y", rounded(x) @ rounded(w).T + b)
    write("dy", dy)
    write("dx0", rounded(dy) @ rounded(w))
    write("dx1", rounded(dy).T @ rounded(x))
    write("dx2", dy.sum(0))


def main():
    print(f"# written by tests/golden/bf16.py with PyTorch {torch.__version__}, Python {sys.version.split()[0]}")
    case(array(3, 5), array(4, 5), array(4))
    case(array(7, 5), array(11, 5), array(11))
    unit = 2.0**-8  # half the distance of two numbers of bf16 from 1 on
    edges = [1 + unit, 1 + 3 * unit, -1 - unit, -1 - 3 * unit, 1 + unit * (1 + 2.0**-15), 1 + unit * (1 - 2.0**-15), 3e-30, -7e18,
             255.5, 256.5, 0.0, -0.0, 1.0, 2 + 2 * unit, 0.1]
    x = torch.tensor(edges, dtype=torch.float64).reshape(3, 5)
    case(x, torch.tensor([[1.0, 2, 4, 8, 16], [3, 1e-20, 5, -1, 0.5]], dtype=torch.float64).float().double(), array(2))


main()
