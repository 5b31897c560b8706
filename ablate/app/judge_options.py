"""The options of `ablate judge`, and their help. Imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

_EXAMPLES = """\
ablate judge runs.csv                                   what varies, against the baseline, seed by seed
  ablate judge runs.csv --metric score:higher             a metric whose name does not say which way is better
  ablate judge runs.csv --by-at-least 0.005               verdicts on differences of half a point of accuracy
  ablate judge wandb_export.csv --lost crashed            the infrastructure lost these runs; they did not fail
  ablate judge runs.csv --factor norm --baseline norm=none --where dataset=cifar10
  ablate judge mlflow:my-experiment                       the store in this folder; another: mlflow:STORE#EXPERIMENT
  ablate judge optuna:sqlite:///study.db#name --lost PRUNED
  ablate judge tensorboard:logs/                          a row per run, its settings from hparams or names of folders
  ablate judge lightning:lightning_logs/                  versions with metrics.csv and hparams.yaml
  ablate judge hydra:multirun/2026-11-29/12-00-00         the jobs of a sweep, with the files of results they wrote
  ablate judge runs.csv --save my_study.yaml              write the study it was judged as, to edit and extend"""


_COMPARE = """\
ablate compare baseline.csv runs.csv --non-inferior 0.005          not worse by more than half a point of accuracy?
  ablate compare baseline.csv runs.csv --metric score:higher --by-at-least 0.01
  ablate compare mlflow:main mlflow:change --metric test_acc:higher --non-inferior 0.005 --json
  ablate compare base.csv new.csv --by-at-least 0 --ledger edits.json     one of many edits that are tried

exit code: 0 it holds; 1 it does not (worse), or the work failed; 2 wrong input; 3 not decided (docs/ci.md)"""


def add_judge(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add the command to a parser."""
    sub = add("judge", "verdicts on runs you already have, without a study file", _EXAMPLES)
    sub.add_argument("source_of_runs", metavar="SOURCE", help="a file or an address that a source reads")
    _reading(sub)
    sub.add_argument(
        "--baseline", action="append", default=[], metavar="FACTOR=LEVEL",
        help="what levels are compared with (default: the level of most runs, which is printed); repeatable",
    )  # fmt: skip
    sub.add_argument(
        "--by-at-least", type=float, metavar="D",
        help="the smallest difference that matters, in the unit of the metric; with it every comparison gets a "
             "verdict",
    )  # fmt: skip
    sub.add_argument(
        "--target", type=float, metavar="V",
        help="also compare how many steps runs take until the main metric is V (needs histories)",
    )  # fmt: skip
    _rows(sub)
    sub.add_argument("--no-report", action="store_true", help="print only")
    sub.add_argument("--save", type=Path, metavar="STUDY.yaml", help="write the study file, and its runs beside it")


def add_compare(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add the command that compares two sets of runs to a parser."""
    sub = add("compare", "is a change better, or at least not worse, than its base?", _COMPARE)
    sub.add_argument("base", metavar="BASE_RUNS", help="runs before the change: a file or an address")
    sub.add_argument("new", metavar="NEW_RUNS", help="runs with the change")
    _reading(sub)
    sub.add_argument(
        "--non-inferior", type=float, metavar="D",
        help="whether the new runs are not worse by more than D, in the unit of the metric",
    )  # fmt: skip
    sub.add_argument(
        "--by-at-least",
        type=float,
        metavar="D",
        help="whether the new runs are better by more than D (0: by any amount)",
    )
    sub.add_argument(
        "--each", action="append", default=[], metavar="NAME", help="compare every level of a column by itself"
    )
    _rows(sub)
    sub.add_argument(
        "--ledger", type=Path, metavar="FILE.json",
        help="this is one of many edits: count them in FILE.json, and keep wrong decisions below 5 %% over all "
             "of them",
    )  # fmt: skip
    sub.add_argument("--edits", type=int, metavar="N", help="begin a ledger of N edits (default: of any number)")
    sub.add_argument("--no-report", action="store_true", help="print only")
    sub.add_argument("--json", action="store_true", help="print JSON")


def _reading(sub: argparse.ArgumentParser) -> None:
    """Add what says how a table is read."""
    sub.add_argument("--source", metavar="NAME", help="the source that reads it (default: found by its name)")
    sub.add_argument("--uses", action="append", default=[], metavar="FILE.py", help="a file with a source of your own")
    sub.add_argument(
        "--metric", action="append", default=[], metavar="NAME[:higher|lower[:UNIT]]",
        help="what is judged, which way is better where its name does not say it, and its unit (`ms`; `fraction` and "
             "`percent` are shares of all, in [0, 1] and [0, 100]); repeatable",
    )  # fmt: skip
    sub.add_argument(
        "--factor", action="append", default=[], metavar="NAME", help="a column that is compared; repeatable"
    )
    sub.add_argument("--seed", metavar="NAME", help="the column of seeds")


def _rows(sub: argparse.ArgumentParser) -> None:
    """Add what says which rows count, and where the report goes."""
    sub.add_argument("--where", action="append", default=[], metavar="NAME=VALUE", help="only these rows; repeatable")
    sub.add_argument("--leave-out", action="append", default=[], metavar="COLUMN", help="ignore a column; repeatable")
    sub.add_argument(
        "--repeat", default="last", metavar="last|mean|refuse",
        help="several runs of an arm and seed: the last counts (default), their mean, or they are refused",
    )  # fmt: skip
    sub.add_argument(
        "--failed-counts-as", type=float, metavar="V",
        help="the value that a failed run counts as, in the unit of the judged metric (for an accuracy: that of "
             "guessing)",
    )  # fmt: skip
    sub.add_argument(
        "--lost", default="", metavar="WORD,WORD",
        help="states of runs that the infrastructure lost: their pairs are left out, and they do not count as "
             "failed",
    )  # fmt: skip
    sub.add_argument(
        "--item", metavar="COLUMN", help="which test item a row is about, in a table of answers (default: by its name)"
    )
    sub.add_argument("--unpaired", action="store_true", help="runs with the same seed share nothing: compare means")
    sub.add_argument(
        "--early-stopping", action="store_true",
        help="runs that end before the others of their arm were stopped by their own rule: they count",
    )  # fmt: skip
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (default: below reports/)")
    sub.add_argument("--lang", default="en", metavar="en|zh", help="language of the page (default: en)")
