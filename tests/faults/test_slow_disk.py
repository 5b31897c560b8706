"""A disk on which every write takes its time: the study takes longer, and ends with the same verdicts."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STUDY = """
title: Small
fixed: {dataset: rings, epochs: 1, dataset.train_size: 40, batch_size: 20, model.hidden: [4]}
factors: {norm: [none, batch]}
seeds: 6
claims:
  - {id: better, says: Norm helps, metric: final/test_accuracy, arm: {norm: batch}, against: {norm: none},
     by_at_least: 0.01}
"""

SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static void late(long ms) {
    struct timespec t = {0, ms * 1000000L};
    static int said;
    if (!said++) close(open(getenv("SAID"), O_CREAT | O_WRONLY, 0600));
    nanosleep(&t, 0);
}

#define SLOW(result, name, ms, given, passed) \
    result name given { \
        static result (*real) given; \
        if (!real) real = (result (*) given) dlsym(RTLD_NEXT, #name); \
        late(ms); \
        return real passed; \
    }

SLOW(int, fsync, 50, (int file), (file))
SLOW(int, fdatasync, 50, (int file), (file))
SLOW(ssize_t, pwrite64, 1, (int file, const void *data, size_t size, off64_t at), (file, data, size, at))
"""


@pytest.fixture
def slow(tmp_path: Path) -> str:
    """Give a library that makes writes late when it is loaded first."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler")
    (tmp_path / "slow.c").write_text(SLOW, encoding="utf-8")
    library = tmp_path / "slow.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "slow.c", "-ldl"], check=True)
    return str(library)


def verdict(root: Path, **more: str) -> Any:
    """Run the study below a root, and return its verdict."""
    (root / "studies").mkdir(parents=True)
    (root / "studies" / "small.yaml").write_text(STUDY, encoding="utf-8")
    environment = {**os.environ, "ABLATE_ROOT": str(root), **more}
    for words in (["run", "small", "--jobs", "2", "--no-report"], ["verdict", "small", "--json"]):
        command = [sys.executable, "-m", "ablate", *words]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 1, 3), done.stderr
    return json.loads(done.stdout)["verdicts"]


def test_a_slow_disk_costs_time_and_nothing_else(tmp_path: Path, slow: str) -> None:
    late = verdict(tmp_path / "late", LD_PRELOAD=slow, SAID=str(tmp_path / "said"))
    assert (tmp_path / "said").exists()  # the library was loaded, and was used
    assert late == verdict(tmp_path / "plain")
