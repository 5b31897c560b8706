"""Pages of the documentation as a reader follows them: their blocks, and what a line needs beside it."""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

_FUNCTION = """
import random


def train(lr=0.1, dropout=0.0, seed=0):
    return 0.9 + 0.1 * lr + 0.01 * random.Random(seed).random()
"""
_SCRIPT = """
import argparse
import random

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--seed", type=int)
asked = parser.parse_args()
print(f"accuracy={0.9 + 0.1 * asked.lr + 0.01 * random.Random(asked.seed).random()}")
"""
_APPLICATION = """
import random

import hydra
from hydra.core.config_store import ConfigStore

store = ConfigStore.instance()
store.store(name="config", node={"defaults": [{"optimizer": "sgd"}, "_self_"], "seed": 0})
store.store(group="optimizer", name="sgd", node={"gain": 0.0})
store.store(group="optimizer", name="adam", node={"gain": 0.01})


@hydra.main(version_base=None, config_name="config")
def main(config):
    return {"accuracy": 0.9 + config.optimizer.gain + 0.01 * random.Random(config.seed).random()}


if __name__ == "__main__":
    main()
"""


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of a page in one language, with the indent of a list taken off."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def lines(block: str) -> list[str]:
    """Return the commands of a block: broken lines joined, comments and empty lines left out."""
    joined = re.sub(r"\\\n\s*", " ", block)
    return [shlex.join(words) for line in joined.splitlines() if (words := shlex.split(line, comments=True))]


def readers_training(line: str) -> str:
    """Return the reader's `train.py` that a line speaks of: a Hydra application, a script, or a function."""
    words = shlex.split(line)
    return _APPLICATION if "--hydra" in words else _SCRIPT if "--" in words else _FUNCTION


def reduced(study: str, folder: Path, change: Mapping[str, Any], *, claims: int | None = None) -> Path:
    """Write a small study under the name of a shipped one: its claims, with less to train.

    Parameters
    ----------
    folder
        The project, in whose `studies/` it is found before ours.
    change
        Key of the study file -> what it is; a mapping is merged key by key.
    claims
        How many of its claims stay, the first ones; all where it is None.
    """
    held = yaml.safe_load((ROOT / "studies" / f"{study}.yaml").read_text(encoding="utf-8"))
    for key, value in change.items():
        held[key] = {**held[key], **value} if isinstance(value, Mapping) else value
    held["claims"] = held["claims"][:claims]
    stay = {claim["id"] for claim in held["claims"]}
    held["zh"]["claims"] = {name: said for name, said in held["zh"]["claims"].items() if name in stay}
    path = folder / "studies" / f"{study}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(held, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def fetched(address: str) -> str:
    """Return the text of a page of this machine."""
    here = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with here.open(address.partition("#")[0], timeout=60) as answer:
        return str(answer.read().decode())


def answer(named: Callable[[], re.Match[str] | None], server: subprocess.Popen[bytes], seconds: float = 240.0) -> str:
    """Return the page whose address `named` finds, as soon as the server has one and answers.

    Raises
    ------
    AssertionError
        The server ended, or did not answer in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        if address := named():
            with contextlib.suppress(OSError):
                return fetched(address[0])
        time.sleep(0.2)
    raise AssertionError("no page answers")


def already_installed(line: str) -> None:
    """Run a `pip install …` of a page where what it asks for is there: pip looks, and downloads and changes nothing.

    Raises
    ------
    AssertionError
        Something that it asks for is not there, or is not offered: an extra that no longer exists, say.
    """
    command = [*this_python(line), "--no-index", "--dry-run", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "does not provide the extra" not in done.stdout + done.stderr
    assert "Would install" not in done.stdout


def this_python(line: str) -> list[str]:
    """Return the words of a line whose `ablate`, `python` or `pip` is that of the tests."""
    program, *rest = shlex.split(line)
    ours = {"python": [], "ablate": ["-m", "ablate"], "pip": ["-m", "pip"]}
    return [sys.executable, *ours[program], *rest]
