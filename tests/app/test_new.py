"""`ablate new`: what it writes works as it is."""

import json
import shlex

import pytest

ROWS = [{"lr": lr, "seed": seed, "acc": 0.5 + lr / 10 + seed / 1000 * (1 + lr)} for lr in (0, 1) for seed in range(6)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["component", "program", "source"])
def test_a_part_passes_its_contract_and_does_what_its_comments_say(tmp_path, ablate, kind):
    code, out, err = ablate("new", kind, "my_part")
    assert (code, out) == (0, "my_part.py written, and works as it is; next: ablate check my_part.py:MyPart\n"), err
    text = (tmp_path / "my_part.py").read_text(encoding="utf-8")
    (tmp_path / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ablate ")]
    assert len(lines) == 2
    for line in lines:
        code, out, err = ablate(*shlex.split(line)[1:])
        assert code == 0, err
    code, _, err = ablate("new", kind, "my_part")
    assert (code, "exists already" in err) == (2, True)
    assert (tmp_path / "my_part.py").read_text(encoding="utf-8") == text


@pytest.mark.slow
def test_a_study_is_planned_and_run_as_it_is(tmp_path, ablate):
    code, out, err = ablate("new", "study", "few-images")
    assert (code, out) == (0, "studies/few-images.yaml written, and works as it is; next: ablate plan few-images\n"), (
        err
    )
    assert ablate("plan", "few-images")[0] == 0
    code, out, err = ablate("run", "few-images", "--no-report", "-j", "1")
    assert (code, "few-images: 32 runs" in out) == (0, True), err
    assert "batchnorm" in ablate("verdict", "few-images", "--json")[1]
    code, _, err = ablate("new", "study", "few-images")
    assert (code, "a study 'few-images' exists already" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("stuyd", "x"),
            "unknown kind 'stuyd': expected one of component, program, source, study; nearest match: study",
        ),
        (("component", "My-Act"), "got 'My-Act'; nearest valid name: my_act"),
        (("component", "relu"), "activation 'relu' exists already"),
        (("study", "quickstart"), "a study 'quickstart' exists already"),
        (("study", "../x"), "../x"),
    ],
)
def test_a_wrong_word_is_one_line_and_nothing_is_written(tmp_path, ablate, words, said):
    code, out, err = ablate("new", *words)
    assert (code, out, err.count("\n"), said in err) == (2, "", 1, True), err
    assert list(tmp_path.iterdir()) == []
