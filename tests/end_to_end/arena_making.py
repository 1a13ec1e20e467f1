"""A blind comparison of two systems on the project's examples, in a home of the tests."""

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
