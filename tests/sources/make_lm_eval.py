"""Writes logs/lm_eval with the real library: `pip install lm-eval`, then `python make_lm_eval.py`.

Two models of its own, `small` and `large`, answer the same 16 sums under three seeds; `large` is right more often.
In logs/lm_eval_shots `small` answers without and with two examples, warm and cold, in four evaluations of one day.
"""

import json
import os
import random
import shutil
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "logs"
ITEMS = 16
TASK = r"""
task: sums
dataset_path: json
dataset_kwargs: {data_files: {test: sums.json}}
test_split: test
fewshot_split: test
output_type: generate_until
doc_to_text: "{{question}}="
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\n"]}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""


def main():
    os.environ |= {"HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    import lm_eval
    from lm_eval.api.model import LM
    from lm_eval.api.registry import register_model
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    @register_model("mock")
    class Mock(LM):
        def __init__(self, pretrained, **_):
            super().__init__()
            self.share = {"small": 0.6, "large": 0.9}[pretrained]

        def generate_until(self, requests, disable_tqdm=False):
            del disable_tqdm
            sums = [sum(map(int, request.doc["question"].split("+"))) for request in requests]
            shots = requests[0].args[0].count("\n\n")
            return [str(one) if random.random() < self.share + 0.1 * shots else "0" for one in sums]

        def loglikelihood(self, requests, **_):
            raise NotImplementedError

        loglikelihood_rolling = loglikelihood

    def run(folder, name, seed, shots=0, heat=None):
        tracker = EvaluationTracker(output_path=str(folder))
        made = lm_eval.simple_evaluate(
            model="mock", model_args=f"pretrained={name}", tasks=["sums"], num_fewshot=shots, log_samples=True,
            task_manager=TaskManager(include_path="."), evaluation_tracker=tracker, bootstrap_iters=0,
            gen_kwargs=None if heat is None else {"temperature": heat}, random_seed=seed, numpy_random_seed=seed,
            torch_random_seed=seed, fewshot_random_seed=seed,
        )  # fmt: skip
        samples = made.pop("samples")
        tracker.save_results_aggregated(results=made, samples=samples)
        tracker.save_results_samples(task_name="sums", samples=samples["sums"])

    for name in ("lm_eval", "lm_eval_shots"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    back = Path.cwd()
    with tempfile.TemporaryDirectory() as there:  # relative paths, so that none of this machine is kept
        os.chdir(there)
        asked = [{"question": f"{i}+{i}", "answer": str(i + i), "parity": i % 2} for i in range(1, ITEMS + 1)]
        Path("sums.json").write_text("\n".join(map(json.dumps, asked)))
        Path("sums.yaml").write_text(TASK)
        for seed in range(3):
            for name in ("small", "large"):
                run((HERE / "lm_eval").resolve(), name, seed)
        for shots, heat in ((0, None), (2, None), (0, 0.7), (2, 0.7)):
            run((HERE / "lm_eval_shots").resolve(), "small", 7, shots, heat)
        os.chdir(back)


if __name__ == "__main__":
    main()
