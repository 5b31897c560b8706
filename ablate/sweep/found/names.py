"""What the names of columns say, by tables that stand in the manual (docs/judge.md): nothing here is guessed.

A metric is recognised where its name is one of `MEANINGS`, but for words that say on which part of the data or when it
was measured (`PARTS`). Any other name has no direction, and whoever needs it asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ablate.sweep.import_columns import RESULTS, SETTINGS
from ablate.train.metric import FRACTION, PERCENT, Better, Metric


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHARES_UP = (
    "accuracy acc balanced_accuracy f1 f1_score precision recall sensitivity specificity auc auroc roc_auc auprc "
    "pr_auc average_precision map miou iou dice exact_match em hit_rate ndcg mrr pass success_rate win_rate"
)
_UP = "bleu rouge rouge_l rougel meteor chrf psnr ssim r2 mcc kappa reward return episode_reward elbo log_likelihood"
_DOWN = (
    "loss error err error_rate mse rmse mae mape nll cross_entropy log_loss bce perplexity ppl bpb bpc fid wer cer ece "
    "brier brier_score"
)
MEANINGS: dict[str, tuple[Better, bool]] = {
    **dict.fromkeys(_SHARES_UP.split(), ("higher", True)),
    **dict.fromkeys(_UP.split(), ("higher", False)),
    **dict.fromkeys(_DOWN.split(), ("lower", False)),
}
"""Name of a metric -> which way is better, and whether it is a share, which lies in [0, 1] or in [0, 100]."""

PARTS = _words(
    "train training val valid validation eval evaluation test testing dev holdout final best last mean avg macro micro "
    "weighted overall epoch step top metric metrics summary max min hparam"
)
"""Words of a name that say on which part of the data, or when, a metric was measured; numbers do too (`top1`), and
`hparam/`, as results of `add_hparams` are called."""

SEEDS = _words(
    "seed random_seed rng_seed random_state manual_seed global_seed torch_seed np_seed numpy_seed master_seed "
    "seed_everything replicate repetition rep"
)
TIMES = _words(
    "created updated timestamp date datetime time start_time end_time started ended started_at ended_at finished_at "
    "created_at updated_at datetime_start datetime_complete heartbeat_at createdat heartbeatat stop_time "
    "wall_time"
)
DURATIONS = _words(
    "runtime duration seconds secs elapsed elapsed_time train_runtime eval_runtime train_samples_per_second "
    "train_steps_per_second eval_samples_per_second eval_steps_per_second time_total_s time_this_iter_s train_time "
    "training_time wall_clock"
)
PROGRESS = _words("step global_step epoch iteration iter trainer_global_step total_steps training_iteration")
ABOUT = _words(
    "id name run run_id run_name run_uuid uuid trial trial_id trial_number number index idx row experiment "
    "experiment_id experiment_name identity hash sha commit git_commit git_sha host hostname node machine device gpu "
    "gpus pid user username notes tags comment description group job_type job_id sweep agent project entity version "
    "arm_id artifact_uri source_type source_name lifecycle_stage parentrunid"
)
CODE = _words("sha commit git_commit git_sha version")
"""What says which code ran: where it differs together with a factor, it may be what makes the difference."""

PLACES = _words(
    "path dir directory folder file filename checkpoint ckpt url uri logdir output_dir save_dir root cwd config"
)
CAME_OUT = _words(
    "converged convergence early_stopped stopped_early early_stop_triggered reached_target reached solved censored "
    "stalled is_best success successful succeeded passed nan has_nan"
)
"""Outcomes of a run that are not numbers: they make no arms, and arms that differ in one are told."""

FOLLOWING = _words(
    "n_params num_params nparams params_count parameters num_parameters trainable_params total_params flops macs "
    "gflops "
    "params_m model_size memory peak_memory max_memory gpu_memory train_loss_final total_flos"
)


def bare_name(name: str) -> str:
    """Return a name without the prefix under which programs export it.

    >>> bare_name("config.lr"), bare_name("metrics.val/acc"), bare_name("params_lr"), bare_name("acc")
    ('lr', 'val/acc', 'lr', 'acc')
    """
    for prefix in (*SETTINGS, *RESULTS, "tags.", "params_", "user_attrs_", "attributes/"):
        if name.startswith(prefix) and len(name) > len(prefix):
            return name[len(prefix) :]
    return name


def meant(name: str, names: Sequence[str]) -> list[str]:
    """Return the names among `names` that a user means: this one, else those it is without their prefix or group.

    Groups end in points. Several are returned where it does not tell which; tags, in which a tracker repeats what was
    set, are meant only where nothing else is.

    >>> meant("lr", ["params.program.params.lr", "params.width"]), meant("lr", ["params.lr", "params.decay.lr"])
    (['params.program.params.lr'], ['params.lr'])
    >>> meant("lr", ["a.lr", "b.lr", "lrs", "tags.level.lr"])
    ['a.lr', 'b.lr']
    """
    if name in names:
        return [name]
    matches = [one for one in names if bare_name(one) == name]
    matches = matches or [one for one in names if name and one.endswith(f".{name}")]
    return [one for one in matches if not one.startswith("tags.")] or matches


def word_of(name: str) -> str:
    """Return the last part of a name in small letters and underscores, as the tables of this module have it.

    >>> word_of("config.train.Random Seed"), word_of("_timestamp"), word_of("startTime")
    ('random_seed', 'timestamp', 'start_time')
    """
    last = re.split(r"[./:]", bare_name(name))[-1]
    last = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", last)
    return re.sub(r"[^a-z0-9]+", "_", last.lower()).strip("_")


def is_setting(name: str) -> bool:
    """Tell whether a name says that its column was set."""
    return name.startswith((*SETTINGS, "params_"))


def is_result(name: str) -> bool:
    """Tell whether a name says that its column came out."""
    return name.startswith((*RESULTS, "values_")) or name in ("value", "values")


def meaning(name: str, values: Iterable[float] = ()) -> Metric | None:
    """Return what a name says of a metric; None where it is none of the table.

    Parameters
    ----------
    values
        What runs measured: of a share they tell whether it is logged as a fraction or in per cent.

    >>> meaning("val/top1_acc").better, meaning("eval_loss").better, meaning("loss_scale"), meaning("score")
    ('higher', 'lower', None, None)
    >>> meaning("test_acc", [91.2, 88.0]).unit
    'percent'
    """
    word = meaning_word(name)
    if word is None:
        return None
    better, share = MEANINGS[word]
    numbers = list(values)
    unit = ""
    if share and all(0.0 <= value <= 1.0 for value in numbers):
        unit = FRACTION
    elif share and all(0.0 <= value <= 100.0 for value in numbers):
        unit = PERCENT
    chance = unit and word in ("accuracy", "acc")
    return Metric(name, better, unit, failed_counts_as="chance" if chance else "nothing")


def meaning_word(name: str) -> str | None:
    """Return the entry of `MEANINGS` that a name is."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", bare_name(name)).lower()
    every = [word for word in re.split(r"[^a-z0-9]+", text) if word]
    for words in (every, [word for word in every if word not in PARTS and not re.fullmatch(r"(top|at|k)?\d+", word)]):
        if "_".join(words) in MEANINGS:
            return "_".join(words)
    return None


def prominence(name: str) -> tuple[int, int]:
    """Return how main a metric is, the smallest first.

    Test data come before validation, others and training data, and scores before losses.
    """
    words = set(re.split(r"[^a-z0-9]+", bare_name(name).lower()))
    part = 3 if words & {"train", "training"} else 0 if words & {"test", "testing", "holdout"} else 2
    if part == 2 and words & {"val", "valid", "validation", "eval", "evaluation", "dev"}:
        part = 1
    word = meaning_word(name)
    return part + (4 if words & {"best", "max", "min"} else 0), int(word is None or MEANINGS[word][0] == "lower")
