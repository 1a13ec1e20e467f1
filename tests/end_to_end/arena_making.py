"""What the tests find in their home: a blind comparison of two systems, and a track that cites very many papers."""

from pathlib import Path

from leaderboard.hosting.new_arena import WantedArena, make_arena

ARENA = "small-arena"
EXAMPLES = Path(__file__).parents[2] / "examples"
CLIPS = sorted(path.stem for path in EXAMPLES.glob("*.mp4"))
SYSTEMS = ("Ash", "Birch")


def enter_arena(home: Path, results_after: int = 1) -> None:
    """Two systems, whose explanations differ in their first word."""
    home.mkdir(exist_ok=True)
    files = {name: home / f"{name}.csv" for name in SYSTEMS}
    for first, file in zip(("One", "Two"), files.values(), strict=True):
        rows = [f"{clip},{first} thing is seen in {clip}." for clip in CLIPS]
        file.write_text("\n".join(["name,reason", *rows]) + "\n", encoding="utf-8")
    make_arena(EXAMPLES, WantedArena(ARENA, files, results_after=results_after, out=home / "tracks"))


CROWD = "crowd"
PAPERS = 250


def enter_crowd(home: Path) -> None:
    """A track that is not scored here, with the figures of so many papers: the ranking has several pages."""
    head = """
title = "Crowd"
task = "Name the emotions."
version = 1
answers = "hidden"
vocabulary = "open"
metric = "ew"
primary = ["level1.f"]
[columns.openset]
kind = "labels"
"""
    papers = (
        f'[[published]]\nname = "Paper {number:03d}"\nscore = {1 - number / 1000}\nsource = "Study {number}"\n'
        for number in range(PAPERS)
    )
    (home / "tracks").mkdir(parents=True, exist_ok=True)
    (home / "tracks" / f"{CROWD}.toml").write_text(head + "".join(papers), encoding="utf-8")
