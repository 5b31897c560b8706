"""What is kept beside a study run of a server: files of its report, and its verdicts where MLflow's pages show them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ablate.errors import AblateError
from ablate.track.ledger import StudyRun
from ablate.track.long_tags import joined_tag, read_list, split_tag
from ablate.track.mlflow_runs import log_batches
from ablate.track.server.link import ServerLink
from ablate.track.shown import Shown, show_by_client


def attach(link: ServerLink, run: StudyRun, files: Mapping[str, bytes], label: str) -> str | None:
    """Keep files in place of those that were there under that label; returns why that could not be done."""
    tag = f"ablate.attached.{label}"
    try:
        earlier = read_list(joined_tag(run.tags, tag)) or []
        for file, content in files.items():
            link.put(run.run_id, f"{label}/{file}", content)
        with link.answers():
            log_batches(link.client, run.run_id, tags=split_tag(tag, json.dumps(sorted(files))), at=0)
        for gone in set(map(str, earlier)) - set(files):
            link.remove(run.artifact_uri, f"{label}/{gone}")
    except (AblateError, OSError) as error:
        return f"the report is written, but a copy could not be kept beside the runs: {error}"
    return None


def show(link: ServerLink, run: StudyRun, shown: Shown) -> str | None:
    """Write the verdicts into the note, tags and metrics of a study run; returns why that could not be done."""
    try:
        with link.answers():
            show_by_client(link.client, run, shown)
    except (AblateError, OSError) as error:
        return f"the verdicts could not be shown in MLflow's pages: {error}"
    return None
