"""A table of knowledge that is wrong ends at load, with the table, the place and what is known there."""

import copy
import random
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_making import calls, clues_of, drawn_face, filmed
from voice_making import RATE, melody, voice

from emer_space import disambiguation, feelings, messages
from emer_space.analysis import ClipFacts
from emer_space.cancellation import CancelToken
from emer_space.clues import rules
from emer_space.clues.face.channels import face_channels
from emer_space.clues.face.channels import table as face_channels_table
from emer_space.clues.posteriors import fusion_table
from emer_space.clues.shapes import BLENDSHAPES, FACE_CHANNELS, MADE_CUES, SHAPES, VOICE_CHANNELS
from emer_space.clues.voice import acoustic
from emer_space.clues.voice.emotion import FEELING_OF
from emer_space.errors import RuleError
from emer_space.feelings import FEELINGS
from emer_space.knowledge import check_tables
from emer_space.models import emotion_classes, hub_source, own, store
from emer_space.models.emotion_classes import known_names
from emer_space.models.expression import EVIDENCE, EXPRESSIONS, face_table
from emer_space.models.face import FaceLandmarks
from emer_space.models.pitch import PitchTracker
from emer_space.models.roles import CLASSES
from emer_space.settings import Settings
from emer_space.tables import load as tables
from emer_space.tables.load import Number, Rows, Table, Wording, check, read_table, text
from emer_space.vocabulary import Vocabulary

PACKAGE = rules.PACKAGE
WEIGHTS = ("face.toml", "fusion.toml")
OTHERS = {
    "feelings.toml": feelings.SHAPE,
    "messages.toml": messages.SHAPE,
    "models/bundled.toml": store.SHAPE,
    "models/emotion_classes.toml": emotion_classes.SHAPE,
    "models/hub.toml": hub_source.SHAPE,
}
"""Tables whose shape stands beside the code that reads them."""
VOCABULARY = sorted(
    path.relative_to(PACKAGE).as_posix() for path in (PACKAGE / "vocabulary" / "tables").rglob("*.toml")
)
CACHED = (
    rules.read_toml,
    rules.load_rules,
    rules.described_rules,
    rules.model_rules,
    rules.rules_by_cue,
    disambiguation.load_patterns,
    check_tables,
)
FUZZED = 15
"""Changes of each table that are loaded with everything that stands on it."""

Place = tuple[str | int, ...]


def test_every_table_of_the_package_is_right_and_none_is_forgotten() -> None:
    check_tables()
    known = {*SHAPES, *OTHERS, *VOCABULARY, *(f"models/weights/{name}" for name in WEIGHTS)}
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.toml")}
    # Those of the page, of the readers of files and of what is taken away are no tables of knowledge.
    assert {name for name in found if not name.startswith(("page/", "files/", "takeaway/"))} == known


def places(table: Any, place: Place = ()) -> Iterator[Place]:
    """The places of all values, tables and rows among them."""
    items = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    for key, value in items:
        yield (*place, key)
        yield from places(value, (*place, key))


def changed(table: dict[str, Any], place: Place, change: Callable[[Any, Any], None]) -> dict[str, Any]:
    other = copy.deepcopy(table)
    at: Any = other
    for key in place[:-1]:
        at = at[key]
    change(at, place[-1])
    return other


def _rename(at: Any, key: Any) -> None:
    if isinstance(at, dict):
        at[f"{key}_x"] = at.pop(key)
    else:
        at[key] = f"{at[key]}_x"


def _alter(at: Any, key: Any) -> None:
    at[key] = f"{at[key]}_x"


def _drop(at: Any, key: Any) -> None:
    del at[key]


def _put(value: Any) -> Callable[[Any, Any], None]:
    def put(at: Any, key: Any) -> None:
        at[key] = value

    return put


CHANGES = {
    "renamed": _rename,
    "altered": _alter,
    "dropped": _drop,
    **{
        repr(value): _put(value) for value in ("no such thing", "{", "(", "", -7, 1e9, float("nan"), True, [], {}, [{}])
    },
}


