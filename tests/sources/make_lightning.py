"""Writes logs/lightning with the real library: `pip install lightning torch`, then `python make_lightning.py`.

Runs of a small net on random digits-like data, logged by `CSVLogger` into `lightning_logs/version_N`; on purpose
  version_3 was stopped after 2 of 4 epochs, its last line cut off,
  version_13 has settings and never logged, version_14 is empty,
  `save_hyperparameters` met an object (`torch.device`), which hparams.yaml holds as a Python tag.
"""

import shutil
from pathlib import Path

HERE = Path(__file__).parent / "logs"
EPOCHS = 4


def main():
    import logging
    import warnings

    import torch
    from lightning.pytorch import LightningModule, Trainer, seed_everything
    from lightning.pytorch.loggers import CSVLogger
    from torch import nn

    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Net(LightningModule):
        def __init__(self, norm, lr, seed, device_wanted):
            super().__init__()
            self.save_hyperparameters()
            seed_everything(seed, verbose=False)
            middle = nn.BatchNorm1d(16) if norm == "batch" else nn.Identity()
            self.net = nn.Sequential(nn.Linear(8, 16), middle, nn.ReLU(), nn.Linear(16, 2))

        def step(self, batch, part):
            x, y = batch
            out = self.net(x)
            loss = nn.functional.cross_entropy(out, y)
            if part == "train":
                self.log("train_loss", loss, on_step=True, on_epoch=True)
            else:
                self.log(f"{part}_loss", loss)
                self.log(f"{part}_acc", (out.argmax(1) == y).float().mean())
            return loss

        def training_step(self, batch, _):
            return self.step(batch, "train")

        def validation_step(self, batch, _):
            self.step(batch, "val")

        def test_step(self, batch):
            self.step(batch, "test")

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

    def data(seed, n):
        made = torch.Generator().manual_seed(seed)
        x = torch.randn(n, 8, generator=made)
        y = (x[:, 0] * x[:, 1] + 0.3 * x[:, 2] > 0).long()
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=32)

    shutil.rmtree(HERE / "lightning", ignore_errors=True)
    root = HERE / "lightning"
    number = 0
    for norm in ("none", "batch"):
        for seed in range(6):
            logger = CSVLogger(str(root), version=number, flush_logs_every_n_steps=1)
            epochs = 2 if number == 3 else EPOCHS
            trainer = Trainer(
                max_epochs=epochs, logger=logger, log_every_n_steps=4, enable_checkpointing=False, accelerator="cpu",
                enable_progress_bar=False, enable_model_summary=False,
            )  # fmt: skip
            net = Net(norm, 0.1, seed, torch.device("cpu"))
            trainer.fit(net, data(seed, 256), data(1000 + seed, 512))
            if number == 3:
                path = root / "lightning_logs" / "version_3" / "metrics.csv"
                path.write_text(path.read_text()[:-9])
            else:
                trainer.test(net, data(2000 + seed, 512), verbose=False)
            number += 1
    for version in (12, 13):
        logger = CSVLogger(str(root), version=version + 1)
        Path(logger.log_dir).mkdir(parents=True)
        if version == 12:
            logger.log_hyperparams({"norm": "none", "lr": 0.1, "seed": 9})
            logger.save()


if __name__ == "__main__":
    main()
