"""Reading a study file: YAML in, a typed `Study` out, one clear line for whatever is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ablate.claims.parts import STORED, Level
from ablate.errors import UserError, cut, near_file, unknown
from ablate.levels import ListLevel, among, level_list, level_name, levels_alike
from ablate.programs.uses import beside
from ablate.resources import study_folders
from ablate.sweep.figures import MAPPED, OwnFigure, VerdictMap, own_figure, own_kinds
from ablate.sweep.quick import merged
from ablate.sweep.study import Study
from ablate.sweep.study_errors import first_error
from ablate.sweep.translated import check_words
from ablate.sweep.tune_check import check_tuning
from ablate.sweep.yaml_reader import read_yaml

MOST_LEVELS = 1_000
"""Levels of one factor; a study compares arms, and each level is one at least."""


def study_files() -> dict[str, Path]:
    """Return every study file found, name -> path; the user's own hide ours of the same name."""
    files: dict[str, Path] = {}
    for folder in study_folders():
        for path in sorted(folder.glob("*.yaml")):
            files.setdefault(path.stem, path)
    return files


def is_path(name: str) -> bool:
    """Return whether a study is named by the path to its file."""
    return name.endswith((".yaml", ".yml"))


def tracked_name(name: str) -> str:
    """Return the name under which the runs of a study are kept: that of its file.

    >>> tracked_name("quickstart"), tracked_name("my/study.yaml"), tracked_name("my/study.yml")
    ('quickstart', 'study', 'study')
    """
    return Path(name).stem if is_path(name) else name


def load_study(name: str) -> Study:
    """Read a study by name (`quickstart`) or by path (`my/study.yaml`).

    Raises
    ------
    UserError
        There is no such study, the YAML does not parse, or a key or value is wrong: file, key, what was
        expected, what was got and the nearest valid name.
    """
    path = Path(name) if is_path(name) else study_files().get(name)
    if path is None:
        here = next((f"{name}{ending}" for ending in (".yaml", ".yml") if Path(f"{name}{ending}").is_file()), None)
        if here is not None:
            raise UserError(f"no study {name!r} in studies/; the file is named by its path: {here}")
        raise unknown("study", name, study_files())
    if not path.is_file():
        names = ", ".join(study_files())
        raise UserError(f"no study file {name!r}: expected a path to a YAML file, or one of {names}{near_file(path)}")
    try:
        data = read_yaml(path.read_text(encoding="utf-8-sig"))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: not valid YAML: it is not UTF-8 text ({error.reason} at byte {error.start})"
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path}: expected a mapping with title, factors, claims …, got {type(data).__name__}")
    if "uses" in data:
        data["uses"] = beside(path, data["uses"])
    return parse_study(data, where=str(path))


def parse_study(data: dict[str, Any], *, where: str, stored: bool = False) -> Study:
    """Build a `Study` from plain data; `where` names the source in errors.

    `stored`: the data was read back from a JSON document, where list levels are kept as their text.
    """
    try:
        study = Study.model_validate(data, context=STORED if stored else None)
    except ValidationError as error:
        raise UserError(f"{where}: {first_error(error)}") from None
    for factor, level in study.baseline.items():
        if factor not in study.factors:
            raise UserError(f"{where}: baseline: {unknown('factor', factor, study.factors)}")
        levels = study.factors[factor]
        if not among(level, levels):
            listed = cut(level_list(levels))
            raise UserError(f"{where}: baseline: {factor} has no level {cut(repr(level))}; expected one of {listed}")
    for factor, levels in study.factors.items():
        _check_levels(f"{where}: factors: {factor}", levels)
        if factor in study.fixed:
            raise UserError(f"{where}: {factor} is both fixed and a factor; keep one of the two")
    ids = [claim.id for claim in study.claims]
    for claim_id in ids:
        if ids.count(claim_id) > 1:
            raise UserError(f"{where}: claims: the id {claim_id!r} is given twice")
    check_tuning(study, where=where)
    for quote in study.quotes:
        for claim_id in quote.claims:
            if claim_id not in ids:
                raise UserError(f"{where}: quotes: {unknown('claim', claim_id, ids)}")
    check_words(study, where=where)
    _check_observed(study, where)
    _check_maps(study, where)
    if not stored and not study.uses:  # what a file of `uses` brings is known when it is imported
        _check_kinds(study, where)
    if study.quick is not None:
        quick_study(study, where=where)  # a mistake in it shows before it is asked for
    return study


