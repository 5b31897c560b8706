"""Writes stores/wandb/, stores/wandb_export.csv and stores/wandb_curves/ with the real library, without a network.

`pip install wandb==0.31.0 pandas`, then `python make_wandb.py stores`. Sixteen runs, of which one failed (its program
ended with an error) and one was killed (its log has no end). In the other folder three runs whose metrics are logged at
steps of their own, one of them in two parts (its program went on with `resume`).
"""

import math
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path


def begin(folder, **more):
    import wandb

    return wandb.init(
        mode="offline", dir=folder, reinit="finish_previous", settings=wandb.Settings(
            console="off", disable_git=True, disable_code=True, x_disable_meta=True, x_disable_stats=True,
            host="host", x_save_requirements=False,
        ), **more,
    )  # fmt: skip


def keep(folder, out):
    shutil.rmtree(out, ignore_errors=True)
    for path in sorted(Path(folder).glob("wandb/offline-run-*/*.wandb")):
        (out / path.parent.name).mkdir(parents=True)
        shutil.copy(path, out / path.parent.name)


def curves(stores):
    """Write a run with gaps, one with values that are no numbers, and one that was resumed."""
    with tempfile.TemporaryDirectory() as folder:
        run = begin(folder, project="curves", id="gaps", name="gaps", config={"lr": 0.1})
        for step in (0, 10, 20, 30):
            run.log({"train/loss": 1.0 / (step + 1), "epoch": step // 10}, step=step)
            if step % 20 == 0:
                run.log({"val": {"acc": 0.5 + step / 100}, "done": step == 20, "note": "fine"}, step=step)
        run.finish()
        run = begin(folder, project="curves", id="broken", name="broken", config={"lr": 10.0})
        for value in (2.0, math.inf, math.nan):
            run.log({"train/loss": value, "val": {"acc": 0.5}})
        run.summary["val"] = {"acc": 0.9}  # its best, say
        run.finish()
        for part in ((0.3, 0.4, 0.5), (0.6, 0.7)):
            run = begin(folder, project="curves", id="again", name="again", config={"lr": 0.2}, resume="allow")
            first = 0 if part[0] == 0.3 else 2
            for step, value in enumerate(part, start=first):  # the last step before is made again
                run.log({"val": {"acc": value}}, step=step)
            run.finish()
            time.sleep(1.1)  # folders are named by the second
        keep(folder, Path(stores) / "wandb_curves")


def main(stores):
    import pandas as pd
    import wandb

    curves(stores)
    rng = random.Random(5)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for optimizer in ("sgd", "adam"):
            for seed in range(8):
                config = {"optimizer": optimizer, "seed": seed, "model": {"depth": 3, "width": 64}, "batch_size": 32}
                run = begin(
                    folder, project="optimizers", config=config, name=f"{optimizer}-{seed}", group=optimizer,
                    job_type="train",
                )  # fmt: skip
                run.define_metric("val/best_acc", summary="max")
                best = 0.9 + 0.02 * (optimizer == "adam") + rng.gauss(0, 0.004)
                for step in range(4):
                    run.log(
                        {
                            "val/acc": best - 0.1 / 2**step,
                            "val/best_acc": best - 0.1 / 2**step,
                            "train": {"loss": 1 / (step + 1)},
                            "weights": wandb.Histogram([rng.gauss(0, 1) for _ in range(20)]),
                        }
                    )
                summary = {key: value for key, value in run.summary._as_dict().items() if key != "weights"}
                rows.append({"summary": summary, "config": dict(run.config), "name": run.name})
                run.finish(exit_code=1 if (optimizer, seed) == ("sgd", 5) else 0)
        out = Path(stores) / "wandb"
        keep(folder, out)
        killed = sorted(out.glob("*/*.wandb"))[6]  # sgd-6: as a process that was killed leaves it
        killed.write_bytes(killed.read_bytes()[:-60])
    pd.DataFrame(rows).to_csv(Path(stores) / "wandb_export.csv", index=False)  # as the manual exports runs


if __name__ == "__main__":
    main(sys.argv[1])
