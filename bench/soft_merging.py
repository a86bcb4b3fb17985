"""How long soft merging takes, beside a statement of the same in torch.

    soft_merging.py                                 toksmith alone
    soft_merging.py --torch-python PYTHON           an environment with torch and numpy

One sequence of `--length` random vectors of 64 numbers, a quarter of which merges away, on one
thread: the choice by the cosines of the vectors themselves, and the means of values and sizes. Each
process is one of its own, both get the same numbers, and the sums of merged values are compared.
torch does what the published code of both methods does, without gradients. Medians and minima by
the clock, milliseconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 64
KINDS = ("float32", "float64")


def vectors(length: int, kind: str) -> NDArray[Any]:
    """One sequence."""
    return np.random.default_rng(length).uniform(-1, 1, (1, length, WIDTH)).astype(kind)


def timed(work: Callable[[], float], times: int) -> dict[str, float]:
    """Milliseconds, and the sum of what was merged."""
    total, taken = work(), np.empty(times)
    for i in range(times):
        begun = time.perf_counter()
        work()
        taken[i] = time.perf_counter() - begun
    return {
        "median": float(np.median(taken)) * 1e3,
        "least": float(taken.min()) * 1e3,
        "sum": total,
    }


def of_toksmith(length: int, times: int) -> dict[str, dict[str, float]]:
    """Figures by method and type."""
    from toksmith.dynamic import soft

    figures, r = {}, length // 4
    for kind in KINDS:
        x = vectors(length, kind)
        calls: dict[str, Callable[[NDArray[Any]], soft.Plan]] = {
            "bipartite": lambda x: soft.bipartite(x, r, num_threads=1),
            "bipartite, window 16": lambda x: soft.bipartite(x, r, window=16, num_threads=1),
            "energy": lambda x: soft.energy(x, r, num_threads=1),
        }
        for name, plan in calls.items():

            def work(plan: Callable[..., soft.Plan] = plan, x: NDArray[Any] = x) -> float:
                merged = plan(x).merge(x, num_threads=1)
                return float((merged.values[0, :, 0] * merged.sizes[0]).sum())

            figures[f"{name}, {kind}"] = timed(work, times)
    return figures


def of_torch(length: int, times: int) -> dict[str, dict[str, float]]:
    """The same in torch."""
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    normalize: Any = import_module("torch.nn.functional").normalize
    elu: Any = import_module("torch.nn.functional").elu

    def bipartite(x: Any, r: int) -> Any:
        unit = normalize(x, dim=-1)
        scores = unit[:, ::2] @ unit[:, 1::2].transpose(-1, -2)
        best, target = scores.max(-1)
        order = best.argsort(dim=-1, descending=True)[..., None]
        stay, source = order[:, r:], order[:, :r]
        into = target[..., None].gather(-2, source)

        def merge(y: Any) -> Any:
            even, odd, width = y[:, ::2], y[:, 1::2], y.shape[-1]
            gone = even.gather(-2, source.expand(-1, -1, width))
            odd = odd.scatter_reduce(-2, into.expand(-1, -1, width), gone, reduce="sum")
            return torch.cat([even.gather(-2, stay.expand(-1, -1, width)), odd], dim=1)

        size = merge(torch.ones_like(x[..., :1]))
        return merge(x) / size, size

    def energy(x: Any, r: int) -> Any:
        unit = normalize(x, dim=-1)
        cosine = unit @ unit.transpose(-1, -2)
        order = elu(cosine - 0.5).mean(-1).argsort(dim=-1, descending=True)[0]
        sources, targets = order[: 2 * r : 2], order[1 : 2 * r : 2]
        into = cosine[0][sources][:, targets].argmax(-1)[None, :, None]

        def merge(y: Any) -> Any:
            width = y.shape[-1]
            done = y[:, targets].scatter_reduce(
                -2, into.expand(-1, -1, width), y[:, sources], reduce="sum"
            )
            return torch.cat([y[:, order[2 * r :]], done], dim=1)

        size = merge(torch.ones_like(x[..., :1]))
        return merge(x) / size, size

    figures, r = {}, length // 4
    for kind in KINDS:
        x = torch.from_numpy(vectors(length, kind))
        for name, call in (("bipartite", bipartite), ("energy", energy)):

            def work(call: Callable[[Any, int], Any] = call, x: Any = x) -> float:
                with torch.no_grad():
                    values, size = call(x, r)
                    return float((values[0, :, 0] * size[0, :, 0]).sum())

            figures[f"{name}, {kind}"] = timed(work, times)
    return figures


def apart(python: str, library: str, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Figures from a process of its own."""
    command = [python, __file__, "--only", library]
    command += ["--length", str(options.length), "--times", str(options.times)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--times", type=int, default=21)
    parser.add_argument("--torch-python", help="the interpreter of an environment with torch")
    parser.add_argument("--only", choices=("toksmith", "torch"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        call = of_toksmith if options.only == "toksmith" else of_torch
        json.dump(call(options.length, options.times), sys.stdout)
        return
    ours = apart(sys.executable, "toksmith", options)
    theirs = apart(options.torch_python, "torch", options) if options.torch_python else {}
    print(f"n = {options.length}, d = {WIDTH}; milliseconds: median (least)")
    for name, figure in ours.items():
        line = f"{name:30} toksmith {figure['median']:8.2f} ({figure['least']:.2f})"
        if name in theirs:
            other = theirs[name]
            if abs(figure["sum"] - other["sum"]) > 1e-2:
                sys.exit(f"{name}: sums differ, {figure['sum']} and {other['sum']}")
            line += f"   torch {other['median']:8.2f} ({other['least']:.2f})"
        print(line)


if __name__ == "__main__":
    main()
