"""Which tracked study a word names: its name, or the path to its file, as `ablate run` takes both."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ablate.app.console import warn
from ablate.errors import UserError
from ablate.resources import root_folder
from ablate.sweep.quick import quick_name
from ablate.sweep.registration import definition
from ablate.sweep.study import Study
from ablate.sweep.study_file import is_path, load_study, parse_study, quick_study, tracked_name


def tracked(name: str, *, quick: bool = False, judged: bool = True) -> str:
    """Return the name under which the runs of a study are kept; says so where its file was changed since.

    `judged`: the command judges them.

    Raises
    ------
    UserError
        Of a path: the file does not exist or is not a study; no study of its name was run, or the one that was has
        other factors.
    """
    short = tracked_name(name)
    kept = quick_name(short) if quick else short
    if not is_path(name):
        return kept
    study = load_study(name)
    _compare(quick_study(study, where=name) if quick else study, name, kept, judged=judged)
    return kept


def tracked_run(words: Sequence[str]) -> list[str]:
    """Return the words by which a run is named, `STUDY ARM SEED`, with the study's name where its path was given.

    Raises
    ------
    UserError
        See `tracked`; a study's path alone names no run.
    """
    if len(words) == 1 and is_path(words[0]):
        quoted = shlex.quote(words[0])
        raise UserError(
            f"{words[0]} is a study: expected a run of it, as in `{quoted} ARM SEED`; `ablate status {quoted}` shows "
            "the study"
        )
    return [tracked(words[0], judged=False), *words[1:]] if len(words) == 3 else list(words)


def _compare(study: Study, path: str, kept: str, *, judged: bool) -> None:
    from ablate.track.target import store_for

    store, run = store_for(root_folder()), f"ablate run {shlex.quote(path)}"
    if kept not in {line.name for line in store.studies()}:
        raise UserError(f"{path}: nothing was run under its name, {kept!r}; run it first: {run}")
    ran = parse_study(store.read(kept).study["definition"], where=f"study {kept!r} in {store.where}", stored=True)
    if study.factors.keys() != ran.factors.keys():
        theirs, here = (", ".join(one.factors) or "no factors" for one in (ran, study))
        raise UserError(
            f"{path}: what was run last under its name, {kept!r}, is another study: its factors are {theirs}, the "
            f"file's {here}; run this file first: {run}"
        )
    now, then = definition(study), definition(ran)
    changed = [key for key in {**now, **then} if now.get(key) != then.get(key)]
    if changed:
        then_what = f"judged as it was run, `{run}` judges by the file" if judged else "what was run is meant"
        warn(f"{path} differs from what was run last under its name in: {', '.join(changed)}; {then_what}")
