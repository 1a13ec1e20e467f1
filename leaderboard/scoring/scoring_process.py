"""Scores a submission in a child process with limits on time and memory, so that no file can take the app down.

The parent sends a line of JSON, the predictions and the references, and keeps the pipe open. When the pipe closes the
child exits, so a killed parent leaves nothing behind. The child answers with one JSON object.
"""

import base64
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from emer_space.errors import EmerError
from emer_space.files.problems import SubmissionError
from emer_space.settings import app_home, number_from_environment
from leaderboard.errors import LeaderboardError
from leaderboard.judge.transcript import Transcript
from leaderboard.tracks import load_track
from leaderboard.tracks.references import ReferenceFile, reference_file

PROJECT = Path(__file__).resolve().parents[2]
PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_DATA_HOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH",
    "EMER_HOME", "EMER_WHEELS", "PYTHONPATH", "HF_HUB_OFFLINE",
)  # fmt: skip
"""The environment variables that the child gets; tokens and keys stay with the parent."""
MOST_TRACEBACK = 8_000
MOST_ANSWER = 16_000_000
"""The most bytes of an answer; a report has a few thousand."""
MOST = 1_000_000
"""The most seconds or megabytes that a host may allow."""
GRACE_S = 5.0
"""Seconds of wall time beyond the limit of processor time after which the child is killed."""


