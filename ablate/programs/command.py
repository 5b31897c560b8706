"""Somebody's command as a Program: `program=command program.command=[python,train.py,--lr,'{lr}',--seed,'{seed}']`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ablate.errors import Failure, UserError, must, nearest
from ablate.identity import digest
from ablate.programs.function import FunctionConfig
from ablate.programs.named_files import named_files, unseen_code
from ablate.programs.patterns import from_pattern
from ablate.programs.per_seed import PerSeed
from ablate.programs.process_state import environment_for_others
from ablate.programs.processes import HEAD, KEPT, Ended, run_process
from ablate.programs.reports import check_asked, check_found, from_file, from_last_line, read_signs
from ablate.programs.returned import to_result
from ablate.programs.slots import hold_slot
from ablate.programs.template import check_names, fill_template, filled_all, flat_params, placeholders
from ablate.programs.watched import watched
from ablate.registry import register
from ablate.train.metric import PERCENT, Metric
from ablate.train.program import RunResult
from ablate.train.vouched import Fact

FOLDER = Path("outputs", "commands")
"""Where `{out}` lies, from the current folder: a fresh folder for every attempt at a run, which is kept."""

_TAIL = 40  # lines of its output that an error shows


@register("program", "command")
@dataclass(frozen=True)
class Command(PerSeed):
    """Runs a command once per seed, without a shell, and reads what it reports.

    An exit code that is not 0, a signal, and a time that is over make that seed's run `crashed`, with the reason and
    the tail of its output; nothing that it started is left running. Its whole output lies beside its arm.

    A run is another one where the command or what is filled into it is, and where the code is: the files that the
    arguments name (of a Python file, with what it imports of the project; `python -m module` too), and those of
    `watch`.

    Attributes
    ----------
    command
        The program and its arguments, with placeholders (see `programs.template`): settings, `{seed}`, `{out}` (a fresh
        folder of the run), `{slot}`.
    params
        The settings: ``program.params.lr=0.1`` is `{lr}`, and can be a factor.
    metrics_file
        What it writes its metrics into, `{out}/metrics.json`; .json, .jsonl, .csv or .tsv.
    metric_pattern
        Regular expressions with a named group for each metric, looked for in its output; the last match counts.
        Without either, the last line that it prints to standard output.
    step
        The column, or the group, that counts the steps of curves.
    env
        Variables of its environment, name -> text with placeholders; the others are inherited.
    folder
        Its working folder, with placeholders; by default the current one. Files that the arguments name are then
        passed by their whole paths.
    watch
        Files, folders and patterns whose content makes new runs as well.
    code_version
        What stands for the code: the files are not looked at then.
    timeout
        Seconds that a run may take; None for no limit.
    slots
        A pool of which each run holds one (`gpu:0`, `gpu:1`); `{slot}` is what follows the colon.
    returns
        Metrics that it reports, where no study says so.
    in_percent
        Those that it may report as `70%`, where no study says so; in a study those with `unit: percent`.
    """

    config_class = FunctionConfig
    vouches = frozenset({Fact.SECONDS})
    has_target = False

    command: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    metrics_file: str = ""
    metric_pattern: list[str] = field(default_factory=list)
    step: str = "step"
    env: dict[str, Any] = field(default_factory=dict)
    folder: str = ""
    watch: list[str] = field(default_factory=list)
    code_version: str = ""
    timeout: float | None = field(default=None, metadata={"identity": False})
    slots: list[str] = field(default_factory=list, metadata={"identity": False})
    returns: list[str] = field(default_factory=list, metadata={"identity": False})
    in_percent: list[str] = field(default_factory=list, metadata={"identity": False})

    def __post_init__(self) -> None:
        given: Any = self.command
        if isinstance(given, str) or not all(isinstance(word, str) for word in given):
            raise must("program.command", 'be a list of texts such as ["python", "train.py"]', self.command)
        if self.timeout is not None and not self.timeout > 0:
            raise must("program.timeout", "be > 0 seconds", self.timeout)

    @property
    def name(self) -> str:
        """What it is called in sentences: the first file that it names, else the program."""
        files = [word for word in self.command[1:] if not any(placeholders(word)) and Path(word).is_file()]
        return (files or self.command or ["the command"])[0]

    def seconds_per_run(self, config: Any, seeds: int) -> None:
        """Return None: nobody's own training is run untracked to tell how long it takes."""
        del config, seeds

    def metrics(self) -> dict[str, Metric]:
        """Return the metrics that it reports: those that the study declares.

        Raises
        ------
        UserError
            None are declared.
        """
        if not self.returns:
            raise UserError(
                f"{self.name}: which metrics does the command report? Say so, and which way is better: `--metric "
                "accuracy:higher`; in a study, `metrics: {accuracy: higher, loss: lower}`"
            )
        return {name: Metric(name) for name in self.returns}

    def told(self, metrics: Mapping[str, Metric]) -> Command:
        """Return the same, which reports these metrics."""
        percents = [name for name, metric in metrics.items() if metric.unit == PERCENT]
        return replace(self, returns=list(metrics), in_percent=percents) if metrics else self

    def facts(self, config: Any) -> dict[str, Any]:
        """Return digests of the code that the command stands in.

        Raises
        ------
        UserError
            A placeholder stands for nothing, a setting stands nowhere, a file or the program is not there, …
        """
        del config
        self._check()
        code = self._code()
        notes = [] if self.code_version else unseen_code(self.name, self._files(), watches=bool(self.watch))
        return {
            "dataset": f"chosen by {self.name}",
            "fingerprint": digest({"code_version": self.code_version} if self.code_version else {"code": code}),
            **({"watched": code} if code else {}),
            **({"data_notes": notes} if notes else {}),
        }

    def planned(self, facts: Mapping[str, Any]) -> Command:
        """Return the same, which runs with the code it was planned with, or not at all."""
        settings = {one.name: getattr(self, one.name) for one in fields(Command)}
        return CommandInStudy(**settings, planned_code=dict(facts.get("watched", {})))

    def one(self, config: FunctionConfig, seed: int) -> RunResult:
        """Run the command for one seed, and read what it reports.

        Raises
        ------
        Failure
            It ended with an error, was killed, or reports no metrics. `UserError`: its code has changed.
        """
        self.check_code()
        self._check()
        with self._place(seed) as place, hold_slot(self.slots) as slot:
            values = {**flat_params(self.params), "seed": seed, "out": str(place / "out"), "slot": slot}
            ended = self._run(place, values)
            printed = [(place / name).read_text(encoding="utf-8", errors="replace") for name in ("stdout", "stderr")]
            text = "\n".join(part.rstrip("\n") for part in printed if part.strip())
            try:
                _check_end(f"{self.name} {ended.why(self.timeout)}", ended, text)
                self.check_code()
                returned = read_signs(self._reported(values, printed[0], text), self.returns, self.in_percent)
                check_found(returned["metrics"], self.returns)
                result = to_result(returned, seed, self.returns, config)
            except (UserError, Failure) as error:
                failure = Failure(str(error) if isinstance(error, Failure) else f"{self.name}: {error}")
                failure.kept = "\n".join(text.splitlines()[-_TAIL:]) + "\n"  # type: ignore[attr-defined]
                vars(failure).update(texts=_kept(seed, text), absent=getattr(error, "absent", ()))
                raise failure from None
        cut = [f"prints more than {HEAD // 10**6} MB; what is between that and the end is not looked at"] * ended.cut
        notes = tuple(f"{self.name} {note}" for note in (*result.notes, *cut))
        return replace(result, seconds=ended.seconds, texts=_kept(seed, text), notes=notes)

    def check_code(self) -> None:
        """Refuse to go on where the code is not what was planned; here nothing was."""

    def _run(self, place: Path, values: Mapping[str, Any]) -> Ended:
        folder = Path(fill_template(self.folder, values) or ".").resolve()
        stated = {name: fill_template(text, values) for name, text in self._env()}
        env = {"PYTHONUNBUFFERED": "1"} | environment_for_others() | stated
        words = filled_all(self.command, values)
        if folder != Path.cwd():
            if not folder.is_dir():
                raise UserError(f"{self.name}: its folder {folder} is not there")
            words = [str(Path(word).resolve()) if Path(word).is_file() else word for word in words]
        try:
            return run_process(
                words, folder=folder, env=env, stdout=place / "stdout", stderr=place / "stderr", timeout=self.timeout
            )
        except OSError as error:
            raise Failure(f"{words[0]} cannot be started: {error.strerror}") from error

    def _env(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.env.items()]

    def _reported(self, values: Mapping[str, Any], printed: str, text: str) -> dict[str, Any]:
        if self.metrics_file:
            folder = Path(fill_template(self.folder, values) or ".")
            return from_file(folder / fill_template(self.metrics_file, values), self.step)
        if self.metric_pattern:
            return from_pattern(text, self.metric_pattern)
        return from_last_line(printed, self.returns)

    @contextmanager
    def _place(self, seed: int) -> Iterator[Path]:
        """Give a folder for one attempt at a run, that nothing was ever written into."""
        used = [name for text in self._texts() for name in placeholders(text)]
        if "out" not in used:
            with tempfile.TemporaryDirectory(prefix="ablate-") as folder:
                yield Path(folder)
            return
        said = [list(self.command), self.params, self._env(), self.folder, self.metrics_file]
        above, attempt = Path.cwd() / FOLDER / digest(said)[:12], 1
        while True:
            place = above / (f"seed-{seed}" if attempt == 1 else f"seed-{seed}-{attempt}")
            try:
                place.mkdir(parents=True)
                break
            except FileExistsError:
                attempt += 1
        (place / "out").mkdir()
        yield place

    def _texts(self) -> list[str]:
        return [*self.command, *(value for _, value in self._env()), self.folder, self.metrics_file]

    def _check(self) -> None:
        """Refuse what cannot run, before anything does."""
        if not self.command:
            raise UserError('`program.command` must say what is run: ["python", "train.py", "--seed", "{seed}"]')
        params = flat_params(self.params)
        used = {name for text in self._texts()[:-1] for name in placeholders(text)}
        check_names({*used, *placeholders(self.metrics_file)}, params)
        if "seed" not in used:
            raise UserError(
                f"{self.name}: the command has no {{seed}}, so that every seed would be the same run: write it "
                "where it belongs (--seed {seed}), or into a variable: --env SEED={seed}"
            )
        if ("slot" in used) != bool(self.slots):
            what = "{slot} needs a pool: --slots gpu:0,gpu:1" if not self.slots else "`slots` are used nowhere: {slot}"
            raise UserError(f"{self.name}: {what}, as in --env CUDA_VISIBLE_DEVICES={{slot}}")
        values = {**params, "seed": 0, "out": "out", "slot": ""}
        first = filled_all(self.command, values)[0]
        for _, text in self._env():
            fill_template(text, values)
        if shutil.which(first) is None and not self.folder:
            near = nearest(first, ["python", "python3", "bash", "sh", "uv", "torchrun", "accelerate"])
            raise UserError(f"there is no program {first!r} to run" + (f"; nearest match: {near}" if near else ""))
        check_asked(self.metrics_file, self.metric_pattern, own="out" in placeholders(self.folder))

    def _code(self) -> dict[str, str]:
        """Return file -> digest of the code that the arguments of this arm name."""
        return {} if self.code_version else watched(self._files())

    def _files(self) -> list[str]:
        return [*self.watch, *named_files(self.command, flat_params(self.params))]


@dataclass(frozen=True)
class CommandInStudy(Command):
    """A command as it runs in a study: with the code it was planned with."""

    planned_code: Mapping[str, str] = field(default_factory=dict)

    def check_code(self) -> None:
        """Refuse where the code is not what it was when the study was planned, before a run and after it."""
        now = self._code()
        if changed := sorted(n for n in {*now, *self.planned_code} if now.get(n) != self.planned_code.get(n)):
            raise UserError(
                f"{', '.join(changed)} changed while the study was running; the same command runs what is missing with "
                "the code as it is now"
            )


def _check_end(said: str, ended: Ended, text: str) -> None:
    """Raise `Failure` for a command that did not come to its end, with the last line that it printed."""
    line = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    if ended.timed_out or ended.code:
        raise Failure(f"{said} ({line[:160]})" if line else said)


def _kept(seed: int, text: str) -> dict[str, str]:
    return {f"output-seed-{seed}.txt": text[-KEPT:] + "\n"} if text else {}
