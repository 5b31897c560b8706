"""The page of the study file shows every kind of part, and every example on it is one that is read."""

import ast
import re
from pathlib import Path

import pytest

from ablate.app.overrides import parse, unswept_value
from ablate.claims.kinds import KINDS
from ablate.judge.expand import check_claims
from ablate.sweep.design.build import MOST_ARMS
from ablate.sweep.design.parts import DESIGNS
from ablate.sweep.figures import FIGURES
from ablate.sweep.study_file import MOST_LEVELS, parse_study, read_yaml
from ablate.sweep.yaml_reader import MOST_CHARACTERS, MOST_VALUES
from ablate.train.config import MOST_SEEDS
from ablate.values import MOST_DEPTH

PAGE = Path(__file__).parents[2] / "docs" / "study-files.md"


@pytest.fixture(scope="module")
def parts():
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [read_yaml(block) for block in blocks]


def test_every_example_is_read_as_part_of_the_study_it_begins_with(parts):
    base, *others = parts
    whole = [part for part in others if len(part.get("claims", [])) > 1]
    assert len(whole) == 1
    assert len(others) == 12
    for part in others:
        study = parse_study({**base, **whole[0], **part}, where="page")
        check_claims(study)


@pytest.mark.parametrize(
    ("kinds", "holder"),
    [(KINDS, "claims"), (DESIGNS, "design"), (FIGURES, "figures")],
)
def test_every_kind_stands_on_the_page(parts, kinds, holder):
    shown = {item.get("kind", "effect") for part in parts for item in part.get(holder, [])}
    assert shown == set(kinds)


def test_the_population_of_a_claim_stands_on_the_page(parts):
    (named,) = [claim for part in parts for claim in part.get("claims", []) if "population" in claim]
    study = parse_study({**parts[0], "claims": [named]}, where="page")
    assert (study.claims[0].population, study.claims[0].leaves_out_at_most) == ("trained", 0.1)


def test_every_gate_stands_on_the_page(parts):
    gates = {gate["kind"] for part in parts for claim in part.get("claims", []) for gate in claim.get("gates", [])}
    assert gates == {"positive_control", "manipulation_check", "tuning_edge"}


def test_the_table_of_values_is_what_the_file_and_the_command_line_read():
    rows = re.findall(r"^\| `([^`]*)` \| `([^`]*)` \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(rows) > 15
    for written, value in rows:
        for found in (read_yaml(f"x: {written}")["x"], unswept_value(parse([f"x={written}"])[0])):
            assert repr(found) == repr(ast.literal_eval(value)), written


def test_the_limits_on_the_page_are_those_that_hold():
    text = PAGE.read_text(encoding="utf-8")
    for limit, what in (
        (MOST_CHARACTERS, "characters"), (MOST_VALUES, "values"), (MOST_DEPTH, "deep"), (MOST_LEVELS, "levels"),
        (MOST_ARMS, "arms"), (MOST_SEEDS, "seeds"),
    ):  # fmt: skip
        assert f"{limit:,} {what}" in text
