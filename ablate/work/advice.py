"""What a user should know of a study of an own function before it runs, and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ablate.errors import nearest, plural
from ablate.identity import made_by
from ablate.programs.calling import texts_meant
from ablate.programs.function import Function
from ablate.programs.place import modules_of
from ablate.programs.source import read_source
from ablate.programs.watched import watched_in_part
from ablate.programs.witness import said_now
from ablate.sweep.own_keys import short_names, with_short_names
from ablate.sweep.plan import Plan
from ablate.sweep.stored_arms import arms_by_study, is_current
from ablate.sweep.study import FAIRNESS
from ablate.track.earlier_runs import StoredArm
from ablate.track.store import Store
from ablate.train.reads import key_path, read_settings, unread
from ablate.values import is_number

_NO = ("off", "no", "false", "none", "null", "n", "f", "0", "")
_YES = ("on", "yes", "true", "y", "t")
_SWITCHES = (("off", "on"), ("no", "yes"), ("false", "true"), ("n", "y"), ("f", "t"))


def before(plan: Plan, store: Store, *, typed: bool = True) -> list[str]:
    """Return what is to be said before anything runs.

    Texts that look like something else, where values were `typed`; code that no import shows, and finished runs whose
    code has changed; claims about arms that are tuned once for all; claims that so many seeds cannot support.
    """
    programs = [job.program for job in plan.trained if isinstance(job.program, Function)]
    said = [
        f"{names} changed since {plural(runs, 'finished run was', 'finished runs were')} made: "
        f"{'it no longer counts, and is' if runs == 1 else 'they no longer count, and are'} made again"
        for names, runs in changed_code(plan, store).items()
    ]
    misread = _read(plan, _texts(programs)) if typed else []
    return [*misread, *_hidden(programs), *said, *_tuned_once(plan), *_beyond_support(plan), *_undecidable(plan)]


def _undecidable(plan: Plan) -> list[str]:
    """Tell which exploratory comparisons so few seeds leave open: they are made all the same, a claim is refused."""
    from ablate.judge.planning import seeds_needed

    seeds, needed = len(plan.record.seeds), seeds_needed(plan.study, arms=plan.design.arms)
    lacking = [need for need in needed if need.exploratory and need.seeds > seeds]
    if not lacking:
        return []
    most = max(need.seeds for need in lacking)
    names = _some([need.claim_id for need in lacking])
    return [
        f"{plural(seeds, 'seed')} cannot decide {names}, whatever they show: intervals are shown; {most} seeds could"
    ]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _beyond_support(plan: Plan) -> list[str]:
    from ablate.judge.planning import beyond_support

    seeds = len(plan.record.seeds)
    needs = beyond_support(plan.study, seeds, arms=plan.design.arms)
    if not needs:
        return []
    most = max(need.seeds for need in needs)
    names = _some([need.claim_id for need in needs])
    line = (
        f"{plural(seeds, 'seed')} can refute and not support {names}, not even if all runs agree, as long as other "
        f"claims are open (Holm): {most} seeds could, or fewer claims"
    )
    return [line]


def _tuned_once(plan: Plan) -> list[str]:
    tune = plan.study.tune
    if tune is None or tune.per != "study" or plan.study.fairness == "fixed" or not plan.study.claims:
        return []
    few = len(tune.seed_numbers())
    line = (
        f"tuned once for the whole study, by {few} tuning seed{'' if few == 1 else 's'}: the noise of that choice is "
        "in no interval, and two identical arms may be judged different; a new study tunes in every seed "
        "(`tune: {per: seed}`)"
    )
    return [line]


def changed_code(plan: Plan, store: Store) -> dict[str, int]:
    """Return which modules and files changed since finished runs of the arms of a plan were made, and of how many.

    Told while the plan they were made by is the one that is stored.
    """
    if not any(job.program.traced or {"uses", "watched"} & job.arm.facts.keys() for job in plan.trained):
        return {}
    runs = next(
        (version for version in arms_by_study(store.arms(plan.record.name)) if version.key == plan.record.key), None
    )
    changed: dict[str, int] = {}
    for job in plan.trained if runs is not None else ():
        there = runs.at(job.arm.levels) if runs is not None else []
        if any(arm.arm_id == job.arm.id and is_current(arm) for arm in there):
            continue
        for arm in there:
            then, now = {**_code(arm.facts), **arm.used}, {**_code(job.arm.facts), **said_now(arm.used)}
            if then and (arm.fingerprint != made_by(job.arm.facts) or not is_current(arm)):
                names = ", ".join(sorted(name for name in {*then, *now} if then.get(name) != now.get(name)))
                changed[names] = changed.get(names, 0) + len(arm.identities)
    return changed


def _code(facts: Mapping[str, Any]) -> dict[str, str]:
    return {name: said for part in ("sources", "watched", "uses") for name, said in facts.get(part, {}).items()}


class _Meaning(NamedTuple):
    """What one text is not, what several are not, and how to write what they look like."""

    one: str
    many: str
    instead: str


def _texts(programs: Iterable[Function]) -> list[str]:
    found: dict[tuple[str, _Meaning], list[str]] = {}
    for program in programs:
        for key, text in _leaves(program.params, "program.params."):
            meaning = _meaning(text)
            if meaning is None or text in found.get((key, meaning), ()):
                continue
            meant = texts_meant(program.target, program.function(), program.params)
            if not _is_meant(text, meant.get(key.removeprefix("program.params."), frozenset())):
                found.setdefault((key, meaning), []).append(text)
    said = []
    for (key, meaning), texts in found.items():
        *first, last = [repr(text) for text in texts]
        shown = (
            f"the texts {', '.join(first)} and {last}, {meaning.many}" if first else f"the text {last}, {meaning.one}"
        )
        said.append(f"`{key}`: the function gets {shown}; {meaning.instead}")
    return said


def _is_meant(text: str, texts: frozenset[str]) -> bool:
    """Tell whether a function says that it takes this text: as a default or a `Literal`, itself or its opposite."""
    return text in texts or any(text in pair and texts & {*pair} for pair in _SWITCHES)


def _meaning(text: str) -> _Meaning | None:
    """Return what a text looks like and is not; None for any other text."""
    word = text.strip().lower()
    if word in ("none", "null", "~"):
        rest = "not Python's None, and true where asked for as a truth value"
        return _Meaning(f"which is {rest}", f"which are {rest}", "for None write null")
    if word in _NO or word in _YES:
        instead = "for a truth value write true or false, without quotes"
        if not text:
            return _Meaning("which is false", "which are false", instead)
        return _Meaning("which Python takes for true", "which Python takes for true", instead)
    try:
        float(word.replace("_", ""))
    except ValueError:
        return None
    instead = "for a number write it without quotes" if is_number(word) else "a number has no `_` and is finite"
    return _Meaning("which is not a number", "which are not numbers", instead)


def _leaves(values: Mapping[str, Any], above: str) -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        elif isinstance(value, str):
            yield f"{above}{name}", value


def _hidden(programs: Iterable[Function]) -> list[str]:
    said = []
    for program in programs:
        for file, names in watched_in_part(program.watch).items():
            said.append(
                f"`program.watch`: {file} imports {', '.join(names)}, which is not found from its folder; a change to "
                "it would not make new runs: name its files in `watch` as well"
            )
        if program.watch:
            continue
        for name, module in modules_of(program.target).items():
            what = read_source(module.path).runs_others
            if what:
                said.append(
                    f"{program.target}: {name} has {', '.join(what)}; what that runs is not seen, and a change to it "
                    "would not make new runs: name its files in `watch`, `program.watch=[script.sh]`"
                )
    return said


def unread_lines(plan: Plan, store: Store) -> list[str]:
    """Return which factors and fixed settings no run looked at, where all runs say what they looked at."""
    arms = arms_in_plan(plan, store.arms(plan.record.name))
    if not arms or any(arm.reads is None for arm in arms):
        return []
    return never_read(plan, frozenset[str]().union(*(arm.reads or () for arm in arms)))


def never_read(plan: Plan, reads: frozenset[str]) -> list[str]:
    """Return which factors, tuned keys and fixed settings are not among what runs looked at."""
    space = plan.study.tune.all_keys if plan.study.tune is not None and plan.study.fairness != "fixed" else ()
    keys = [*(f for f in plan.study.factors if f != FAIRNESS), *space, *plan.study.fixed]
    lines = []
    for key in unread(keys, reads):
        path = str(key_path(key)).rpartition(".")[2]
        kind = "a factor" if key in plan.study.factors else "tuned" if key in space else "fixed"
        so = {"a factor": "its levels make no difference", "tuned": "there is nothing to tune"}.get(kind, "")
        hint = nearest(path, _asked_for(plan, reads))
        near = f"; it looked for `{hint}`, which is not given" if hint else ""
        lines.append(f"no run read `{key}`, which is {kind}{': ' + so if so else ''}{near}")
    return _read(plan, lines)


def _read(plan: Plan, lines: Iterable[str]) -> list[str]:
    """Return lines with the names that a reader meets."""
    names = short_names(plan.study, plan.study.metrics)
    return [with_short_names(line, names) for line in lines]


def _asked_for(plan: Plan, reads: Iterable[str]) -> list[str]:
    """Return the names in `params` that were looked for and are in no arm."""
    given = {key for job in plan.trained for key in read_settings(job.arm.config)["params"]}
    names = [read.removeprefix("params.").rstrip("?") for read in reads if read.startswith("params.")]
    return [name for name in names if "*" not in name and name.partition(".")[0] not in given]


def arms_in_plan(plan: Plan, stored: Iterable[StoredArm]) -> list[StoredArm]:
    """Return the stored arms that are arms of a plan."""
    ids = {job.arm.id for job in plan.trained}
    return [arm for arm in stored if arm.key == plan.record.key and arm.arm_id in ids]


def idle(plan: Plan, store: Store, registered: Mapping[str, Any]) -> list[str]:
    """Return the keys that a study fixes, or fixed when it was registered, and that no run looked at."""
    if not any(job.program.traced for job in plan.trained):
        return []
    arms = arms_in_plan(plan, store.arms(plan.record.name))
    if not arms or any(arm.reads is None for arm in arms):
        return []
    reads = frozenset[str]().union(*(arm.reads or () for arm in arms))
    return unread({**registered["definition"].get("fixed", {}), **plan.study.fixed}, reads)
