import re
from copy import deepcopy
from typing import get_args

import pytest
import yaml

from ablate.errors import UserError
from ablate.sweep.registration import registration_document, text_hash
from ablate.sweep.sentence_rules import VerdictLabel, as_data, leaves, needed, read_rule
from ablate.sweep.sentences import hashes_for, read_sentences, same_sentence
from ablate.sweep.study_file import parse_study
from ablate.words.rulings import LABELS

WHOLE = {
    "id": "9", "zh": "还有dropout技术，也是非常垃圾。", "en": "Garbage.", "who": "reader", "kind": "empirical",
    "strong": {"says": "No gain  anywhere.", "says_zh": "都没有。",
               "rule": {"claim": "dropout/helps", "outcome": "refuted", "cells": "all"},
               "gates": [{"claim": "dropout/control", "outcome": "supported"}]},
    "weak": {"says": "None somewhere.", "says_zh": "有的没有。",
             "rule": {"any": [{"claim": "dropout/helps[n=100]", "outcome": "refuted", "label": "too small"},
                              {"claim": "gan/helps", "sign": "negative"}]}},
    "headlines": [{"label": "wrong", "en": "Wrong.", "zh": "错。"}],
}  # fmt: skip


def read(tmp_path, *sentences):
    path = tmp_path / "sentences.yaml"
    path.write_text(yaml.safe_dump(list(sentences), allow_unicode=True), encoding="utf-8")
    return read_sentences(path)


def changed(path, value):
    data = deepcopy(WHOLE)
    at = data
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return data


def test_a_sentence_reads_with_its_rules_and_says_which_studies_decide_it(tmp_path):
    (sentence,) = read(tmp_path, WHOLE)
    assert [claim.name for claim in sentence.decisive()] == [
        "dropout/helps", "dropout/control", "dropout/helps[n=100]", "gan/helps"
    ]  # fmt: skip
    assert sentence.registered() == ["dropout", "gan"]
    assert as_data(sentence.weak.rule) == WHOLE["weak"]["rule"]
    assert read_sentences(tmp_path / "none.yaml") == []


def test_a_rule_goes_there_and_back_and_counts():
    rule = {"at_least": "2 of 3", "of": [{"claim": "a/b", "outcome": "supported"},
                                         {"claim": "a/c", "outcome": "supported", "cells": "15 of 16"},
                                         {"all": [{"claim": "a/d", "sign": "positive"}]}]}  # fmt: skip
    assert as_data(read_rule(rule)) == rule
    assert [leaf.claim for leaf in leaves(read_rule(rule))] == ["b", "c", "d"]
    assert read_rule(rule).need == 2
    assert (needed("all", 4), needed("any", 4), needed("3 of 4", 4)) == (4, 1, 3)


RULE = ("strong", "rule")


