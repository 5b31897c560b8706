"""What was done with what was read, told of one of them: English has another form there, which is written out here."""

from __future__ import annotations

from ablate.lang import language, tr

OF_ONE = {
    "answers to an item that the run had answered": "answer to an item that the run had answered",
    "answers without a score": "answer without a score",
    "areas under curves, over steps that all runs have": "area under a curve, over steps that all runs have",
    "comparisons in one cell each: the cells share too few seeds for a mean over them": (
        "comparison in one cell: the cells share too few seeds for a mean over them"
    ),
    "ended before the other runs of their arm: not finished (--early-stopping counts them)": (
        "ended before the other runs of its arm: not finished (--early-stopping counts it)"
    ),
    "event files with a half-written last record: it is left out": (
        "event file with a half-written last record: it is left out"
    ),
    "event files with a wrong checksum: read up to it, their runs count as not finished": (
        "event file with a wrong checksum: read up to it, its run counts as not finished"
    ),
    "diverged: they are not left out": "diverged: it is not left out",
    "failed: they are not left out": "failed: it is not left out",
    "folders of one run are joined": "folder of one run is joined",
    "folders of runs that never logged a number: left out": "folder of a run that never logged a number: left out",
    "folders with several event files: one run each, joined in the order in which they were begun": (
        "folder with several event files: one run, joined in the order in which they were begun"
    ),
    "half-written last lines: left out": "half-written last line: left out",
    "histories without a whole number that counts steps: their rows are counted": (
        "history without a whole number that counts steps: its rows are counted"
    ),
    "items that not every run answered: left out": "item that not every run answered: left out",
    "items, averaged within each run": "item, of each run",
    "runs where one side alone was run: not compared": "run where one side alone was run: not compared",
    "columns sum up the seeds: left out": "column sums up the seeds: left out",
    "levels that one side alone has: not compared": "level that one side alone has: not compared",
    "logs that end in the middle of a record: the records before it count": (
        "log that ends in the middle of a record: the records before it count"
    ),
    "lost, as asked: their pairs are dropped": "lost, as asked: its pair is dropped",
    "no seeds: runs are not paired, and numbered within their arm": (
        "no seeds: the run is not paired, and numbered within its arm"
    ),
    "metrics whose summary is not what was logged last: their curves are left out": (
        "metric whose summary is not what was logged last: its curve is left out"
    ),
    "not finished, or without a number: their pairs are dropped": (
        "not finished, or without a number: its pair is dropped"
    ),
    "other rows ignored, as asked": "other row ignored, as asked",
    "points of curves written again by restarted runs: the later ones count": (
        "point of a curve written again by a restarted run: the later one counts"
    ),
    "repeats of an arm and seed: the last one counts": "repeat of an arm and seed: the last one counts",
    "repeats of an arm and seed: their mean counts": "repeat of an arm and seed: the mean counts",
    "results that are texts: not read": "result that is a text: not read",
    "rows above the table are ignored": "row above the table is ignored",
    "rows of other data are ignored": "row of other data is ignored",
    "rows were earlier steps of a run: its last one counts": "row was an earlier step of a run: its last one counts",
    "runs did not reach the target: they count as the whole budget": (
        "run did not reach the target: it counts as the whole budget"
    ),
    "runs of neither side: ignored": "run of neither side: ignored",
    "runs that hold other runs: left out": "run that holds other runs: left out",
    "runs used": "run used",
    "runs whose seed no other arm has: in no pair": "run whose seed no other arm has: in no pair",
    "runs whose partner has no result: in no pair": "run whose partner has no result: in no pair",
    "runs with a damaged file: they count as not finished": "run with a damaged file: it counts as not finished",
    "runs with the same seed are not paired, as asked": "run: those with the same seed are not paired, as asked",
    "runs without a final state: that of their latest checkpoint is read": (
        "run without a final state: that of its latest checkpoint is read"
    ),
    "runs without settings, which others have: their arm is not known": (
        "run without settings, which others have: its arm is not known"
    ),
    "settings that are Python objects: never made, left out": "setting that is a Python object: never made, left out",
    "settings that belong to the chosen option of a group: only the option is compared": (
        "setting that belongs to the chosen option of a group: only the option is compared"
    ),
    "trials that have not begun are left out": "trial that has not begun is left out",
    "values of single steps of metrics that are logged per epoch, too: not read": (
        "value of single steps of a metric that is logged per epoch, too: not read"
    ),
}
"""Message -> the same of one, where that is another text."""


def done_text(what: str, count: int) -> str:
    """Return what was done (`contract.Done.what`) with so many, in the current language.

    >>> done_text("runs used", 1), done_text("runs used", 30), done_text("sweeps read together", 2)
    ('run used', 'runs used', 'sweeps read together')
    """
    return OF_ONE.get(what, what) if count == 1 and language() == "en" else tr(what)
