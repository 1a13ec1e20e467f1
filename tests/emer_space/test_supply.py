"""Models that other packages add by an entry point, with the real metadata of packages on a path."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from clip_making import make, tone

from emer_space.analysis import Analysis, ClipFacts, Clue, Reading
from emer_space.cancellation import CancelToken
from emer_space.clues.voice.emotion import with_voice_emotion
from emer_space.errors import InputError, ModelUnavailable
from emer_space.models import roles
from emer_space.models.supply import supplied
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import load_profile
from emer_space.settings import Settings

CALM = """
import numpy as np
from emer_space.models.roles import VOICE, VoiceEmotions
from emer_space.models.supply import Supply

class CalmVoice:
    revision = "calm-voice 1.0"

    def probabilities(self, wave, token):
        token.check()
        end = np.array([len(wave) / 16_000])
        return VoiceEmotions(("calm", "angry"), np.zeros(1), end, np.array([[0.9, 0.1]], np.float32))

SUPPLIES = (Supply("calm", VOICE, CalmVoice),)
"""

FACTS = ClipFacts("0" * 64, 1.0, None, None, None, True, False)
Add = Callable[..., None]


@pytest.fixture(name="add")
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Puts a package on the path: one module, and the metadata that an installer writes."""

    def add(package: str, module: str, code: str, names: str = "SUPPLIES") -> None:
        folder = tmp_path / package
        metadata = folder / f"{package.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (folder / f"{module}.py").write_text(code)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[emer_space.models]\nvoices = {module}:{names}\n")
        monkeypatch.syspath_prepend(str(folder))

    return add


def test_a_clip_is_analysed_with_a_voice_model_of_another_package(add: Add, clips: Path, tmp_path: Path) -> None:
    add("calm-voice", "calm_voice", CALM)
    profile = load_profile("bundled,voice=calm")
    request = Request(modalities=("audio",))
    clip = clips / "speech" / "angry.wav"
    *_, last = analyze(clip, request, profile, Settings(), CancelToken(), tmp_path / "copy")
    assert isinstance(last, Finished)
    assert last.analysis.profile.name == "bundled,voice=calm"
    assert last.analysis.profile.models["voice"] == "calm-voice 1.0"
    assert "model-calm" in {clue.cue for clue in last.analysis.clues}
    (voice,) = (each for each in last.analysis.posteriors if each.modality == "acoustic")
    assert max(voice.feelings, key=lambda name: voice.feelings[name]) == "neutral"  # the feeling of a calm voice


def test_a_package_is_a_profile_by_its_name_and_bundled_fills_the_rest(add: Add) -> None:
    add("calm-voice", "calm_voice_alone", CALM)
    profile = load_profile("calm")
    assert (profile.choice["voice"], profile.choice["speech"], profile.has("chat")) == ("calm", "bundled", False)
    with pytest.raises(InputError, match="`calm` has no model for `speech`"):
        load_profile("bundled,speech=calm")
    with pytest.raises(InputError, match="this version has `bundled`, `calm`, `endpoint`, `hub`"):
        load_profile("calmer")


