"""A model is benchmarked on a track by the track's own file; what nobody explains ends in a sentence."""

from pathlib import Path

import pytest

from emer_space.__main__ import main
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.benchmark import EXPLAINED, benchmark
from leaderboard.tracks import FOLDER, PACKAGE


def own_track(home: Path, more: str) -> None:
    """An organiser's own file of the practice track, with something more."""
    text = (FOLDER / "clue-practice.toml").read_text(encoding="utf-8")
    text = text.replace('"data/clue-practice/', f'"{PACKAGE.as_posix()}/data/clue-practice/')
    (home / "tracks").mkdir(parents=True, exist_ok=True)
    (home / "tracks" / "clue-practice.toml").write_text(f"{text}\n{more}\n", encoding="utf-8")


def never(clues: Path, modalities: tuple[str, ...]) -> bytes:
    raise AssertionError("nothing is explained for a track that cannot be scored")


def test_a_column_that_no_explanation_has_ends_in_a_sentence_before_anything_is_explained(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own_track(own_home, '[columns.sureness]\nkind = "choice"')
    with pytest.raises(LeaderboardError, match="clue-practice asks for sureness, which an explanation does not have"):
        benchmark("clue-practice", never)
    assert main(["benchmark", "--track", "clue-practice"]) == 2
    err = capsys.readouterr().err
    assert "asks for sureness" in err and "Traceback" not in err and err.count("\n") == 1


def test_what_was_explained_and_is_no_prediction_file_ends_in_a_sentence(own_home: Path) -> None:
    own_track(own_home, "")
    (own_home / "tracks" / "clue-practice.toml").write_text(
        (own_home / "tracks" / "clue-practice.toml").read_text().replace("longest = 5000", "longest = 5")
    )
    line = '{"name": "clue-001", "openset": ["happy"], "reason": "He smiles at her."}'
    with pytest.raises(
        LeaderboardError, match="not a valid prediction file for clue-practice: row 1, column 'reason': Longer"
    ):
        benchmark("clue-practice", lambda clues, modalities: line.encode(), ("CLUE-Multi",))


def test_an_explanation_has_the_columns_that_it_is_said_to_have() -> None:
    from emer_space.commands.clue_file import ClueTexts, explained

    line = explained(ClueTexts("a", visual_clue="He smiles.", acoustic_clue="", subtitle=""), ("video",))
    assert set(EXPLAINED) <= line.keys()
