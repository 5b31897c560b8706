"""What a study found, as Python and a notebook show it: runs as a table, figures, the report, and its verdicts."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

from ablate.errors import plural, unknown
from ablate.levels import expanded
from ablate.sweep.own_keys import short_key
from ablate.track.columns import PLANNED, factor_of
from ablate.work.bench import Bench
from ablate.work.judging import Judgement
from ablate.work.reporting import write_pages
from ablate.work.shown import as_named, as_read

if TYPE_CHECKING:
    import pandas as pd

    from ablate.face.verdicts import Verdicts
    from ablate.report.figures.style import Drawn
    from ablate.sweep.plan import Plan
    from ablate.track.record import StudyTables


class Result:
    """A study as it was judged.

    Attributes
    ----------
    name
        What its runs are kept under.
    """

    def __init__(self, judgement: Judgement, bench: Bench) -> None:
        self.name = str(judgement.tables.study["name"])
        # Ids of claims and columns of runs are what a program asks for: keys, and not labels.
        self._judgement, self._bench, self._read = judgement, bench, as_read(judgement, ids=False)

    @cached_property
    def verdicts(self) -> Verdicts:
        """The verdicts by the seeds that were planned, a claim each; with `each`, a claim for every level."""
        from ablate.face.verdicts import Verdicts

        return Verdicts(self._read.verdicts)

    @cached_property
    def extended(self) -> Verdicts:
        """The verdicts by all seeds, where some were added after results were seen; else none."""
        from ablate.face.verdicts import Verdicts

        return Verdicts(self._read.extended)

    @property
    def warnings(self) -> list[str]:
        """Sentences that belong beside the verdicts: arms that differ in more than their factors, copies of runs."""
        from ablate.words.reasons import said

        return [said(reason) for reason in self._read.tables.study["mixtures"]]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per seed run: its arm, the level of every factor, `seed`, `outcome`, `seconds`, and its metrics."""
        return runs_table(as_named(self._judgement).tables)

    @cached_property
    def figures(self) -> Figures:
        """The figures of the report; drawn when they are asked for."""
        from ablate.report.draw import draw_all
        from ablate.report.vouched import naming

        judged = as_read(self._judgement)
        with naming(judged.tables):
            drawn = draw_all(judged.study, judged.tables, [*judged.verdicts]).all()
        return Figures([Figure(one) for one in drawn])

    def report(self, out: str | Path | None = None, *, lang: str = "en") -> Path:
        """Write the report as HTML and Markdown, with figures, `runs.csv` and `verdicts.json`; returns its folder.

        Parameters
        ----------
        out
            The folder; by default `reports/NAME`.
        lang
            `en` or `zh`.

        Raises
        ------
        UserError
            The folder holds files of the same names that ablate did not write; nothing is written then.
        """
        folder = None if out is None else Path(out)
        return write_pages(self.name, self._judgement, self._bench, out=folder, tongue=lang)

    def __repr__(self) -> str:
        return f"{self.name}: {plural(len(self.runs), 'run')}\n{self.verdicts!r}"

    def to_latex(self) -> str:
        r"""Return the verdicts as a table for a paper, in booktabs rules, ready for ``\input``."""
        from ablate.report.latex import latex_table
        from ablate.report.verdict_table import verdict_table
        from ablate.report.vouched import naming

        with naming(self._read.tables):
            table = verdict_table([*self._read.verdicts], title=self._read.study.title)
        return latex_table(table, label=self.name)

    def _notes(self) -> list[str]:
        """Return the sentences below a card."""
        return self.warnings

    def _repr_html_(self) -> str:
        from ablate.face.card import card

        return card(self.name, len(self.runs), self.verdicts, self._forest(), self._notes())

    def _forest(self) -> Figure | None:
        """Return the figure of the verdicts: a forest, or intervals against regions; None where there is neither."""
        from ablate.report.figures.forest import forest
        from ablate.report.figures.regions import equivalence, regions
        from ablate.report.vouched import naming

        judged = as_read(self._judgement)
        verdicts = judged.verdicts
        with naming(judged.tables):
            drawn = next((one for draw in (forest, regions, equivalence) if (one := draw(verdicts)) is not None), None)
        return None if drawn is None else Figure(drawn)

    def _repr_markdown_(self) -> str:
        return f"**{self.name}**: {plural(len(self.runs), 'run')}\n\n{self.verdicts._repr_markdown_()}"


