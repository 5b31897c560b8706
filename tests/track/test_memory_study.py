"""A whole study without a file: planned, run, judged and reported from the memory store as from the local one."""

import pandas as pd

from ablate.track.local import LocalStore
from ablate.track.memory import MemoryStore
from ablate.work.events import StoreReady
from ablate.work.judging import judge_tracked

from .small_study import run_small


def test_the_memory_store_gives_the_same_tables_and_verdicts_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = []
    memory = MemoryStore()
    run_small(memory, tmp_path, told.append)
    assert list(tmp_path.iterdir()) == []
    assert not any(isinstance(event, StoreReady) for event in told)
    local = LocalStore(tmp_path / "other")
    run_small(local, tmp_path, told.append)
    tables = [store.read("s") for store in (local, memory)]
    seeds = [one.seeds.drop(columns=["run_id", "seconds"]) for one in tables]
    timed = [column for column in seeds[0] if column.startswith("seconds/")]
    pd.testing.assert_frame_equal(*(one.drop(columns=timed)[sorted(one.drop(columns=timed))] for one in seeds))
    order = ["arm_id", "seed", "metric", "step"]
    curves = [one.curves.drop(columns="run_id").sort_values(order, ignore_index=True) for one in tables]
    pd.testing.assert_frame_equal(*curves)
    judged = [judge_tracked("s", None, store).verdicts for store in (local, memory)]
    assert judged[0] == judged[1]
