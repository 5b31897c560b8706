"""Samples of lm-evaluation-harness: answers to test items, a row each.

With `--log_samples` it writes `MODEL/samples_TASK_DATE.jsonl`, a line per item, and `results_DATE.json` beside it,
which says how that evaluation was made. Both are read without the library. Columns: `model`, `task`, `item_id` (with
the task before it), `params.NAME` (what the data set says of an item, and what two evaluations of one task differ in:
few-shot examples, generation, arguments of the model, prompts, limits, the version of the harness), `seed` (where
evaluations differ in it), and the metric's own name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, unknown
from ablate.lang import msg
from ablate.registry import register
from ablate.resources import plain_file
from ablate.sources.contract import Fits, RunTable, Source
from ablate.sources.nested import flat
from ablate.sources.settings import setting_level
from ablate.train.metric import Better
from ablate.values import from_json, lines_of

HALF = msg("a last line that is half-written is ignored")
LATEST = msg("of several evaluations of a model and task the last one counts")

_SAMPLES = re.compile(r"samples_(.+?)_(\d{4}-\d{2}-\d{2}T[\d.:-]+)\.jsonl")
_SEEDS = ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")
_WHOLE = ("limit", "system_instruction_sha", "chat_template_sha", "fewshot_as_multiturn", "lm_eval_version")
_APART = ("task", "metadata", "dataset_kwargs", "generation_kwargs")
"""Of a task's configuration: its name, where its files lie, and what has a place of its own."""


