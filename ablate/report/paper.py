"""What a paper needs of a study: tables in booktabs rules, a methods paragraph, figures, the checklist filled in.

Everything is said from what is kept of the study. What it does not hold is left to the authors and marked `TODO`:
nothing here is guessed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.backends.backend_pdf import FigureCanvasPdf

from ablate.judge.verdict import Verdict
from ablate.lang import msg, tr
from ablate.report.ablation import ablation_table, claimed_metrics, described
from ablate.report.draw import draw_all
from ablate.report.figures.render import svg
from ablate.report.figures.style import Drawn, drawing
from ablate.report.latex import arms_latex, caption_of, latex_prose, latex_table, latex_text
from ablate.report.method import method_notes
from ablate.report.provenance import mixed, provenance_facts
from ablate.report.registration import registered_state
from ablate.report.verdict_table import verdict_table
from ablate.report.vouched import naming, vouched
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.train.vouched import Fact
from ablate.words.amounts import amount

TEXTS = ("paper.tex", "methods.tex", "verdicts.tex", "arms.tex", "checklist.tex")

TODO = msg("TODO: only those who made the runs know this.")
_REGISTERED = msg(
    "The claims, their δ and the seeds were registered before the runs (SHA-256 {hash}, {time}); {edited}."
)
_UNCHANGED, _EDITED = msg("nothing was edited since"), msg("edited since, and labelled post hoc: {claims}")
_EDITED_ELSEWHERE = msg("edited since; no verdict rests on the edit")
_UNREGISTERED = msg("The claims were not registered before the runs.")
_UNPREDICTED = msg(
    "The comparisons are exploratory: every level against the baseline. Nobody predicted an outcome, so none was "
    "registered."
)
_SMALLEST = msg("Smallest effects of interest: {deltas}.")
_WITH = msg("Computed with {versions}.")
_SOFTWARE = ("ablate", "python", "numpy", "scipy", "numba", "blas", "git commit")
_MACHINE = ("cpu", "cores", "threads", "os", "time of the runs, as recorded", "training time, all runs")


def paper_files(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> dict[str, bytes | str]:
    r"""Return the files, name -> content: `TEXTS`, and each figure as PDF and SVG, whose text stays text.

    `paper.tex` is a document of its own that shows all parts; a paper takes those it wants by ``\input``.
    """
    with naming(tables):
        return _files(study, tables, verdicts)


def _files(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> dict[str, bytes | str]:
    drawn = draw_all(study, tables, verdicts).all()
    files: dict[str, bytes | str] = {}
    for figure in drawn:
        files[f"figures/{figure.name}.svg"] = svg(figure)
        files[f"figures/{figure.name}.pdf"] = pdf(figure)
    metric = next(iter(claimed_metrics(tables, verdicts)), None)
    arms = ablation_table(tables, metric, described(tables, metric), seconds_too=False) if metric else None
    name = str(tables.study["name"])
    files["verdicts.tex"] = latex_table(
        verdict_table(verdicts, title=caption_of(study.title)), label=f"{name}-verdicts"
    )
    files["arms.tex"] = arms_latex(arms, metric or "", label=f"{name}-arms")
    files["methods.tex"] = _paragraphs(methods(study, tables, verdicts))
    files["checklist.tex"] = _checklist(checklist(study, tables, verdicts))
    files["paper.tex"] = _document(study.title, drawn)
    return files


def pdf(drawn: Drawn) -> bytes:
    """Return a figure as PDF with its text as TrueType text (type 42), which an editor can change; without a date."""
    out = io.BytesIO()
    with drawing(), mpl.rc_context({"pdf.fonttype": 42}):
        FigureCanvasPdf(drawn.figure)
        drawn.figure.savefig(out, format="pdf", bbox_inches="tight", metadata={"CreationDate": None, "Creator": None})
    return out.getvalue()


def methods(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> list[tuple[str, str]]:
    """Return (term, sentences): what was done, as the report says it, and how it was registered and computed."""
    notes = method_notes(study, tables, verdicts)
    deltas = dict.fromkeys(
        f"{amount(v.delta, v.unit)} ({v.metric_name})" for v in verdicts if v.delta and v.scale == "difference"
    )
    if deltas:
        notes.append((tr("Smallest effect of interest"), tr(_SMALLEST, deltas=tr(", ").join(deltas))))
    notes.append((tr("Registration"), _registration(study, tables)))
    if differing := mixed(tables):
        notes.append((tr("What differs beside"), " ".join(differing)))
    return [*notes, (tr("Software"), tr(_WITH, versions=_versions(study, tables)))]


def _registration(study: Study, tables: StudyTables) -> str:
    state = registered_state(tables)
    if study.claims and all(claim.exploratory for claim in study.claims):
        return tr(_UNPREDICTED)
    if state == "not":
        return tr(_UNREGISTERED)
    registered = tables.study["preregistration"]
    edited = tr(_UNCHANGED) if state == "registered" else tr(_EDITED_ELSEWHERE)
    if registered["post_hoc"]:
        edited = tr(_EDITED, claims=tr(", ").join(registered["post_hoc"]))
    return tr(_REGISTERED, hash=str(registered["hash"])[:12], time=registered["time"], edited=edited)


def _told(study: Study, tables: StudyTables, names: Sequence[str]) -> list[str]:
    facts = dict(provenance_facts(study, tables))
    return [f"{tr(name)} {facts[tr(name)]}" for name in names if tr(name) in facts]


def _versions(study: Study, tables: StudyTables) -> str:
    return ", ".join(_told(study, tables, _SOFTWARE)) or tr(TODO)


def checklist(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> list[tuple[str, str, str]]:
    """Return (item, answer, justification) of the NeurIPS checklist on what a study can answer.

    The answer is `Yes` where the study holds it, else `TODO`.
    """
    notes = dict(method_notes(study, tables, verdicts))
    bars = " ".join(notes[term] for term in (tr("Error bars"), tr("Test"), tr("Many claims")) if term in notes)
    made_here = vouched(tables, Fact.MACHINE)
    compute = ", ".join(_told(study, tables, _MACHINE)) if made_here else ""
    again = tr("Every run has a seed and a configuration whose SHA-256 is its identity; one command makes all of them "
               "again: {command}", command=str(tables.study["command"]))  # fmt: skip
    tuned = notes[tr("Fairness")]
    yes, todo = "Yes", "TODO"
    return [
        (tr("Experimental result reproducibility"), yes if made_here else todo, again if made_here else tr(TODO)),
        (tr("Experimental setting and details"), yes if made_here else todo, f"{notes[tr('Design')]} {tuned}"),
        (tr("Experiment statistical significance (error bars)"), yes if verdicts else todo, bars),
        (tr("Experiments compute resources"), yes if compute else todo, compute or tr(TODO)),
    ]


def _paragraphs(notes: Sequence[tuple[str, str]]) -> str:
    return "".join(f"\\paragraph{{{latex_text(term)}.}} {latex_prose(text)}\n\n" for term, text in notes)


def _checklist(items: Sequence[tuple[str, str, str]]) -> str:
    lines = [
        "% Macros of the NeurIPS style, where it is not loaded.",
        r"\providecommand{\answerYes}[1][]{\textbf{[Yes] #1}}",
        r"\providecommand{\answerTODO}[1][]{\textbf{[TODO] #1}}",
        r"\begin{description}",
    ]
    for item, answer, why in items:
        lines.append(f"\\item[{{{latex_text(item)}}}] \\answer{answer}{{}} {latex_prose(why)}")
    return "\n".join([*lines, r"\end{description}"]) + "\n"


def _document(title: str, drawn: Sequence[Drawn]) -> str:
    figures = [
        "\n".join((
            r"\begin{figure}", r"\centering", rf"\includegraphics[width=\linewidth]{{figures/{figure.name}.pdf}}",
            rf"\caption{{{latex_text(f'{figure.title}. {figure.caption}')}}}", r"\end{figure}",
        ))
        for figure in drawn
    ]  # fmt: skip
    lines = [
        r"\documentclass{article}", r"\usepackage{iftex}", r"\ifPDFTeX\usepackage[T1]{fontenc}\fi",
        r"\usepackage{booktabs,siunitx,adjustbox,amssymb,graphicx}", r"\usepackage[margin=2.5cm]{geometry}",
        r"\emergencystretch=2em", rf"\title{{{latex_text(title)}}}", r"\date{}", r"\begin{document}", r"\maketitle",
        r"\section*{Methods}",
        r"\input{methods}", r"\input{verdicts}", r"\input{arms}", *figures, r"\clearpage", r"\section*{Checklist}",
        r"\input{checklist}", r"\end{document}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
