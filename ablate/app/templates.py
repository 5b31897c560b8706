"""What `ablate new` writes: files that work as they are, with comments that say what to change.

`$NAME` is the name that was given, `$CLASS` the same as a class is called.
"""

from __future__ import annotations

from string import Template

STUDY = Template("""\
# A study: what is compared, and what is claimed of it before anything runs. Every key: docs/study-files.md
#     ablate plan $NAME               what would run, and for how long
#     ablate run $NAME                registers the claims, trains, judges, writes reports/$NAME
title: Does BatchNorm help a small net on few images?

# What is the same in all arms: any key of `ablate --cfg job`. For code of your own instead of the net:
#     fixed: {program: function, program.target: "train.py:train"}
# with factors program.params.lr, …, and metrics: {accuracy: higher}
fixed:
  dataset: digits
  dataset.train_size: 300
  epochs: 5

# What is compared. The first level of each factor is the baseline.
factors:
  norm: [none, batch]
  optimizer: [sgd, adam]

# Runs of every arm, paired by seed. `ablate noise $NAME` says how many a difference asks for.
seeds: 8

claims:
  - id: batchnorm-helps
    says: BatchNorm raises test accuracy
    metric: final/test_accuracy
    arm: {norm: batch}
    against: {norm: none}
    by_at_least: 0.01          # the smallest difference that matters: one point of accuracy
    # each: optimizer          # a claim for every optimizer, instead of one over both
""")

COMPONENT = Template('''\
"""A component of one's own: an activation, as an example. Every group and its contract: docs/plugins.md

    ablate check $NAME.py:$CLASS
    ablate --uses $NAME.py -m activation=relu,$NAME dataset=digits dataset.train_size=300 epochs=2 seeds=3
"""

from dataclasses import dataclass

import numpy as np

from ablate.nn import Activation
from ablate.registry import register


@register("activation", "$NAME")  # the group, and what it is called there: activation=$NAME
@dataclass(frozen=True)
class $CLASS(Activation):
    """y = x tanh(log(1 + exp(beta x)))."""

    needs_input = True  # the slope is computed from x, so x has to be kept

    beta: float = 1.0  # every field is a setting: activation.beta=2

    def value(self, x):
        """Return y, of the shape of x."""
        return x * np.tanh(np.logaddexp(0, self.beta * x))

    def slope(self, x, y):
        """Return dy/dx; `ablate check` holds it against differences of `value`."""
        t = np.tanh(np.logaddexp(0, self.beta * x))
        return t + self.beta * x * (1 - t * t) * 0.5 * (1 + np.tanh(0.5 * self.beta * x))
''')

PROGRAM = Template('''\
"""A Program of one's own: what trains a run. More about it: docs/own-training.md; a plain function needs less.

    ablate check $NAME.py:$CLASS
    ablate --uses $NAME.py -m program=$NAME program.power=1,2 dataset=digits seeds=6
"""

from dataclasses import dataclass

import numpy as np

from ablate.data import Dataset
from ablate.programs.per_seed import PerSeed, option_name
from ablate.registry import register
from ablate.streams import stream
from ablate.train.metric import accuracy, by_name
from ablate.train.outcome import Outcome
from ablate.train.program import ProgramConfig, RunResult
from ablate.train.vouched import Fact


@dataclass(frozen=True)
class ${CLASS}Config(ProgramConfig):
    """What it reads of the configuration beside its own fields."""

    dataset: Dataset


@register("program", "$NAME")
@dataclass(frozen=True)
class $CLASS(PerSeed):
    """The class with the nearest mean image; `power` is that of the distance."""

    config_class = ${CLASS}Config
    METRICS = by_name([accuracy("final/test_accuracy")])  # what it measures, and which way is better
    has_target = False
    vouches = frozenset({Fact.STREAMS, Fact.DATA, Fact.SECONDS, Fact.MACHINE})  # what a report may say of its runs

    power: float = 2.0  # every field is a setting: program.power=1

    def facts(self, config):
        """Return what is known before anything runs."""
        return {"dataset": option_name(config.dataset), "fingerprint": config.dataset.examples().fingerprint}

    def one(self, config, seed):
        """Train one seed. Everything random is drawn from a named stream of the seed, so that arms are paired."""
        data, split = config.dataset.examples(), config.dataset.split(stream(seed, "split"))
        images, labels = data.images.reshape(len(data.images), -1), data.labels
        means = [images[split.train][labels[split.train] == label].mean(axis=0) for label in range(data.classes)]
        far = [(np.abs(images[split.test] - mean) ** self.power).sum(axis=1) for mean in means]
        right = np.argmin(far, axis=0) == labels[split.test]
        return RunResult(seed, Outcome.FINISHED, {"final/test_accuracy": float(right.mean())})
''')

SOURCE = Template('''\
"""A source of one's own: reads results that were made elsewhere. More about it: docs/plugins.md

    ablate check $NAME.py:$CLASS
    ablate judge results.jsonl --uses $NAME.py --source $NAME
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ablate.errors import UserError
from ablate.registry import register
from ablate.sources.contract import RunTable, Source


@register("source", "$NAME")
@dataclass(frozen=True)
class $CLASS(Source):
    """A file with a JSON object per run: settings, seed and metrics by their names."""

    endings = (".jsonl",)  # which files it reads unasked; `schemes = ("$NAME",)` for addresses $NAME:…

    def read(self, address, *, fits):
        """Return a row per run; what the columns mean is found by whoever judges them."""
        try:
            runs = [json.loads(line) for line in Path(address).read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise UserError(f"{address} cannot be read: {error}") from None
        return RunTable.of(address, runs)

    def example(self, folder, runs):
        """Write a few runs as it reads them; `ablate check` holds what comes back against them."""
        path = folder / "runs.jsonl"
        path.write_text("".join(json.dumps(run) + "\\n" for run in runs), encoding="utf-8")
        return str(path)
''')

KINDS = {"study": STUDY, "component": COMPONENT, "program": PROGRAM, "source": SOURCE}
GROUPS = {"component": "activation", "program": "program", "source": "source"}
"""Kind of file -> the group in which it registers its name."""
