"""Writes logs/inspect with the real library: `pip install inspect-ai`, then `python make_inspect.py`.

Two models of the mock provider answer the same 16 sums in three epochs; `large` is right more often. Two more logs
differ in the temperature alone. Tokens are counted by words: the real counter wants a download.
"""

import random
import shutil
from pathlib import Path

HERE = Path(__file__).parent / "logs"
ITEMS, EPOCHS = 16, 3


class _Words:
    def encode(self, text, **_):
        return text.split()


def answers(seed, share):
    """Return what a model answers, item by item; an item is as hard for both."""
    from inspect_ai.model import ModelOutput

    hard, chance = random.Random(0), random.Random(seed)
    asked = [hard.random() for _ in range(ITEMS)]
    right = [chance.random() < share - 0.4 * asked[i] for i in range(ITEMS) for _ in range(EPOCHS)]
    return [ModelOutput.from_content("mock", str(2 * (k // EPOCHS + 1)) if ok else "0") for k, ok in enumerate(right)]


def main():
    import tiktoken

    tiktoken.get_encoding = tiktoken.encoding_for_model = lambda *_: _Words()
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import get_model
    from inspect_ai.scorer import match
    from inspect_ai.solver import generate

    samples = [Sample(id=f"sum-{i}", input=f"{i}+{i}", target=str(i + i)) for i in range(1, ITEMS + 1)]
    shutil.rmtree(HERE / "inspect", ignore_errors=True)
    shutil.rmtree(HERE / "inspect_heat", ignore_errors=True)
    for name, share, heat, folder in (
        ("small", 0.8, None, "inspect"), ("large", 1.1, None, "inspect"),
        ("small", 0.9, 0.0, "inspect_heat"), ("small", 0.9, 1.0, "inspect_heat"),
    ):  # fmt: skip
        task = Task(name="sums", dataset=MemoryDataset(samples), solver=generate(), scorer=match(numeric=True))
        model = get_model(f"mockllm/{name}", custom_outputs=answers(f"{name} {heat}", share))
        (log,) = evaluate(
            task, model=model, epochs=EPOCHS, max_samples=1, log_dir=str(HERE / folder), log_format="eval",
            display="none", temperature=heat,
        )  # fmt: skip
        assert log.status == "success", log.error


if __name__ == "__main__":
    main()
