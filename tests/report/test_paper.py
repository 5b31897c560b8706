"""The paper kit: LaTeX whose structure holds, figures whose text can be edited, sentences of what was done.

No LaTeX engine is asked for: a small checker looks at what engines stumble over.
"""

import re

import pytest

from ablate.judge.rule import judge
from ablate.report.paper import TEXTS, checklist, methods, paper_files


@pytest.fixture(scope="module")
def kit(make):
    study, tables = make((0.01, 0.1))
    verdicts = judge(study, tables)
    return study, tables, verdicts, paper_files(study, tables, verdicts)


def broken(text):
    """Return what an engine would stumble over: braces, environments, columns, characters it does not know."""
    found = []
    plain = re.sub(r"(?<!\\)%.*", "", text)
    depth = 0
    for mark in re.findall(r"\\.|[{}]", plain, flags=re.DOTALL):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        if depth < 0:
            found.append("a brace is closed that was not opened")
            break
    found += ["a brace is not closed"] if depth > 0 else []
    if re.sub(r"\\\$", "", plain).count("$") % 2:
        found.append("mathematics does not end")
    stack = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", plain):
        if what == "begin":
            stack.append(name)
        elif not stack or stack.pop() != name:
            found.append(f"{name} ends where it did not begin")
    found += [f"{name} does not end" for name in stack]
    for align, body in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", plain, flags=re.DOTALL):
        rows = [row for row in re.split(r"\\\\\n", body) if "&" in row]
        found += [f"a row has another number of cells than {align}" for row in rows
                  if len(re.findall(r"(?<!\\)&", row)) + 1 != len(align)]  # fmt: skip
    outside = re.sub(r"\\begin\{tabular\}.*?\\end\{tabular\}", "", plain, flags=re.DOTALL)
    outside = re.sub(r"\\providecommand.*", "", outside)
    found += [f"a bare {mark}" for mark in re.findall(r"(?<!\\)[&#]", outside)]
    prose = re.sub(r"\\(?:label|includegraphics(?:\[.*?\])?|input)\{.*?\}", "", plain)
    found += [f"a bare {mark}" for mark in re.findall(r"(?<!\\)[_^](?!\{?\d)", re.sub(r"\$.*?\$", "", prose))]
    found += sorted({f"the character {mark!r}" for mark in plain if ord(mark) > 255})
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_the_structure_of_every_file_holds(kit, name):
    assert broken(kit[3][name]) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "a brace is not closed"),
        ("a}", "a brace is closed that was not opened"),
        (r"\begin{table}", "table does not end"),
        ("\\begin{tabular}{ll}\na & b & c \\\\\n\\end{tabular}", "a row has another number of cells than ll"),
        ("50 $", "mathematics does not end"),
        ("a_b", "a bare _"),
        ("R & D", "a bare &"),
        ("→", "the character '→'"),
    ],
)
def test_the_checker_notices(text, why):
    assert why in broken(text)


def test_the_document_takes_all_parts_and_figures_that_are_there(kit):
    files = kit[3]
    taken = re.findall(r"\\input\{(\w+)\}", files["paper.tex"])
    assert {f"{name}.tex" for name in taken} == set(TEXTS) - {"paper.tex"}
    shown = re.findall(r"\\includegraphics\[.*?\]\{(.*?)\}", files["paper.tex"])
    assert shown
    assert all(name in files and name.replace(".pdf", ".svg") in files for name in shown)


def test_text_of_figures_stays_text(kit):
    for name, content in kit[3].items():
        if name.endswith(".svg"):
            assert "<text" in content
        if name.endswith(".pdf"):
            assert content.startswith(b"%PDF")
            assert b"/FontType 42" in content or b"/CIDFontType2" in content
            assert b"/Type3" not in content


def test_methods_and_checklist_say_what_was_done_and_leave_open_what_nobody_told(kit):
    study, tables, verdicts, _ = kit
    said = dict(methods(study, tables, verdicts))
    assert {"Design", "Fairness", "Test", "Many claims", "Registration", "Software"} <= set(said)
    assert said["Registration"] == "The claims were not registered before the runs."
    answers = {item: answer for item, answer, _ in checklist(study, tables, verdicts)}
    assert answers["Experiment statistical significance (error bars)"] == "Yes"
    assert set(answers.values()) <= {"Yes", "TODO"}
    assert {answer for _, answer, _ in checklist(study, tables, [])} >= {"TODO"}
