"""Study files, overrides, tables, verdicts, stores, archives: whatever they hold, it is read or refused in one line.

300 cases in the suite; `-m long` tries 5,000 more.
"""

import copy
import io
import json
import shutil
import sqlite3
import zipfile
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.app.explain import explained
from ablate.app.request import check_overrides
from ablate.data import Cifar10, Mnist, Npz
from ablate.errors import AblateError, UserError
from ablate.manifest import NAME, Part, publish
from ablate.programs.function import Function
from ablate.registry import component, ours
from ablate.report.findings.folder import read_finding
from ablate.resources import findings_folder, study_folders
from ablate.sources.choose import source_for
from ablate.sources.csv_file import read_table
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in
from ablate.sweep.imported import import_runs
from ablate.sweep.study_file import load_study, parse_study
from ablate.sweep.yaml_reader import read_yaml
from ablate.track.archive import read_archive, write_archive
from ablate.track.local import LocalStore
from ablate.work.bench import Bench
from ablate.work.exporting import archived_studies
from ablate.work.findings import differences, judge_findings
from ablate.work.importing import import_study
from ablate.work.judging import judge_tracked

assert Function.__name__  # registers the Programs that stored studies name

HERE = Path(__file__).parents[2]
RUNS = (
    {"seed": 0, "norm": "none", "lr": 0.1, "acc": 0.5, "outcome": "finished"},
    {"seed": 1, "norm": "none", "lr": 0.1, "acc": 0.6, "outcome": "finished"},
    {"seed": 0, "norm": "batch", "lr": 0.1, "acc": 0.7, "outcome": "finished"},
    {"seed": 1, "norm": "batch", "lr": 0.1, "acc": 0.8, "outcome": "finished"},
)
IMPORTED = {
    "title": "t", "factors": {"norm": ["none", "batch"]}, "seeds": 2, "metrics": {"acc": "higher"},
    "claims": [{"id": "c", "says": "s", "metric": "acc", "arm": {"norm": "batch"}, "against": {"norm": "none"}}],
}  # fmt: skip
ODD = (
    None, True, 0, -1, 10**30, 2**63, 1e308, -1e308, 5e-324, "", "x" * 300, "9" * 5_000, "\n", "\x1b[2J", "$\\foo$",
    "${oc.env:HOME}", "../x", "/etc/passwd", "~nobody", "批", "=1+1", "javascript:alert(1)", "inf", "nan", [], [[]], {},
    {"a": 1}, {"": {}}, [None], [1, 1.0, True], ["a"] * 50, [{}], {"kind": "effect"}, {"code": "x", "numbers": {}},
)  # fmt: skip
TEXTS = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b'"', b"'", b",", b";", b"\t", b"\r", b"{", b"[", b"*a", b"&a [*a, *a]",
    b"!!python/object:os.system", b"? [a]\n: b", b"- " * 60, b"[" * 60, b"1e999", b"9" * 5_000, b"${oc.env:HOME}",
    b"~nobody", b"[" * 2_000,
    b"-" * 9, b"\x1b[2J", b"=cmd|'/c calc'!A1", b"\xe2\x80\xa8", b": ", b"seeds: 1000000000\n", b"<<: *x",
)  # fmt: skip


