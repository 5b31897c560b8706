"""What a tuning grid could gain if its trials trained as one stack.

    python benchmarks/tuned.py [--quick] [--markdown]

9 learning rates with 2 seeds each, as the studies here tune, by whole runs with their evaluations: arm by arm, as it
is done, beside one arm of 18 seeds. Trials that differ in scalars alone do the work of so many seeds, so that the ratio
bounds what a stack of them could gain. CPU time of one core per run; all in turn, medians.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import contest  # noqa: F401 - before NumPy: it sets the number of threads
from contest.dense import Shape, arm
from contest.timing import Run, Table, machine, take_turns

from ablate.optim import SGD
from ablate.train.numpy_program import NumpyProgram

TRIALS, SEEDS = 9, 2
NETS = (Shape(8, (64,), 32), Shape(8, (64,), 32, norm=True), Shape(28, (100,) * 5, 100))
FORMS = {"NumPy": False, "compiled": True}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few steps: checks that it runs")
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    steps, repeats = (20, 1) if asked.quick else (500, 5)
    print(machine() + "\n")
    columns = [f"{name}, {how}" for name in FORMS for how in ("apart", "as one", "ratio")]
    table = Table([f"net, {steps} steps, ms a run", *columns], asked.markdown)
    table.begin()
    for shape in NETS:
        runs = {
            (name, together): grid(shape, form, together=together)
            for name, form in FORMS.items()
            for together in (False, True)
        }
        contestants = {f"{name} {together}": (run, TRIALS * SEEDS) for (name, together), run in runs.items()}
        took = take_turns(contestants, steps=steps, repeats=repeats)
        cells: list[float | str] = []
        for name in FORMS:
            apart, one = (took[f"{name} {together}"] * steps / 1e3 for together in (False, True))
            cells += [apart, one, f"{apart / one:.2f}"]
        table.row(str(shape), cells)


def grid(shape: Shape, form: bool, *, together: bool) -> Run:
    """Return what trains all trials: an arm each, or one arm of as many seeds."""
    program, base = NumpyProgram(), replace(arm(shape), compiled=form)

    def run(steps: int) -> None:
        config = replace(base, steps=steps)
        if together:
            program.run(config, list(range(TRIALS * SEEDS)))
            return
        for trial in range(TRIALS):
            program.run(replace(config, optimizer=SGD(0.001 * (trial + 1))), list(range(SEEDS)))

    return run


if __name__ == "__main__":
    main()
