"""A Hydra application without files of configuration."""

import random
from dataclasses import dataclass

import hydra
from hydra.core.config_store import ConfigStore


@dataclass
class Config:
    seed: int = 1
    lr: float = 0.1


ConfigStore.instance().store(name="app", node=Config)


@hydra.main(version_base=None, config_name="app")
def main(cfg: Config) -> float:
    return random.Random(cfg.seed).random() - cfg.lr


main.metrics = {"score": "higher"}

if __name__ == "__main__":
    main()
