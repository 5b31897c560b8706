"""`ablate graph`: the computation graph of one arm, drawn without training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra

from ablate.app.compose import Composer
from ablate.app.console import say, warn
from ablate.app.explain import explained
from ablate.app.request import check_overrides, read_request, ready
from ablate.errors import UserError
from ablate.levels import value_name
from ablate.manifest import Part, publish
from ablate.registry import registered_name
from ablate.resources import conf_folder
from ablate.sweep.study import Study
from ablate.train.config import TrainConfig
from ablate.work.places import short_path
from ablate.work.training import graph_json

SEED = 0
"""Whose minibatch and initial weights `ablate graph` measures on."""


def draw_graph(overrides: Sequence[str], *, out: Path, uses: Sequence[str] = ()) -> None:
    """Draw the graph of one configuration as SVG and PNG, and print it as a table; nothing is trained.

    Raises
    ------
    UserError
        For everything a user can get wrong, files in the folder that ablate did not write among it; nothing is
        written then.
    Failure
        The folder cannot be written.
    """
    from ablate.report.figures.graph import graph_figure
    from ablate.report.figures.graph_svg import GraphDrawer
    from ablate.report.figures.render import png
    from ablate.report.graph_table import graph_table
    from ablate.report.recognised import GRAPH, known_files

    title, config = _configured(overrides, uses)
    graph = config.program.graph(config.program.own(config), seed=SEED)
    if graph is None:
        raise UserError(f"program={registered_name(config.program)} has no computation graph: expected program=numpy")
    for note in config.dataset.examples().notes:
        warn(note)
    what = f"the first minibatch of seed {SEED}, before any step"
    drawn = graph_figure(graph, title=title, what=what)
    stem = _stem(overrides)
    files: dict[str, bytes | str] = {
        ".svg": GraphDrawer()(graph, title=title),
        ".png": png(drawn),
        ".json": graph_json(graph, SEED),
    }
    named = {f"{stem}{ending}": content for ending, content in files.items()}
    paths = publish(out, [Part(GRAPH, named, retires=False)], known=known_files).paths
    for line in graph_table(graph):
        say(line)
    say(f"\nRMS (root mean square) on {what}:")
    say("forward: of the node's output; backward: of ∂loss/∂output; θ: of ∂loss/∂parameters;")
    say("the loss is the mean over the minibatch, and its own value stands in its line\n")
    for path in paths:
        say(short_path(path))


def _stem(overrides: Sequence[str]) -> str:
    """Return the name of the drawing's files; one that had to be changed or cut says which overrides it is of.

    >>> _stem([]), _stem(["norm=batch", "init.std=1"]), _stem(["dataset.path=a/b"])
    ('default', 'norm=batch,init.std=1', 'dataset.path=a-b-e3e53130')
    """
    typed = ",".join(overrides)
    name = re.sub(r"[^\w.=\[\],-]+", "-", typed).encode()[:100].decode(errors="ignore")
    return (name if name == typed else f"{name}-{sha256(typed.encode(errors='replace')).hexdigest()[:8]}") or "default"


def _configured(overrides: Sequence[str], uses: Sequence[str]) -> tuple[str, TrainConfig]:
    """Return what the overrides ask for, and its name in the user's own words."""
    ready(uses)
    for word in overrides:
        if word.lstrip("+~").startswith(("hydra.", "hydra/")):
            raise UserError(f"{word!r}: a graph shows an arm's own settings; those of Hydra have no effect on it")
    with explained():
        check_overrides(overrides)
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            loader = GlobalHydra.instance().config_loader()
            request = read_request(None, overrides, loader, uses=uses)
            fixed = _of_one_arm(request.study)
            config = Composer(loader, fixed, request.raw)({})
    return _written(fixed) or "the default configuration", config


def _of_one_arm(study: Study) -> dict[str, Any]:
    """Return what is fixed, where nothing else is."""
    for factor in study.factors:
        raise UserError(f"`{factor}` is given several levels: a graph shows one arm, so give one level")
    return study.fixed


def _written(fixed: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value_name(value)}" for key, value in fixed.items())
