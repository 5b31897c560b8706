"""Stored runs are taken for planned ones where nothing that they looked at differs."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.errors import UserError
from ablate.identity import digest
from ablate.sweep.plan import REVISION, make_plan
from ablate.sweep.stored_arms import StoredArms
from ablate.sweep.study_file import parse_study
from ablate.track.earlier_runs import StoredArm
from ablate.train.program import Program, ProgramConfig


@dataclass(frozen=True)
class Epochs(ProgramConfig):
    epochs: int = 3


@dataclass(frozen=True)
class Traced(Program):
    params: dict = field(default_factory=dict)
    code: str = field(default="v1", metadata={"identity": False})

    config_class = Epochs
    traced = True

    def facts(self, config):
        return {"fingerprint": self.code, "dataset": "fake"}

    def former(self, config):
        return (("old", 100.0),)

    def metrics(self):
        return frozenset({"m"})

    def run(self, config, seeds, observe=None): ...


@dataclass(frozen=True)
class Config:
    epochs: int = 3
    program: Program = field(default_factory=Traced)


def compose(*, code="v1", **fixed):
    def composed(levels):
        settings = {**fixed, **levels}
        params = {k.removeprefix("program.params."): v for k, v in settings.items() if k.startswith("program.params.")}
        return Config(epochs=settings.get("epochs", 3), program=Traced(params, code))

    return composed


STUDY = {"title": "t", "factors": {"program.params.width": [1, 2]}}


def planned(stored=(), *, code="v1", seeds=3, study=STUDY, **fixed):
    made = parse_study({**study, "fixed": fixed}, where="x")
    return make_plan(
        made, name="s", seeds=seeds, compose=compose(code=code, **fixed), command="c", stored=lambda: list(stored)
    )


def stored_of(plan, reads=("params.width",), fingerprint=None, ended=0.0):
    return [
        StoredArm(
            plan.record.key, job.arm.id, job.arm.levels, job.arm.config,
            job.arm.facts["fingerprint"] if fingerprint is None else fingerprint,
            None if reads is None else frozenset(reads), dict(job.identities), ended,
        )
        for job in plan.jobs
    ]  # fmt: skip


def names(plan):
    return plan.record.key, [job.arm.id for job in plan.jobs], [job.identities for job in plan.jobs]


def test_a_setting_that_no_run_looked_at_makes_no_new_runs():
    first = planned()
    for fixed in ({"epochs": 9}, {"program.params.unused": 1}):
        again = planned(stored_of(first), **fixed)
        assert names(again) == names(first)
        assert names(planned(**fixed)) != names(first)


def test_what_it_was_given_is_what_is_told_of_the_arm():
    again = planned(stored_of(planned()), epochs=9)
    assert {job.arm.config["epochs"] for job in again.jobs} == {9}


@pytest.mark.parametrize(
    ("reads", "fixed"),
    [
        (["epochs"], {"epochs": 9}),
        (["params.unused"], {"program.params.unused": 1}),
        (["params.unused?"], {"program.params.unused": 1}),
        (["params.*"], {"program.params.unused": 1}),
        (["params.**"], {"program.params.unused": 1}),
        (None, {"epochs": 9}),
    ],
)
def test_a_setting_that_was_looked_at_does(reads, fixed):
    first = planned()
    assert names(planned(stored_of(first, reads), **fixed)) == names(planned(**fixed))


def test_other_code_makes_new_runs_in_the_same_study():
    first = planned()
    again = planned(stored_of(first), code="v2")
    assert again.record.key == first.record.key
    assert not {job.arm.id for job in again.jobs} & {job.arm.id for job in first.jobs}


def test_other_code_and_another_setting_make_another_study_run():
    first = planned()
    assert names(planned(stored_of(first), code="v2", epochs=9)) == names(planned(code="v2", epochs=9))


def test_more_seeds_and_levels_go_on_with_what_is_there():
    first = planned()
    more = planned(stored_of(first), seeds=5, study={**STUDY, "factors": {"program.params.width": [1, 2, 3]}}, epochs=9)
    assert more.record.key == first.record.key
    assert [job.arm.id for job in more.jobs[:2]] == [job.arm.id for job in first.jobs]
    for old, new in zip(first.jobs, more.jobs, strict=False):
        assert new.identities.items() >= old.identities.items()
        assert len(set(new.identities.values())) == 5


def test_seeds_added_with_another_setting_are_found_again():
    first = planned()
    more = planned(stored_of(first), seeds=5, epochs=9)
    again = planned([*stored_of(first), *stored_of(more)], seeds=5)
    assert names(again) == names(more)


def test_one_arm_of_which_something_read_differs_keeps_the_studies_apart():
    first = planned()
    wide, narrow = stored_of(first)
    blind = [wide, StoredArm(**{**vars(narrow), "reads": frozenset({"epochs"})})]
    assert names(planned(blind, epochs=9)) == names(planned(epochs=9))


def test_runs_stored_before_they_said_what_they_were_are_found_by_their_former_fingerprint():
    former = planned(code="old")
    found = planned(stored_of(former, None, "", ended=200.0))
    assert [job.arm.id for job in found.jobs] == [job.arm.id for job in former.jobs]
    assert [job.identities for job in found.jobs] == [job.identities for job in former.jobs]
    too_early = planned(stored_of(former, None, "", ended=50.0))
    assert names(too_early) == names(planned())


def test_what_is_tuned_is_passed_over_until_it_is_known():
    what = {"revision": REVISION, "config": {"epochs": 3, "program": {"params": {"lr": 0.1}}}, "fingerprint": "v1"}
    config = {"epochs": 3, "program": {"params": {"lr": 0.2}}}
    arm = StoredArm("k", "a", {}, config, "v1", frozenset({"params.lr"}), {}, 0)
    known = StoredArms("k", (arm,))
    assert known.same({}, what) is None
    assert known.same({}, what, unsettled=["program.params.lr"]) is arm


def test_declaring_one_more_metric_makes_no_new_runs():
    def what(logs):
        return {"revision": 1, "config": {"program": {"target": "t", "params": {}, "logs": logs}}, "fingerprint": "v1"}

    arm = StoredArm("k", digest(what(["a"]))[:12], {}, what(["a"])["config"], "v1", frozenset(), {}, 0)
    assert StoredArms("k", (arm,)).same({}, what(["a", "b"])) is arm


VALUES = st.sampled_from([None, 1, 1.0, True, "off", [1]])
PARAMS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3)


@given(PARAMS, PARAMS, st.sets(st.sampled_from(["params.a", "params.b?", "params.c", "params.*"])))
def test_an_arm_is_the_same_exactly_where_nothing_that_was_read_differs(old, new, reads):
    from ablate.train.reads import differ_in_reads

    first = planned(**{f"program.params.{k}": v for k, v in old.items()})
    again = planned(stored_of(first, reads), **{f"program.params.{k}": v for k, v in new.items()})
    assert (names(again) == names(first)) is not differ_in_reads({"params": old}, {"params": new}, reads)


def test_a_program_that_is_not_traced_is_asked_nothing():
    @dataclass(frozen=True)
    class Plain(Traced):
        traced = False

    made = parse_study({"title": "t", "factors": {"epochs": [1, 2]}}, where="x")

    def refuse():
        raise UserError("asked")

    make_plan(made, name="s", seeds=2, compose=lambda lv: Config(**lv, program=Plain()), command="c", stored=refuse)
