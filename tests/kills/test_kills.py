"""No kill loses anything: a few seeded kills of the many that `make kill-test` makes."""

import json
import shutil
from pathlib import Path

from harness import run
from material import Material
from workers import WorkerHome

KILLS, APP, SEED = 24, 1, 5


def test_kills_lose_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, KILLS, APP, SEED, jobs=2, progress=print)
    assert done.problems == []
    assert (done.inside + done.outside, done.app) == (KILLS, APP)
    assert done.outside > 0 and done.scored >= done.receipts > 0


def rewrite(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_the_harness_tells_of_everything_that_is_lost_doubled_or_mixed_up(tmp_path: Path) -> None:
    """So that its silence means something."""
    home = WorkerHome(Material(tmp_path, SEED), 0, SEED)
    home.live([*home.submits(3), ["score"], ["correct", "calm"], ["correct", "proud"]])
    assert home.problems == []
    lost, changed, mixed_up = sorted((home.folder / "submissions").glob("*/*"))[:3]
    doubled = Path(shutil.copytree(changed, changed.with_name(f"{changed.name[:-10]}AAAAAAAAAA")))
    rewrite(doubled / "request.json", id=doubled.name)
    shutil.rmtree(lost)
    gone, torn = sorted(home.corrected)
    shutil.rmtree(home.folder / "corrections" / f"{gone[:4]}-{gone[4:6]}" / gone)
    (home.folder / "corrections" / f"{torn[:4]}-{torn[4:6]}" / torn / "analysis.json").unlink()
    (file,) = changed.glob("predictions.*")
    file.write_bytes(file.read_bytes() + b"\n")
    (result,) = (home.folder / "results").glob(f"*/*/{mixed_up.name}.json")
    public = json.loads(result.read_text())["reports"]["public"]
    public["primary"]["value"] = 2.0
    rewrite(result, reports={"public": public})
    home.live(home.submits(1))
    (home.folder / "unfinished" / "part").touch()
    home.checked()

    problems = "\n".join(home.problems)
    for told_of in (
        f"{lost.name}/request.json was lost",
        f"{lost.name} got a receipt and is not there",
        f"{file.relative_to(home.folder)} was changed",
        f"{changed.name} has another content than it says",
        f"{doubled.name} is there without a receipt",
        "is there 2 times",
        f"there is a result of {lost.name}, and no submission",
        f"{mixed_up.name} scored {{'public': 2.0}}, and directly {{'public': 0.",
        f"the correction {gone} got a receipt and is not there",
        f"the correction {torn} has the files",
        "a new ledger has the submissions",
        "are still queued",
        "unfinished/part is left over",
    ):
        assert told_of in problems
