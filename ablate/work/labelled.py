"""A judged study under its labels: what `labels:` calls its factors, levels and metrics, in the current language.

What is read by code (kinds, metrics, ids of arms and runs) keeps its name. Texts that name a level, such as
``norm=batch``, the columns of factors and the levels in them are changed together, so that they still fit each other.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ablate.claims.parts import STORED
from ablate.claims.reason import Reason
from ablate.lang import language, tr
from ablate.levels import level_key, level_name, stored
from ablate.sweep.labels import Labels, labelled_levels
from ablate.sweep.own_keys import KEYED, PREFIX, renamed, short_names
from ablate.sweep.study import Study
from ablate.sweep.translated import Words
from ablate.track.columns import PLANNED, RUN, factor_column
from ablate.work.judging import Judgement

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict
    from ablate.track.record import StudyTables

_TEXTS = (
    "arm_text", "against_text", "where_text", "per_cell", "reason", "advice", "fill", "scope", "stop", "gates",
    "sensitivity", "details", "terms", "joint", "parts",
)  # fmt: skip
_HEAD = ("mixtures", "doubts", "design")


def labels_of(study: Study, words: Words | None) -> Labels:
    """Return what a study calls things in the current language; `words` are its words in Chinese.

    A setting of a Program that nobody has a label for is called by its own name: `program.check` is the check.
    """
    labels = study.labels or Labels()
    if language() == "zh" and words is not None and words.labels is not None:
        labels = words.labels.over(labels)
    return labels.over(Labels.model_construct(factors=_own_names(study)))


def _own_names(study: Study) -> dict[str, str]:
    """Return the settings of a study's Program by their own names, where no two have the same one."""
    keys = [*study.factors, *(study.tune.all_keys if study.tune is not None else ())]
    # The parameters of own code have their short names already (`sweep.own_keys`).
    names = {key: key.removeprefix("program.") for key in keys if key.startswith("program.") and PREFIX not in key}
    others = {*keys, *study.fixed, *study.metrics, *(name.partition(".")[0] for name in (*keys, *study.fixed))}
    told = [*names.values(), *(study.labels.factors.values() if study.labels is not None else ())]
    return {
        key: tr(name.replace("_", " "))
        for key, name in names.items()
        if told.count(name) == 1 and name not in others and not any(mark in name for mark in ".[]{}=,;|")
    }


def labelled(judged: Judgement, labels: Labels, *, ids: bool) -> Judgement:
    """Return the same judgement under labels; itself where there are none. `ids`: those of claims with levels too."""
    called = Called.of(labels, judged)
    if not (called.factors or called.levels or called.metrics):
        return judged
    texts = (*_TEXTS, "claim_id") if ids else _TEXTS
    return Judgement(
        called.study(judged.study),
        called.tables(judged.tables),
        [called.verdict(verdict, texts) for verdict in judged.verdicts],
        [called.verdict(verdict, texts) for verdict in judged.extended],
    )


