"""Verdicts as Python and a notebook show them: numbers, and the sentences that are made of them."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from ablate.app.console import MARKS
from ablate.errors import unknown
from ablate.judge.verdict import Verdict as Judged
from ablate.words.document import document_of
from ablate.words.kinds import statement
from ablate.words.reasons import said
from ablate.words.rulings import ruled, ruling_of
from ablate.words.sentence import sentence_of, why_of
from ablate.words.sizes import for_which_delta
from ablate.words.twoparts import two_parts

if TYPE_CHECKING:
    import pandas as pd


class Verdict(Judged):
    """A verdict with its sentences, in the current language; it shows itself in a notebook."""

    @classmethod
    def of(cls, judged: Judged) -> Verdict:
        """Return a verdict that has words for its numbers and codes."""
        return cls(**{field.name: getattr(judged, field.name) for field in dataclasses.fields(judged)})

    @property
    def why(self) -> str:
        """Why it was ruled on so."""
        return why_of(self)

    @property
    def next_step(self) -> str:
        """What to do; empty where there is nothing to do."""
        return said(self.advice)

    @property
    def fill_rule(self) -> str:
        """What a failed run counts as; empty where that is not known."""
        return said(self.fill)

    @property
    def speaks_of(self) -> str:
        """What the effect is an effect of, where that needs saying."""
        return said(self.scope)

    @property
    def why_stopped(self) -> str:
        """Why its runs ended when they did, in a study that may stop at any time; else empty."""
        return said(self.stop)

    @property
    def in_words(self) -> str:
        """What a page says of it: `refuted: harmful`; of a difference that nobody claimed `shown: lowers`."""
        return ruled(self)

    @property
    def in_two_parts(self) -> str:
        """What its effect is made of where some run did not train; else empty."""
        return two_parts(self)

    @property
    def for_which_delta(self) -> str:
        """For which δ the runs would decide, of a claim that they leave open or a comparison without δ; else empty."""
        return for_which_delta(self)

    @property
    def statement(self) -> str:
        """What is claimed."""
        return statement(self)

    def sentence(self) -> str:
        """Return the verdict in one sentence with its numbers."""
        return sentence_of(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as `verdicts.json` holds it, with the names of the function's settings in its texts."""
        return document_of(self)

    def _repr_html_(self) -> str:
        """Show the sentence in a notebook, and why a claim was held back."""
        return f"<p>{html.escape(self._line())}</p>"

    def _line(self) -> str:
        sentence, sizes = self.sentence(), self.for_which_delta
        more = [self.why] if self.gates_failed else [sizes] if sizes not in sentence else []
        return " ".join([sentence, *more])


class Verdicts(Sequence[Verdict]):
    """Verdicts in the order of the claims, by number or by the claim's id; they show themselves in a notebook."""

    def __init__(self, verdicts: Sequence[Judged]) -> None:
        self._verdicts = tuple(one if isinstance(one, Verdict) else Verdict.of(one) for one in verdicts)

    def __len__(self) -> int:
        return len(self._verdicts)

    @overload
    def __getitem__(self, which: int | str) -> Verdict: ...
    @overload
    def __getitem__(self, which: slice) -> Verdicts: ...
    def __getitem__(self, which: int | str | slice) -> Verdict | Verdicts:
        """Return one verdict: of a claim with `each` by its whole id, ``helps[norm=batch]``."""
        if isinstance(which, str):
            by_id = {verdict.claim_id: verdict for verdict in self._verdicts}
            if which not in by_id:
                raise unknown("claim", which, by_id)
            return by_id[which]
        return Verdicts(self._verdicts[which]) if isinstance(which, slice) else self._verdicts[which]

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self._verdicts)

    def table(self) -> pd.DataFrame:
        """Return the numbers as a table, a row per claim; the columns are named as in `verdicts.json`."""
        import pandas as pd

        columns = ["claim_id", "outcome", "label", "metric", "effect", "interval_low", "interval_high",
                   "interval_level", "delta", "p", "p_adjusted", "pairs", "planned_pairs"]  # fmt: skip
        rows = [
            {name: getattr(v, name) for name in columns} | {"interval_method": v.method.name} for v in self._verdicts
        ]
        return pd.DataFrame(rows, columns=[*columns, "interval_method"])

    def __repr__(self) -> str:
        return "\n".join(f"{mark} {said}" for _, mark, said in self._lines()) or "no claims"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{mark}</td><td><code>{html.escape(name)}</code></td>"
            f'<td style="text-align:left">{html.escape(said)}</td></tr>'
            for name, mark, said in self._lines()
        )
        return f"<table><tbody>{rows}</tbody></table>" if rows else "<p>no claims</p>"

    def _repr_markdown_(self) -> str:
        from ablate.report.templating import markdown_text

        rows = [f"| {mark} | `{name}` | {markdown_text(said)} |" for name, mark, said in self._lines()]
        return "\n".join(["| | claim | verdict |", "|---|---|---|", *rows]) if rows else "no claims"

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        for verdict in self._verdicts:
            yield verdict.claim_id, MARKS[ruling_of(verdict)], verdict._line()