class PlannedStudy:
    """A plan: every arm with its seeds, and what of it is finished. It shows itself in a notebook.

    Attributes
    ----------
    plan
        As the engine has it (`ablate.sweep.plan.Plan`): jobs, configurations, identities.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @property
    def runs(self) -> int:
        """Seed runs that are planned."""
        return self.plan.runs

    @property
    def left(self) -> int:
        """Seed runs that are not finished."""
        return self.plan.missing

    @cached_property
    def arms(self) -> pd.DataFrame:
        """One row per arm: its name, the level of every factor, and how many of its seeds are done and left."""
        import pandas as pd

        rows = [
            {
                "arm": job.arm.label,
                **{short_key(factor): expanded(level) for factor, level in job.arm.levels.items()},
                "done": job.done,
                "left": len(job.missing),
            }
            for job in self.plan.jobs
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        size = f"{plural(len(self.plan.jobs), 'arm')} x {plural(len(self.plan.record.seeds), 'seed')}"
        return f"{self.plan.record.name}: {size} = {plural(self.runs, 'run')}, {self.left} of them left"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.arms.to_html(index=False)}"


@dataclass(frozen=True)
class Figure:
    """One figure of a report; it shows itself in a notebook."""

    drawn: Drawn

    @property
    def name(self) -> str:
        """The stem of its file in a report."""
        return self.drawn.name

    def png(self, *, dots_per_inch: int = 144) -> bytes:
        """Return it as a PNG."""
        from ablate.report.figures.render import png

        return png(self.drawn, dots_per_inch=dots_per_inch)

    def svg(self) -> str:
        """Return it as an SVG document."""
        from ablate.report.figures.render import svg

        return svg(self.drawn, whole=True)

    def __repr__(self) -> str:
        return f"Figure({self.name!r})"

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.png()).decode()
        about = html.escape(self.drawn.alt)
        return f'<figure><img style="max-width:100%" alt="{about}" src="data:image/png;base64,{picture}"></figure>'


class Figures(Sequence[Figure]):
    """The figures of a report, by number or by name."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self._figures = tuple(figures)

    def __len__(self) -> int:
        return len(self._figures)

    @overload
    def __getitem__(self, which: int | str) -> Figure: ...
    @overload
    def __getitem__(self, which: slice) -> Figures: ...
    def __getitem__(self, which: int | str | slice) -> Figure | Figures:
        """Return one figure."""
        if isinstance(which, str):
            by_name = {figure.name: figure for figure in self._figures}
            if which not in by_name:
                raise unknown("figure", which, by_name)
            return by_name[which]
        return Figures(self._figures[which]) if isinstance(which, slice) else self._figures[which]

    def __repr__(self) -> str:
        return f"Figures({[figure.name for figure in self._figures]})"

    def _repr_html_(self) -> str:
        return "".join(figure._repr_html_() for figure in self._figures)


def runs_table(tables: StudyTables) -> pd.DataFrame:
    """Return the runs of a study as a table: factors under the names that an own function gives them."""
    seeds = tables.seeds
    factors = [column for column in tables.planned.columns if column not in PLANNED]
    short = {column: short_key(factor_of(str(column))) for column in factors}
    others = {str(column) for column in seeds.columns} - set(factors)
    # A short name that another column has would make two columns of one name.
    names = {c: n for c, n in short.items() if n not in others and list(short.values()).count(n) == 1}
    metrics = [column for column in seeds.columns if tables.logged(str(column)) is not None]
    kept = ["arm", *factors, "seed", "outcome", "seconds", *(m for m in metrics if m != "seconds")]
    return seeds[list(dict.fromkeys(kept))].rename(columns=names).reset_index(drop=True)
