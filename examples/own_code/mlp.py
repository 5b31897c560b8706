"""A PyTorch net on handwritten digits, which yields its accuracy after every epoch.

ablate run examples/own_code/mlp.py:train dropout=0.0,0.5 seeds=8 --jobs 1
"""

import torch
from sklearn.datasets import load_digits
from torch import nn

import ablate


@ablate.experiment(metrics={"accuracy": {"better": "higher", "unit": "fraction"}})
def train(width: int = 64, dropout: float = 0.0, lr: float = 0.01, epochs: int = 10, seed: int = 0):
    """Train on 1,200 images, and yield (epoch, accuracy on the others)."""
    torch.manual_seed(seed)
    images, labels = (torch.tensor(part) for part in load_digits(return_X_y=True))
    order = torch.randperm(len(images))
    images, labels = images[order].float() / 16, labels[order]
    net = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    for epoch in range(1, epochs + 1):
        net.train()
        for batch in torch.randperm(1200).split(100):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            yield epoch, {"accuracy": (net(images[1200:]).argmax(1) == labels[1200:]).float().mean().item()}
