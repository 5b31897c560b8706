"""Gathering the scoreboard: sentences, what is said of them, the verdicts that decide it and those beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ablate.claims.parts import Quote
from ablate.judge.fairness import FixedTuned, fixed_and_tuned
from ablate.judge.readings import sentence_label, verdicts_of
from ablate.judge.verdict import Verdict
from ablate.lang import language
from ablate.report.findings.folder import Finding
from ablate.report.findings.words import read_words
from ablate.report.runs_csv import tables_from_csv
from ablate.report.scoreboard.entries import ClaimLine, SentenceEntry, each_once, reading_views, rules_note
from ablate.report.scoreboard.headline import chosen_headline, deciding, headline_text
from ablate.sweep.sentence_rules import Decides
from ablate.sweep.sentences import Sentence, SentenceLabel, same_sentence
from ablate.sweep.study import FAIRNESS, Study
from ablate.sweep.translated import Words, translated


@dataclass(frozen=True)
class Board:
    """The whole scoreboard; `rest`: claims that answer no sentence."""

    entries: tuple[SentenceEntry, ...]
    confounds: tuple[tuple[str, tuple[str, ...]], ...]
    differences: tuple[tuple[str, FixedTuned], ...]
    waiting: tuple[str, ...]
    studies: tuple[tuple[str, str], ...] = ()  # name, title
    rest: tuple[ClaimLine, ...] = ()

    def of(self, who: str, *labels: SentenceLabel) -> tuple[SentenceEntry, ...]:
        """Return the entries of one voice that have one of these labels."""
        return tuple(e for e in self.entries if e.sentence.who == who and e.label in labels)

    def lines(self) -> list[ClaimLine]:
        """Return every line once."""
        shown = (line for entry in self.entries for line in (*entry.decisive, *entry.lines))
        return list({line.picture: line for line in (*shown, *self.rest)}.values())


def gather(
    sentences: Sequence[Sentence],
    findings: Sequence[Finding],
    words: dict[str, Words | None],
    quotes: dict[str, list[Quote]] | None = None,
    *,
    where: str = "sentences",
) -> Board:
    """Put the findings to the sentences.

    What decides a sentence is named by its rules. Its context are the claims that answer a quote which is a part of the
    sentence; claims that answer no sentence follow with a place of their own.

    Parameters
    ----------
    words
        Study name -> its words in the language of the page, where it has them.
    quotes
        Study name -> its quotes as its file has them now: which claims answer a sentence is prose, not judged.
    where
        The file of the sentences, for errors.

    Raises
    ------
    UserError
        A sentence has no headline that its decisive claims bear out.
    """
    context: dict[str, list[ClaimLine]] = {}
    first: dict[str, str] = {}
    every: dict[str, ClaimLine] = {}
    studies: dict[str, Study] = {}
    for finding in findings:
        study = finding.study
        if language() != "en":
            study, _ = translated(study, study.zh or words.get(finding.name))
        studies[finding.name] = study
        lines = _lines(finding, study)
        every |= {line.picture: line for line in lines}
        if paragraphs := read_words(finding.folder, finding.study, finding.verdicts):
            first[finding.name] = paragraphs[0]
        for quote, ids in _quoted(study, (quotes or {}).get(finding.name)):
            wanted = [line for line in lines if line.claim in ids]
            for home in (s.id for s in sentences if same_sentence(s.zh, quote.zh)):
                context.setdefault(home, []).extend(wanted)
    named = {finding.name: finding for finding in findings}
    entries = each_once([_entry(s, context.get(s.id, []), named, every, first, where=where) for s in sentences])
    shown = {(line.study, line.claim) for entry in entries for line in (*entry.lines, *entry.decisive)}
    waiting = dict.fromkeys(name for s in sentences for name in _studies(s) if name not in named)
    return Board(
        entries=tuple(entries),
        confounds=tuple(
            (name, tuple(study.confounds))
            for name, study in studies.items()
            if study.confounds and (name.startswith("book-") or study.fairness == "fixed")
        ),
        differences=tuple(
            (finding.name, one) for finding in findings for one in both_ways(finding, studies[finding.name])
        ),
        waiting=tuple(waiting),
        studies=tuple((name, study.title) for name, study in studies.items()),
        rest=tuple(line for line in every.values() if (line.study, line.claim) not in shown),
    )


def _entry(
    sentence: Sentence,
    answering: Sequence[ClaimLine],
    findings: Mapping[str, Finding],
    every: Mapping[str, ClaimLine],
    first: Mapping[str, str],
    *,
    where: str,
) -> SentenceEntry:
    label, settled = sentence_label(sentence, deciding(findings.values()))
    headline = chosen_headline(sentence, label, findings, where=where)
    decisive = _decisive(sentence, sentence.decisive(headline), findings, every)
    whole = {line.picture for line in decisive}  # a claim that decides with all its verdicts is not shown again
    lines = tuple({line.picture: line for line in answering if line.picture not in whole}.values())
    names = dict.fromkeys(line.study for line in (*decisive, *lines))
    registrations = {name: findings[name].head.get("registration") or {} for name in findings}
    return SentenceEntry(
        sentence=sentence,
        label=label,
        headline=headline_text(sentence, headline, settled, findings, where=where),
        readings=reading_views(sentence, settled),
        decisive=decisive,
        lines=lines,
        rules=rules_note(sentence, registrations),
        waiting=tuple(name for name in _studies(sentence) if name not in findings),
        found=tuple((name, first[name]) for name in names if name in first),
    )


def _decisive(
    sentence: Sentence, claims: Sequence[Decides], findings: Mapping[str, Finding], every: Mapping[str, ClaimLine]
) -> tuple[ClaimLine, ...]:
    """Return a line per claim that decides, with the verdicts that do: a picture of its own where they are not all."""
    verdicts = {name: finding.verdicts for name, finding in findings.items()}
    chosen: dict[str, dict[str, Verdict]] = {}
    for claim in claims:
        for verdict in verdicts_of(claim, verdicts):
            chosen.setdefault(_picture(claim.study, verdict.source_id), {})[verdict.claim_id] = verdict
    lines = []
    for name, members in chosen.items():
        line = every[name]
        picture = name if len(members) == len(line.verdicts) else f"{name}--{sentence.id}"
        lines.append(replace(line, verdicts=tuple(members.values()), picture=picture))
    return tuple(lines)


def _studies(sentence: Sentence) -> list[str]:
    return list(dict.fromkeys([*sentence.registered(), *sentence.studies]))


def _picture(study: str, claim: str) -> str:
    return f"{study}--{claim}"


def _quoted(study: Study, now: Sequence[Quote] | None) -> list[tuple[Quote, list[str]]]:
    """Return every quote with the ids of the claims that answer it; `now` are the quotes of the study file."""
    claim_quotes = [(claim.quote, [claim.id]) for claim in study.claims if claim.quote is not None]
    rest = [claim.id for claim in study.claims if claim.quote is None]
    return [*claim_quotes, *((quote, quote.claims or rest) for quote in (study.quotes if now is None else now))]


def _lines(finding: Finding, study: Study) -> list[ClaimLine]:
    groups: dict[str, list[Verdict]] = {}
    for verdict in finding.verdicts:
        groups.setdefault(verdict.source_id, []).append(verdict)
    claims = {claim.id: claim for claim in study.claims}
    return [
        ClaimLine(
            study=finding.name,
            title=study.title,
            claim=name,
            says=claims[name].says if name in claims else members[0].says,
            verdicts=tuple(members),
            picture=_picture(finding.name, name),
            quick=study.budget == "quick",
        )
        for name, members in groups.items()
    ]


def both_ways(finding: Finding, study: Study) -> list[FixedTuned]:
    """Return each claim with fixed and with tuned values, by the committed runs; empty where none was run both ways."""
    path = finding.folder / "runs.csv"
    if FAIRNESS not in study.factors or not path.is_file():
        return []
    return fixed_and_tuned(study, tables_from_csv(path, study))
