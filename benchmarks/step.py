"""Time a training step per seed: compiled and by NumPy, against its matrix products alone, JAX and PyTorch.

    python benchmarks/step.py [--quick] [--markdown]

One process, one core, float32; repeats of all contestants follow each other in turn, medians of CPU time are printed
in microseconds per step and seed, and ratios with the bars they are held against:

- `compiled`, `NumPy`: ours, everything a step does: draw and gather the minibatch, forward, loss, backward, update.
- `products`: the same batched np.matmul calls on arrays that are there, all seeds at once.
- `JAX scan`, `JAX per step`: a stretch of steps compiled as one, and steps compiled one by one; without compiling.
- `eager`: PyTorch with autograd, one seed, as a seed is trained there; `bmm`: all its seeds at once by hand.

At the end: CPU seconds of an arm of 2,000 steps with what has to be compiled for it. What is not installed has a dash.
"""

from __future__ import annotations

import argparse

from contest.dense import Shape, arm, products
from contest.ours import ours, seconds_to_compile
from contest.timing import Table, bar, installed, machine, take_turns

SMALL, BOOK = (8, (64,), 32), (28, (100,) * 5, 100)
SEEDS = (1, 8, 20)
ARM = 2_000
"""Steps of the arm whose whole time is told."""


def bars(shape: Shape, took: dict[str, float]) -> list[str]:
    """Return our compiled step over JAX's better one, over the products, and PyTorch's over it, each with its bar."""
    ours_, book = took["compiled"], shape.side == BOOK[0]
    over = ours_ / took["products"]
    jax = min((took[name] for name in ("JAX scan", "JAX per step") if name in took), default=None)
    eager = took.get("eager")
    return [
        bar(None if jax is None else ours_ / jax, 0.9, most=True),
        bar(over, 1.5 if shape.norm else 1.25, most=True) if book else f"{over:.2f}",
        bar(None if eager is None else eager / ours_, 1.8 if book else 8.0, most=False),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a training step per seed.")
    parser.add_argument("--quick", action="store_true", help="few repeats, 1 and 8 seeds: checks that it runs")
    parser.add_argument("--markdown", action="store_true", help="print tables for benchmarks/RESULTS.md")
    options = parser.parse_args()
    shapes = [Shape(*sizes, norm=norm) for sizes in (SMALL, BOOK) for norm in (False, True)]
    names = ["compiled", "NumPy", "products", "JAX scan", "JAX per step", "eager", "bmm"]
    heads = ["µs of CPU per step and seed", *names, "/JAX", "/products", "eager/"]
    print(machine(), end="\n\n")
    table = Table(heads, options.markdown)
    table.begin()
    totals: list[tuple[str, list[float | str | None]]] = []
    for shape in shapes:
        small = shape.side == SMALL[0]
        steps, repeats = (20 if small else 3, 1) if options.quick else (400 if small else 20, 15 if small else 9)
        for seeds in SEEDS[:2] if options.quick else SEEDS:
            config = arm(shape)
            contestants = {
                "compiled": (ours(config, seeds, compiled=True), seeds),
                "NumPy": (ours(config, seeds, compiled=False), seeds),
                "products": (products(shape, seeds), seeds),
            }
            compiling: dict[str, float] = {}
            if installed("jax"):
                from contest.in_jax import Jax

                jax = Jax(shape, seeds, steps=steps)
                contestants |= jax.runs()
                compiling = jax.seconds
            if installed("torch"):
                from contest import in_torch

                contestants |= {"eager": (in_torch.eager(shape), 1), "bmm": (in_torch.by_hand(shape, seeds), seeds)}
            took = take_turns(contestants, steps=steps, repeats=repeats)
            title = f"{shape}, {seeds} seed{'s' if seeds > 1 else ''}"
            table.row(title, [*(took.get(name) for name in names), *bars(shape, took)])
            totals.append((title, [_total(took, name, seeds, compiling) for name in names if name != "products"]))
    table.end()
    print(f"\nCPU seconds of an arm of {ARM:,} steps, all its seeds, JAX with compiling:\n")
    table = Table(["seconds", *(name for name in names if name != "products")], options.markdown)
    table.begin()
    for title, cells in totals:
        table.row(title, cells)
    if not options.quick:
        anew, stored = seconds_to_compile(images=False)
        print(f"\nCompiled, once per installation: {anew:.1f} s more; once per process: {stored:.1f} s more.")


def _total(took: dict[str, float], name: str, seeds: int, compiling: dict[str, float]) -> str | None:
    if name not in took:
        return None
    return f"{took[name] * 1e-6 * ARM * seeds + compiling.get(name, 0.0):.2f}"


if __name__ == "__main__":
    main()
