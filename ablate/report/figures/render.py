"""From a figure to bytes: SVG and PNG that are the same every time, and SVG that follows the page's colours."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

from ablate.report.figures.style import BAND, HUES, INK, PAPER, RULE, SOFT, Drawn, drawing

_PAGE_COLOURS = {INK: "--ink", SOFT: "--soft", RULE: "--rule", BAND: "--band", PAPER: "--paper"} | {
    colour: f"--hue-{position}" for position, colour in enumerate(HUES)
}
_COLOUR = re.compile("|".join(_PAGE_COLOURS), re.IGNORECASE)
_ID = re.compile(r'\bid="([^"]+)"')
_LONG = re.compile(r"(\.\d\d)\d+")
_REFERENCE = re.compile(r'(?:xlink:href="#|url\(#)([^")]+)')


_PIXELS_A_POINT = 1.6
"""How far a figure may be enlarged in a page: wide ones fill the column (59 rem) at about 1.4."""

MOST_VECTORS = 1_200_000
"""Characters of all SVG figures in a page; beyond that the largest are shown as PNG."""


def svg(drawn: Drawn, *, whole: bool = False) -> str:
    """Return the figure as an SVG document; the same figure gives the same text.

    Parameters
    ----------
    whole
        Keep the margins as they are instead of cutting to what is drawn.
    """
    # hashsalt: without it clip paths and markers get random names, and committed findings would churn.
    with drawing(), mpl.rc_context({"svg.hashsalt": drawn.name}):
        out = io.StringIO()
        FigureCanvasSVG(drawn.figure)
        bounds = None if whole else _bounds(drawn.figure)
        drawn.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches=bounds)
    text = re.sub(r"[ \t]+\n", "\n", out.getvalue())
    # Six decimals of a point are half of the file; a hundredth of a point is far below a pixel.
    return re.sub(r'(?<= d=")[^"]+', lambda path: _LONG.sub(r"\1", path[0]).replace("\n", " "), text)


def png(drawn: Drawn, *, dots_per_inch: int = 144, colours: int = 96) -> bytes:
    """Return the figure as a PNG with a palette, about a third of the size of a true-colour one.

    A hundred colours look the same as thousands in line art; the file carries no date and no program name.
    """
    with drawing():
        raw = io.BytesIO()
        FigureCanvasAgg(drawn.figure)
        bounds = _bounds(drawn.figure)
        drawn.figure.savefig(
            raw, format="png", dpi=dots_per_inch, metadata={"Software": None}, bbox_inches=bounds, facecolor=PAPER
        )
    small = io.BytesIO()
    with Image.open(raw) as image:
        palette = image.convert("RGB").quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        palette.save(small, format="PNG", optimize=True)
    return small.getvalue()


def within(
    inlined: Mapping[str, str], pictures: Mapping[str, bytes | str], *, most: int = MOST_VECTORS
) -> dict[str, str]:
    """Return what stands in the page for each figure: its SVG, or where all are too large, the PNG of the largest.

    A page of 200 arms stays below two megabytes. The description stands beside either, and the SVG in its file.

    Parameters
    ----------
    inlined
        Figure name -> SVG as it stands in the page.
    pictures
        Figure name -> PNG.
    most
        Characters of all of them together.

    >>> within({"a": f"<svg>{60 * '…'}</svg>", "b": "<svg/>"}, {"a": b"1", "b": b"2"}, most=60)["a"]
    '<img alt="" src="data:image/png;base64,MQ==">'
    """
    in_page = dict(inlined)
    for name in sorted(inlined, key=lambda name: -len(inlined[name])):
        picture = pictures[name]
        if sum(map(len, in_page.values())) <= most or isinstance(picture, str):
            continue
        shown = f'<img alt="" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
        in_page[name] = min(shown, in_page[name], key=len)
    return in_page


def _bounds(figure: Figure) -> Bbox:
    """Return a figure's extent in inches, laid out once: layout takes longer than either format's drawing."""
    bounds: Bbox | None = getattr(figure, "_ablate_bounds", None)
    if bounds is None:
        if engine := figure.get_layout_engine():
            engine.execute(figure)  # a whole draw without rendering takes half as long again and moves nothing more
        figure.set_layout_engine("none")
        # The solver's last bits depend on where objects lie in memory, and clip paths are named by them.
        for ax in figure.axes:
            at = (round(float(end), 6) for end in ax.get_position().extents)
            ax._set_position(Bbox.from_extents(*at))  # type: ignore[attr-defined]  # the public one drops it from bounds
        bounds = figure.get_tightbbox().padded(float(mpl.rcParams["savefig.pad_inches"]))
        figure._ablate_bounds = bounds  # type: ignore[attr-defined]
    return bounds


def inline(document: str, drawn: Drawn) -> str:
    """Make an SVG document part of a page: no prologue, the page's colours and font, names of its own.

    Raises
    ------
    ValueError
        The text holds no `<svg>` element.
    """
    start = document.find("<svg")
    if start < 0:
        raise ValueError(f"figure {drawn.name} is not an SVG document")
    body = re.sub(r"<metadata>.*?</metadata>", "", document[start:], flags=re.DOTALL)
    referenced = set(_REFERENCE.findall(body))

    def own_id(match: re.Match[str]) -> str:
        return f'id="{drawn.name}-{match[1]}"' if match[1] in referenced else ""

    # Ids must be unique on the page; most of matplotlib's ("text_3") are referred to by nothing.
    body = _ID.sub(own_id, body)
    body = body.replace('xlink:href="#', f'xlink:href="#{drawn.name}-').replace("url(#", f"url(#{drawn.name}-")
    body = _COLOUR.sub(lambda m: f"var({_PAGE_COLOURS[m[0].lower()]})", body)
    body = re.sub(r"(font(?:-family)?: ?[^;\"]*?)(?:'DejaVu Sans')[^;\"]*", r"\1var(--sans)", body)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    # A narrow figure stretched over the column would have letters half as large again as its neighbours, or more.
    box = re.search(r'<svg[^>]*? viewBox="[^"]*? ([\d.]+) [\d.]+"', body)
    widest = f' style="max-width:{max(drawn.floor, float(box[1]) * _PIXELS_A_POINT):.0f}px"' if box else ""
    # Page readers announce the figure's own text instead of hundreds of loose tick labels.
    return body.replace("<svg", f'<svg role="img" aria-hidden="true" focusable="false"{widest}', 1).strip()
