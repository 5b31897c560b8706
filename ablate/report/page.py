"""The page: everything the two templates print, gathered once, so that HTML and Markdown cannot disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ablate.judge.fairness import fixed_and_tuned
from ablate.judge.main_effects import Sweep
from ablate.judge.verdict import Verdict
from ablate.lang import msg, tr
from ablate.report.ablation import ablation_table, claimed_metrics, means_table, other_metrics, table_note
from ablate.report.answers import Answer, Explained
from ablate.report.fair import Tuning, tuning_section
from ablate.report.families import Family, Tally, families, tally
from ablate.report.figures.style import Drawn
from ablate.report.method import method_notes
from ablate.report.provenance import fixed, imported_table, items_tables, mixed, provenance_facts
from ablate.report.registration import Registration, registration
from ablate.report.robustness import Robustness, robustness
from ablate.report.runs import LedgerView, ledger_view
from ablate.report.sweep import SweepView, sweep_view
from ablate.report.templating import Column, Table, TextRow
from ablate.report.trust import data_sets_trained_on, trust
from ablate.report.vouched import made_here, vouched
from ablate.report.wording import seeds_text
from ablate.sweep.study import Quote, Study
from ablate.track.record import StudyTables
from ablate.train.vouched import Fact
from ablate.words.failing import failure_of

QUICK = msg(
    "Made with the study's quick budget: fewer seeds, levels or steps than the study asks for. It "
    "shows what to expect and is not the verdict of record; the default budget gives that."
)
WORDS = (msg("What was found"), msg("What it means for the note"), msg("What is not concluded"))

SECTIONS = {
    "verdicts": msg("Verdicts"),
    "words": msg("In plain words"),
    "background": msg("What was done"),
    "claims": msg("Each claim in full"),
    "evidence": msg("The evidence behind them"),
    "robustness": msg("How far the verdicts hold"),
    "registration": msg("What was fixed beforehand"),
    "quotes": msg("What the notes say"),
    "not-concluded": msg("What is not concluded"),
    "ablation": msg("Ablation table"),
    "tuning": msg("Tuning"),
    "figures": msg("The study's own figures"),
    "curves": msg("Learning curves"),
    "ledger": msg("Where every run went"),
    "confounds": msg("Known confounds"),
    "method": msg("How the numbers were made"),
    "provenance": msg("Provenance"),
}
UNCLAIMED = {"verdicts": msg("What the runs show"), "claims": msg("Each comparison in full")}
"""Titles of sections where nothing is claimed."""


@dataclass(frozen=True)
class PageFact:
    """A term and its value."""

    term: str
    value: str


@dataclass(frozen=True)
class Section:
    """A heading and its anchor."""

    id: str
    title: str


@dataclass(frozen=True)
class Picture:
    """A figure as the templates take it: `svg` is ready to be part of the page."""

    name: str
    title: str
    caption: str
    alt: str
    floor: int
    svg: str


@dataclass(frozen=True)
class PageFigures:
    """The drawn figures by their place on the page."""

    verdicts: tuple[Drawn, ...]
    evidence: tuple[Drawn, ...]
    own: tuple[Drawn, ...]
    curves: tuple[Drawn, ...]
    endings: tuple[Drawn, ...]
    tuning: tuple[Drawn, ...] = ()

    def all(self) -> tuple[Drawn, ...]:
        """Return every figure, in the order of the page."""
        return (*self.verdicts, *self.evidence, *self.endings, *self.tuning, *self.own, *self.curves)


@dataclass(frozen=True)
class Page:
    """What is printed; every text is plain, the templates escape it."""

    name: str
    title: str
    question: str
    background: str
    created: str
    budget: str
    failure: str
    words: tuple[PageFact, ...]
    trust: tuple[Explained, ...]
    sweep: SweepView | None
    families: tuple[Family, ...]
    tally: Tally
    pictures: tuple[Picture, ...]
    evidence: tuple[Picture, ...]
    robustness: Robustness | None
    registration: Registration | None
    tuning: tuple[Picture, ...]
    tuned: Tuning | None
    quotes: tuple[Quote, ...]
    not_concluded: tuple[str, ...]
    tables: tuple[Table, ...]
    tables_note: str
    means: Table | None
    imported: Table | None
    endings: tuple[Picture, ...]
    own: tuple[Picture, ...]
    curves: tuple[Picture, ...]
    ledger: LedgerView
    confounds: tuple[str, ...]
    method: tuple[PageFact, ...]
    command: str
    fixed: tuple[PageFact, ...]
    provenance: tuple[PageFact, ...]
    untranslated: tuple[str, ...] = ()
    claimed: bool = True  # the study claims something: not a sweep, and not a table that was judged

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections the page has, in order."""
        optional = {
            "words": self.words, "background": self.background, "claims": self.families,
            "quotes": self.quotes, "figures": self.own, "curves": self.curves, "confounds": self.confounds,
            "evidence": self.evidence, "robustness": self.robustness, "registration": self.registration,
            "tuning": self.tuning or self.tuned,
        }  # fmt: skip
        return tuple(Section(name, self.section(name)) for name in SECTIONS if optional.get(name, True))

    def section(self, name: str) -> str:
        """Return a section's title."""
        return tr(SECTIONS[name] if self.claimed else UNCLAIMED.get(name, SECTIONS[name]))

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the first screen: of the claims, or of a sweep that claims nothing."""
        return self.sweep.answers if self.sweep else tuple(family.answer for family in self.families)

    @property
    def explained(self) -> tuple[Explained, ...]:
        """What the first screen explains on hover and on focus, each once: for Markdown, which has neither."""
        parts = [part for one in self.answers for part in (one.outcome, one.number, one.metric)]
        parts += self.sweep.notes if self.sweep else ()
        return tuple({part.tip: part for part in reversed([*parts, *self.trust]) if part.tip}.values())[::-1]

    @property
    def provenance_table(self) -> Table:
        """The fixed values and the provenance as one two-column table, for Markdown."""
        rows = tuple(TextRow((fact.term, fact.value)) for fact in (*self.fixed, *self.provenance))
        return Table(tr("Provenance"), (Column(tr("what")), Column(tr("value"))), rows)


def build_page(
    study: Study,
    tables: StudyTables,
    verdicts: Sequence[Verdict],
    figures: PageFigures,
    inlined: dict[str, str],
    *,
    effects: Sweep | None,
    frames: Mapping[str, pd.DataFrame | None],
    extended: Sequence[Verdict] = (),
    words: Sequence[str] = (),
    untranslated: Sequence[str] = (),
) -> Page:
    """Gather the page.

    Parameters
    ----------
    inlined
        Figure name -> SVG ready to stand in the page.
    effects, frames
        The effects of a sweep without claims; claimed metric -> its `ablation.described`.
    extended
        Verdicts over all seeds, where some were added after results were seen.
    words
        The three paragraphs in plain words, numbers filled in; empty where they are not written.
    untranslated
        What of the study's own words stays English.
    """
    metrics = claimed_metrics(tables, verdicts)
    others = other_metrics(tables, metrics)
    claimed = [quote for claim in study.claims if (quote := claim.quote)]
    view = ledger_view(tables)
    return Page(
        name=str(tables.study["name"]),
        title=study.title,
        question=study.question,
        background=study.background,
        created=str(tables.study["created"])[:10],
        budget=tr(QUICK) if study.budget == "quick" else "",
        failure=failure_of(tables),
        words=tuple(PageFact(tr(term), text) for term, text in zip(WORDS, words, strict=False)),
        trust=trust(study, tables, verdicts),
        sweep=sweep_view(tables, metrics[0], effects, frames[metrics[0]]) if metrics else None,
        families=tuple(families(study, tables, verdicts)),
        tally=tally(verdicts),
        pictures=tuple(_picture(figure, inlined) for figure in figures.verdicts),
        evidence=tuple(_picture(figure, inlined) for figure in figures.evidence),
        robustness=robustness(verdicts),
        registration=registration(study, tables, verdicts, extended),
        tuning=tuple(_picture(figure, inlined) for figure in figures.tuning),
        tuned=tuning_section(study, tables, fixed_and_tuned(study, tables)),
        quotes=tuple(quote for quote in study.quotes if quote not in claimed),
        not_concluded=_not_concluded(study, tables),
        tables=(
            *items_tables(tables),
            *(
                t
                for metric in metrics
                if (t := ablation_table(tables, metric, frames[metric], seconds_too=metric == metrics[0]))
            ),
        ),
        tables_note=table_note(),
        means=means_table(tables, others),
        imported=imported_table(tables),
        endings=tuple(_picture(figure, inlined) for figure in figures.endings),
        own=tuple(_picture(figure, inlined) for figure in figures.own),
        curves=tuple(_picture(figure, inlined) for figure in figures.curves),
        ledger=view,
        confounds=(*study.confounds, *mixed(tables)),
        method=tuple(PageFact(*note) for note in method_notes(study, tables, verdicts)),
        command=str(tables.study["command"]),
        fixed=tuple(PageFact(*row) for row in fixed(study, tables)),
        provenance=tuple(PageFact(*row) for row in provenance_facts(study, tables)),
        untranslated=tuple(untranslated),
        claimed=not all(claim.exploratory for claim in study.claims),
    )


def _picture(drawn: Drawn, inlined: dict[str, str]) -> Picture:
    return Picture(drawn.name, drawn.title, drawn.caption, drawn.alt, drawn.floor, inlined[drawn.name])


def _not_concluded(study: Study, tables: StudyTables) -> tuple[str, ...]:
    datasets = data_sets_trained_on(tables)
    where = tr(" on {datasets}", datasets=tr(", ").join(datasets)) if datasets else ""
    seeds = seeds_text(tables)
    if vouched(tables, Fact.DATA) and vouched(tables, Fact.NETWORK):
        general = tr(
            "The evidence is {seeds}{where} at the levels and the budget listed below. Nothing is concluded "
            "about other data, networks, budgets or levels.",
            seeds=seeds, where=where,
        )  # fmt: skip
    else:
        general = tr(
            "The evidence is {seeds}{where} at the levels listed below. Nothing is concluded about other data, models, "
            "budgets or levels.",
            seeds=seeds,
            where=where,
        )
    unpredicted = tr(
        "Nobody predicted the outcome of these comparisons: every level is compared with the baseline because it "
        "was swept. A finding may be luck of these seeds until it is stated as a claim and supported on new "
        "seeds."
    )
    swept = made_here(tables) and any(claim.exploratory for claim in study.claims)
    return (*study.not_concluded, *([unpredicted] * swept), general)
