"""Writes logs/hydra with the real library: `pip install hydra-core`, then `python make_hydra.py`.

A multirun of a job with the group `optimizer` (sgd, adam: other rates), `norm=none,batch` and `seed=0..5`. A job writes
`results.json` and `history.jsonl`; on purpose
  optimizer=adam norm=batch seed=2 fails before it writes a result,
  optimizer=sgd norm=none seed=1 ends its history in the middle of a line.
"""

import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "logs"

JOB = """
import json, random
from pathlib import Path
import hydra
from hydra.core.hydra_config import HydraConfig

@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    out = Path(HydraConfig.get().runtime.output_dir)
    rng = random.Random(f"{cfg.optimizer.name} {cfg.norm} {cfg.seed}")
    top = 0.9 + 0.02 * (cfg.norm == "batch") + 0.005 * (cfg.optimizer.name == "adam") + rng.gauss(0, 0.003)
    lines = [json.dumps({"epoch": e, "val_acc": round(top * (1 - 0.5 ** e), 5)}) for e in range(1, 7)]
    text = "\\n".join(lines) + "\\n"
    if (cfg.optimizer.name, cfg.norm, cfg.seed) == ("sgd", "none", 1):
        text = text[:-12]
    (out / "history.jsonl").write_text(text)
    if (cfg.optimizer.name, cfg.norm, cfg.seed) == ("adam", "batch", 2):
        raise RuntimeError("no result")
    (out / "results.json").write_text(json.dumps({"test": {"accuracy": round(top, 5)}, "note": "fine"}))

main()
"""


def accuracy(optimizer, norm, seed):
    """Return the accuracy of a job."""
    rng = random.Random(f"{optimizer} {norm} {seed}")
    return round(0.9 + 0.02 * (norm == "batch") + 0.005 * (optimizer == "adam") + rng.gauss(0, 0.003), 5)


def main():
    root = HERE / "hydra"
    shutil.rmtree(root, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "conf" / "optimizer").mkdir(parents=True)
        (folder / "conf" / "config.yaml").write_text(
            "defaults: [{optimizer: sgd}, _self_]\nnorm: none\nseed: 0\nepochs: 6\nlr: ${optimizer.lr}\n"
        )
        (folder / "conf" / "optimizer" / "sgd.yaml").write_text("name: sgd\nlr: 0.1\nmomentum: 0.9\n")
        (folder / "conf" / "optimizer" / "adam.yaml").write_text("name: adam\nlr: 0.001\n")
        (folder / "job.py").write_text(JOB)
        options = ["optimizer=sgd,adam", "norm=none,batch", "seed=range(6)"]
        places = ["hydra.sweep.dir=out/2026-11-29/12-00-00", "hydra.job.chdir=false"]
        subprocess.run([sys.executable, "job.py", "-m", *options, *places], cwd=folder, check=False)
        shutil.copytree(folder / "out", root)
    for path in root.rglob("*.yaml"):  # with the folders of whoever ran it
        text = path.read_text().replace(name, "/home/ada").replace(sys.prefix, "/python")
        path.write_text(text)
    for path in root.rglob("*.log"):
        path.unlink()


if __name__ == "__main__":
    main()
