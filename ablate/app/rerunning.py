"""What `ablate rerun` does: a logged run made once more and compared, or a study's own command given again."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence

from ablate.app.console import say, say_table, warn
from ablate.app.overrides import override_text
from ablate.app.trusted import check_trusted
from ablate.errors import Failure, UserError, plural
from ablate.lang import counted
from ablate.resources import root_folder
from ablate.sweep.job_states import job_states
from ablate.sweep.launch import Serial
from ablate.sweep.plan import Compose, Plan
from ablate.track.provenance import provenance
from ablate.track.store import Store
from ablate.track.target import store_for
from ablate.track.written import code_version
from ablate.train.outcome import Outcome
from ablate.work.again import first_command
from ablate.work.finding_runs import FoundRun, find_run
from ablate.work.planning import plan_study
from ablate.work.request import Request
from ablate.work.rerunning import run_again

_MOST_GAPS = 20


def stored_words(command: str, name: str) -> list[str]:
    """Return the words after `ablate` of the command that made a study.

    Raises
    ------
    UserError
        It was not made by a command that trains: from Python, or imported.
    """
    try:
        words = shlex.split(first_command(command))
    except ValueError:
        words = []
    if words[:1] != ["ablate"] or words[1:2] == ["import"] or len(words) < 2:
        raise UserError(f"{name} was not made by a command that trains ({command[:80]}): nothing to give again")
    return words[1:]


def crashed_command(name: str, *, trust: bool = False) -> list[str]:
    """Return the words that go on with a study of which some run crashed; none where nothing crashed, which is said.

    It is the study's own command: crashed runs are never counted as finished, so that it tries them again.

    Raises
    ------
    UserError
        See `trusted.check_trusted`.
    """
    store = store_for(root_folder())
    record = store.plan(name)
    crashed = sum(run.outcome == Outcome.CRASHED for run in store.seed_runs(name, key=record.key))
    if not crashed:
        say(f"{name}: no run crashed")
        return []
    words = stored_words(record.command, name)
    check_trusted(record.command, words, name, trust=trust)
    say(f"{name}: {counted(crashed, 'run')} crashed; giving its command again: {record.command}")
    return words


def collect_words(name: str | None, *, trust: bool = False) -> tuple[list[str], str]:
    """Return the words that take in what the submitted jobs of a study have made; none where there are none, said.

    It is the study's own command; and the launcher that submitted them, which ends as soon as all is taken in.

    Raises
    ------
    UserError
        See `trusted.check_trusted`.
    """
    store = store_for(root_folder())
    record = store.plan(name or store.last())
    jobs = job_states(arm.id for arm in record.run_arms)
    if not jobs:
        say(f"{record.name}: no submitted job waits to be taken in")
        return [], ""
    words = stored_words(record.command, record.name)
    check_trusted(record.command, words, record.name, trust=trust)
    told = {**jobs[-1].launcher, "kind": "submitit", "detach": True}
    say(f"{record.name}: {counted(len(jobs), 'job')}; giving its command again: {record.command}")
    return words, override_text(told)


def rerun_words(which: Sequence[str], *, trust: bool = False) -> tuple[list[str], str]:
    """Return the words of the command that made a logged run, and the id of that run.

    Raises
    ------
    UserError
        See `trusted.check_trusted`.
    """
    store = store_for(root_folder())
    lookup = find_run(which, store)
    command = store.plan(lookup.study, key=lookup.key).command
    words = stored_words(command, lookup.study)
    check_trusted(command, words, lookup.study, trust=trust)
    return words, lookup.logged.run.run_id


def rerun(request: Request, composer: Compose, store: Store, run_id: str) -> None:
    """Make a logged run once more and say whether it matched.

    Raises
    ------
    UserError
        The command makes no such run any more, or the study is tuned once, which names its arms anew.
    Failure
        It did not match.
    """
    lookup = find_run([run_id], store)
    plan = _plan(request, composer, store, lookup)
    run = lookup.logged.run
    _say_code(lookup)
    again = run_again(lookup.logged, plan, Serial())
    for name in sorted({*run.arithmetic, *again.result.arithmetic}):
        then, now = run.arithmetic.get(name, "not told"), again.result.arithmetic.get(name, "not told")
        if then != now:
            warn(f"computed by another {name}: {then} then, {now} now; the last bits may differ for that")
    what = f"{lookup.study}: {run.arm}, seed {run.seed} ({run.run_id})"
    if not again.gaps:
        counts = ", ".join(plural(count, name.removesuffix("s")) for name, count in again.compared.items() if count)
        say(f"{what}: matched to the bit ({counts or 'its outcome'}; times apart)")
        return
    rows = [
        [gap.what, gap.logged, gap.now, "" if gap.distance is None else f"{gap.distance:.3g}"]
        for gap in again.gaps[:_MOST_GAPS]
    ]
    say_table(["what", "logged", "now", "largest distance"], rows)
    if len(again.gaps) > _MOST_GAPS:
        say(f"… and {len(again.gaps) - _MOST_GAPS} more")
    raise Failure(f"{what} did not match: {counted(len(again.gaps), 'difference')}")


def _plan(request: Request, composer: Compose, store: Store, lookup: FoundRun) -> Plan:
    record = store.plan(lookup.study, key=lookup.key)
    seeds = sorted({*record.seeds, lookup.logged.run.seed})
    plan = plan_study(dataclasses.replace(request, seeds=seeds), composer, store, planned=len(record.seeds))
    if plan.provisional:
        raise UserError(
            f"{lookup.study} is tuned once, and its arms are what was chosen then: its command alone does not make them"
        )
    return plan


def _say_code(lookup: FoundRun) -> None:
    then, now = lookup.logged.run.code, code_version(provenance(root_folder()))
    if not then:
        warn("the run does not say which version of the code made it")
    elif then != now:
        told = f"{then} then, {now} now"
        warn(f"made by another version of the code: {told}; a difference may come from that")
    elif then.endswith("+dirty"):
        warn(f"made by {then}: files differed from that commit then and differ now, maybe otherwise")
