"""An address leads to the source that declares to read it, or to one line that says what is expected."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from ablate import registry
from ablate.errors import UserError
from ablate.registry import register
from ablate.sources.choose import source_for
from ablate.sources.contract import RunTable, Source
from ablate.sources.csv_file import Csv
from ablate.testing import checks_of
from ablate.testing.base import failures
from ablate.testing.source import source_checks


@dataclass(frozen=True)
class JsonLines(Source):
    endings = (".jsonl", ".csv.jsonl")
    schemes = ("lines",)

    def read(self, address, *, fits):
        try:
            runs = [json.loads(line) for line in Path(address).read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise UserError(f"{address} cannot be read: {' '.join(str(error).split())}") from None
        return RunTable.of(address, runs)

    def example(self, folder, runs):
        path = folder / "runs.jsonl"
        path.write_text("".join(json.dumps(run) + "\n" for run in runs), encoding="utf-8")
        return str(path)


@pytest.fixture
def brought():
    """Register sources for one test."""
    gone = {}

    def bring(name, cls):
        register("source", name)(cls)
        gone["source", name] = cls

    yield bring
    registry.replace_registered(gone, {})


def test_a_file_is_read_by_the_source_of_its_ending_and_an_address_by_that_of_its_scheme(brought):
    brought("json_lines", JsonLines)
    for address in ("r.csv", "a/B.CSV", "r.tsv", "x.txt", Path("r.csv"), "C:/x.csv", "other:x.csv"):
        chosen = source_for(address)
        assert (chosen.source, chosen.told) == (Csv(), str(address))
    for address in ("r.jsonl", "r.csv.jsonl", "./lines:r.jsonl"):
        assert source_for(address).source == JsonLines()
        assert source_for(address).told == address
    chosen = source_for("lines:some/where?x=1")
    assert (chosen.source, chosen.told) == (JsonLines(), "some/where?x=1")


def test_a_name_chooses_whatever_the_address_is_called(brought):
    brought("json_lines", JsonLines)
    assert source_for("results", "csv").told == "results"
    assert source_for("r.csv", "json_lines").source == JsonLines()
    assert source_for("lines:r.csv", "json_lines").told == "r.csv"
    assert source_for("lines:r.csv", "csv").told == "lines:r.csv"


@pytest.mark.parametrize(
    ("address", "name", "message"),
    [
        ("results", None, "expected a file ending in .csv, .csv.jsonl, "),
        ("results", None, "`--source csv|"),
        ("r.cvs", None, "nearest match: .csv"),
        ("line:x", None, "nearest match: lines:"),
        ("r.docx", None, "no source reads r.docx"),
        ("r.csv", "cvs", "unknown source 'cvs': expected one of csv, "),
    ],
)  # fmt: skip
def test_what_no_source_reads_is_one_line(brought, address, name, message):
    brought("json_lines", JsonLines)
    with pytest.raises(UserError) as caught:
        source_for(address, name)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_two_sources_read_is_refused_until_one_is_named(brought, tmp_path, monkeypatch):
    @dataclass(frozen=True)
    class Other(JsonLines):
        endings = (".csv",)

    brought("json_lines", JsonLines)
    brought("other", Other)
    with pytest.raises(UserError, match=r"r\.csv: \.csv is read by csv and by other; say which with `--source csv\|"):
        source_for("r.csv")
    with pytest.raises(UserError, match="lines: is read by json_lines and by other"):
        source_for("lines:x")
    assert source_for("r.csv", "other").source == Other()
    registry.replace_registered({("source", "other"): Other}, {})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines:x.csv").write_text("a\n1\n")
    with pytest.raises(UserError, match=r"is a file, and an address that json_lines reads; write \./lines:x\.csv"):
        source_for("lines:x.csv")
    assert source_for("./lines:x.csv").source == Csv()


def test_runs_that_are_mappings_become_texts_that_mean_the_same():
    table = RunTable.of("here", [{" a ": 1, "b": 0.1}, {"b": None, "c": [1, "x"], "a": True}])
    assert table.head == ("a", "b", "c")
    assert [line.cells for line in table.lines] == [("1", "0.1", ""), ("true", "", '[1, "x"]')]
    assert not table.commas


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "here: expected a row per run, got none"),
        ([{1: 2}], "the name of a column must be text, got 1"),
        ([{"a": 1, "a ": 2}], "here, line 1: two columns have the same name but for blanks"),
        ([{"a": {1, 2}}], "here, line 1: 'a' must be a number, text, true, false, a list of these or nothing, got"),
        ([{"a": "\ud800"}], "here, line 1: 'a': the text"),
    ],
)
def test_what_no_table_can_hold_is_refused(runs, message):
    with pytest.raises(UserError, match=message):
        RunTable.of("here", runs)


# What is broken on purpose, and the check that must notice.


@dataclass(frozen=True)
class Rounds(JsonLines):
    def read(self, address, *, fits):
        table = super().read(address, fits=fits)
        runs = [dict(zip(table.head, line.cells, strict=True)) for line in table.lines]
        return RunTable.of(address, [{**run, "acc": round(float(run["acc"]), 6)} for run in runs])


@dataclass(frozen=True)
class Undeclared(JsonLines):
    endings = (".JSON",)
    schemes = ()


@dataclass(frozen=True)
class Raises(JsonLines):
    def read(self, address, *, fits):
        return RunTable.of(address, [json.loads(line) for line in Path(address).read_text("utf-8").splitlines()])


@dataclass(frozen=True)
class NamesTheFolder(JsonLines):
    def read(self, address, *, fits):
        table = super().read(address, fits=fits)
        return RunTable(table.where, table.name, address, table.head, table.lines)


@dataclass(frozen=True)
class Leaves(JsonLines):
    def read(self, address, *, fits):
        Path(address + ".lock").write_text("")
        return super().read(address, fits=fits)


@pytest.mark.parametrize(
    ("broken", "reasons"),
    [
        (Rounds(), ["acc of seed 0 was 0.30000000000000004, and comes back as '0.3'", "the same for another metric"]),
        (Undeclared(), ["the ending '.JSON' must be a dot and small letters", "it declares .JSON"]),
        (Raises(), ["it raises FileNotFoundError", "it raises JSONDecodeError"]),
        (NamesTheFolder(), ["its `text` depends on where or when it is read", ]),
        (Leaves(), ["changed by reading: runs.jsonl.lock"]),
    ],
)  # fmt: skip
def test_what_breaks_the_contract_is_noticed_and_told_in_one_line(broken, reasons):
    told = [why for _, why in failures(source_checks(broken)) if why is not None]
    for reason in reasons:
        assert any(reason in why for why in told), told
    assert not any("\n" in why for why in told)


def test_a_source_of_ones_own_passes_with_its_default_settings(brought):
    brought("json_lines", JsonLines)
    assert [why for _, why in failures(checks_of(JsonLines)) if why] == []