@st.composite
def damaged(draw, data, words=TEXTS):
    """Return bytes that were cut, changed, or had something put into them, in a few places."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        what = draw(st.sampled_from(["put", "put", "byte", "cut", "delete", "twice"]))
        if what == "put":
            data[at:at] = draw(st.sampled_from(words))
        elif what == "byte":
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif what == "cut":
            del data[at:]
        elif what == "delete":
            del data[at : at + draw(st.integers(1, 40))]
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 200))]
    return bytes(data)


def places(value, path=()):
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


@st.composite
def altered(draw, document):
    """Return a document of JSON's kinds with something else in a few of its places."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        every = list(places(document))
        if not every:
            break
        *above, last = draw(st.sampled_from(every))
        at = document
        for key in above:
            at = at[key]
        what = draw(st.sampled_from(["odd", "odd", "gone", "other"]))
        if what == "gone":
            del at[last]
        elif what == "odd":
            at[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
        else:
            other = document
            for key in draw(st.sampled_from(every)):
                other = other[key]
            at[last] = copy.deepcopy(other)
    return document


def reads_or_says_why(read):
    """Allowed are a result, and one error of ours in one line of some length."""
    said = ""
    try:
        read()
    except AblateError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 3_000


@pytest.fixture(params=[25, pytest.param(420, marks=[pytest.mark.long, pytest.mark.timeout(3_000)])], ids=str)
def each(request):
    """Run a test's cases: few in the suite, many in the long harness."""

    def run(case):
        quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
        short = request.param < 100  # the same cases each time: what is random is for the long harness
        own = settings(max_examples=request.param, deadline=None, suppress_health_check=quiet, derandomize=short)
        own(given(st.data())(case))()

    return run


STUDIES = [path for folder in study_folders() for path in sorted(folder.glob("*.yaml"))]
FINDINGS = [findings_folder() / name for name in ("book-weight-decay", "book-dropout", "book-batchnorm")]


def test_the_text_of_a_study_file(each, tmp_path):
    texts, path = [path.read_bytes() for path in STUDIES], tmp_path / "study.yaml"

    def case(data):
        path.write_bytes(data.draw(st.sampled_from(texts).flatmap(damaged)))
        reads_or_says_why(lambda: load_study(str(path)))

    each(case)


def test_the_values_of_a_study_file(each):
    held = [read_yaml(path.read_text(encoding="utf-8")) for path in STUDIES]

    def case(data):
        study = data.draw(st.sampled_from(held).flatmap(altered))
        reads_or_says_why(lambda: parse_study(study, where="study.yaml"))

    each(case)


def test_overrides(each):
    words = ["norm=none,batch", "optimizer.lr=0.1,1e-3", "init.std=range(0,1,0.5)", "model.hidden=[10,10],[20]",
             "program.params.a={x:1,y:'b c'}", "seeds=8", "dropout=glob(b*)", "target_accuracy=null", "~norm",
             "++program.target=train.py:train", "hydra.sweep.dir=x", "tune={optimizer.lr:[0.1,1],seeds:2}"]  # fmt: skip

    def case(data):
        word = data.draw(st.sampled_from(words).flatmap(lambda w: damaged(w.encode()))).decode(errors="surrogateescape")
        reads_or_says_why(lambda: read_override(word))

    each(case)


def read_override(word):
    with explained():  # what Hydra's own grammar refuses
        check_overrides([word])


@pytest.mark.parametrize("word", ["\norm=\udc80", "a\rb=[[\udc80]]", "\x1bnorm={a: \udc80}", "~\n=\udc80"])
def test_an_override_that_is_no_text_is_told_in_one_line(word):
    with pytest.raises(UserError, match="half a character") as told:
        read_override(word)
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    "place", ["{long}norm=none,batch", "norm={long}", "norm=a,{long}", "{long}=1", "~{long}", "a.{long}=1"]
)
@pytest.mark.parametrize("long", ["9" * 5_000, "x" * 5_000, "[" * 5_000, "{a: " * 2_000, "'" + "x" * 5_000])
def test_an_override_of_any_length_is_told_in_a_short_line(place, long):
    reads_or_says_why(lambda: read_override(place.replace("{long}", long)))


def table_text():
    return "\n".join([",".join(RUNS[0]), *(",".join(map(str, run.values())) for run in RUNS)]).encode()


def test_a_table_that_a_study_judges(each, tmp_path):
    study, path = parse_study(IMPORTED, where="s"), tmp_path / "runs.csv"

    def case(data):
        path.write_bytes(data.draw(damaged(table_text())))
        chosen = source_for(str(path))
        reads_or_says_why(lambda: import_runs(study, chosen, name="n", command="c", leave_out=["lr"]))

    each(case)