def fuzzed(table: dict[str, Any], name: str, count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(f"{name} 14")
    everywhere = list(places(table))
    for _ in range(count):
        place = chance.choice(everywhere)
        yield changed(table, place, CHANGES[chance.choice(list(CHANGES))])


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((PACKAGE / name).read_text(encoding="utf-8"))


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Lets a file of the package hold another table."""
    real = tomllib.loads
    contents: dict[str, dict[str, Any]] = {}

    def forget() -> None:
        for cached in CACHED:
            cached.cache_clear()

    def put(name: str, table: dict[str, Any]) -> None:
        forget()
        contents.clear()
        contents[(PACKAGE / name).read_text(encoding="utf-8")] = table

    monkeypatch.setattr(tables.tomllib, "loads", lambda text: copy.deepcopy(contents.get(text)) or real(text))
    yield put
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize("name", SHAPES)
def test_a_changed_table_is_refused_or_right_and_nothing_else(
    name: str, put: Callable[[str, dict[str, Any]], None]
) -> None:
    refused = 0
    for table in fuzzed(read(name), name, FUZZED):
        put(name, table)
        try:
            check_tables()
        except RuleError as problem:
            refused += 1
            assert ".toml" in str(problem) or str(problem).startswith(("rule", "pattern"))
        else:
            if name == "clues/face/visual.toml":
                face_channels_table.cache_clear()
                clues_of(filmed(lambda t: drawn_face({"mouthSmile": 0.5}), lambda t: calls(happy=1.0)))
    assert refused > FUZZED / 3
    face_channels_table.cache_clear()


@pytest.mark.parametrize("modality", MADE_CUES)
def test_a_cue_that_code_asks_for_is_missed_at_load(modality: str, put: Callable[[str, dict[str, Any]], None]) -> None:
    name = rules.TABLES[modality]
    table = read(name)
    for number, row in enumerate(table["rule"]):
        if row["cue"] in MADE_CUES[modality]:
            put(name, changed(table, ("rule", number, "cue"), _alter))
            with pytest.raises(RuleError, match=f"'{row['cue']}' is missing, which"):
                check_tables()


@pytest.mark.parametrize("name", [*SHAPES, *OTHERS])
def test_each_key_that_a_table_needs_is_needed_by_its_name(name: str) -> None:
    """The keys of the outermost table and of those within it, one after the other."""
    table, shape = read(name), {**SHAPES, **OTHERS}[name]
    assert isinstance(shape, Table)
    for key in shape.needed:
        for change in (_rename, _drop):
            with pytest.raises(RuleError, match=f"{key}.* known: "):
                check(name, changed(table, (key,), change), shape)
        inner = shape.needed[key]
        if isinstance(inner, Table):
            for small in inner.needed:
                with pytest.raises(RuleError, match=f"^{name}, {key}: .*{small}_x.*; known: "):
                    check(name, changed(table, (key, small), _rename), shape)


def test_a_wrong_channel_is_told_with_its_table_its_row_and_the_known_ones(
    put: Callable[[str, dict[str, Any]], None],
) -> None:
    for name, known in (("clues/face/visual.toml", "brow_down"), ("clues/voice/acoustic.toml", "alpha_db")):
        table = read(name)
        for number, row in enumerate(table["rule"]):
            if "when" not in row or number % 5:
                continue
            put(name, changed(table, ("rule", number, "when", 0, "channel"), _alter))
            says = f"^{Path(name).name}, {row['cue']}: the channel '\\w+_x' is not measured; known: .*{known}"
            with pytest.raises(RuleError, match=says):
                check_tables()


@pytest.mark.parametrize(
    ("name", "place", "says"),
    [
        (
            "clues/face/visual.toml",
            ("says_more", "grimace", 0),
            r"^visual\.toml, says_more: there is no cue 'lips-stretched_x'",
        ),
        (
            "clues/face/visual.toml",
            ("blendshapes", "squint", 0),
            r"^visual\.toml, blendshapes › squint › number 1: 'eyeSq",
        ),
        (
            "clues/face/visual.toml",
            ("marked", "smile"),
            r"^visual\.toml, marked: 'smile_x' is unknown; known: ",
        ),
        (
            "clues/face/visual.toml",
            ("rest", "squint"),
            r"^visual\.toml, rest: 'squint_x' is unknown; known: ",
        ),
        (
            "clues/face/visual.toml",
            ("kin", "fear"),
            r"^visual\.toml, kin: 'fear_x' is unknown; known: angry",
        ),
        (
            "clues/face/visual.toml",
            ("kin", "fear", 0),
            r"kin › fear › number 1: 'fearful_x' is not a word of the vocabulary",
        ),
        ("text/textual.toml", ("yields", "thanks", 0), r"^textual\.toml, yields: there is no cue 'refusing_x'; known"),
        ("disambiguation.toml", ("groups", "tears", 0), r"^disambiguation\.toml, groups › tears: there is no cue "),
        ("disambiguation.toml", ("pattern", 3, "wins"), r"^disambiguation\.toml, pattern › .*: '\w+_x' is unknown"),
        (
            "text/text_labels.toml",
            ("factors", "negated"),
            r"^text_labels\.toml, factors: 'negated_x' is unknown; ",
        ),
        ("explanation_en.toml", ("conclusion", "turn"), r"^explanation_en\.toml, conclusion: 'turn_x' is unknown; "),
        (
            "language_model/grounding.toml",
            ("act", 0, "english"),
            r"^grounding\.toml, act › smile: 'english_x' is unknown; ",
        ),
    ],
)
def test_a_wrong_name_is_told_where_it_stands(
    name: str, place: Place, says: str, put: Callable[[str, dict[str, Any]], None]
) -> None:
    put(name, changed(read(name), place, _alter if place[-1] == "wins" else _rename))
    with pytest.raises(RuleError, match=says):
        check_tables()


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_ones_own_are_refused_or_right(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMER_WEIGHTS", str(tmp_path))
    load = face_table if name == "face.toml" else fusion_table
    table = tomllib.loads((own.PACKAGED / name).read_text(encoding="utf-8"))
    refused = 0
    for wrong in fuzzed(table, name, 200):
        own._read.cache_clear()
        monkeypatch.setattr(own.tomllib, "loads", lambda text, wrong=wrong: wrong)
        (tmp_path / name).write_text("")
        try:
            load()
        except RuleError as problem:
            refused += 1
            assert str(problem).startswith(f"The weights {name}") and "python -m training" in str(problem)
    assert refused > 150
    own._read.cache_clear()


def test_a_wrong_channel_in_weights_of_ones_own_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMER_WEIGHTS", str(tmp_path))
    packaged = (own.PACKAGED / "face.toml").read_text(encoding="utf-8")
    before, row, after = packaged.partition("[muscles.sad]")
    (tmp_path / "face.toml").write_text(before + row + after.replace("mouth_frown", "mouth_fron", 1))
    says = r"The weights face\.toml, muscles › sad: 'mouth_fron' is unknown; known: .*mouth_corners"
    with pytest.raises(RuleError, match=says):
        face_table()


@pytest.mark.parametrize("name", VOCABULARY)
def test_a_changed_vocabulary_is_refused_or_right(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, content = tomllib.loads, (PACKAGE / name).read_text(encoding="utf-8")
    for wrong in fuzzed(real(content), name, 6):
        monkeypatch.setattr(
            tables.tomllib, "loads", lambda text, wrong=wrong: copy.deepcopy(wrong) if text == content else real(text)
        )
        try:
            vocabulary = Vocabulary()
        except RuleError:
            continue
        for word in vocabulary.words[::50]:
            for wheel in vocabulary.wheels:
                vocabulary.path(word, wheel)


def test_a_file_that_is_no_table_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("a = ")
    with pytest.raises(RuleError, match=r"^x\.toml cannot be read as a table: "):
        read_table(path, text)
    with pytest.raises(RuleError, match=r"^y\.toml cannot be read as a table: No such file"):
        read_table(tmp_path / "y.toml", text)


@pytest.mark.parametrize(
    ("shape", "right", "wrong"),
    [
        (Number(0, 1, above=True), [1, 0.5], [0, 1.1, "1", True, float("inf"), None]),
        (Wording(("a",)), ["{a:.1f} and {a}", "{{"], ["{b}", "{", "{a!z:q}", "{a:.1q}", 3, "{}"]),
        (Rows(text, 2, 2), [["a", "b"]], [["a"], ["a", "b", "c"], "ab", ["a", 1], ["a", " "]]),
    ],
)
def test_a_shape_takes_what_is_right_and_nothing_else(shape: Any, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        check("t", value, shape)
    for value in wrong:
        with pytest.raises(RuleError, match=r"^t"):
            check("t", value, shape)


# The names that the shapes hold are those that the code makes.


def test_the_channels_of_a_face_are_those_that_rules_may_name() -> None:
    made = face_channels(filmed(lambda t: drawn_face(), lambda t: calls(happy=1.0)), [])
    assert set(made) == FACE_CHANNELS
    assert set(EVIDENCE) <= FACE_CHANNELS


def test_the_blendshapes_are_those_of_the_face_model(shared: Path) -> None:
    clip = shared / "clips" / "faces" / "single_face.mp4"
    if not clip.is_file():
        pytest.skip("the shared clips are not beside this checkout")
    command = ["ffmpeg", "-v", "error", "-i", str(clip), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    rgb = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8).reshape(360, 640, 3)
    with FaceLandmarks(1) as faces:
        (face,) = faces.detect(rgb, 0.0)
    assert set(face.blendshapes) == BLENDSHAPES


def test_the_channels_of_a_voice_are_those_that_rules_may_name(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {}
    measure = acoustic.measure_voice

    def measuring(*arguments: Any) -> Any:
        found = measure(*arguments)
        measured.update(found.values)
        return found

    monkeypatch.setattr(acoustic, "measure_voice", measuring)
    wave = voice(melody(4.0))
    facts = ClipFacts("0" * 64, len(wave) / RATE, None, None, None, True, False)
    acoustic.read_acoustic(wave, facts, PitchTracker(), None, Settings(), CancelToken())
    assert set(measured) == VOICE_CHANNELS


def test_the_classes_are_known_to_all() -> None:
    assert set(known_names().values()) == set(CLASSES) == set(FEELING_OF)
    assert set(FEELING_OF.values()) <= set(FEELINGS)
    assert len(EXPRESSIONS) == len(FEELINGS)
