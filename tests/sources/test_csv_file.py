import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.errors import UserError
from ablate.sources.cells import decimal_commas, finite_number, whole
from ablate.sources.csv_file import CUT_CELL, CUT_LINE, read_table

CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8).map(str.strip)
TEXT = "norm,seed,acc\nnone,0,0.5\nbätch,1,0.25\n"


@pytest.fixture
def read(tmp_path):
    def call(data, needed=("norm", "seed")):
        path = tmp_path / "x.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return read_table(path, fits=lambda head: set(needed) <= set(head))

    return call


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", ()),
        ("utf-8-sig", ("the text is UTF-8 with a byte order mark",)),
        ("utf-16", ("the text is UTF-16",)),
        ("utf-16-le", ("the text is UTF-16",)),
        ("utf-16-be", ("the text is UTF-16",)),
        ("utf-32", ("the text is UTF-32",)),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_text_is_the_same_table_in_every_encoding(read, encoding, said, newline):
    table = read(TEXT.replace("\n", newline).encode(encoding))
    assert table.head == ("norm", "seed", "acc")
    assert [line.cells for line in table.lines] == [("none", "0", "0.5"), ("bätch", "1", "0.25")]
    assert [line.number for line in table.lines] == [2, 3]
    assert table.repairs == said


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("told", [False, True])
def test_the_separator_is_the_one_that_gives_the_columns_of_the_study(read, mark, told):
    table = read((f"sep={mark}\n" if told else "") + TEXT.replace(",", mark))
    assert table.head == ("norm", "seed", "acc")
    assert [line.number for line in table.lines] == ([3, 4] if told else [2, 3])


def test_a_separator_inside_a_cell_separates_nothing(read):
    assert read('norm;seed;note\nnone;0;"a;b,c"\nnone;1;d,e\n').column("note") == ["a;b,c", "d,e"]
    assert read('norm,seed,note\nnone,0,"a\nb"\nnone,1,c\n').lines[1].number == 4


def test_a_cell_may_be_as_long_as_the_file(read):
    limit = csv.field_size_limit()
    assert len(read(TEXT.replace("bätch", "x" * 300_000)).column("norm")[1]) == 300_000
    assert csv.field_size_limit() == limit


def test_blank_lines_are_passed_over_and_said(read):
    table = read("norm,seed,acc\n\nnone,0,0.5\n,,\nnone,1,0.5\n\n")
    assert len(table.lines) == 2
    assert table.repairs == ("blank lines are ignored",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "got 0 lines"),
        ("norm,seed\n", "got 1 line$"),
        (TEXT.encode("latin-1"), r"line 3: the file is not UTF-8 text \(byte 0xe4\)"),
        (TEXT.replace("none", "no\0ne"), "line 2: a NUL byte stands in the text"),
        (TEXT.replace("none,0", "none,0,1"), "line 2: 4 cells under 3 columns"),
        (TEXT.replace("none", '"none'), "line 2: a quotation mark is not closed"),
        (TEXT.replace("none", '"no"ne'), "line 2: ',' expected after '\"'"),
        (TEXT.replace("acc", "seed"), "the column 'seed' is there twice"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_the_place(read, data, message):
    with pytest.raises(UserError, match=message) as error:
        read(data)
    assert "\n" not in str(error.value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3).filter(any), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)  # fmt: skip
def test_whatever_cells_hold_they_are_read_as_they_were_written(read, rows, mark, encoding):
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator="\r\n").writerows([["norm", "seed", "x"], *rows])
    table = read(out.getvalue().encode(encoding))
    assert [list(line.cells) for line in table.lines] == rows


def test_numbers_are_those_that_a_spreadsheet_writes_and_nothing_else():
    assert [finite_number(text) for text in ("1", "-.5", "1e-3", "+2.", "\N{MINUS SIGN}3")] == [
        1.0,
        -0.5,
        0.001,
        2.0,
        -3.0,
    ]
    for text in ("", "nan", "inf", "1e999", "1_000", "0x1", "90 %", "1,5", "=1+1", "٣"):
        assert finite_number(text) is None
    assert finite_number("1,5", comma=True) == 1.5
    assert finite_number("1.5", comma=True) == 1.5
    assert finite_number("1,5,0", comma=True) is None


def test_whole_numbers_keep_every_digit():
    assert [whole(text) for text in ("3", "3.0", "3,00", "3.")] == [3, 3, 3, 3]
    assert whole("9223372036854775807.0") == 9223372036854775807
    for text in ("3.5", "", "1e3", "nan", "9" * 5_000):
        assert whole(text) is None


def test_decimal_commas_need_a_number_that_can_be_nothing_else(tmp_path):
    def tell(*cells):
        return decimal_commas(tmp_path, enumerate(cells, start=2))

    assert tell("0,904", "1,234")
    assert not tell("0.904", "7", "none", "3.0")
    assert tell("0,5", "3.0")  # a seed that pandas saved
    with pytest.raises(UserError, match=r"line 2: '1,234' can be read as 1\.234 or as 1234"):
        tell("1,234", "5")
    with pytest.raises(UserError, match=r"line 2 has the number '0,5' and line 3 has '0.7'"):
        tell("0,5", "0.7")


def test_a_last_line_that_was_not_finished_is_told(read):
    cut = read("norm,seed,acc\nnone,0,0.5\nnone,1")
    assert ([line.cells for line in cut.lines], cut.repairs) == ([("none", "0", "0.5")], (CUT_LINE,))
    open_end = read("norm,seed,acc\nnone,0,0.5\nnone,1,0.")
    assert ([line.cells[2] for line in open_end.lines], open_end.repairs) == (["0.5", "0."], (CUT_CELL,))
    for broken in ("norm,seed,acc\nnone,0,0.5\nnone,1\n", "norm,seed,acc\nnone,0\nnone,1,0.5"):
        with pytest.raises(UserError, match="2 cells under 3 columns"):
            read(broken)
