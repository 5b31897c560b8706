"""A small project as one finds it: Hydra composes it, and it knows nothing of ablate: `python train.py model=tree`."""

import logging

import hydra
from digits.data import load
from hydra.utils import instantiate
from omegaconf import DictConfig

log = logging.getLogger(__name__)


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> dict[str, float]:
    """Train one model, and return its accuracies."""
    train, test = load(noise=cfg.data.noise, train_size=cfg.data.train_size, seed=cfg.seed)
    model = instantiate(cfg.model, random_state=cfg.seed)
    model.fit(*train)
    scores = {"accuracy": float(model.score(*test)), "train_accuracy": float(model.score(*train))}
    log.info("%s: %s", cfg.run_name, scores)
    return scores


if __name__ == "__main__":
    main()
