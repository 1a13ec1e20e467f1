"""Models that other packages add by an entry point, with the real metadata of packages on a path."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
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
        ("", "SUPPLIES", "cannot be loaded"),
        ("SUPPLIES = {'voice': print}", "SUPPLIES", "not a tuple of `Supply`"),
        (CALM.replace("VOICE, Calm", "type(VOICE)('smell'), Calm"), "SUPPLIES", "'smell'.*the roles are face, "),
        (CALM.replace('"calm", VOICE', '"a=b", VOICE'), "SUPPLIES", "'a=b'"),
        (CALM.replace('"calm", VOICE', '"hub", VOICE'), "SUPPLIES", "this project both supply voice as .* 'hub'"),
    ],
    ids=["needs another", "raises", "empty", "no tuple", "no role", "no name", "clash"],
)
def test_a_package_whose_models_are_none_is_named_in_one_sentence(
    add: Add, request: pytest.FixtureRequest, code: str, names: str, says: str
) -> None:
    add("broken-voice", f"broken_{abs(hash(request.node.name))}", code, names)
    with pytest.raises(InputError, match=says) as refused:
        load_profile()
    sentence = str(refused.value)
    assert "The package broken-voice" in sentence and "\n" not in sentence and sentence.endswith(".")


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
