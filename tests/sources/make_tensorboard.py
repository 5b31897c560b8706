"""Writes logs/tensorboard with the real writers: `pip install torch tensorboard`, then `python make_tensorboard.py`.

What is trained does not matter here, so curves are drawn from a seed.
Sixteen runs in two arms, logged by PyTorch's `SummaryWriter` with `add_hparams`; on purpose
  norm=batch seed 3 was restarted from step 5, in a second event file,
  norm=none seed 6 was stopped at step 4, while it wrote,
  one folder holds an event file without a scalar, one a run without settings.
Beside them `nested`: runs with `train` and `validation` folders, whose settings only the names of folders tell.
"""

import random
import shutil
from pathlib import Path

HERE = Path(__file__).parent / "logs"
STEPS = 12


def curve(norm, seed, part, *, again=False):
    """Return accuracies at every step; the last is 0.9 and more."""
    rng = random.Random(f"{norm} {seed} {part} {again}")
    speed = {"none": 4.0, "batch": 2.0}[norm]
    top = 0.90 + 0.02 * (norm == "batch") + rng.gauss(0, 0.004)
    return [round(top * (1 - 0.8 * 2 ** (-step / speed)) + rng.gauss(0, 0.002), 4) for step in range(1, STEPS + 1)]


def _only_file(folder):
    (path,) = folder.glob("events*")
    return path


def main():
    from torch.utils.tensorboard import SummaryWriter

    root = HERE / "tensorboard"
    shutil.rmtree(root, ignore_errors=True)
    for norm in ("none", "batch"):
        for seed in range(8):
            folder = root / f"{norm}_{seed}"
            writer = SummaryWriter(str(folder))
            stop = 4 if (norm, seed) == ("none", 6) else STEPS
            values = curve(norm, seed, "val")
            for step, value in enumerate(values[:stop], start=1):
                writer.add_scalar("val/acc", value, step)
                writer.add_scalar("train/loss", round(1.5 - value, 4), step, new_style=True)
            if (norm, seed) == ("batch", 3):
                writer.close()
                writer = SummaryWriter(str(folder), filename_suffix=".restarted")
                for step, value in enumerate(curve(norm, seed, "val", again=True)[4:], start=5):
                    writer.add_scalar("val/acc", value, step)
                    writer.add_scalar("train/loss", round(1.5 - value, 4), step, new_style=True)
            writer.add_hparams({"norm": norm, "lr": 0.1, "seed": seed}, {"hparam/last": values[stop - 1]})
            writer.close()
            if stop < STEPS:
                path = _only_file(folder)
                path.write_bytes(path.read_bytes()[:-7])
    SummaryWriter(str(root / "never")).close()
    writer = SummaryWriter(str(root / "unset"))
    writer.add_scalar("val/acc", 0.99, STEPS)
    writer.close()

    root = HERE / "tensorboard_nested"
    shutil.rmtree(root, ignore_errors=True)
    for norm in ("none", "batch"):
        for seed in range(6):
            for part in ("train", "validation"):
                writer = SummaryWriter(str(root / f"norm={norm},seed={seed}" / part))
                for step, value in enumerate(curve(norm, seed, part), start=1):
                    writer.add_scalar("epoch_accuracy", value, step)
                writer.close()


if __name__ == "__main__":
    main()
