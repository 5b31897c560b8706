"""Parquet files and Excel workbooks, written by the real libraries, and tables of pandas and polars."""

import datetime as dt
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ablate
from ablate.errors import UserError
from ablate.face.judging import frame_table
from ablate.sources import workbooks
from ablate.sources.choose import source_for
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in


def read(address):
    return source_for(address).read(fits=lambda head: len(head) > 1)


def runs(n=8):
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {"norm": norm, "lr": lr, "seed": seed, "val_acc": round(0.9 + 0.02 * (norm == "batch") + rng.normal() / 300, 5)}
        for norm in ("none", "batch") for lr in (0.1, 0.01) for seed in range(n)
    )  # fmt: skip


def found(table):
    return found_in(table, Asked(), name="runs").study


def test_parquet_of_pandas_polars_and_arrow_is_the_table_that_was_written(tmp_path):
    frame = runs().assign(when=pd.Timestamp("2026-01-02 03:04:05"))
    frame["lr"] = frame["lr"].astype("float32")
    frame["norm"] = frame["norm"].astype("category")
    frame.iloc[4:].to_parquet(tmp_path / "runs.parquet")  # with an index that has no name
    table = read(tmp_path / "runs.parquet")
    assert set(table.head) == {"norm", "lr", "seed", "val_acc", "when"}
    assert set(table.column("lr")) == {"0.1", "0.01"}
    assert table.column("when")[0] == "2026-01-02T03:04:05"
    assert found(table)["factors"] == {"norm": ["batch", "none"], "lr": [0.01, 0.1]}
    frame.set_index(["norm", "seed"]).to_parquet(tmp_path / "indexed.pq")
    assert set(read(tmp_path / "indexed.pq").head) == set(table.head)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("cut.parquet", lambda p: p.write_bytes(b"PAR1 half a file"), "cannot be read as a Parquet file"),
        ("empty.parquet", lambda p: p.write_bytes(b""), "cannot be read as a Parquet file"),
        ("gone.parquet", lambda p: None, "No such file or directory"),
        ("folder.parquet", lambda p: p.mkdir(), "is a folder; expected a file"),
        ("none.parquet", lambda p: pq.write_table(pa.table({"a": pa.array([], "i8")}), p), "a row per run, got none"),
        ("gone.xlsx", lambda p: None, "No such file or directory"),
        ("text.xlsx", lambda p: p.write_text("norm,acc\n"), "cannot be read as an Excel workbook"),
        ("other.xlsx", lambda p: zipfile.ZipFile(p, "w").close(), "cannot be read as an Excel workbook"),
        ("old.xls", lambda p: p.write_bytes(b"\xd0\xcf"), r"old workbooks \(.xls\) are not read"),
        ("bare.xlsx", lambda p: openpyxl.Workbook().save(p), "got an empty workbook"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_line(name, write, message, tmp_path):
    write(tmp_path / name)
    with pytest.raises(UserError, match=message):
        read(tmp_path / name)


def test_a_workbook_that_is_cut_off_is_one_line(tmp_path):
    runs().to_excel(tmp_path / "runs.xlsx")
    whole = (tmp_path / "runs.xlsx").read_bytes()
    for share in (3, 2):
        (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) * (share - 1) // share])
        with pytest.raises(UserError, match="cannot be read as an Excel workbook"):
            read(tmp_path / "cut.xlsx")


def rewritten(source, target, change):
    """Write a workbook once more, the text of its only sheet changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith("sheet1.xml") else old.read(name))


@pytest.mark.parametrize(
    ("declared", "asked", "message"),
    [
        ("".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "ha"}">' for i in range(10)), "&e9;", "amplification"),
        (f'<!ENTITY e "{"a" * 100_000}">', "&e;" * 20_000, "amplification"),
        ('<!ENTITY e SYSTEM "file:///etc/hostname">', "&e;", "undefined entity"),
    ],
    ids=["a billion laughs", "quadratic", "another file"],
)
def test_names_in_a_workbook_do_not_grow_and_fetch_nothing(declared, asked, message, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["norm", "seed", "acc"])
    book.save(tmp_path / "runs.xlsx")

    def change(sheet):
        return f"<!DOCTYPE x [{declared}]>".encode() + sheet.replace(b">norm<", f">{asked}<".encode())

    rewritten(tmp_path / "runs.xlsx", tmp_path / "trap.xlsx", change)
    with pytest.raises(UserError, match=message):
        read(tmp_path / "trap.xlsx")


def test_what_would_fill_the_memory_is_refused_before_it_does(tmp_path, monkeypatch):
    runs().to_excel(tmp_path / "runs.xlsx")
    rows = "".join(f'<row r="{at}"><c r="A{at}"><v>1</v></c></row>' for at in range(50, 150)).encode()
    end = b"</sheetData>"
    rewritten(tmp_path / "runs.xlsx", tmp_path / "long.xlsx", lambda xml: xml.replace(end, rows + end))
    monkeypatch.setattr(workbooks, "_ROWS", 100)
    with pytest.raises(UserError, match="a sheet of more than 100 rows"):
        read(tmp_path / "long.xlsx")
    assert len(read(tmp_path / "runs.xlsx").lines) == 32
    with zipfile.ZipFile(tmp_path / "grows.xlsx", "w", zipfile.ZIP_DEFLATED) as trap, trap.open("a", "w") as part:
        for _ in range(300):
            part.write(b" " * 2**20)
    with pytest.raises(UserError, match="would unpack to 300 MB"):
        read(tmp_path / "grows.xlsx")
    pq.write_table(
        pa.table({"a": pa.DictionaryArray.from_arrays(np.zeros(60_000_000, np.int8), ["x"])}), tmp_path / "rows.parquet"
    )
    assert (tmp_path / "rows.parquet").stat().st_size < 1_000_000
    with pytest.raises(UserError, match="60,000,000 rows of 1 columns"):
        read(tmp_path / "rows.parquet")


def test_a_sheet_of_pandas_is_read_with_its_index_left_out(tmp_path):
    runs().to_excel(tmp_path / "runs.xlsx")
    table = read(tmp_path / "runs.xlsx")
    assert table.head == ("", "norm", "lr", "seed", "val_acc")
    assert table.lines[0].number == 2
    assert found(table)["factors"] == {"norm": ["none", "batch"], "lr": [0.1, 0.01]}


def test_several_sheets_are_named_and_asked_for(tmp_path):
    path = tmp_path / "both.xlsx"
    with pd.ExcelWriter(path) as book:
        runs().to_excel(book, sheet_name="cifar", index=False)
        runs().assign(val_acc=0.5).to_excel(book, sheet_name="svhn", index=False)
        pd.DataFrame().to_excel(book, sheet_name="empty")
    with pytest.raises(UserError, match=f"holds 2 sheets: say which with excel:{path}#NAME, one of cifar, svhn"):
        read(path)
    assert set(read(f"excel:{path}#svhn").column("val_acc")) == {"0.5"}
    with pytest.raises(UserError, match=r"unknown sheet in .* 'cifr': .*nearest match: cifar"):
        read(f"excel:{path}#cifr")


def test_what_people_put_into_sheets_is_read_or_told(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Results of spring"])
    sheet.append([])
    sheet.append([None, "norm", "seed", "acc", "made"])
    for i in range(12):
        made = dt.datetime(2026, 3, 1 + i)
        sheet.append([None, ("none", "batch")[i % 2], i // 2, 0.9 + i / 1000, made])
        if i == 5:
            sheet.append([])
    book.save(tmp_path / "runs.xlsx")
    table = read(tmp_path / "runs.xlsx")
    assert table.head == ("", "norm", "seed", "acc", "made")
    assert [line.number for line in table.lines][:2] == [4, 5]
    assert table.repairs == ("rows above the table are ignored", "blank lines are ignored")
    sheet["D4"] = "=AVERAGE(D5:D8)"
    book.save(tmp_path / "formula.xlsx")
    with pytest.raises(UserError, match=r"cell D4: the formula '=AVERAGE\(D5:D8\)' has no result"):
        read(tmp_path / "formula.xlsx")


def test_a_frame_gives_the_same_verdicts_as_its_files(tmp_path):
    pl = pytest.importorskip("polars")
    frame = runs()
    frame.to_csv(tmp_path / "runs.csv", index=False)
    frame.to_parquet(tmp_path / "runs.parquet")
    of_polars = pl.DataFrame(frame.to_dict("list")).with_columns(
        pl.col("norm").cast(pl.Categorical), pl.col("lr").cast(pl.Float32)
    )
    of_polars.write_parquet(tmp_path / "polars.parquet")
    given = [
        frame, frame.set_index("seed"), frame.convert_dtypes(), of_polars, of_polars.lazy(), tmp_path / "runs.csv",
        tmp_path / "runs.parquet", tmp_path / "polars.parquet",
    ]  # fmt: skip
    effects = [[(v.claim_id, v.effect) for v in ablate.judge_runs(one).verdicts] for one in given]
    assert effects[0][0][0] == "norm-batch"
    assert all(own == effects[0] for own in effects)


def test_a_frame_that_is_no_table_of_runs_is_one_line():
    with pytest.raises(UserError, match="expected a row per run, got none"):
        ablate.judge_runs(runs().iloc[:0])
    with pytest.raises(UserError, match="'lr' is there twice"):
        ablate.judge_runs(pd.concat([runs(), runs()[["lr"]]], axis=1))
    nested = runs(1).assign(config=[{"a": 1}] * 4)
    assert frame_table(nested).column("config")[0] == '{"a": 1}'


def test_a_workbook_in_which_any_byte_was_changed_is_read_or_told_in_one_line(tmp_path):
    runs().to_excel(tmp_path / "runs.xlsx")
    whole, told = (tmp_path / "runs.xlsx").read_bytes(), []
    for at in range(0, len(whole), 29):
        (tmp_path / "changed.xlsx").write_bytes(whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :])
        try:
            read(tmp_path / "changed.xlsx")
        except UserError as error:
            told.append(str(error))
    assert len(told) > 20
    assert not any("\n" in one for one in told)
