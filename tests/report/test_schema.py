"""Schemas are those of the code, hold of every file there is, and refuse what the reader refuses."""

import copy
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ablate.errors import UserError
from ablate.judge.rule import judge
from ablate.report.schema import FOLDER, VERSION, schema_text, schemas
from ablate.sweep.study_file import parse_study, study_files
from ablate.sweep.yaml_reader import read_yaml
from ablate.words.document import document_of

from ..judge.conftest import BN, NORM, make_study, make_tables

PAGE = Path(__file__).parents[2] / "docs" / "study-files.md"
FINDINGS = sorted((Path(__file__).parents[2] / "studies" / "findings").glob("*/verdicts.json"))
STUDY, VERDICTS = (Draft202012Validator(schema) for schema in schemas().values())


@pytest.mark.parametrize(("name", "schema"), list(schemas().items()))
def test_the_shipped_schemas_are_those_of_the_code(name, schema):
    Draft202012Validator.check_schema(schema)
    told = "write them anew: python -c 'from ablate.report.schema import write_schemas; write_schemas()'"
    assert (FOLDER / name).read_text(encoding="utf-8") == schema_text(schema), told


@pytest.mark.parametrize("path", study_files().values(), ids=lambda path: path.stem)
def test_every_study_file_is_one_by_the_schema(path):
    STUDY.validate(json.loads(json.dumps(read_yaml(path.read_text(encoding="utf-8")), default=str)))


def test_every_example_on_the_page_is_one_by_the_schema():
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    base, *others = map(read_yaml, blocks)
    for part in others:
        STUDY.validate({**base, **part})


CLAIM = {"id": "c", "says": "s", "metric": "m", "arm": {"a": 1}, "against": {"a": 0}}
GOOD = {"title": "t", "factors": {"a": [0, 1]}, "claims": [CLAIM]}


@pytest.mark.parametrize(
    "change",
    [
        {"titel": "t"},
        {"claims": [{**CLAIM, "kind": "efect"}]},
        {"claims": [{**CLAIM, "kind": "equivalence"}]},
        {"claims": [{**CLAIM, "kind": "noninferiority", "margin": -1.0}]},
        {"claims": [{**CLAIM, "by_at_leats": 0.1}]},
        {"seeds": "eight"},
        {"factors": {"a": []}},
    ],
)
def test_what_the_reader_refuses_the_schema_marks(change):
    STUDY.validate(GOOD)
    parse_study(copy.deepcopy(GOOD), where="here")
    assert not STUDY.is_valid({**GOOD, **change})
    with pytest.raises(UserError):
        parse_study({**copy.deepcopy(GOOD), **change}, where="here")


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.parent.name)
def test_committed_verdicts_are_as_their_schema_says(path):
    VERDICTS.validate(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("gain", [0.02, "diverged"])
def test_verdicts_are_as_their_schema_says(gain):
    claims = [{**BN, "by_at_least": 0.01}, {"kind": "exact", "arm": {"norm": "batch"}, "at_least": 0.0}]
    study = make_study(NORM, *claims)
    tables = make_tables(NORM, lambda v, s: gain if v["norm"] == "batch" and s else 0.8 + 0.001 * s)
    held = [document_of(verdict) for verdict in judge(study, tables)]
    document = {"version": VERSION, "study": {}, "facts": {}, "verdicts": held, "extended": []}
    VERDICTS.validate(json.loads(json.dumps(document, allow_nan=False)))
    held[0].pop("effect")
    assert not VERDICTS.is_valid(document)
