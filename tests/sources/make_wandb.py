"""Writes stores/wandb/ and stores/wandb_export.csv with the real library, without a network.

`pip install wandb==0.31.0 pandas`, then `python make_wandb.py stores`. Sixteen runs, of which one failed (its program
ended with an error) and one was killed (its log has no end).
"""

import random
import shutil
import sys
import tempfile
from pathlib import Path


def main(stores):
    import pandas as pd
    import wandb

    rng = random.Random(5)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for optimizer in ("sgd", "adam"):
            for seed in range(8):
                config = {"optimizer": optimizer, "seed": seed, "model": {"depth": 3, "width": 64}, "batch_size": 32}
                run = wandb.init(
                    project="optimizers", mode="offline", dir=folder, config=config, name=f"{optimizer}-{seed}",
                    group=optimizer, job_type="train", reinit="finish_previous",
                    settings=wandb.Settings(
                        console="off", disable_git=True, disable_code=True, x_disable_meta=True, x_disable_stats=True,
                        host="host", x_save_requirements=False,
                    ),
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
        shutil.rmtree(out, ignore_errors=True)
        for path in sorted(Path(folder).glob("wandb/offline-run-*/*.wandb")):
            (out / path.parent.name).mkdir(parents=True)
            shutil.copy(path, out / path.parent.name)
        killed = sorted(out.glob("*/*.wandb"))[6]  # sgd-6: as a process that was killed leaves it
        killed.write_bytes(killed.read_bytes()[:-60])
    pd.DataFrame(rows).to_csv(Path(stores) / "wandb_export.csv", index=False)  # as the manual exports runs


if __name__ == "__main__":
    main(sys.argv[1])
