"""The options of `ablate run` for code of one's own, and its examples. Imports nothing heavy."""

from __future__ import annotations

import argparse

RUN_EXAMPLES = """\
ablate run quickstart seeds=12
  ablate run train.py:train lr=0.1,0.01 dropout=0,0.5 seeds=8 --metric accuracy:higher
                                              a function: factors are parameters of `def train(lr, dropout, seed)`;
                                              every level is compared with the first of its factor
  ablate run train.py:train lr=0.1,0.01 seeds=12 --metric accuracy:higher --baseline lr=0.01 --by-at-least 0.005
                                              another baseline; verdicts on differences of half a point
  ablate run lr=0.1,0.01 seeds=8 --metric accuracy:higher -- python train.py --lr {lr} --seed {seed}
                                              a command; its last line says accuracy=0.93
  ablate run lr=0.1,0.01 seeds=8 --metric loss:lower --metrics-file {out}/log.csv --step epoch --timeout 600 \\
      -- python train.py --lr {lr} --seed {seed} --out {out}
                                              metrics and curves from a file in the fresh folder of each run
  ablate run --hydra train.py optimizer=sgd,adam seeds=8 --metric accuracy:higher
                                              an application with @hydra.main: its own configuration and folders
  ablate run amp=false,true seeds=8 --metric acc:higher --metric-pattern 'acc: (?P<acc>[-+.0-9e]+)' \\
      --slots gpu:0,gpu:1 --env CUDA_VISIBLE_DEVICES={slot} -- ./train.sh {seed} {amp?--amp}
                                              two GPUs, a run on each; a flag that is there or not"""


def add_own_code(sub: argparse.ArgumentParser) -> None:
    """Add the options to a command's parser."""

    def add(flag: str, metavar: str, text: str) -> None:
        sub.add_argument(flag, action="append", default=[], metavar=metavar, help=text)

    add(
        "--metric", "NAME:higher|lower[:UNIT]",
        "a metric that runs report, which way is better, and its unit where it has one: latency:lower:ms; `fraction` "
        "and `percent` are shares of all, in [0, 1] and [0, 100]; the first is judged; repeatable",
    )  # fmt: skip
    add(
        "--baseline", "FACTOR=LEVEL",
        "what the other levels of a factor are compared with (default: the first level typed); repeatable",
    )  # fmt: skip
    sub.add_argument(
        "--by-at-least", type=float, metavar="D",
        help="the smallest difference that matters, in the unit of the metric; with it every comparison gets a "
             "verdict",
    )  # fmt: skip
    sub.add_argument(
        "--failed-counts-as", type=float, metavar="V",
        help="the value that a failed run counts as, in the unit of the judged metric (for an accuracy: that of "
             "guessing)",
    )  # fmt: skip
    sub.add_argument(
        "--lost", default="", metavar="WORD,WORD",
        help="outcomes (crashed, diverged, collapsed) of runs that the infrastructure lost: their pairs are left "
             "out, and they do not count as failed",
    )  # fmt: skip
    add("--name", "NAME", "the name under which a sweep of your own code is kept (default: adhoc)")
    sub.add_argument("--timeout", type=float, metavar="S", help="seconds that a run of a function or command may take")
    group = sub.add_argument_group(
        "a command", "after `--`, with {name} for settings, {seed}, {out} (a fresh folder of the run) and {slot}"
    )
    group.add_argument(
        "--metrics-file", metavar="FILE",
        help="the file it writes: {out}/metrics.json, .jsonl, .csv, .tsv; for a Hydra application a JSON file in "
             "its output folder",
    )  # fmt: skip
    group.add_argument(
        "--metric-pattern", action="append", default=[], metavar="REGEX",
        help="searched for in its output, with a named group for each metric; repeatable",
    )  # fmt: skip
    group.add_argument("--step", metavar="NAME", help="the column that counts the steps of curves (default: step)")
    group.add_argument(
        "--slots",
        action="append",
        default=[],
        metavar="A,B",
        help="a pool of resources: each run gets one as {slot} (gpu:0 gives 0)",
    )
    group.add_argument(
        "--env", action="append", default=[], metavar="NAME=TEXT", help="a variable of its environment; repeatable"
    )
    group.add_argument(
        "--folder", metavar="DIR", help="the folder in which it runs, for example {out} (default: the current folder)"
    )
    group.add_argument(
        "--watch",
        action="append",
        default=[],
        metavar="FILE",
        help="a file whose changes make new runs, too; repeatable",
    )
    group.add_argument(
        "--code-version", metavar="TEXT", help="a version to use in place of the code; its files are then not looked at"
    )
    group = sub.add_argument_group("a Hydra application", "any application with @hydra.main, unchanged: docs/hydra.md")
    group.add_argument("--hydra", action="store_true", help="STUDY is its file, KEY=VALUE are its own overrides")
    group.add_argument("--seed-key", metavar="KEY", help="the key of its configuration that takes the seed (seed)")
    group.add_argument("--config-name", metavar="NAME", help="as Hydra's own option")
    group.add_argument("--config-path", metavar="DIR", help="as Hydra's own option")
    group.add_argument("--config-dir", metavar="DIR", help="as Hydra's own option")
