"""The sentences of the notes as they are committed, against the verdicts that are."""

import pytest

from ablate.judge.readings import check_rules, decide_rule, sentence_label
from ablate.lang import LANGUAGES, speaking
from ablate.report.findings.folder import read_findings
from ablate.report.scoreboard.headline import check_headlines, deciding, headline_text
from ablate.report.scoreboard.write import read_board, sceptic
from ablate.resources import findings_folder, sentences_file
from ablate.sweep.sentences import read_sentences, same_sentence
from ablate.sweep.study_file import load_study, study_files

SENTENCES = read_sentences(sentences_file())
STUDIES = {name: load_study(name) for name in study_files()}
FINDINGS = {finding.name: finding for finding in read_findings(findings_folder())}
EMPIRICAL = [sentence for sentence in SENTENCES if sentence.kind == "empirical"]


def test_every_sentence_has_a_kind_and_every_rule_can_be_decided():
    assert len(SENTENCES) == len({sentence.id for sentence in SENTENCES}) == 22
    assert {sentence.who for sentence in SENTENCES} == {"book", "reader"}
    kinds = {sentence.id: sentence.kind for sentence in SENTENCES}
    assert {kinds[name] for name in ("5b", "10b")} == {"normative"}
    assert kinds["8g"] == "taste"
    check_rules(SENTENCES, STUDIES, where="sentences.yaml")
    check_headlines(SENTENCES, where="sentences.yaml")


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_every_sentence_has_a_headline_that_its_decisive_claims_bear_out(tongue):
    with speaking(tongue):
        board = read_board(findings_folder(), sentences_file())
    assert [entry.sentence.id for entry in board.entries] == [sentence.id for sentence in SENTENCES]
    verdicts = deciding(FINDINGS.values())
    for entry in board.entries:
        assert entry.headline, entry.sentence.id
        assert "{{" not in entry.headline
        assert (entry.label == "none") == (entry.sentence.kind != "empirical") == (not entry.decisive)
        for headline in entry.sentence.headlines:
            if headline.label == entry.label and headline.when is None:
                break
            if headline.label == entry.label and decide_rule(headline.when, verdicts).fell == "right":
                break
        else:
            assert entry.label == "open", entry.sentence.id


@pytest.mark.parametrize("tongue", LANGUAGES)
@pytest.mark.parametrize("sentence", EMPIRICAL, ids=lambda sentence: sentence.id)
def test_every_headline_can_be_filled_in_whatever_the_label(sentence, tongue):
    with speaking(tongue):
        for headline in sentence.headlines:
            assert "{{" not in headline_text(sentence, headline, (), FINDINGS, where="sentences.yaml")


@pytest.mark.parametrize("sentence", EMPIRICAL, ids=lambda sentence: sentence.id)
def test_the_label_of_a_sentence_follows_from_its_decisive_verdicts_alone(sentence):
    """Every other verdict is taken away, then turned round: the label is the same."""
    whole = deciding(FINDINGS.values())
    decisive = {(claim.study, claim.claim) for claim in sentence.decisive()}

    def decides(study, verdict):
        return {(study, verdict.claim_id), (study, verdict.source_id)} & decisive

    label = sentence_label(sentence, whole)
    alone = {study: [v for v in verdicts if decides(study, v)] for study, verdicts in whole.items()}
    assert sentence_label(sentence, alone) == label
    none = {study: [v for v in verdicts if not decides(study, v)] for study, verdicts in whole.items()}
    assert sentence_label(sentence, none)[0] == "open"


def test_the_sceptics_lists_hold_every_sentence_of_the_reader_once():
    board = read_board(findings_folder(), sentences_file())
    listed = [entry.sentence.id for _, entries in sceptic(board) for entry in entries]
    readers = [sentence.id for sentence in SENTENCES if sentence.who == "reader"]
    assert len(listed) == len(set(listed))
    assert set(readers) <= set(listed)


def test_a_study_named_for_a_sentence_quotes_it():
    for sentence in SENTENCES:
        for name in sentence.studies:
            study = STUDIES[name]
            quotes = [*study.quotes, *(claim.quote for claim in study.claims if claim.quote)]
            assert any(same_sentence(sentence.zh, quote.zh) for quote in quotes), (sentence.id, name)
