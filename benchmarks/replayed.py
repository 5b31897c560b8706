"""The committed findings judged again as if their studies might have stopped at any time: what that would have taken.

    python benchmarks/replayed.py [STUDY …]

Every study of `studies/findings` is read from its `runs.csv`, given `looks: anytime` and judged look by look in the
order of its seeds, and once at all of its seeds by the same claims. Claims of kinds that have no test at any time, and
`exact` ones, are left out of both, so that Holm runs over the same family. A study of 20 seeds cannot go on: where it
would have needed more, the claim counts as open.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from ablate.judge.anytime import follow
from ablate.judge.rule import judge
from ablate.sweep.study import Study
from ablate.work.findings import judge_findings

FINDINGS = Path(__file__).parents[1] / "studies" / "findings"


def replay(folder: Path) -> dict[str, Any] | None:
    """Return what a study needed: counts of claims and of runs; None where it has no such claim or too few seeds."""
    judgement, _ = judge_findings(folder)
    study, tables = judgement.study, judgement.tables
    claims = [claim for claim in study.claims if claim.anytime and claim.sampled]
    kept = {claim.id for claim in claims}
    claims = [
        claim.model_copy(update={"gates": [g for g in claim.gates if g.kind != "positive_control" or g.claim in kept]})
        for claim in claims
    ]
    seeds = sorted({int(seed) for seed in tables.seeds["seed"]})
    count = len(seeds) - (len(seeds) - 10) % 2
    if not claims or count < 12:
        return None
    again = Study.model_validate(
        study.model_dump() | {"claims": [c.model_dump() for c in claims], "looks": "anytime", "seeds": seeds[:count]}
    )
    once = {v.claim_id: v for v in judge(again.model_copy(update={"looks": []}), tables, extras=False)}
    state = follow(again, tables, extras=False)
    decided = [v for v in once.values() if v.decided]
    early = {v.claim_id: v for v in state.verdicts if v.decided}
    both = [v for v in decided if v.claim_id in early]
    return {
        "claims": len(once),
        "decided": len(decided),
        "otherwise": sum(early[v.claim_id].outcome != v.outcome for v in both),
        "new": len(early) - len(both),
        "seeds": count,
        "needed": [(early[v.claim_id].look or (0, 0, 0))[2] for v in both],
        "share": sum(state.needed.values()) / (len(tables.planned) * count),
    }


def main(names: list[str]) -> None:
    """Print a row per study, and the sum."""
    rows = []
    heads = ("claims", "decided", "both", "otherwise", "new", "median", "of", "runs")
    print(f"{'study':26s}" + "".join(f"{head:>10s}" for head in heads))
    for folder in sorted(FINDINGS.iterdir()):
        if not (folder / "runs.csv").is_file() or (names and folder.name not in names):
            continue
        row = replay(folder)
        if row is None:
            continue
        rows.append(row)
        counts = [row["claims"], row["decided"], len(row["needed"]), row["otherwise"], row["new"]]
        median = f"{np.median(row['needed']):.0f}" if row["needed"] else "-"
        cells = [*map(str, counts), median, str(row["seeds"]), f"{100 * row['share']:.0f} %"]
        print(f"{folder.name:26s}" + "".join(f"{cell:>10s}" for cell in cells), flush=True)
    claims, decided, otherwise, new = (
        sum(row[key] for row in rows) for key in ("claims", "decided", "otherwise", "new")
    )
    parts = [n / row["seeds"] for row in rows for n in row["needed"]]
    shares = [row["share"] for row in rows]
    print(
        f"{len(rows)} studies, {claims} claims: {decided} decided once, {len(parts)} of these at any time, {otherwise} "
        f"otherwise; {new} decided at any time alone.\nSeeds of those decided by both: median "
        f"{100 * np.median(parts):.0f} % of what the study has. Runs, with arms that claims share: median study "
        f"{100 * np.median(shares):.0f} %."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