def test_a_table_without_a_study(each, tmp_path):
    path = tmp_path / "runs.csv"

    def case(data):
        path.write_bytes(data.draw(damaged(table_text())))

        def read():
            table = read_table(path, fits=lambda head: len(head) > 1)
            parse_study(found_in(table, Asked(metrics={"acc": "higher"}), name="n").study, where="n")

        reads_or_says_why(read)

    each(case)


def test_a_verdicts_json(each, tmp_path):
    held = [json.loads((folder / "verdicts.json").read_text(encoding="utf-8")) for folder in FINDINGS]

    def case(data):
        (tmp_path / "verdicts.json").write_text(json.dumps(data.draw(st.sampled_from(held).flatmap(altered))))
        reads_or_says_why(lambda: read_finding(tmp_path))

    each(case)


def test_verdicts_judged_again_from_their_runs_csv(each, tmp_path):
    held = json.loads((FINDINGS[0] / "verdicts.json").read_text(encoding="utf-8"))
    runs = (FINDINGS[0] / "runs.csv").read_bytes()

    def case(data):
        which = data.draw(st.sampled_from(["verdicts", "runs", "both"]))
        (tmp_path / "verdicts.json").write_text(json.dumps(held if which == "runs" else data.draw(altered(held))))
        (tmp_path / "runs.csv").write_bytes(runs if which == "verdicts" else data.draw(damaged(runs)))

        def read():
            judged, document = judge_findings(tmp_path)
            differences(document["verdicts"], judged.verdicts)

        reads_or_says_why(read)

    each(case)


def test_every_source_of_results(each, tmp_path):
    found = []
    for number, (name, cls) in enumerate(sorted(ours("source").items())):
        folder = tmp_path / str(number)
        folder.mkdir()
        address = cls().example(folder, [dict(run) for run in RUNS])
        _, colon, rest = address.partition(":")
        told = rest if colon and address.partition(":")[0] in cls.schemes else address
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        found += [(name, told, path, path.read_bytes()) for path in files[:3]]

    def case(data):
        name, told, path, held = data.draw(st.sampled_from(found))
        path.write_bytes(data.draw(damaged(held)))
        try:
            reads_or_says_why(lambda: component("source", name)().read(told, fits=lambda head: "acc" in head))
        finally:
            path.write_bytes(held)

    each(case)


def test_a_data_file(each, tmp_path):
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    np.savez_compressed(stream, x=rng.integers(256, size=(12, 4, 4)).astype(np.uint8), y=np.arange(12) % 2)
    images = bytes([0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 4, 0, 0, 0, 4]) + bytes(range(0, 200, 10)) * 16
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 20]) + bytes([*range(10)] * 2)
    mnist = {
        f"{part}-{what}-ubyte": held
        for part in ("train", "t10k")
        for what, held in (("images-idx3", images), ("labels-idx1", labels))
    }
    cifar = dict.fromkeys([*Cifar10.train_files, Cifar10.test_file], b"".join(bytes([n]) * 3_073 for n in range(10)))
    kinds = [
        ({"data.npz": stream.getvalue()}, lambda place: Npz(path=str(place / "data.npz"))),
        (mnist, lambda place: Mnist(folder=str(place))),
        (cifar, lambda place: Cifar10(folder=str(place))),
    ]

    def case(data):
        files, made = data.draw(st.sampled_from(kinds))
        name = data.draw(st.sampled_from(sorted(files)))
        for each_, held in files.items():
            (tmp_path / each_).write_bytes(held)
        (tmp_path / name).write_bytes(data.draw(damaged(files[name])))
        reads_or_says_why(made(tmp_path).examples)

    each(case)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a small study, whose runs were imported: nothing is trained."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "runs.csv").write_bytes(table_text())
    bench = Bench(given=LocalStore(folder))
    session = import_study(
        parse_study(IMPORTED, where="s"), source_for(str(folder / "runs.csv")), bench, name="tiny", command="c",
        leave_out=["lr"], report=False,
    )  # fmt: skip
    assert session
    return folder