@dataclass(frozen=True, slots=True)
class ScoringLimits:
    """The limits of processor time and of private memory, from `EMER_SCORING_SECONDS` and `EMER_SCORING_MEGABYTES`."""

    seconds: float = 300.0
    megabytes: int = 4_000

    @classmethod
    def from_environment(cls) -> "ScoringLimits":
        """The limits that the environment sets. Raises `InputError`, which names the variable, if one is invalid."""
        return cls(
            number_from_environment("EMER_SCORING_SECONDS", cls().seconds, 1, MOST),
            number_from_environment("EMER_SCORING_MEGABYTES", cls().megabytes, 1, MOST),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of scoring. `state` is one of these:

    `scored` with `reports` by split, `refused` with the `problems` of the file, `waiting` if something is missing here,
    `error` for an internal error. `detail` holds the reason or the traceback of the last two. `replicates` is the file
    of the scores in every resample (`scoring.replicates`); empty if there are none.
    """

    state: str
    reports: Mapping[str, Any]
    problems: tuple[Mapping[str, Any], ...] = ()
    detail: str = ""
    replicates: bytes = b""


def score_in_child(
    track: str,
    filename: str,
    content: bytes,
    limits: ScoringLimits,
    judgements: Mapping[str, Transcript] | None = None,
) -> Outcome:
    """Score predictions by the rules of a track. Whatever happens in the child, this does not raise.

    The child has no network and no key, so `judgements` holds what the track's language model has said already.
    """
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        file = reference_file(load_track(track))
        references = file.read()
    except (EmerError, OSError) as problem:
        reason = (
            str(problem) if isinstance(problem, LeaderboardError) else "The references cannot be read at the moment."
        )
        return Outcome("waiting", {}, detail=reason)
    job = {"track": track, "file": filename, "bytes": len(content), "references": file.name, "more": len(references)}
    job |= {"seconds": limits.seconds, "megabytes": limits.megabytes}
    job["judgements"] = {metric: record.to_dict() for metric, record in (judgements or {}).items()}
    with subprocess.Popen(
        [sys.executable, "-m", "leaderboard.scoring.scoring_process"],
        cwd=PROJECT,
        env={**environment, "EMER_HOME": str(app_home().absolute()), "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        try:
            return _answered(child, job, content + references, limits)
        finally:
            _kill_all_of(child)
            with contextlib.suppress(OSError):
                if child.stdin:
                    child.stdin.close()


def _answered(child: subprocess.Popen[bytes], job: Mapping[str, Any], content: bytes, limits: ScoringLimits) -> Outcome:
    """The child's answer. Threads serve its pipes, so that a child that does not read or exit is stopped in time."""
    assert child.stdin and child.stdout and child.stderr
    output: dict[str, bytes] = {}
    readers = [
        threading.Thread(target=lambda: output.update(answer=_most_of(child)), daemon=True),
        threading.Thread(target=lambda: output.update(stderr=_end_of(child.stderr)), daemon=True),
    ]
    sending = threading.Thread(
        target=_send, args=(child.stdin, json.dumps(job).encode() + b"\n" + content), daemon=True
    )
    for thread in (*readers, sending):
        thread.start()
    try:
        code = child.wait(limits.seconds + GRACE_S)
    except subprocess.TimeoutExpired:
        return Outcome("error", {}, detail=f"Scoring took longer than {limits.seconds:g} s and was stopped.")
    _kill_all_of(child)  # processes that it started may hold its pipes
    for reader in readers:
        reader.join(GRACE_S)
    with contextlib.suppress(ValueError, TypeError, KeyError):
        answer = json.loads(output.get("answer", b""))
        kept = base64.b64decode(answer["replicates"])
        return Outcome(answer["state"], answer["reports"], tuple(answer["problems"]), answer["detail"], kept)
    errors = output.get("stderr", b"").decode("utf-8", "replace")[-MOST_TRACEBACK:]
    reason = f"signal {-code}" if code < 0 else f"exit code {code}"
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        reason += f" (the limit is {limits.seconds:g} s and {limits.megabytes} MB)"
    return Outcome("error", {}, detail=f"The scoring process ended with {reason}.\n{errors}".strip())


def _kill_all_of(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _most_of(child: subprocess.Popen[bytes]) -> bytes:
    """The child's whole answer. A child that writes too much is killed, and its answer is empty."""
    assert child.stdout
    answer = child.stdout.read(MOST_ANSWER + 1)
    if len(answer) <= MOST_ANSWER:
        return answer
    child.kill()
    return b""


def _end_of(pipe: IO[bytes] | None) -> bytes:
    """The last bytes written to a pipe. Everything is read, so that the writer never blocks."""
    kept = b""
    while pipe and (more := pipe.read1(65_536)):  # type: ignore[attr-defined]
        kept = (kept + more)[-4 * MOST_TRACEBACK :]
    return kept


def _send(pipe: IO[bytes], message: bytes) -> None:
    """Send the job. The pipe stays open until the child has answered: if it closes, the parent is gone."""
    with contextlib.suppress(OSError, ValueError):
        pipe.write(message)
        pipe.flush()


# The child


def main() -> None:
    """Score the job on standard input and write the answer to standard output."""
    source, target = sys.stdin.buffer, os.dup(1)
    os.dup2(2, 1)  # keeps what libraries print out of the answer
    job = json.loads(source.readline())
    content, references = source.read(job["bytes"]), source.read(job["more"])
    threading.Thread(target=_end_with_parent, args=(source,), daemon=True).start()
    _limit(job["seconds"], job["megabytes"] * 1_000_000)
    with os.fdopen(target, "w", encoding="utf-8") as answer:
        file = ReferenceFile(job["references"], None, lambda: references)
        judgements = {metric: Transcript.from_dict(stored) for metric, stored in job["judgements"].items()}
        json.dump(_scored(job["track"], job["file"], content, file, judgements), answer, allow_nan=False)
    os._exit(0)  # without the clean-up of libraries, which could spoil the answer


def _end_with_parent(source: Any) -> None:
    source.read(1)
    os._exit(1)


def _limit(seconds: float, memory: int) -> None:
    whole = max(1, round(seconds))
    for kind, bound in (
        (resource.RLIMIT_CPU, whole),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (bound, bound))


def _scored(
    name: str, filename: str, content: bytes, references: ReferenceFile, judgements: Mapping[str, Transcript]
) -> dict[str, Any]:
    answer: dict[str, Any] = {"state": "error", "reports": {}, "problems": [], "detail": "", "replicates": ""}
    try:
        return {**answer, "state": "scored", **_reports(name, filename, content, references, judgements)}
    except SubmissionError as problem:
        return {**answer, "state": "refused", "problems": [single.to_dict() for single in problem.problems]}
    except LeaderboardError as problem:
        return {**answer, "state": "waiting", "detail": str(problem)}
    except Exception:  # noqa: BLE001 - the organiser sees the traceback, the participant gets an incident id
        return {**answer, "detail": traceback.format_exc()[-MOST_TRACEBACK:]}


def _reports(
    name: str, filename: str, content: bytes, file: ReferenceFile, judgements: Mapping[str, Transcript]
) -> dict[str, Any]:
    """The report of every split that the references have, as JSON, and the file of replicates as base64."""
    from leaderboard.scoring.comparison import read_comparison
    from leaderboard.scoring.replicates import packed
    from leaderboard.scoring.report import ScoredSplit
    from leaderboard.scoring.scorer import score

    comparison = read_comparison(load_track(name), content, filename, file)
    splits: tuple[ScoredSplit, ...] = ("public", "private") if comparison.references.splits["private"] else ("public",)
    scored = {split: score(comparison, split, judgements) for split in splits}
    replicates = {str(split): report.replicates for split, report in scored.items() if report.replicates}
    return {
        "reports": {split: report.to_dict() for split, report in scored.items()},
        "replicates": base64.b64encode(packed(replicates)).decode() if replicates else "",
    }


if __name__ == "__main__":
    main()