@register("source", "lm_eval")
@dataclass(frozen=True)
class LmEval(Source):
    """Samples of lm-evaluation-harness: `lmeval:FOLDER`, the folder of its `--output_path`; `#METRIC` of several."""

    schemes = ("lmeval",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return a row per item and evaluation."""
        del fits
        place, _, asked = address.partition("#") if not Path(address).exists() else (address, "", "")
        folder = Path(place)
        if not folder.exists():
            raise UserError(f"lmeval:{place} cannot be read: no such folder")
        evals = _evaluations(folder)
        if not evals:
            raise UserError(f"{folder}: expected files MODEL/samples_TASK_DATE.jsonl (`--log_samples`), got none")
        told = _differing(evals)
        newest: dict[tuple[Any, ...], tuple[_Evaluation, dict[str, Any]]] = {}
        repairs: list[str] = []
        for one, settings in zip(evals, told, strict=True):
            at = (one.model, one.task, json.dumps(settings, sort_keys=True))
            if at in newest:
                repairs.append(LATEST)
            newest[at] = (one, settings)  # they come in the order of their dates
        taken = {name for settings in told for name in settings}
        rows = []
        for one, settings in newest.values():
            for item in _samples(one, asked, repairs):
                doc = {(_beside(name) if name in taken else name): value for name, value in item.doc.items()}
                rows.append({"model": one.model, "task": one.task, **settings, **doc, **item.told})
        return RunTable.of(
            f"lmeval:{address}", rows, name=folder.name, repairs=list(dict.fromkeys(repairs)), better=_better(evals)
        )

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write each run as one answer to an item of which the data set says all that the run has."""
        (folder / "m").mkdir()
        lines = [
            json.dumps({"doc_id": i, "doc": {**run}, "acc": 1.0, "metrics": ["acc"]}) for i, run in enumerate(runs)
        ]
        (folder / "m" / "samples_t_2026-01-01T00-00-00.0.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return f"lmeval:{folder}"


@dataclass(frozen=True)
class _Evaluation:
    """One evaluation of one model on one task: its samples, and what `results_DATE.json` says of it, if it is there."""

    model: str
    task: str
    date: str
    path: Path
    results: Mapping[str, Any] | None

    def part(self, *keys: str) -> Mapping[str, Any]:
        """Return a mapping in the results; empty where there is none."""
        node: Any = self.results
        for key in keys:
            node = node.get(key) if isinstance(node, Mapping) else None
        return node if isinstance(node, Mapping) else {}

    def settings(self) -> dict[str, Any]:
        """Return how it was made, all but seeds: column -> value."""
        config, task = self.part("config"), self.part("configs", self.task)
        arguments = config.get("model_args")
        if isinstance(arguments, str):
            arguments = dict(part.partition("=")[::2] for part in arguments.split(",") if "=" in part)
        top = self.results or {}
        if isinstance(arguments, Mapping):  # the one that the model is named after says nothing more
            arguments = {key: value for key, value in arguments.items() if value != top.get("model_name")}
        whole = {key: config[key] if key in config else top.get(key) for key in _WHOLE}
        parts = {
            "model_args": arguments, "generation_kwargs": task.get("generation_kwargs"),
            "task_config": {key: value for key, value in task.items() if key not in _APART},
        }  # fmt: skip
        made = {f"params.{key}": value for key, value in whole.items()}
        made["params.task_version"] = self.part("versions").get(self.task)
        for part, values in parts.items():
            if isinstance(values, Mapping):
                made |= flat(f"params.{part}", values, where=str(self.path))
        made["params.num_fewshot"] = made.pop("params.task_config.num_fewshot", None)
        return {name: setting_level(value) for name, value in made.items() if value is not None}

    def seeds(self) -> tuple[int, ...]:
        """Return its four seeds; none where they are not told."""
        values = [self.part("config").get(name) for name in _SEEDS]
        whole = [one for one in values if isinstance(one, int) and not isinstance(one, bool)]
        return tuple(whole) if len(whole) == len(_SEEDS) else ()


def _evaluations(folder: Path) -> list[_Evaluation]:
    """Return what was evaluated, in the order of models, tasks and dates.

    Raises
    ------
    UserError
        Of two evaluations of a model and task one says how it was made and the other does not.
    """
    evals = []
    for path in folder.rglob("samples_*.jsonl"):
        if match := _SAMPLES.fullmatch(path.name):
            results = _results(path.with_name(f"results_{match[2]}.json"))
            evals.append(_Evaluation(path.parent.name, match[1], match[2], path, results))
    evals.sort(key=lambda one: (one.model, one.task, one.date))
    with_results = {(one.model, one.task) for one in evals if one.results is not None}
    for one in evals:
        if one.results is None and (one.model, one.task) in with_results:
            raise UserError(
                f"{one.path}: expected results_{one.date}.json beside it, as beside the other evaluations of "
                f"{one.model} on {one.task}: without it nothing says whether it repeats one of them"
            )
    return evals


def _results(path: Path) -> Mapping[str, Any] | None:
    if not path.exists():
        return None
    try:
        told = from_json(plain_file(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())[:120]}") from None
    if not isinstance(told, dict):
        raise UserError(f"{path}: expected the results of an evaluation, a JSON object")
    return told


def _differing(evals: Sequence[_Evaluation]) -> list[dict[str, Any]]:
    """Return for each evaluation the settings in which two evaluations of one task differ, and its seed."""
    every = [one.settings() for one in evals]
    first: dict[str, dict[str, Any]] = {}
    kept: dict[str, None] = {}
    for one, settings in zip(evals, every, strict=True):
        if one.results is not None:
            before = first.setdefault(one.task, settings)
            kept.update(dict.fromkeys(key for key in {**before, **settings} if before.get(key) != settings.get(key)))
    seeds = _seeds(evals)
    told = [{key: settings.get(key) for key in kept} for settings in every]
    return told if seeds is None else [{**settings, "seed": seed} for settings, seed in zip(told, seeds, strict=True)]


def _seeds(evals: Sequence[_Evaluation]) -> list[int] | None:
    """Return the seed of every evaluation: the first of the four by which they can be told; None where all are alike.

    Raises
    ------
    UserError
        Some do not say theirs, or no single one of the four tells them apart.
    """
    all_seeds = [one.seeds() for one in evals]
    told = {seeds for seeds in all_seeds if seeds}
    seeded = {(one.model, one.task) for one, seeds in zip(evals, all_seeds, strict=True) if seeds}
    for one, seeds in zip(evals, all_seeds, strict=True):
        if not seeds and (len(told) > 1 or (one.model, one.task) in seeded):
            raise UserError(
                f"{one.path}: expected its seeds in results_{one.date}.json, as other evaluations here have them: "
                "without them nothing says which it repeats"
            )
    if len(told) < 2:
        return None
    for at in range(len(_SEEDS)):
        if len({seeds[at] for seeds in told}) == len(told):
            return [seeds[at] for seeds in all_seeds]
    raise UserError(
        f"{evals[0].path.parent.parent}: evaluations differ in several of {', '.join(_SEEDS)}, and none of these tells "
        "them all apart: nothing says which seed is which"
    )


def _better(evals: Sequence[_Evaluation]) -> dict[str, Better]:
    """Return which way metrics are better, where all tasks say the same of them."""
    told: dict[str, set[bool]] = {}
    for one in evals:
        for name, higher in one.part("higher_is_better", one.task).items():
            if isinstance(higher, bool):
                told.setdefault(name, set()).add(higher)
    return {name: "higher" if ways == {True} else "lower" for name, ways in told.items() if len(ways) == 1}


def _beside(name: str) -> str:
    return name.replace("params.", "params.doc.", 1)


@dataclass(frozen=True)
class _Item:
    doc: Mapping[str, Any]
    told: Mapping[str, Any]


def _samples(one: _Evaluation, asked: str, repairs: list[str]) -> Iterator[_Item]:
    path = one.path
    try:
        lines = lines_of(plain_file(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    for number, line in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        try:
            told = from_json(line)
        except ValueError:
            if number == len(lines):
                repairs.append(HALF)
                return
            raise UserError(f"{where}: expected JSON, got {line!r:.60}") from None
        if not isinstance(told, dict) or "doc_id" not in told:
            raise UserError(f"{where}: expected a sample with `doc_id`, got {line!r:.60}")
        metrics = {name: told[name] for name in told.get("metrics") or () if name in told}
        metrics = {name: value for name, value in metrics.items() if isinstance(value, bool | int | float)}
        if asked and asked not in metrics:
            raise unknown(f"metric in {where}", asked, metrics)
        doc = flat("params", told["doc"], where=where) if isinstance(told.get("doc"), dict) else {}
        of = {"filter": told["filter"]} if told.get("filter") not in (None, "none") else {}
        kept = {asked: metrics[asked]} if asked else metrics
        yield _Item(doc, {"item_id": f"{one.task}/{told['doc_id']}", **of, **kept})