def _check_levels(where: str, levels: list[Level]) -> None:
    """Refuse levels that cannot be kept apart, and more of them than a study is meant for."""
    if len(levels) > MOST_LEVELS:
        raise UserError(f"{where} has more than {MOST_LEVELS:,} levels")
    twins = levels_alike(levels)
    if twins is None:
        return
    one, other = twins
    if type(one) is type(other) and one == other:
        raise UserError(f"{where} gives a level twice: {level_name(one)}, {level_name(other)}")
    raise UserError(
        f"{where} has the levels {_shown(one)} and {_shown(other)}, which no table keeps apart; drop one, or write one "
        "of them as another text in quotes"
    )


def _shown(level: Level) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a real number", str: "text", ListLevel: "a list"}
    return f"{repr(level) if type(level) is str else level_name(level)} ({kinds[type(level)]})"


def quick_study(study: Study, *, where: str) -> Study:
    """Return the study of the quick budget; `where` names the source in errors.

    Raises
    ------
    UserError
        What `sweep.quick.merged` and `parse_study` raise.
    """
    # Not as JSON, where a list level is its text: what trains gets the list.
    data = merged(study.model_dump(), fields=list(Study.model_fields), where=where)
    return parse_study(data, where=f"{where}: quick")


def _check_observed(study: Study, where: str) -> None:
    """Refuse a figure of something that no arm is asked to observe."""
    for number, figure in enumerate(study.figures):
        wanted = getattr(figure, "observer", None)
        if wanted is None or "observe" in study.factors:
            continue
        observed = study.fixed.get("observe", [])
        if wanted not in (observed if isinstance(observed, list) else [observed]):
            raise UserError(
                f"{where}: figures.{number}: {figure.kind} draws what the runs observe; add {wanted} to "
                f"`fixed: observe`, got {observed!r}"
            )


def _check_kinds(study: Study, where: str) -> None:
    for number, figure in enumerate(study.figures):
        if isinstance(figure, OwnFigure) and figure.kind not in own_kinds():
            raise UserError(f"{where}: figures.{number}: {unknown('figure kind', figure.kind, own_kinds())}")


def check_own_figures(study: Study, *, where: str) -> None:
    """Check the figures that plug-ins and `uses` files bring, once those files are imported.

    Raises
    ------
    UserError
        There is no such kind, or its settings are wrong.
    """
    _check_kinds(study, where)
    for number, figure in enumerate(study.figures):
        if isinstance(figure, OwnFigure):
            try:
                own_figure(figure)
            except UserError as error:
                raise UserError(f"{where}: figures.{number}: {error}") from None


def _check_maps(study: Study, where: str) -> None:
    """Refuse a map of verdicts that no claim gives."""
    claims = {claim.id: claim for claim in study.claims}
    for number, figure in enumerate(study.figures):
        if not isinstance(figure, VerdictMap):
            continue
        place = f"{where}: figures.{number}"
        claim = claims.get(figure.claim)
        if claim is None:
            raise UserError(f"{place}.claim: {unknown('claim', figure.claim, claims)}")
        if claim.kind not in MAPPED:
            raise UserError(
                f"{place}.claim: {claim.id} is of kind {claim.kind}; a map is drawn of claims whose effect is 0 where "
                f"nothing differs: {', '.join(MAPPED)}"
            )
        if len(claim.each) < 2:
            raise UserError(
                f"{place}.claim: a map needs a claim with two factors or more in its `each`; {claim.id} has "
                f"{', '.join(claim.each) or 'none'}"
            )
        for axis, factor in (("x", figure.x), ("y", figure.y)):
            if factor not in claim.each:
                raise UserError(f"{place}.{axis}: {unknown(f'factor in `each` of {claim.id}', factor, claim.each)}")
        if figure.x == figure.y:
            raise UserError(f"{place}: x and y are both {figure.x}; expected two factors of {', '.join(claim.each)}")
