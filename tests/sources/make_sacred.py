"""Writes logs/sacred with the real library: `pip install sacred`, then `python make_sacred.py`.

Runs of an experiment with a `FileStorageObserver`, two arms and six seeds; on purpose
  norm=none seed 4 fails, norm=batch seed 1 is interrupted; configurations hold a tuple, results are numbers of NumPy.
"""

import contextlib
import random
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent / "logs"


def accuracy(norm, seed):
    """Return the accuracy of a run."""
    rng = random.Random(f"{norm} {seed}")
    return round(0.9 + 0.02 * (norm == "batch") + rng.gauss(0, 0.004), 6)


def main():
    import numpy as np
    from sacred import SETTINGS, Experiment
    from sacred.observers import FileStorageObserver

    SETTINGS.CAPTURE_MODE = "no"
    SETTINGS.DISCOVER_SOURCES = "none"
    SETTINGS.DISCOVER_DEPENDENCIES = "none"
    SETTINGS.HOST_INFO.INCLUDE_GPU_INFO = False
    root = HERE / "sacred"
    shutil.rmtree(root, ignore_errors=True)
    for norm in ("none", "batch"):
        for seed in range(6):
            experiment = Experiment("norms", save_git_info=False)
            experiment.observers.append(FileStorageObserver(str(root)))
            experiment.add_config({"norm": norm, "seed": seed, "optimizer": {"lr": 0.1, "betas": (0.9, 0.99)}})

            @experiment.main
            def run(_run, norm, seed):
                for step in range(1, 6):
                    _run.log_scalar("val.accuracy", accuracy(norm, seed) * (1 - 0.5**step), step)
                if (norm, seed) == ("none", 4):
                    raise RuntimeError("failed")
                if (norm, seed) == ("batch", 1):
                    raise KeyboardInterrupt
                return {"test_accuracy": np.float64(accuracy(norm, seed))}

            with contextlib.suppress(RuntimeError, KeyboardInterrupt):
                experiment.run()
    shutil.rmtree(root / "_sources", ignore_errors=True)
    for path in root.rglob("run.json"):  # the machine it ran on is nobody's business
        text = path.read_text().replace(str(HERE.parent), "/home/ada").replace(sys.prefix, "/python")
        path.write_text(text)
    for path in root.rglob("cout.txt"):
        path.unlink()


if __name__ == "__main__":
    main()
