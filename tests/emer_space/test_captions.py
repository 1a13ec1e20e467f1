"""Subtitles in the picture: what counts as one, how it is read, and that clear speech leaves it unread."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clip_making import H264, make, pattern, tone
from numpy.typing import NDArray

from emer_space.analysis import Analysis, Subtitle
from emer_space.cancellation import CancelToken
from emer_space.models.captions import CaptionReader
from emer_space.models.roles import CAPTIONS, ROLES, SPEECH
from emer_space.models.supply import Supply, supplied
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import NOBODY, Profile
from emer_space.settings import Settings
from emer_space.text.captions import Track, alike, read_instead, subtitle_tracks

HAN = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
WIDTH = 640


def track(text: str, start: float, end: float, left: float = 220, right: float = 420, top: float = 300) -> Track:
    """A line of 24 pixels' height in a picture of 640 × 360."""
    made = Track((left, top, right, top + 24), start, end)
    made.votes[text] += 1
    return made


def kept(*tracks: Track, duration: float = 6.0) -> list[str]:
    return [one.text for one in subtitle_tracks(tracks, WIDTH, duration)]


def test_a_line_in_the_middle_may_stay_for_a_whole_short_clip() -> None:
    assert kept(track("I will never forgive you", 0, 3), duration=3) == ["I will never forgive you"]


def test_what_stays_while_others_change_or_for_long_is_a_watermark() -> None:
    changing = track("Where were you?", 0, 2), track("Leave me alone!", 3, 5)
    assert kept(track("DRAMA CLUB", 0, 6, top=340), *changing) == ["Where were you?", "Leave me alone!"]
    assert kept(track("DRAMA CLUB", 0, 20), duration=20) == []


def test_what_stands_aside_is_a_name_unless_its_row_changes() -> None:
    assert kept(track("STAR TV", 0, 3, 540, 630)) == []
    speakers = track("I was so afraid", 0, 2, 30, 240), track("and then he laughed at me", 2, 5, 30, 400)
    assert kept(*speakers) == ["I was so afraid", "and then he laughed at me"]


def test_tickers_credits_and_addresses_are_not_said() -> None:
    assert kept(track("the minister said on Mon", 0, 0.33)) == []
    credits_shown = [track(name, 1, 4, top=200 + 30 * row) for row, name in enumerate(("Ann Lee", "Bo Ek", "Cy", "Di"))]
    assert kept(*credits_shown) == []
    assert kept(track("www.example.com", 0, 3), duration=3) == []


def test_likeness_ignores_case_blanks_and_marks() -> None:
    assert alike("I'm fine, really!", "im fine really") == 1
    assert alike("我没事", "你走吧") == 0


def test_the_notice_tells_whether_the_words_heard_are_similar() -> None:
    written = Subtitle("Why did you lie to me?", "picture", "en")
    heard = Subtitle("Why did you like to meet", "recognised", "en", doubtful="The words are doubtful: quiet.")
    assert read_instead(heard, written).code == "words-from-picture-alike"
    assert read_instead(Subtitle("Bless you", "recognised"), written).code == "words-from-picture"
    assert read_instead(None, written).code == "words-from-picture"


class Hearing:
    """Hears the same words in every clip."""

    revision = "hearing 1.0"
    heard = Subtitle("I am so fried of hymn", "recognised", "en")

    def recognise(self, wave: NDArray[np.float32], token: CancelToken) -> Subtitle:
        return self.heard


class Mumbling(Hearing):
    """The same, in doubt."""

    heard = replace(Hearing.heard, doubtful="The words are doubtful: mumbled.")


def hearing(speech: type[Hearing]) -> Profile:
    """A profile that reads captions and has ears of its own; nothing else, so that nothing else is loaded."""
    suppliers = {**supplied(), "own": {SPEECH: Supply("own", SPEECH, speech)}}
    return Profile("own", {**dict.fromkeys(ROLES, NOBODY), CAPTIONS: "bundled", SPEECH: "own"}, suppliers)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return hearing(Mumbling)