@pytest.mark.parametrize(("path", "value", "said"), [
    (("kind",), "empiricl", "unknown kind 'empiricl': expected one of .*; nearest match: empirical"),
    (("kind",), "taste", "a taste sentence is not judged and has no `strong` reading"),
    (("weak",), None, "an empirical sentence states its `weak` reading"),
    (("headlines", 0, "label"), "wron", "unknown label 'wron': .*; nearest match: wrong"),
    (("headlines", 0, "label"), "none", "must be right, weak, wrong or open"),
    (("strong", "says_zh"), None, "strong.says_zh: Field required"),
    (("strong", "sayz"), "x", "unknown key 'sayz': .*; nearest match: says"),
    (("whom",), "book", "unknown key 'whom': .*; nearest match: who"),
    (RULE, "dropout/helps", "a rule is a mapping with claim, all, any or at_least, got 'dropout/helps'"),
    (RULE, {"clam": "a/b"}, "unknown key of a rule 'clam': .*; nearest match: claim"),
    (RULE, {"claim": "a/b", "outcom": "supported"}, "unknown key of a rule by `claim` 'outcom': .*match: outcome"),
    (RULE, {"claim": "helps", "outcome": "supported"}, "`claim` must be STUDY/ID, as in batchnorm/faster, got 'helps'"),
    (RULE, {"claim": "a/b"}, "expected either `outcome` .* or `sign`, got neither"),
    (RULE, {"claim": "a/b", "outcome": "supported", "sign": "positive"}, "or `sign`, got both"),
    (RULE, {"claim": "a/b", "outcome": "suported"}, "unknown outcome 'suported': .*; nearest match: supported"),
    (RULE, {"claim": "a/b", "outcome": "supported", "label": "reversed"}, "only a refutation has a label"),
    (RULE, {"claim": "a/b", "outcome": "refuted", "label": "reverse"}, "unknown label 'reverse': .*match: reversed"),
    (RULE, {"claim": "a/b", "outcome": "refuted", "cells": "0 of 4"}, "n from 1 to m, .* got '0 of 4'"),
    (RULE, {"claim": "a/b", "outcome": "refuted", "cells": "5 of 4"}, "got '5 of 4'"),
    (RULE, {"claim": "a/b", "outcome": "refuted", "cells": 3}, "must be all, any or n of m"),
    (RULE, {"claim": "a/b", "outcome": "not_shown"}, "what is not shown decides nothing"),
    (RULE, {"all": []}, "`all` must be a list of rules"),
    (RULE, {"at_least": "1 of 3", "of": [{"claim": "a/b", "outcome": "refuted"}]}, "a count of the 1 rules below it"),
])  # fmt: skip
def test_a_mistake_is_one_line_with_its_place_and_the_nearest_name(tmp_path, path, value, said):
    with pytest.raises(UserError, match=said) as error:
        read(tmp_path, changed(path, value))
    assert "sentences.yaml: sentence 9: " in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_list_and_an_id_given_twice_are_refused(tmp_path):
    with pytest.raises(UserError, match="the id '9' is given twice"):
        read(tmp_path, WHOLE, WHOLE)
    path = tmp_path / "sentences.yaml"
    for text, said in (("a: 1", "expected a list of sentences, got dict"), ("- {a: 1, a: 2}", "sentences.yaml")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=said):
            read_sentences(path)


def test_the_hash_covers_what_decides_and_nothing_else(tmp_path):
    (sentence,) = read(tmp_path, WHOLE)
    for path, value in ((("headlines", 0, "en"), "Other."), (("strong", "says_zh"), "别的。"), (("en",), "Rubbish."),
                        (("strong", "says"), "No gain anywhere.")):  # fmt: skip
        assert read(tmp_path, changed(path, value))[0].sha256 == sentence.sha256, path
    for path, value in ((("strong", "says"), "No gain at all."), (("strong", "rule", "cells"), "any"),
                        (("strong", "rule", "outcome"), "supported"), (("strong", "gates"), [])):  # fmt: skip
        assert read(tmp_path, changed(path, value))[0].sha256 != sentence.sha256, path


def test_a_study_registers_the_hashes_of_the_sentences_it_decides(tmp_path):
    sentences = read(tmp_path, WHOLE)
    assert hashes_for("gan", sentences) == {"9": sentences[0].sha256}
    assert hashes_for("theory", sentences) == {}
    study = parse_study(
        {"title": "t", "factors": {"norm": ["none", "batch"]}, "seeds": 8,
         "claims": [{"id": "c", "says": "s", "metric": "final/test_accuracy", "arm": {"norm": "batch"},
                     "against": {"norm": "none"}, "by_at_least": 0.01}]},
        where="test",
    )  # fmt: skip
    bare = registration_document(study, range(8), command="x")
    held = registration_document(study, range(8), command="x", sentences=hashes_for("gan", sentences))
    assert held["sentences"] == {"9": sentences[0].sha256}
    assert sentences[0].sha256 in held["text"]
    assert held["sha256"] == text_hash(held["text"]) != bare["sha256"]
    assert held["definition"] == bare["definition"]  # no verdict becomes post hoc by an edited sentence
    assert "sentences" not in bare
    assert not re.search(r"^sentences:", bare["text"], re.MULTILINE)


def test_the_labels_a_rule_may_ask_for_are_those_a_refutation_may_have():
    assert set(get_args(VerdictLabel)) == set(LABELS)


def test_a_quote_finds_the_sentence_it_is_a_part_of():
    faster = "使用Batch Norm后，学习进行得更快了。"
    assert same_sentence("使用Batch Norm后，学习进行得更快", faster)
    assert same_sentence("学习进行得更快了……其他", faster)
    assert not same_sentence("使用Batch Norm后，学习进行得更快", WHOLE["zh"])