@pytest.mark.parametrize(
    ("code", "names", "says"),
    [
        ("import not_installed_anywhere", "SUPPLIES", "cannot be loaded .ModuleNotFoundError"),
        ("raise RuntimeError('no licence')", "SUPPLIES", "no licence"),
        ("import sys; sys.exit(3)", "SUPPLIES", "cannot be loaded .SystemExit: 3"),
        ("", "SUPPLIES", "cannot be loaded"),
        (CALM.replace("VOICE, CalmVoice", "VOICE, None"), "SUPPLIES", "voice with a `load` that cannot be called"),
        (
            CALM.replace("CalmVoice)", "CalmVoice, begin=lambda: 1 / 0)"),
            "SUPPLIES",
            "`begin` failed .ZeroDivisionError at",
        ),
        ("SUPPLIES = {'voice': print}", "SUPPLIES", "not a tuple of `Supply`"),
        (CALM.replace("VOICE, Calm", "type(VOICE)('smell'), Calm"), "SUPPLIES", "'smell'.*the roles are face, "),
        (CALM.replace('"calm", VOICE', '"a=b", VOICE'), "SUPPLIES", "'a=b'"),
        (CALM.replace('"calm", VOICE', '"hub", VOICE'), "SUPPLIES", "this project both supply voice as .* 'hub'"),
    ],
    ids=[
        "needs another",
        "raises",
        "exits",
        "empty",
        "no load",
        "fails at once",
        "no tuple",
        "no role",
        "no name",
        "clash",
    ],
)
def test_a_package_whose_models_are_none_is_named_in_one_sentence(
    add: Add, request: pytest.FixtureRequest, code: str, names: str, says: str
) -> None:
    add("broken-voice", f"broken_{abs(hash(request.node.name))}", code, names)
    with pytest.raises(InputError, match=says) as refused:
        load_profile("calm" if "begin" in code else "bundled")
    sentence = str(refused.value)
    assert "The package broken-voice" in sentence and "\n" not in sentence and sentence.endswith(".")


@pytest.mark.parametrize(
    ("right", "broken", "says"),
    [
        (
            "revision =",
            "def __init__(self): {}[0]\n    revision =",
            "failed (KeyError at line 7 of ",
        ),
        ("revision =", "def __init__(self): import no_such\n    revision =", "named 'no_such')"),
        (
            "revision =",
            "def __init__(self): raise SystemExit\n    revision =",
            "failed (SystemExit at",
        ),
        ("revision =", "version =", "failed (AttributeError)"),
        ('revision = "calm-voice 1.0"', "revision = None", "has a `revision` that is no text"),
        ("token.check()", "{}[0]", "failed (KeyError at line 10 of "),
        ("token.check()", "return None", "answered `probabilities` with NoneType, of a wrong kind"),
        ("np.zeros(1)", "np.zeros(3)", "answered `probabilities` with VoiceEmotions, of a wrong kind"),
        ("def probabilities", "def feelings", "failed (AttributeError)"),
        (
            '"calm", "angry")',
            '"calm", "furious")',
            "The voice model calm-voice 1.0 answered with the c",
        ),
        ("0.1]]", "np.nan]]", "answered with values that are not numbers; choose another one, as with"),
    ],
)
def test_a_voice_model_that_breaks_is_unavailable_and_named(
    add: Add, request: pytest.FixtureRequest, right: str, broken: str, says: str
) -> None:
    assert right in CALM
    add("calm-voice", f"breaking_{abs(hash(request.node.name))}", CALM.replace(right, broken, 1))
    profile, measured = load_profile("calm"), Clue("a1", "acoustic", "even", "The voice is even.", 0, 1, 0.4)
    with pytest.raises(ModelUnavailable) as refused:
        wave = np.ones(16_000, np.float32)
        model = profile.get(roles.VOICE)
        with_voice_emotion(Reading((measured,)), wave, FACTS, model, Settings(), CancelToken())
    assert says in str(refused.value) and "alm-voice" in str(refused.value) and "EMER_HUB" not in str(refused.value)


@pytest.mark.parametrize(
    ("right", "broken", "code"), [("revision", "version", "voice-missing"), ("token.check()", "{}[0]", "voice-unused")]
)
def test_a_clip_is_analysed_without_a_model_that_breaks(
    add: Add, clips: Path, tmp_path: Path, right: str, broken: str, code: str
) -> None:
    add("calm-voice", code.replace("-", "_"), CALM.replace(right, broken, 1))
    clip, asked = clips / "speech" / "angry.wav", Request(modalities=("audio",))
    *_, last = analyze(clip, asked, load_profile("calm"), Settings(), CancelToken(), tmp_path / "copy")
    assert isinstance(last, Finished) and last.analysis.clues
    (notice,) = (notice for notice in last.analysis.warnings if notice.code == code)
    assert "of the package calm-voice failed" in notice.message


