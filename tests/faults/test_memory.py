"""Memory that runs out, and processes that may not take any: one line, and what is finished is kept."""

import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ablate.cli import main
from ablate.track.local import LocalStore
from ablate.train.numpy_program import NumpyProgram

STUDY = """
title: Small
fixed: {dataset: rings, epochs: 1, dataset.train_size: 40, batch_size: 20, model.hidden: [4]}
factors: {norm: [none, batch]}
seeds: 2
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "small.yaml").write_text(STUDY, encoding="utf-8")
    monkeypatch.setenv("ABLATE_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def limited(megabytes: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000,) * 2)


def test_a_limit_below_what_openblas_reserves_is_refused_at_once(folder: Path) -> None:
    command = [sys.executable, "-m", "ablate", "run", "small"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, preexec_fn=limited(500)
    )
    assert done.returncode == 1
    assert re.fullmatch(r"ablate: this process may address 500 MB of memory .*OPENBLAS_NUM_THREADS=1\n", done.stderr)


def test_a_study_runs_within_a_limit_that_is_let_through(folder: Path) -> None:
    command = [sys.executable, "-m", "ablate", "run", "small", "--jobs", "1", "--no-report"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, preexec_fn=limited(1_500),
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "ABLATE_ROOT": str(folder), "OPENBLAS_NUM_THREADS": "2"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(LocalStore(folder).read("small").seeds) == 4


def test_runs_are_kept_where_there_is_no_memory_for_the_graph_beside_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def graph(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 95.4 MiB")

    monkeypatch.setattr(NumpyProgram, "graph", graph)
    assert main(["run", "small", "--jobs", "1", "--no-report"]) == 0
    assert "no graph of baseline: not enough memory (Unable to allocate 95.4 MiB)" in capsys.readouterr().err
    assert len(LocalStore(folder).read("small").seeds) == 4


def test_memory_that_runs_out_in_the_driver_is_one_line_and_the_same_command_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as broken:

        def judge(*_: object, **__: object) -> None:
            raise MemoryError("Unable to allocate 9 GiB")

        broken.setattr("ablate.work.reporting.judge_tracked", judge)
        assert main(["run", "small", "--jobs", "1"]) == 1
    said = capsys.readouterr().err
    assert "ablate: not enough memory: Unable to allocate 9 GiB; finished runs are kept" in said
    assert "Traceback" not in said
    assert main(["run", "small", "--jobs", "1", "--no-report"]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_run_that_gets_no_memory_is_crashed_and_the_others_go_on(folder: Path) -> None:
    study = STUDY.replace("norm: [none, batch]", "model.hidden: [[4], [9000, 9000]]").replace(
        "model.hidden: [4]", "optimizer: sgd"
    )
    (folder / "studies" / "small.yaml").write_text(study, encoding="utf-8")
    command = [sys.executable, "-m", "ablate", "run", "small", "--jobs", "2", "--no-report"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, preexec_fn=limited(1_500)
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "1 of 2 arms crashed" in done.stderr
    assert "Unable to allocate" in done.stderr
    seeds = LocalStore(folder).read("small").seeds
    assert sorted(seeds["outcome"] == "crashed") == [False, False, True, True]
