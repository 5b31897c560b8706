"""Writes logs/trainer with the real library: `pip install transformers torch accelerate`, `python make_trainer.py`.

Runs of Hugging Face's `Trainer` on a tiny net, in folders `norm=NORM,seed=SEED`, with checkpoints; of
them only `trainer_state.json` is kept. On purpose norm=batch seed 2 was stopped: of it there is a checkpoint alone.
"""

import shutil
from pathlib import Path

HERE = Path(__file__).parent / "logs"


def main():
    import numpy as np
    import torch
    from torch import nn
    from transformers import Trainer, TrainingArguments

    class Net(nn.Module):
        def __init__(self, norm):
            super().__init__()
            middle = nn.BatchNorm1d(16) if norm == "batch" else nn.Identity()
            self.net = nn.Sequential(nn.Linear(8, 16), middle, nn.ReLU(), nn.Linear(16, 2))

        def forward(self, x, labels=None):
            out = self.net(x)
            loss = nn.functional.cross_entropy(out, labels)
            return {"loss": loss, "logits": out}

    def data(seed, n):
        made = torch.Generator().manual_seed(seed)
        x = torch.randn(n, 8, generator=made)
        y = (x[:, 0] * x[:, 1] + 0.3 * x[:, 2] > 0).long()
        return [{"x": a, "labels": b} for a, b in zip(x, y, strict=True)]

    torch.set_num_threads(1)
    root = HERE / "trainer"
    shutil.rmtree(root, ignore_errors=True)
    for norm in ("none", "batch"):
        for seed in range(6):
            folder = root / f"norm={norm},seed={seed}"
            arguments = TrainingArguments(
                output_dir=str(folder), num_train_epochs=4, per_device_train_batch_size=32, learning_rate=0.02,
                per_device_eval_batch_size=512, seed=seed,
                eval_strategy="epoch", save_strategy="epoch", logging_steps=4, report_to=[], use_cpu=True,
                disable_tqdm=True, save_total_limit=2,
            )  # fmt: skip
            torch.manual_seed(seed)
            trainer = Trainer(
                Net(norm), arguments, train_dataset=data(seed, 128), eval_dataset=data(1000, 512),
                compute_metrics=lambda p: {"accuracy": float((np.argmax(p.predictions, 1) == p.label_ids).mean())},
            )  # fmt: skip
            trainer.train()
            if (norm, seed) == ("batch", 2):
                shutil.rmtree(folder / "checkpoint-16")
            else:
                trainer.save_state()
    for path in root.rglob("*"):
        if path.is_file() and path.name != "trainer_state.json":
            path.unlink()
    for path in root.rglob("checkpoint-*"):  # one pair of checkpoints beside a final state is enough
        if "batch" not in path.parent.name or ("seed=2" not in path.parent.name and "seed=0" not in path.parent.name):
            shutil.rmtree(path)


if __name__ == "__main__":
    main()