@dataclasses.dataclass(frozen=True)
class Called:
    """Labels that can be used: of the factors, levels and metrics that there are."""

    factors: Mapping[str, str]
    levels: Mapping[str, Mapping[Any, str]]  # factor -> key of a level -> label
    metrics: Mapping[str, str]
    pattern: re.Pattern[str]
    names: Mapping[str, Mapping[str, str]]  # factor as texts have it -> level as it is written -> label
    spelt: Mapping[str, str]  # factor as texts have it -> label

    @classmethod
    def of(cls, labels: Labels, judged: Judgement) -> Called:
        """Return the labels of what the study has, but for those that are the name of something else in its runs."""
        study, tables = judged.study, judged.tables
        keys = {*study.factors, *(study.tune.all_keys if study.tune is not None else ())}
        taken = {*keys, *tables.metrics, *study.metrics, *PLANNED, *RUN}
        factors = {key: name for key, name in labels.factors.items() if key in keys and name not in taken}
        names, levels = {}, {}
        for factor, told in labels.levels.items():
            by_text = labelled_levels(study.factors.get(factor, ()))
            names[factor] = {text: label for text, label in told.items() if text in by_text}
            levels[factor] = {level_key(by_text[text]): label for text, label in names[factor].items()}
        every = {key: [level_name(stored(one)) for one in study.factors.get(key, ())] for key in (*factors, *names)}
        # What arms are called was written with the short names of a function's settings.
        short = {
            key: name for key, name in short_names(study, [*tables.metrics, *study.metrics]).items() if key in every
        }
        every |= {name: every[key] for key, name in short.items()}
        names |= {name: names[key] for key, name in short.items() if key in names}
        spelt = factors | {name: factors[key] for key, name in short.items() if key in factors}
        return cls(factors, levels, labels.metrics, _pattern(every), names, spelt)

    def text(self, text: str) -> str:
        """Change ``norm=batch`` and ``norm=none|batch``, wherever they stand in a text."""
        return self.pattern.sub(self._pair, text)

    def _pair(self, found: re.Match[str]) -> str:
        key, _, levels = found[0].partition("=")
        names = self.names.get(key, {})
        one = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        told = re.sub(rf"(?<![^|])(?:{one})(?![^|])", lambda level: names[level[0]], levels) if one else levels
        return f"{self.spelt.get(key, key)}={told}"

    def value(self, value: Any, over: str = "", key: str = "") -> Any:
        """Change every text in a value, however deep; `over` is the factor whose levels stand alone in it."""
        if isinstance(value, str):
            if key == "over":
                return self.factors.get(value, value)
            if key == "data_set":
                return self.names.get(over, {}).get(value, value)
            return self.metrics.get(value, value) if key == "metric" else self.text(value)
        if isinstance(value, Reason):
            return dataclasses.replace(value, numbers=self.value(value.numbers, over))
        if isinstance(value, Mapping):
            return {
                self.text(name) if isinstance(name, str) else name: self.value(inner, over, str(name))
                for name, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return type(value)(self.value(inner, over, key) for inner in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            inner = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            new = {name: self.value(one, over, name) for name, one in inner.items()}
            return dataclasses.replace(value, **{name: one for name, one in new.items() if one != inner[name]})
        return value

    def verdict(self, verdict: Verdict, texts: tuple[str, ...]) -> Verdict:
        """Return a verdict with these fields of its changed, and the label of its metric."""
        over = str(verdict.terms.get("over", ""))
        changed = {name: self.value(getattr(verdict, name), over) for name in texts}
        return dataclasses.replace(verdict, **changed, called=self.metrics.get(verdict.metric, ""))

    def level(self, factor: str, level: Any) -> Any:
        """Return the label of a level; the level itself where it has none."""
        return self.levels.get(factor, {}).get(level_key(level), level)

    def study(self, study: Study) -> Study:
        """Return the study as a reader meets it: without its quick budget, its exclusions as they were written."""
        data = self._levels(study.model_dump())
        data = renamed(data, lambda key: self.factors.get(key, key))
        data |= {"exclude": study.exclude, "quick": None, "labels": None, "forecasts": self.value(data["forecasts"])}
        return Study.model_validate(data, context=STORED)

    def _levels(self, value: Any) -> Any:
        """Change the levels in what maps factors to them, however deep a study has it."""
        if isinstance(value, Mapping):
            return {name: self._part(name, levels) for name, levels in value.items()}
        if isinstance(value, list):
            return [self._levels(one) for one in value]
        return value

    def _part(self, name: str, held: Any) -> Any:
        if name == "arms" and isinstance(held, list):
            return [self._part("arm", one) for one in held]
        if name not in KEYED or name == "fixed" or not isinstance(held, Mapping):
            return self._levels(held)
        return {
            factor: [self.level(factor, one) for one in levels]
            if isinstance(levels, list)
            else self.level(factor, levels)
            for factor, levels in held.items()
        }

    def tables(self, tables: StudyTables) -> StudyTables:
        """Return the tables with columns, levels and arms under their labels; `study` says what metrics are called."""
        columns = {factor_column(key): factor_column(name) for key, name in self.factors.items()}
        head = {key: self.value(value) if key in _HEAD else value for key, value in tables.study.items()}
        registered = head.get("preregistration") or {}
        if "forecasts" in registered:
            head["preregistration"] = {**registered, "forecasts": self.value(registered["forecasts"])}
        planned, seeds = (self._frame(table).rename(columns=columns) for table in (tables.planned, tables.seeds))
        tuning = tables.tuning
        return dataclasses.replace(
            tables,
            study={**head, "called": dict(self.metrics)},
            planned=planned,
            seeds=seeds,
            tuning=None if tuning is None else self._frame(tuning).rename(columns=self.factors),
        )

    def _frame(self, table: Any) -> Any:
        changed = {"arm": table["arm"].map(self.text)}
        for factor in self.levels:
            column = factor_column(factor)
            if column in table:
                cells = table[column]
                changed[column] = cells.astype(object).map(lambda level, f=factor: self.level(f, level))
        return table.assign(**changed)


def _pattern(levels: Mapping[str, list[str]]) -> re.Pattern[str]:
    """Return what finds ``factor=level`` and ``factor=level|level`` of these factors, and a factor of other levels."""
    if not levels:
        return re.compile(r"(?!)")
    parts = []
    for factor in sorted(levels, key=len, reverse=True):
        one = "|".join(map(re.escape, sorted(levels[factor], key=len, reverse=True)))
        choices = rf"(?:(?:{one})(?:\|(?:{one}))*(?![\w.-]))?" if one else ""
        parts.append(f"{re.escape(factor)}={choices}")
    return re.compile(rf"(?<![\w.])(?:{'|'.join(parts)})")
