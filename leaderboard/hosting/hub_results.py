"""A track's results as the Hub wants them for benchmarks: `eval.yaml` of the dataset, `.eval_results` of the models.

Written as https://huggingface.co/docs/hub/eval-results described them in November 2026 ("work in progress"); the
Hub's own client makes the entries. Nothing is sent.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from emer_space.files.problems import counted
from emer_space.files.writing import write_whole
from leaderboard.board.board import Board
from leaderboard.board.ranking import ranking
from leaderboard.board.rows import Row
from leaderboard.errors import LeaderboardError
from leaderboard.tracks import Track

FRAMEWORK = "emer-space"
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_MODEL = re.compile(
    r"https://huggingface\.co/(?!datasets/|spaces/|papers/|collections/|docs/)([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)/?"
)
NOTES = {"practice": "scored against public answers", "baseline": "the leaderboard's own baseline", "verified": ""}


def export_hub_results(board: Board, name: str, out: Path, dataset: str, source: str = "") -> list[str]:
    """Write `eval.yaml` and `models/<org>/<model>/.eval_results/<track>.yaml` into `out`; returns what was done.

    A row belongs to a model if its link is the model's page on the Hub; only ranked rows are written, of several for
    one model the best. Raises `LeaderboardError` if `out` cannot be written.
    """
    if not _REPO.fullmatch(dataset):
        raise LeaderboardError(f"--dataset {dataset!r} is not the id of a dataset; write it as ORG/NAME.")
    track = board.track(name)
    ranked = [row for row in ranking(board, track).rows if row.ranks and row.score is not None]
    models: dict[str, Row] = {}
    for row in ranked:
        if (found := _MODEL.fullmatch(row.link)) is not None:
            models.setdefault(found[1], row)
    files = {out / "eval.yaml": _yaml(_benchmark(track))}
    for model, row in models.items():
        entry = EvalResultEntry(
            dataset_id=dataset,
            task_id=track.id,
            value=row.score,
            date=f"{row.received:%Y-%m-%dT%H:%M:%SZ}" if row.received else None,
            source_url=source or None,
            source_name="EMER Space" if source else None,
            notes="; ".join(filter(None, [row.method, NOTES.get(row.badge, "")])) or None,
        )
        files[out / "models" / model / ".eval_results" / f"{track.id}.yaml"] = _yaml(
            eval_result_entries_to_yaml([entry])
        )
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
    except OSError as problem:
        raise LeaderboardError(f"{out} cannot be written ({problem.strerror}); name another folder.") from None
    left = len(ranked) - len(models)
    said = [f"{path}" for path in files]
    if left:
        what = f"{counted(left, 'ranked row')} left out"
        said.append(f"{what}: without a link to a model's page on the Hub, or not the best of its model.")
    return [*said, f"Put eval.yaml into {dataset}, and open a pull request with each other file in its model."]


def _benchmark(track: Track) -> dict[str, Any]:
    return {
        "name": track.rules.title,
        "description": " ".join(track.rules.task.split()),
        "evaluation_framework": FRAMEWORK,
        "tasks": [{"id": track.id, "config": "default", "split": "test"}],
    }


def _yaml(value: Any) -> bytes:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()