SPEAKING = """
from emer_space.models.roles import SENTENCES, SPEECH
from emer_space.models.supply import Supply

class Broken:
    revision = "broken 1.0"

    def recognise(self, wave, token):
        raise KeyError("the words of the clip")

    def embed(self, sentences):
        return sentences

    embed_table = embed

SUPPLIES = (Supply("broken", SPEECH, Broken), Supply("broken", SENTENCES, Broken))
"""


def test_words_are_read_without_the_models_that_break(add: Add, tmp_path: Path) -> None:
    add("broken-words", "broken_words", SPEAKING)
    profile, clip = load_profile("broken"), make(tmp_path / "tone.wav", *tone(1))

    def analysed(subtitle: str) -> Analysis:
        asked = Request(subtitle, ("text",))
        *_, last = analyze(clip, asked, profile, Settings(), CancelToken(), tmp_path / f"copy of {subtitle}")
        assert isinstance(last, Finished)
        return last.analysis

    notices = {notice.code: notice.message for notice in analysed("").warnings}
    assert "The model for speech of the package broken-words failed (KeyError at line 9" in notices["speech-unused"]
    assert "the words of the clip" not in notices["speech-unused"]
    spoken = analysed("I am so happy.")
    assert "happy" in {label.label for label in spoken.labels}
    notices = {notice.code: notice.message for notice in spoken.warnings}
    assert "of the package broken-words answered `embed_table` with tuple" in notices["sentences-unused"]


def test_what_is_raised_while_a_tracker_of_another_package_is_open_goes_on_as_it_is(add: Add) -> None:
    code = """
from contextlib import contextmanager
from emer_space.models.roles import FACE
from emer_space.models.supply import Supply

class Faces:
    revision = "faces 1.0"
    closed = 0

    @contextmanager
    def tracker(self, most, still=False):
        try:
            yield self
        finally:
            self.closed += 1

    def detect(self, rgb, t):
        return () if t else None

SUPPLIES = (Supply("own", FACE, Faces),)
"""
    add("own-faces", "own_faces", code)
    profile = load_profile("own")
    picture = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(ZeroDivisionError), profile.faces(1) as tracker:
        assert tracker.detect(picture, 1.0) == ()
        raise ZeroDivisionError
    wrong = "^The model for face of the package own-faces answered `detect` with NoneType, "
    with pytest.raises(ModelUnavailable, match=wrong), profile.faces(1) as tracker:
        tracker.detect(picture, 0.0)
    assert getattr(profile.get(roles.FACE), "closed") == 2  # noqa: B009 - no attribute of the role


def test_a_fault_of_our_own_model_surfaces(clips: Path, tmp_path: Path) -> None:
    class Faulty:
        revision = "ours"

        def probabilities(self, wave: np.ndarray, token: CancelToken) -> None:
            raise KeyError("a fault of ours")

    profile = load_profile()
    profile._loaded["voice"] = Faulty()
    clip = clips / "speech" / "angry.wav"
    with pytest.raises(KeyError, match="a fault of ours"):
        list(analyze(clip, Request(modalities=("audio",)), profile, Settings(), CancelToken(), tmp_path / "copy"))


def test_two_packages_that_supply_the_same_are_both_named(add: Add) -> None:
    add("calm-voice", "calm_voice_one", CALM)
    add("other-calm", "calm_voice_two", CALM)
    with pytest.raises(InputError, match="The package other-calm and the package calm-voice both supply voice"):
        load_profile()


def test_each_role_has_a_supplier_and_bundled_ones_are_loaded_ahead() -> None:
    found = supplied()
    assert set(found) >= {"bundled", "endpoint", "hub"}
    assert {role for profile in found.values() for role in profile} == set(roles.ROLES)
    assert all(supply.ahead for supply in found["bundled"].values())
