"""A cue is one row of a table: measured, worded and told, with nothing else edited; here in tables of one's own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from serving import free_port

ROWS = {
    "clues/face/visual.toml": """
[[rule]]
cue = "beaming"
when = [{channel = "smile", above = 0.3}]
min_s = 0.2
statement = "The whole face beams{when}."
phrase = "beams all over the face"
valence = 0.9
confidence = 0.9
suggests = {happy = 0.9}
source = "a test"
""",
    "clues/voice/acoustic.toml": """
[[rule]]
cue = "sounding"
when = [{channel = "voice_s", above = 0.5}]
statement = "The voice sounds for {voice_s:.1f} s."
phrase = "sounds for a while"
valence = 0.9
arousal = 0.9
confidence = 0.9
suggests = {happy = 0.9}
source = "a test"
zh = {statement = "声音持续了{voice_s:.1f}秒。", phrase = "说了好一阵"}
""",
    "text/textual.toml": """
[[rule]]
cue = "hip-hip"
words = ["hip,? hip"]
statement = "The words cheer: “{quote}”."
phrase = "cheers (“{quote}”)"
valence = 0.9
confidence = 0.9
suggests = {happy = 0.9}
source = "a test"
""",
}
ANALYSED = """
import json
from face_making import calls, clues_of, drawn_face, filmed
from voice_making import RATE, melody, voice
from emer_space.analysis import ClipFacts, Person
from emer_space.cancellation import CancelToken
from emer_space.clues.rules import rules_sha256
from emer_space.clues.voice.acoustic import read_acoustic
from emer_space.clues.wording import reworded
from emer_space.disambiguation import weigh
from emer_space.knowledge import check_tables
from emer_space.language_model.dialogue import explain
from emer_space.models.pitch import PitchTracker
from emer_space.settings import Settings
from emer_space.text.textual import given_subtitle, read_textual

check_tables()
wave = voice(melody(3.0))
facts = ClipFacts("0" * 64, len(wave) / RATE, 640, 360, 12.0, True, True)
common = Settings(), CancelToken()
smile = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}
seen = clues_of(filmed(lambda t: drawn_face(smile), lambda t: calls(happy=1.0)))
heard = read_acoustic(wave, facts, PitchTracker(), None, *common).clues
said = read_textual(given_subtitle("Hip, hip!", facts), facts, None, *common).clues
told = [explain(weigh(tuple(clues), (Person("p1", "main", 0.0, 3.0),)), "seed") for clues in (seen, heard, said)]
cues = sorted({clue.cue for clue in (*seen, *heard, *said)})
print(json.dumps([cues, [each.explanation.text for each in told], rules_sha256()]))
clues, unworded = reworded((*seen, *heard, *said), (), "zh")
print(json.dumps([{clue.cue: clue.statement for clue in clues}, unworded]))
"""


def analysed(project: Path, tables: Path | None) -> subprocess.CompletedProcess[str]:
    """Drawn faces, a made voice and typed words, read and explained in a process of its own: tables are cached."""
    path = os.pathsep.join([str(project), str(project / "tests" / "emer_space")])
    environment = {**os.environ, "PYTHONPATH": path, "EMER_TABLES": str(tables or "")}
    return subprocess.run(
        [sys.executable, "-c", ANALYSED], env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(name="tables")
def with_a_row_more(project: Path, tmp_path: Path) -> Path:
    for name, row in ROWS.items():
        table = tmp_path / name
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text((project / "emer_space" / name).read_text(encoding="utf-8") + row, encoding="utf-8")
    return tmp_path


def test_a_row_is_all_that_a_cue_needs(project: Path, tables: Path) -> None:
    packaged, own = analysed(project, None), analysed(project, tables)
    assert packaged.returncode == own.returncode == 0, packaged.stderr + own.stderr
    (before, _, one), (after, texts, other) = (json.loads(run.stdout.splitlines()[0]) for run in (packaged, own))
    assert set(after) - set(before) == {"beaming", "sounding", "hip-hip"}
    for text, phrase in zip(texts, ("beams all over", "sounds for a while", "cheers"), strict=True):
        assert phrase in text
    assert one != other, "a result says by which rules it was made"
    chinese, unworded = json.loads(own.stdout.splitlines()[1])
    assert "声音持续了" in chinese["sounding"]
    assert sorted(unworded) == ["beaming", "hip-hip"] and chinese["hip-hip"].startswith("The words cheer")


def test_tables_of_ones_own_meet_the_same_checks(project: Path, tables: Path) -> None:
    table = tables / "clues" / "voice" / "acoustic.toml"
    whole = table.read_text(encoding="utf-8")
    table.write_text(whole.replace("声音持续了{voice_s:.1f}", "声音持续了{range_st:.1f}"), encoding="utf-8")
    assert "acoustic.toml, sounding: '声音持续了{range_st:.1f}秒。' has an unknown" in analysed(project, tables).stderr
    table.write_text(whole.replace('"voice_s", above = 0.5', '"voices", above = 0.5'), encoding="utf-8")
    assert "acoustic.toml, sounding: the channel 'voices' is not measured; known:" in analysed(project, tables).stderr
    table.rename(table.with_name("acoustics.toml"))
    assert "there is no table 'clues/voice/acoustics.toml'; known:" in analysed(project, tables).stderr
    assert "EMER_TABLES names no folder" in analysed(project, tables / "nowhere").stderr


def test_the_app_ends_with_a_sentence_about_a_wrong_table(project: Path, tables: Path, tmp_path: Path) -> None:
    table = tables / "clues" / "voice" / "acoustic.toml"
    table.write_text(table.read_text(encoding="utf-8").replace('"voice_s", above = 0.5', '"voices", above = 0.5'))
    environment = {"EMER_TABLES": str(tables), "EMER_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=project,
        env={**os.environ, **environment, "GRADIO_SERVER_PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("acoustic.toml, sounding: the channel 'voices' is not measured; known:")
    assert "Traceback" not in done.stderr