def test_an_archive_of_a_study(each, project, tmp_path):
    path = tmp_path / "tiny.zip"
    write_archive(path, archived_studies("tiny", LocalStore(project)))
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as held:
        parts = {name: held.read(name) for name in held.namelist()}

    def case(data):
        if data.draw(st.booleans()):
            path.write_bytes(data.draw(damaged(whole)))
        else:  # parts that were changed by somebody who knows how they are checked
            name = data.draw(st.sampled_from([one for one in parts if one.endswith(("json", "jsonl"))]))
            lines = parts[name].decode().split("\n")
            place = data.draw(st.integers(0, len(lines) - 1))
            lines[place] = json.dumps(data.draw(altered(json.loads(lines[place]))))
            changed = {**parts, name: "\n".join(lines).encode()}
            head = json.loads(changed["archive.json"]) if name != "archive.json" else None
            if head is not None:
                head["parts"] = {
                    one: sha256(text).hexdigest() for one, text in changed.items() if one != "archive.json"
                }
                changed["archive.json"] = json.dumps(head).encode()
            with zipfile.ZipFile(path, "w") as out:
                for one, text in changed.items():
                    out.writestr(one, text)

        def read():
            for study in read_archive(path):
                parse_study(study.plan.definition, where="archive", stored=True)

        reads_or_says_why(read)

    each(case)


def test_a_store(each, project, tmp_path):
    root = tmp_path / "store"
    shutil.copytree(project, root, symlinks=True)
    store, database = LocalStore(root), root / "mlruns" / "mlflow.db"
    files = sorted(path for path in (root / "mlruns" / "artifacts").rglob("*.json"))
    kept = {path: path.read_bytes() for path in files}
    with closing(sqlite3.connect(database)) as connection:
        tags = connection.execute("SELECT run_uuid, key, value FROM tags WHERE key LIKE 'ablate%'").fetchall()

    def put(run, key, value):
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE tags SET value = ? WHERE run_uuid = ? AND key = ?", (value, run, key))

    def read():
        store.studies()
        judge_tracked("tiny", None, store)
        store.logged("tiny", key=store.plan("tiny").key)

    def case(data):
        if data.draw(st.booleans()):
            path = data.draw(st.sampled_from(files))
            held = json.loads(kept[path])
            path.write_bytes(data.draw(st.one_of(damaged(kept[path]), altered(held).map(json.dumps).map(str.encode))))
            reads_or_says_why(read)
            path.write_bytes(kept[path])
        else:
            run, key, value = data.draw(st.sampled_from(tags))
            put(run, key, data.draw(damaged(value.encode())).decode(errors="replace").replace("\0", ""))
            reads_or_says_why(read)
            put(run, key, value)

    each(case)


def test_a_manifest(each, tmp_path):
    publish(tmp_path, [Part("report", {"a.txt": "one", "b/c.txt": "two"})])
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / "precious.txt").write_text("mine")
    outside = tmp_path.parent / "outside.txt"
    outside.write_text("mine")
    words = (*TEXTS, b'"precious.txt": {"part": "report", "sha256": []}, ', b'"../outside.txt": ', b'"partial": "..",')

    def case(data):
        (tmp_path / NAME).write_bytes(data.draw(damaged(whole, words)))
        reads_or_says_why(lambda: publish(tmp_path, [Part("report", {"a.txt": "three"})]))
        assert (tmp_path / "precious.txt").read_text() == outside.read_text() == "mine"
        with suppress(FileNotFoundError):
            (tmp_path / NAME).unlink()

    each(case)
