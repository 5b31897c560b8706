"""What is said of a sentence: the words for its label, which may stand only where its decisive claims bear them out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ablate.errors import UserError, unknown
from ablate.judge.readings import Settled, decide_rule, verdicts_of
from ablate.judge.verdict import Verdict
from ablate.lang import LANGUAGES, language, msg, tr
from ablate.report.families import Badge, tally
from ablate.report.findings.folder import Finding
from ablate.report.findings.words import FIELDS, fill_words, strange_figures
from ablate.report.level_texts import shortened
from ablate.sweep.sentence_rules import Decides, rule_text
from ablate.sweep.sentences import Headline, Sentence, SentenceLabel

LABELS: dict[str, Badge] = {
    "right": Badge("supported", msg("right"), "✓"),
    "weak": Badge("mixed", msg("right in the weak reading only"), "±"),
    "wrong": Badge("refuted", msg("wrong"), "✕"),
    "open": Badge("inconclusive", msg("not decided"), "?"),
    "none": Badge("not_tested", msg("not a claim about facts"), "–"),
}
_PLACE = re.compile(r"\{\{\s*(?P<name>[^{}]+?)\.(?P<field>[a-z_]+)\s*\}\}")


def label_badge(label: str) -> Badge:
    """Return a label as a reader meets it, in the current language."""
    badge = LABELS[label]
    return Badge(badge.css, tr(badge.word), badge.glyph)


def chosen_headline(
    sentence: Sentence, label: SentenceLabel, findings: Mapping[str, Finding], *, where: str
) -> Headline | None:
    """Return the headline that is written for the label; None where nothing is decided and none is written for that.

    Raises
    ------
    UserError
        The sentence has none for the label it got, or none whose `when` the verdicts bear out.
    """
    verdicts = deciding(findings.values())
    written = [headline for headline in sentence.headlines if headline.label == label]
    for headline in written:
        if headline.when is None or decide_rule(headline.when, verdicts).fell == "right":
            return headline
    if label == "open":
        return None
    place = f"{where}: sentence {sentence.id}: its decisive claims make it {LABELS[label].word!r}"
    if not written:
        words = ", ".join(repr(LABELS[one].word) for one in dict.fromkeys(h.label for h in sentence.headlines))
        raise UserError(f"{place} ({evidence(sentence.decisive(), verdicts)}), and its headlines are for {words}")
    said = "; ".join(rule_text(headline.when) for headline in written if headline.when is not None)
    told = [claim for headline in written for claim in sentence.decisive(headline)]
    raise UserError(f"{place}, and no headline for it may stand: expected {said}; got {evidence(told, verdicts)}")


def headline_text(
    sentence: Sentence,
    headline: Headline | None,
    settled: Sequence[Settled],
    findings: Mapping[str, Finding],
    *,
    where: str,
) -> str:
    """Return the headline in the current language, its numbers filled in from the verdicts that decide.

    Where nothing is decided and no headline is written for that, the claims that are open are named.

    Raises
    ------
    UserError
        A number that is typed and stands in none of the studies that decide; a field that a claim has not; a study
        without findings.
    """
    if headline is None:
        return _undecided(sentence, settled, deciding(findings.values()))
    text = _text(headline, language())
    place = f"{where}: {_place(sentence, headline)}"
    names = dict.fromkeys(claim.study for claim in sentence.decisive(headline) if claim.study in findings)
    strange = [set(strange_figures(text, findings[n].study, findings[n].verdicts)) for n in names]
    typed = sorted(set.intersection(*strange)) if strange else []
    if typed:
        raise UserError(
            f"{place}: {', '.join(typed)} stands neither in the studies that decide nor in their verdicts; quote "
            "numbers as {{ STUDY/CLAIM.effect }}, so that they are filled in"
        )

    def fill(match: re.Match[str]) -> str:
        study, _, name = match["name"].partition("/")
        if study not in findings:
            raise UserError(f"{place}: {match['name']}: there are no findings of {study} to fill it in from")
        return fill_words("{{ " + f"{name}.{match['field']}" + " }}", findings[study].verdicts, where=place)

    return _PLACE.sub(fill, text)


def check_headlines(sentences: Sequence[Sentence], *, where: str) -> None:
    """Refuse a headline that speaks of what does not decide its sentence, in any language.

    Raises
    ------
    UserError
        A number of another claim, with the nearest that decides; an unknown field; braces that are not a number.
    """
    for sentence in sentences:
        for headline in sentence.headlines:
            claims = sentence.decisive(headline)
            allowed = {claim.name for claim in claims} | {f"{claim.study}/study" for claim in claims}
            for tongue in LANGUAGES:
                _check_places(_text(headline, tongue), allowed, f"{where}: {_place(sentence, headline)}")


def _check_places(text: str, allowed: set[str], place: str) -> None:
    for match in _PLACE.finditer(text):
        if match["name"] not in allowed and match["name"].split("[", 1)[0] not in allowed:
            if not allowed:
                raise UserError(f"{place}: {match[0]}: nothing decides this sentence, so no number may stand in it")
            raise UserError(f"{place}: {unknown('claim that decides it', match['name'], allowed)}")
        if match["field"] not in FIELDS:
            raise UserError(f"{place}: {unknown('field', match['field'], FIELDS)}")
    rest = _PLACE.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise UserError(
            f"{place}: expected numbers as {{{{ STUDY/CLAIM.field }}}}, got {rest[rest.find('{') :][:60]!r}"
        )


def _text(headline: Headline, tongue: str) -> str:
    return " ".join((headline.zh if tongue == "zh" else headline.en).split())


def _place(sentence: Sentence, headline: Headline) -> str:
    return f"sentence {sentence.id}: headline for {LABELS[headline.label].word!r}"


def evidence(claims: Sequence[Decides], verdicts: Mapping[str, Sequence[Verdict]]) -> str:
    """Return how claims came out, on one line, as errors have it: in English."""
    told = {}
    for claim in claims:
        outcomes = [v.outcome for v in verdicts_of(claim, verdicts)]
        counts = {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}
        told[claim.name] = " and ".join(f"{n} {word}" if len(outcomes) > 1 else word for word, n in counts.items())
    return ", ".join(f"{name} {counts or 'not run'}" for name, counts in told.items())


def _undecided(sentence: Sentence, settled: Sequence[Settled], verdicts: Mapping[str, Sequence[Verdict]]) -> str:
    claims = {claim.name: claim for claim in sentence.decisive()}
    told: dict[str, str] = {}
    for name in (name for one in settled for name in one.open):
        counts = tally(verdicts_of(claims[name], verdicts))
        several = sum(count for _, count in counts) > 1
        words = [f"{count} {badge.word}" if several else badge.word for badge, count in counts]
        told[shortened(name)] = tr(", ").join(words) or tr("not run yet")
    listed = tr("; ").join(tr("{claim} ({text})", claim=name, text=text) for name, text in told.items())
    if any(one.gate for one in settled):
        return tr(
            "Not decided, because a control is not as it should be or what decides is open: {claims}.", claims=listed
        )
    return tr("Not decided, because what decides is open: {claims}.", claims=listed)


def deciding(findings: Iterable[Finding]) -> dict[str, Sequence[Verdict]]:
    """Return study -> verdicts that may decide a sentence: those of the quick budget may not."""
    return {one.name: one.verdicts for one in findings if one.study.budget != "quick"}
