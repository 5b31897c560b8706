"""What an effect is an effect of, and what a failed run counts as: sentences of reasons, from their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ablate.lang import msg, tr
from ablate.words.amounts import amounts, difference_unit, percent

Numbers = Mapping[str, Any]

_NONE = {
    "failed": msg("{side} ({runs} runs; at most {rate:.2g} % of such runs fail, at 95 %)"),
    "missed": msg("{side} ({runs} runs; at most {rate:.2g} % of such runs miss it, at 95 %)"),
}


_NONE_ALONE = msg("{side} ({runs} runs)")
"""The same where the share that may fail stands beside it."""


def unseen_failures(message: str, what: str) -> Callable[[Numbers], str]:
    """Return what says of which runs an effect is an effect, where no failure was seen (`what`: failed, missed)."""

    def say(m: Numbers) -> str:
        sides = [
            tr(
                _NONE_ALONE if one["rate"] is None else _NONE[what],
                **{**one, "side": one["side"] or tr("the arm")},
            )
            for one in m["sides"]
        ]
        return tr(message, sides=tr(" or ").join(sides))

    return say


def levels_run(m: Numbers) -> str:
    """Say how wide each side's basin is, whether the levels run end it, and what that makes of the effect."""
    what = tr("seeds") if m["cells"] == 1 else tr("seeds × cells")
    low, high = (f"{m[end]:g}" for end in ("low", "high"))
    text = tr("Widths are within the levels run, {over} from {low} to {high}.", over=m["over"], low=low, high=high)
    cut = [bool(one["decades"] is not None and (one["at_smallest"] or one["at_largest"])) for one in m["sides"]]
    text += "".join(_side(one, what, cut=ends) for one, ends in zip(m["sides"], cut, strict=True))
    if cut == [True, False]:
        text += tr(" So the effect is a lower bound, as long as the best level is among those run.")
    elif cut == [False, True]:
        text += tr(" So the effect is an upper bound, as long as the best level is among those run.")
    elif all(cut):
        text += tr(" So levels further out could move the effect either way.")
    return text


def _side(one: Numbers, what: str, *, cut: bool) -> str:
    said = {"side": one["side"], "decades": one["decades"], "of": one["of"], "what": what}
    if one["decades"] is None:
        return tr(" {side}: reached the target at no level in most of {of} {what}, so it has no width.", **said)
    if cut:
        text = tr(
            " {side}: at least {decades:.2f} decades on average, for it is still good at the smallest level in "
            "{smallest} and at the largest in {largest} of {of} {what}.",
            smallest=one["at_smallest"], largest=one["at_largest"], **said,
        )  # fmt: skip
    else:
        text = tr(" {side}: {decades:.2f} decades on average, ending within the levels run.", **said)
    if one["broken"]:
        text += tr(" In {n} of {of} {what} its good levels are not one stretch.", n=one["broken"], **said)
    if one["unreached"]:
        text += tr(" In {n} of {of} {what} it reached the target nowhere.", n=one["unreached"], **said)
    return text


def data_sets(m: Numbers) -> str:
    """Say what each data set shows, which of them go the other way, and what is to be expected of a new one."""
    unit, sets = m["unit"], m["sets"]
    effects = amounts([one["effect"] for one in sets], unit)
    rows = [f"{one['data_set']} {effect}" for one, effect in zip(sets, effects, strict=True)]
    text = tr("By data set: {rows}{unit}.", rows=tr(", ").join(rows), unit=difference_unit(unit))
    text += against(sets)
    new = m["new"]
    if new is None:
        return text + tr(" Nothing is said of a new data set: that needs three data sets and six seeds.")
    effect, low, high = amounts([new[key] for key in ("effect", "low", "high")], unit, width=new["high"] - new["low"])
    return text + tr(
        " On a new data set like these {effect} [{low}, {high}]{unit} is to be expected ({level}): above δ with a "
        "chance of {above}, below −δ with {below}.",
        effect=effect, low=low, high=high, unit=difference_unit(unit), level=percent(0.95),
        above=_chance(new["above"]), below=_chance(new["below"]),
    )  # fmt: skip


def against(sets: Sequence[Numbers]) -> str:
    """Name the data sets on which the effect goes the other way, those on which that is shown apart; empty for none."""
    text = ""
    if shown := [one["data_set"] for one in sets if one["reversed"]]:
        text += tr(" It goes the other way on {names}.", names=tr(", ").join(shown))
    if points := [one["data_set"] for one in sets if one["effect"] < 0 and not one["reversed"]]:
        text += tr(" It points the other way on {names}, which may be chance.", names=tr(", ").join(points))
    return text


def _chance(value: float) -> str:
    if value < 0.01:
        return "< 1 %"
    return "> 99 %" if value > 0.99 else f"{100 * value:.0f} %"


def steps(message: str) -> Callable[[Numbers], str]:
    """Return what names a budget, as `steps`."""
    return lambda m: tr(message, steps=_range(m["low"], m["high"]))


def rate(name: str) -> Callable[[Numbers], str]:
    """Return what names a rate, with its per cent."""
    return lambda m: f"{tr(name)} ({_range(m['low'], m['high'])} %)"


def declared(m: Numbers) -> str:
    """Name a number that a failed run is declared to count as."""
    return tr("{value}, as declared", value=f"{m['value']:.6g}")


def _range(low: float, high: float) -> str:
    least, most = f"{low:.4g}", f"{high:.4g}"
    return least if least == most else tr("{low} to {high}", low=least, high=most)