def subtitled(
    folder: Path, *lines: tuple[float, float, str], fonts: tuple[str, ...] = (), sound: Sequence[str] = ()
) -> Path:
    """A moving picture of 640 × 360 and four seconds with lines in its lower part, the first one topmost."""
    filters = ["boxblur=3"]
    for row, (start, end, text) in enumerate(lines):
        words = folder / f"{row}.txt"
        words.write_text(text, encoding="utf-8")
        font = f"fontfile={fonts[row]}:" if fonts else "font=DejaVu Sans:"
        up = 60 if fonts and row % 2 == 0 else 32
        filters.append(
            f"drawtext={font}textfile={words}:fontsize=20:fontcolor=white:borderw=2:x=(w-tw)/2:y=h-{up}"
            f":enable='between(t,{start},{end})'"
        )
    return make(folder / "subtitled.mp4", *pattern(4, 10, "640x360"), *sound, "-vf", ",".join(filters), *H264)


def explained(clip: Path, profile: Profile, folder: Path, **request: object) -> Analysis:
    *_, last = analyze(clip, Request(**request), profile, Settings(), CancelToken(), folder)  # type: ignore[arg-type]
    assert isinstance(last, Finished)
    return last.analysis


def test_doubtful_words_give_way_to_the_subtitles_they_resemble(profile: Profile, tmp_path: Path) -> None:
    clip = subtitled(tmp_path, (0.0, 4.0, "I am so afraid of him."), sound=tone(4))
    analysis = explained(clip, profile, tmp_path, modalities=("text",))
    assert (analysis.subtitle.text, analysis.subtitle.doubtful) == ("I am so afraid of him.", None)
    assert "words-from-picture-alike" in {notice.code for notice in analysis.warnings}


def test_clear_speech_leaves_the_picture_unread(tmp_path: Path) -> None:
    clip = subtitled(tmp_path, (0.0, 4.0, "I am so afraid of him."), sound=tone(4))
    analysis = explained(clip, hearing(Hearing), tmp_path, modalities=("text",))
    assert analysis.subtitle == Hearing.heard and "captions" not in analysis.profile.models


def test_a_silent_clip_is_read_from_its_subtitles(profile: Profile, tmp_path: Path) -> None:
    clip = subtitled(tmp_path, (0.2, 1.8, "I am so afraid of him."), (2.2, 3.8, "Please don't leave me."))
    analysis = explained(clip, profile, tmp_path, modalities=("text",))
    assert analysis.subtitle.source == "picture" and analysis.subtitle.language == "en"
    assert [segment.text for segment in analysis.subtitle.segments] == [
        "I am so afraid of him.",
        "Please don't leave me.",
    ]
    first, second = analysis.subtitle.segments
    assert first.start == pytest.approx(0.2, abs=0.4) and second.start == pytest.approx(2.2, abs=0.4)
    assert any("afraid" in clue.statement and clue.end < 2.3 for clue in analysis.clues)
    assert "words-from-picture" in {notice.code for notice in analysis.warnings}
    assert "rapidocr" in analysis.profile.models["captions"]


@pytest.mark.skipif(not HAN.is_file(), reason="Debian's fonts-wqy-microhei is not installed")
def test_chinese_above_english_is_read_with_its_translation(profile: Profile, tmp_path: Path) -> None:
    lines = (0.0, 4.0, "我真的很害怕，别离开我"), (0.0, 4.0, "I'm really scared, don't leave me.")
    clip = subtitled(tmp_path, *lines, fonts=(str(HAN), str(HAN)))
    analysis = explained(clip, profile, tmp_path, modalities=("text",))
    assert (analysis.subtitle.text, analysis.subtitle.language) == (lines[0][2], "zh")
    assert analysis.subtitle.translation == lines[1][2]
    assert not {"subtitle-translated", "language-unread"} & {notice.code for notice in analysis.warnings}


def test_without_the_model_the_analysis_goes_on_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "empty"))
    clip = subtitled(tmp_path, (0.0, 4.0, "I am so afraid of him."))
    analysis = explained(clip, hearing(Mumbling), tmp_path, modalities=("text",))
    assert analysis.subtitle.source == "none"
    assert "models fetch" in next(n.message for n in analysis.warnings if n.code == "captions-missing")


def test_a_picture_without_letters_has_no_lines(profile: Profile) -> None:
    reader = profile.get(CAPTIONS)
    assert isinstance(reader, CaptionReader)
    noise = np.random.default_rng(1).integers(0, 255, (200, 400, 3), np.uint8)
    assert [line for line in reader.lines(noise) if line.sureness > 0.8] == []
    assert reader.lines(np.zeros((3, 700, 3), np.uint8)) == ()
