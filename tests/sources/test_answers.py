"""Answers to test items: what Inspect and lm-evaluation-harness wrote (make_inspect.py, make_lm_eval.py), and more."""

import json
import random
import zipfile
from pathlib import Path

import pytest

import ablate
from ablate.errors import UserError
from ablate.sources.choose import source_for
from ablate.sources.inspect_logs import _part

LOGS = Path(__file__).parent / "logs"
DATE = "2026-01-02T03-04-05.678"


def read(address):
    return source_for(address).read(fits=lambda head: len(head) > 1)


def sample(item, right, **more):
    """A line as lm-evaluation-harness 0.4 writes it, without the texts."""
    return {
        "doc_id": item, "doc": {"question": f"What is {item}?", "subject": ("a", "b")[item % 2]}, "target": "4",
        "resps": [["4"]], "filtered_resps": ["4"], "filter": "none", "metrics": ["exact_match"], "doc_hash": "x",
        "exact_match": float(right), **more,
    }  # fmt: skip


def harness(folder, models=("base", "tuned"), items=60, date=DATE, **more):
    for model in models:
        (folder / model).mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(sample(i, i % 3 > 0 or model == "tuned", **more)) for i in range(items)]
        (folder / model / f"samples_gsm8k_{date}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_samples_of_two_models_are_compared_by_items(tmp_path):
    harness(tmp_path)
    found = ablate.judge_runs(f"lmeval:{tmp_path}", baseline={"model": "base"})
    ((claim, items, seeds, mean, low, high, p),) = found.items.itertuples(index=False)
    assert (claim, items, seeds, mean) == ("model-tuned", 60, 1, pytest.approx(1 / 3))
    assert 0.15 < low < mean < high < 0.52
    assert p < 0.001
    assert found.verdicts[0].outcome == "not_tested"  # one run of each: nothing is said of other seeds


def test_the_last_evaluation_counts_and_what_is_half_written_is_told(tmp_path):
    harness(tmp_path, items=30)
    harness(tmp_path, date="2026-02-02T03-04-05.678")
    last = tmp_path / "base" / "samples_gsm8k_2026-02-02T03-04-05.678.jsonl"
    last.write_text(last.read_text() + '{"doc_id": 60, "exa')
    table = read(f"lmeval:{tmp_path}")
    assert len(table.lines) == 120
    assert set(table.repairs) == {
        "of several evaluations of a model and task the last one counts",
        "a last line that is half-written is ignored",
    }


def test_a_question_may_hold_every_separator_of_lines_that_unicode_has(tmp_path):
    """The harness writes texts as they are (`ensure_ascii=False`): only a line feed ends a sample."""
    lines = [json.dumps(sample(i, True, note="a\u2028b\u2029c\x85d"), ensure_ascii=False) for i in range(3)]
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / f"samples_gsm8k_{DATE}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = read(f"lmeval:{tmp_path}")
    assert (len(table.lines), table.repairs) == (3, ())


def test_damaged_samples_are_one_line(tmp_path):
    harness(tmp_path / "ok", ("base",), 3)
    path = tmp_path / "ok" / "base" / f"samples_gsm8k_{DATE}.jsonl"
    with pytest.raises(UserError, match=r"unknown metric in .* 'exact': .*nearest match: exact_match"):
        read(f"lmeval:{tmp_path / 'ok'}#exact")
    path.write_text("half\n" + path.read_text())
    for address, message in (
        (tmp_path / "ok", "line 1: expected JSON, got 'half'"),
        (tmp_path / "no", "no such folder"),
    ):
        with pytest.raises(UserError, match=message):
            read(f"lmeval:{address}")
    path.write_text("[1]\n{}")
    with pytest.raises(UserError, match="expected a sample with `doc_id`"):
        read(f"lmeval:{tmp_path / 'ok'}")
    path.rename(path.with_name("samples.txt"))
    with pytest.raises(UserError, match=r"expected files MODEL/samples_TASK_DATE.jsonl"):
        read(f"lmeval:{tmp_path / 'ok'}")


def test_samples_that_the_harness_itself_wrote_are_paired_by_its_seeds():
    table = read(f"lmeval:{LOGS / 'lm_eval'}")
    assert (set(table.column("seed")), dict(table.better)) == ({"0", "1", "2"}, {"exact_match": "higher"})
    assert [name for name in table.head if name.startswith("params.")] == [
        "params.question", "params.answer", "params.parity"
    ]  # fmt: skip
    found = ablate.judge_runs(f"lmeval:{LOGS / 'lm_eval'}", baseline={"model": "small"})
    assert found.items.loc[0, ["claim", "items", "seeds"]].tolist() == ["model-large", 16, 3]
    counted = {"small": [], "large": []}
    for path in (LOGS / "lm_eval").rglob("results_*.json"):
        results = json.loads(path.read_text())
        counted[results["model_name"]].append(results["results"]["sums"]["exact_match,none"])
    apart = sum(counted["large"]) / 3 - sum(counted["small"]) / 3
    assert found.items.loc[0, "difference"] == pytest.approx(apart)
    assert apart > 0.1


def test_evaluations_that_differ_in_how_they_were_made_are_arms():
    table = read(f"lmeval:{LOGS / 'lm_eval_shots'}")
    made = list(zip(table.column("params.num_fewshot"), table.column("params.generation_kwargs.temperature"),
                    strict=True))  # fmt: skip
    assert {one: made.count(one) for one in made} == {("0", ""): 16, ("2", ""): 16, ("0", "0.7"): 16, ("2", "0.7"): 16}
    assert "seed" not in table.head


def results_of(model, date=DATE, seed=0, **more):
    config = {"model_args": f"pretrained={model}", **dict.fromkeys(("random_seed", "numpy_seed", "fewshot_seed"), seed)}
    return json.dumps({"config": {**config, "torch_seed": more.pop("torch_seed", seed)}, "model_name": model, **more})


def test_what_an_evaluation_repeats_is_known_by_its_results_alone(tmp_path):
    second = "2026-02-02T03-04-05.678"
    harness(tmp_path, ("m",), 4)
    harness(tmp_path, ("m",), 4, date=second)
    (tmp_path / "m" / f"results_{second}.json").write_text(results_of("m"))
    with pytest.raises(UserError, match=rf"samples_gsm8k_{DATE}.jsonl: expected results_{DATE}.json beside it"):
        read(f"lmeval:{tmp_path}")
    first = tmp_path / "m" / f"results_{DATE}.json"
    first.write_text(results_of("m"))
    assert len(read(f"lmeval:{tmp_path}").lines) == 4
    first.write_text(results_of("m", seed=1234, torch_seed=5))
    assert set(read(f"lmeval:{tmp_path}").column("seed")) == {"1234", "0"}
    first.write_text(results_of("m", torch_seed=5))
    assert set(read(f"lmeval:{tmp_path}").column("seed")) == {"5", "0"}  # the one that differs
    first.write_text(results_of("m", configs={"gsm8k": {"num_fewshot": 5, "generation_kwargs": {"subject": "x"}}}))
    table = read(f"lmeval:{tmp_path}")
    assert set(table.column("params.num_fewshot")) == {"5", ""}
    assert set(table.column("params.generation_kwargs.subject")) == {"x", ""}
    for text in ("[1]", "{"):
        first.write_text(text)
        with pytest.raises(UserError, match=rf"results_{DATE}.json"):
            read(f"lmeval:{tmp_path}")
    first.write_text('{"config": 3}')
    with pytest.raises(UserError, match=rf"expected its seeds in results_{DATE}.json, as other evaluations"):
        read(f"lmeval:{tmp_path}")


def test_a_seed_that_is_not_told_or_tells_nothing_apart_is_one_line(tmp_path):
    harness(tmp_path, ("m", "n"), 2)
    harness(tmp_path, ("m",), 2, date="2026-02-02T03-04-05.678")
    (tmp_path / "m" / f"results_{DATE}.json").write_text(results_of("m"))
    (tmp_path / "m" / "results_2026-02-02T03-04-05.678.json").write_text(results_of("m", seed=1))
    with pytest.raises(UserError, match=rf"n/samples_.*: expected its seeds in results_{DATE}.json, as other"):
        read(f"lmeval:{tmp_path}")
    names = ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")
    for model, seeds in (("a", (0, 0, 0, 0)), ("b", (0, 1, 0, 1)), ("c", (1, 0, 1, 0)), ("d", (1, 1, 1, 1))):
        harness(tmp_path / "four", (model,), 2)
        told = {"config": dict(zip(names, seeds, strict=True)), "model_name": model}
        (tmp_path / "four" / model / f"results_{DATE}.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match="none of these tells them all apart"):
        read(f"lmeval:{tmp_path / 'four'}")


@pytest.fixture
def logs(tmp_path):
    """Two prompts, three epochs of twelve questions; one log of each form."""
    rng, folder = random.Random(2), tmp_path / "logs"
    folder.mkdir()
    for prompt, chance in (("plain", 0.5), ("cot", 0.8)):
        head = {"task": "questions", "model": "m", "task_args": {"prompt": prompt}, "created": "2026-01-01"}
        samples = [
            {"id": f"q{i}", "epoch": epoch, "scores": {"match": {"value": "C" if rng.random() < chance else "I"}}}
            for epoch in (1, 2, 3) for i in range(12)
        ]  # fmt: skip
        if prompt == "cot":
            (folder / "cot.json").write_text(json.dumps({"status": "success", "eval": head, "samples": samples}))
            continue
        with zipfile.ZipFile(folder / "plain.eval", "w", zipfile.ZIP_DEFLATED) as held:
            held.writestr("header.json", json.dumps({"status": "success", "eval": head}))
            for own in samples:
                held.writestr(f"samples/{own['id']}_epoch_{own['epoch']}.json", json.dumps(own))
    return folder


def test_logs_of_inspect_are_items_with_epochs_as_seeds(logs):
    table = read(f"inspect:{logs}")
    assert len(table.lines) == 2 * 3 * 12
    assert set(table.column("seed")) == {"1", "2", "3"}
    assert set(table.column("correct")) == {"1.0", "0.0"}
    found = ablate.judge_runs(f"inspect:{logs}", baseline={"prompt": "plain"})
    assert found.items.loc[0, ["claim", "items", "seeds"]].tolist() == ["prompt-cot", 12, 3]
    assert found.items.loc[0, "low"] < found.items.loc[0, "difference"] < found.items.loc[0, "high"]
    assert len(read(logs / "plain.eval").lines) == 36


def test_logs_that_inspect_itself_wrote_are_read():
    found = ablate.judge_runs(
        f"inspect:{LOGS / 'inspect'}", baseline={"model": "mockllm/small"}, leave_out=["custom_outputs"]
    )
    assert found.items.loc[0, ["items", "seeds"]].tolist() == [16, 3]
    scores = {"mockllm/small": 0.0, "mockllm/large": 0.0}
    for path in (LOGS / "inspect").iterdir():  # the accuracy that Inspect itself counted stands in the header
        with zipfile.ZipFile(path) as held:
            header = json.loads(_part(held, held.getinfo("header.json")))
        scores[header["eval"]["model"]] = header["results"]["scores"][0]["metrics"]["accuracy"]["value"]
    assert found.items.loc[0, "difference"] == pytest.approx(scores["mockllm/large"] - scores["mockllm/small"])


def test_what_a_log_was_generated_with_tells_two_evaluations_apart():
    table = read(f"inspect:{LOGS / 'inspect_heat'}")
    assert set(table.column("params.temperature")) == {"0.0", "1.0"}
    assert set(table.column("params.solver")) == {"generate"}
    assert all(cell.startswith("sha256:") for cell in table.column("params.custom_outputs"))


def eval_log(path, *, epochs=1, plan=None, **parts):
    """A log of Inspect as JSON, one question, with the parts that it was made with."""
    samples = [{"id": 1, "epoch": epoch + 1, "scores": {"match": {"value": "C"}}} for epoch in range(epochs)]
    head = {"task": "t", "model": "m", **parts}
    path.write_text(json.dumps({"eval": head, "plan": plan or {}, "samples": samples}))


def test_a_name_of_two_parts_hides_neither(tmp_path):
    for name, (own, of_task) in {"a": (0.1, 0.5), "b": (0.9, 0.5)}.items():
        eval_log(
            tmp_path / f"{name}.json", model_args={"temperature": own, "device": "cpu"},
            task_args={"temperature": of_task}, plan={"config": {"top_p": own}},
        )  # fmt: skip
    eval_log(tmp_path / "c.json", metadata={"temperature": 0.3, "task_args": {"temperature": 0.5}})
    table = read(f"inspect:{tmp_path}")
    assert table.column("params.model_args.temperature") == ["0.1", "0.9", ""]
    assert table.column("params.task_args.temperature") == ["0.5", "0.5", ""]
    assert table.column("params.metadata.temperature") == ["", "", "0.3"]
    assert table.column("params.metadata.task_args.temperature") == ["", "", "0.5"]
    assert table.column("params.device") == ["cpu", "cpu", ""]
    assert table.column("params.top_p") == ["0.1", "0.9", ""]
    assert "params.temperature" not in table.head


def test_what_was_generated_with_is_one_part_where_its_two_places_agree(tmp_path):
    for name, asked in (("a", 0.0), ("b", 1.0)):
        eval_log(tmp_path / f"{name}.json", model_generate_config={"temperature": asked, "top_k": 1},
                 plan={"config": {"temperature": asked, "top_k": asked}})  # fmt: skip
    table = read(f"inspect:{tmp_path}")
    assert table.column("params.temperature") == ["0.0", "1.0"]
    assert table.column("params.model_generate_config.top_k") == ["1", "1"]
    assert table.column("params.plan_config.top_k") == ["0.0", "1.0"]


def test_two_solvers_of_one_name_keep_both_texts(tmp_path):
    steps = [{"solver": "system_message", "params": {"template": text}} for text in ("first", "second")]
    eval_log(tmp_path / "a.json", plan={"steps": steps})
    table = read(f"inspect:{tmp_path}")
    assert table.column("params.solver") == ["system_message, system_message"]
    assert table.column("params.system_message.template") == ["first"]
    assert table.column("params.system_message.2.template") == ["second"]


def test_epochs_are_the_seeds_and_the_seed_of_generation_is_a_setting(tmp_path):
    for name, seed in (("a", 3), ("b", 4)):
        eval_log(tmp_path / f"{name}.json", epochs=2, plan={"config": {"seed": seed}})
    table = read(f"inspect:{tmp_path}")
    assert table.column("seed") == ["1", "2", "1", "2"]
    assert table.column("params.generation_seed") == ["3", "3", "4", "4"]
    assert "params.seed" not in table.head
    assert table.repairs == ("epochs are the seeds; the seed of generation is a setting, `generation_seed`",)
    eval_log(tmp_path / "a.json", plan={"config": {"seed": 3}})
    (tmp_path / "b.json").unlink()
    assert read(f"inspect:{tmp_path}").column("params.seed") == ["3"]  # without epochs it is the seed of the run


def test_values_of_one_name_are_an_error_and_not_the_last_one(tmp_path):
    eval_log(tmp_path / "a.json", task_args={"a.b": 1, "a": {"b": 2}})
    with pytest.raises(UserError, match=r"a\.json: two values are called 'task_args\.a\.b': 1 and 2; rename one"):
        read(f"inspect:{tmp_path}")


def test_damaged_parts_of_logs_are_one_line(tmp_path):
    whole = bytearray(next((LOGS / "inspect").iterdir()).read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 20_000] = bytes(20_000)
    (tmp_path / "x.eval").write_bytes(whole)
    with pytest.raises(UserError, match="cannot be read as a log of Inspect"):
        read(f"inspect:{tmp_path / 'x.eval'}")


def test_damaged_logs_are_one_line(tmp_path, logs):
    (tmp_path / "cut.eval").write_bytes((logs / "plain.eval").read_bytes()[:-200])
    (tmp_path / "other.json").write_text('{"a": 1}')
    (tmp_path / "half.json").write_text('{"eval": ')
    with zipfile.ZipFile(tmp_path / "empty.eval", "w") as held:
        held.writestr("x", "y")
    scores = {"match": {"value": "C"}, "f1": {"value": 0.5}}
    two = {"eval": {"model": "m", "task": "t"}, "samples": [{"id": 1, "epoch": 1, "scores": scores}]}
    (tmp_path / "two.json").write_text(json.dumps(two))
    for name, message in (
        ("cut.eval", "cannot be read as a log of Inspect"),
        ("empty.eval", "cannot be read as a log of Inspect"),
        ("half.json", "cannot be read as a log of Inspect"),
        ("other.json", "is not a log of Inspect"),
        ("two.json", "has several scorers: say which with #NAME, one of match, f1"),
        ("two.json#mach", "nearest match: match"),
    ):
        with pytest.raises(UserError, match=message):
            read(f"inspect:{tmp_path / name}")
    assert read(f"inspect:{tmp_path / 'two.json'}#f1").column("correct") == ["0.5"]
