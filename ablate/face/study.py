"""A study from Python: the same keys as a study file, run with any function or with the NumPy core."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from ablate.app.compose import Composer, config_loader
from ablate.app.printing import Console
from ablate.app.request import ready
from ablate.errors import UserError, plural
from ablate.face.functions import Train, as_its_file_says, fixed_by, is_changed, target_of
from ablate.face.parts import check_named, declared, listed, plain
from ablate.face.place import Place, bench_at
from ablate.face.results import PlannedStudy, Result
from ablate.programs.command import Command
from ablate.programs.hydra_app import HydraApp
from ablate.sweep.launch import Launcher, launcher_for, worker_count
from ablate.sweep.own_keys import in_short_names, renamed
from ablate.sweep.quick import quick_name
from ablate.sweep.study import Study as Definition
from ablate.sweep.study_file import check_own_figures, load_study, parse_study, quick_study, tracked_name
from ablate.train.metric import Metric
from ablate.work import events
from ablate.work.bench import Bench
from ablate.work.events import Event, Tell
from ablate.work.judging import judge_tracked
from ablate.work.places import plain_name
from ablate.work.planning import finished_runs
from ablate.work.request import ADHOC, Request
from ablate.work.running import look_over, run_request

_HEARD = (
    events.Warned, events.RunsStarted, events.RunFinished, events.RunsEnded, events.TaskStarted, events.TaskAdvanced,
    events.TaskEnded,
)  # fmt: skip


class Study:
    """A question to runs: factors and their levels, metrics, claims. Nothing runs before `run`.

    Every argument is a key of a study file (docs/study-files.md), with the same meaning. Given a function, factors and
    fixed values are its own settings (``config["params"]["width"]``; `program.params.width` in a study file); without
    one they are those of the NumPy core (``norm``, ``optimizer.lr``).

    Parameters
    ----------
    name
        What its runs are kept under: run again under the same name, it goes on where it was.
    factors
        Factor -> a list (or an array) of its levels, the baseline's first.
    metrics
        What the runs measure (`ablate.Metric`), where the function or the core does not say it.
    claims
        See `ablate.claim`; mappings with the keys of a study file will do.
    fixed
        Setting -> value, the same in all arms.
    more
        Any other key of a study file: `title`, `question`, `design`, `exclude`, `baseline`, `looks`, `tune`,
        `fairness`, `quick`, `watch`, `uses` (from the current folder), …

    Raises
    ------
    UserError
        A key or value is wrong: what was expected, what was got, and the nearest valid name.

    Examples
    --------
    >>> study = Study(
    ...     "dropout",
    ...     factors={"dropout": [0.0, 0.5]},
    ...     metrics=[Metric("accuracy", better="higher", unit="fraction")],
    ... )
    >>> study
    Study('dropout', factors={'dropout': [0.0, 0.5]}, 0 claims)
    """

    def __init__(
        self,
        name: str = ADHOC,
        *,
        factors: Mapping[str, Any] | None = None,
        metrics: Iterable[Metric] | Mapping[str, Any] = (),
        claims: Iterable[Any] = (),
        fixed: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        self.name = plain_name(name)
        check_named("factors", factors, "be a mapping of names to levels")
        check_named("fixed", fixed, "be a mapping of settings", values=True)
        over = ", ".join(factors or {})
        self._data: dict[str, Any] = {
            "title": more.pop("title", name if name != ADHOC or not over else f"Ad-hoc sweep over {over}"),
            "factors": plain(factors or {}),
            "fixed": plain(fixed or {}),
            "metrics": declared(metrics),
            "claims": listed(claims),
            **{key: plain(value) for key, value in more.items()},
        }
        self._file: str | None = None
        self.definition()  # a mistake shows where it is written

    @classmethod
    def from_file(cls, path: str | Path) -> Study:
        """Read a study file, by its path or, of those that `ablate studies` lists, by its name.

        Raises
        ------
        UserError
            There is no such study, or something in it is wrong.
        """
        study = cls.__new__(cls)
        study._file = str(path)
        study.name = plain_name(tracked_name(str(path)))
        loaded = load_study(str(path))
        study._data = loaded.model_dump()
        if "seeds" not in loaded.model_fields_set:  # a default names no seeds: results that are judged have their own
            del study._data["seeds"]
        return study

    def definition(self, train: Train | Command | HydraApp | None = None, *, quick: bool = False) -> Definition:
        """Return the study as a study file defines it; with a function, the one of a study of that function."""
        if self._file is not None and train is not None:
            raise UserError(
                f"{self._file} says itself what is trained (`fixed: program`): call run() without a function, or make "
                "an ablate.Study(…) of its parts"
            )
        data = self._data if train is None else renamed(self._data)
        if isinstance(train, Command | HydraApp):
            data["fixed"] = {**data["fixed"], **fixed_by(train)}
        elif train is not None:
            data["fixed"] = {**data["fixed"], "program": "function", "program.target": target_of(train)}
        where = self._file or f"Study({self.name!r})"
        study = parse_study(data, where=where)
        return quick_study(study, where=where) if quick else study

    def plan(
        self,
        train: Train | Command | HydraApp | None = None,
        *,
        seeds: int | Sequence[int] | None = None,
        quick: bool = False,
        store: Place = None,
    ) -> PlannedStudy:
        """Return the plan: every arm with its seeds, and which of its runs are missing. Nothing runs.

        Raises
        ------
        UserError
            See `run`.
        """
        with self._asked(train, seeds, quick=quick, store=store) as (request, compose, bench):
            plan = look_over(request, compose, bench)
            return PlannedStudy(plan.after(finished_runs(plan, bench.store)[0]))

    def run(
        self,
        train: Train | Command | HydraApp | None = None,
        *,
        seeds: int | Sequence[int] | None = None,
        jobs: int | None = None,
        launcher: str | Mapping[str, Any] | Launcher | None = None,
        quick: bool = False,
        fresh: bool = False,
        store: Place = None,
        progress: bool = True,
        tell: Tell = events.nobody,
    ) -> Result:
        """Register the claims, run what is missing, and judge; what was run before is found and not run again.

        Parameters
        ----------
        train
            A function at the top of a file, a module or the script that is running: ``train(lr, seed)``, called by the
            names of its settings, or ``train(config, seed)``; an `ablate.Command`; or an `ablate.HydraApp`, whose
            overrides are then the factors (docs/own-training.md, docs/hydra.md). None: the NumPy core, or what a study
            file says.
        seeds
            A count or a list of seeds for every arm; by default those of the study.
        jobs
            How many arms are trained at a time; None: one per core; 1: in this process.
        launcher
            What trains them: `"loky"`, `"serial"`, `{"kind": name, setting: value}`, or the launcher itself.
        quick
            The study's quick budget, under a name of its own.
        fresh
            Put aside what was run before, and run everything.
        store
            Where runs are kept and found again: the folder that holds `mlruns/` (by default the current one, or
            `ABLATE_ROOT`), or a store, such as `ablate.MemoryStore()`, which is gone with the process.
        progress
            Show a bar, and warnings, on standard error.
        tell
            Called with every event (`ablate.work.events`).

        Raises
        ------
        UserError
            A key, level, metric or claim is wrong; the function cannot be found by other processes, or is not called
            as `train(config, seed)`. Nothing has run then.
        Failure
            An arm crashed: everything else was run and tracked. `ablate.read_study(study.name)` judges what there is.
        """
        worker_count(jobs)  # refuse a wrong number before anything else is done
        asked = self._asked(train, seeds, quick=quick, store=store, progress=progress, tell=tell)
        with asked as (request, compose, bench):
            chosen = launcher_for(launcher, jobs)
            plan, _ = run_request(request, compose, bench, launcher=chosen, report=False, fresh=fresh)
            return Result(judge_tracked(plan.record.name, plan.record.key, bench.store), bench)

    @contextmanager
    def _asked(
        self,
        train: Train | Command | HydraApp | None,
        seeds: int | Sequence[int] | None,
        *,
        quick: bool,
        store: Place = None,
        progress: bool = True,
        tell: Tell = events.nobody,
    ) -> Iterator[tuple[Request, Composer, Bench]]:
        """Give the request, what composes its arms, and the bench; meanwhile a function is what its file says."""
        study = self.definition(train, quick=quick)
        name = quick_name(self.name) if quick else self.name
        count = study.seeds if seeds is None else plain(seeds)
        bench = bench_at(store, listening(progress=progress, tell=tell))
        target = str(study.fixed.get("program.target", "")) if train is not None else ""
        ready(study.uses)
        check_own_figures(study, where=self._file or f"Study({self.name!r})")
        with (
            in_short_names(study),
            config_loader() as loader,
            as_its_file_says(target) if target else nullcontext(),
        ):
            if train is not None and not isinstance(train, Command | HydraApp) and is_changed(train, target):
                bench.warn(f"{target} was changed since it was imported: what its file says now is run")
            request = Request(
                name, study, count, {}, self._command(target, count, quick=quick), typed=self._file is not None
            )
            yield request, Composer(loader, study.fixed), bench

    def _command(self, target: str, seeds: Any, *, quick: bool) -> str:
        """Return the line that gives the same request again."""
        if self._file is not None:
            seed_words = (
                []
                if seeds == self._data.get("seeds", Definition.model_fields["seeds"].default)
                else [f"seeds={str(seeds).replace(' ', '')}"]
            )
            return shlex.join(["ablate", "run", self._file, *(["--quick"] if quick else []), *seed_words])
        more = ", quick=True" if quick else ""
        return f"ablate.Study({self.name!r}, …).run({target}{', ' if target else ''}seeds={seeds}{more})  # Python"

    def __repr__(self) -> str:
        return f"Study({self.name!r}, factors={self._data['factors']}, {plural(len(self._data['claims']), 'claim')})"


def listening(*, progress: bool, tell: Tell) -> Callable[[Event], None]:
    """Return a listener for Python: bars and warnings on standard error, everything to `tell`."""
    console = Console(progress=progress)

    def hear(event: Event) -> None:
        if progress and isinstance(event, _HEARD):
            console(event)
        tell(event)

    return hear
