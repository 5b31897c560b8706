"""Which fonts figures are drawn with, on a machine whose fonts change."""

from pathlib import Path

import pytest
from matplotlib import font_manager, get_data_path

from ablate.report.figures import style

MONO = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """A machine on which a font that stands for one with Chinese letters is installed, and not in matplotlib's list."""
    monkeypatch.setattr(style, "_CHINESE", ("DejaVu Sans Mono",))
    listed = [font for font in font_manager.fontManager.ttflist if font.name != "DejaVu Sans Mono"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", listed)
    (tmp_path / "broken.ttf").write_text("no font", encoding="utf-8")
    fonts = [str(MONO), str(tmp_path / "broken.ttf")]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: fonts)
    style.font_family.cache_clear()
    yield fonts
    style.font_family.cache_clear()


def test_a_font_that_was_installed_after_matplotlib_listed_them_is_found(installed):
    assert style.font_family() == ["DejaVu Sans", "DejaVu Sans Mono"]
    assert style.has_chinese()


def test_without_one_there_is_the_usual_font_alone(installed):
    installed.remove(str(MONO))
    assert style.font_family() == ["DejaVu Sans"]
    assert not style.has_chinese()
