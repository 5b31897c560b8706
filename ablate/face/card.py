"""How a judged study shows itself in a notebook: its verdicts in words, and below them the forest."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ablate.lang import counted, tr
from ablate.words.rulings import label_of, ruling_of, ruling_word

if TYPE_CHECKING:
    from ablate.face.results import Figure
    from ablate.face.verdicts import Verdict, Verdicts

_COLOURS = {
    "supported": "#0a7d5a",
    "refuted": "#b4412c",
    "better": "#0a7d5a",
    "worse": "#b4412c",
    "raises": "#0173b2",
    "lowers": "#0173b2",
}
_OPEN = "#6b7280"
_FRAME = "border:1px solid rgba(128,128,128,.35);border-radius:8px;padding:12px 16px;max-width:980px;margin:4px 0"


def card(name: str, runs: int, verdicts: Verdicts, figure: Figure | None, notes: list[str]) -> str:
    """Return a card as HTML that needs nothing beside it.

    Parameters
    ----------
    figure
        The forest, or what stands for it; None where nothing can be drawn.
    notes
        Sentences that belong below: warnings, what was done with rows.
    """
    head = counted(runs, "run")
    rows = "".join(_row(verdict) for verdict in verdicts)
    table = f'<table style="border:0;margin:6px 0 2px"><tbody>{rows}</tbody></table>' if rows else (
        f"<p>{html.escape(tr('no claims'))}</p>")  # fmt: skip
    below = "".join(f'<div style="opacity:.75;font-size:90%">{html.escape(note)}</div>' for note in notes)
    picture = figure._repr_html_() if figure is not None else ""
    title = f'<div><b>{html.escape(name)}</b> <span style="opacity:.7">{html.escape(head)}</span></div>'
    return f'<div style="{_FRAME}">{title}{table}{picture}{below}</div>'


def _row(verdict: Verdict) -> str:
    word, label = ruling_word(ruling_of(verdict)), label_of(verdict)
    word += f" ({label})" if label else ""
    colour = _COLOURS.get(ruling_of(verdict), _OPEN)
    look = "text-align:left;vertical-align:top;padding:3px 10px 3px 0;background:none"
    return (
        f'<tr><td style="{look};white-space:nowrap;color:{colour}"><b>{html.escape(word)}</b></td>'
        f'<td style="{look}"><code>{html.escape(verdict.claim_id)}</code></td>'
        f'<td style="{look}">{html.escape(verdict._line())}</td></tr>'
    )
