"""Clips come in from folders and files, damaged ones are set aside, and the pipeline drafts every other one."""

import json
from pathlib import Path

import pytest
from board_making import ORGANISER
from projecting import Lab

from annotation.__main__ import main
from annotation.projects import load_project
from emer_space.errors import MissingTool
from emer_space.models.roles import ROLES
from emer_space.profiles import NOBODY, Profile
from submissions.person import LOCAL


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """Two clips with their words, a twin of one, and a file that is no clip."""
    made = tmp_path_factory.mktemp("clips")
    for name, source in (("one", "admitted"), ("two", "glad_words"), ("twin", "admitted")):
        (made / f"{name}.mp4").write_bytes((project / "examples" / f"{source}.mp4").read_bytes())
    (made / "damaged.mp4").write_bytes(b"not a clip")
    (made / "one.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nI am <i>so</i> happy.\n", encoding="utf-8")
    (made / "words.csv").write_text("name,subtitle\ntwo,It hurts and I am sad.\n", encoding="utf-8")
    return made


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = Lab(tmp_path, ())
    bare = Profile("words only", dict.fromkeys(map(str, ROLES), NOBODY), {})
    made.service.drafts.profile = made.service.profile = lambda: bare
    return made


def test_a_folder_becomes_drafted_clips(lab: Lab, folder: Path) -> None:
    added = lab.service.add_clips(ORGANISER, "lab", folder, folder / "words.csv")
    assert sorted([*added.added, *added.aside]) == ["damaged", "one", "twin", "two"]
    assert "text and not a clip" in added.aside["damaged"] and len(added.added) == 2
    kept = load_project(lab.service.book, "lab")
    assert set(kept.aside) == set(added.aside)
    files = lab.folder / "projects" / "lab"
    assert {path.stat().st_mode & 0o777 for path in files.glob("*.mp4")} == {0o600}
    assert files.stat().st_mode & 0o777 == 0o700 and len(lab.service.home.files("lab")) == 2
    again = lab.service.add_clips(ORGANISER, "lab", [folder / "two.mp4"], folder / "words.csv")
    assert (again.added, again.known) == ((), ("two",))

    told: list[int] = []
    progress = lab.service.drafts.run("lab", tell=lambda how: told.append(how.drafted))
    assert (told, progress.drafted, progress.failed, progress.waiting) == ([1, 2], 2, 0, 0)
    draft = load_project(lab.another().book, "lab").drafts["two"]
    assert draft.answer and draft.subtitle == "It hurts and I am sad." and "sad" in draft.answer.labels
    assert {clue.modality for clue in draft.answer.clues} == {"textual"} and draft.answer.explanation["en"]
    assert draft.made_by.startswith("words only, emer_space ") and 0 < (draft.confidence or 0) < 1
    assert set(draft.posterior) and lab.service.drafts.run("lab").drafted == 2, "and none is made twice"


def test_a_clip_that_cannot_be_read_is_named_and_tried_again_on_request(lab: Lab, folder: Path) -> None:
    lab.service.add_clips(ORGANISER, "lab", folder / "two.mp4", folder / "words.csv")
    file = lab.service.media(ORGANISER, "lab", "two")
    whole = file.read_bytes()
    file.write_bytes(whole[:2000])
    assert lab.service.drafts.run("lab").failed == 1
    assert "two" in lab.service.failed(ORGANISER, "lab")
    assert lab.service.clips(ORGANISER, "lab").states == {"failed": 1}
    file.write_bytes(whole)
    assert lab.service.drafts.run("lab").failed == 1
    assert lab.service.drafts.run("lab", again=True).drafted == 1
    task = lab.service.task(ORGANISER, "lab", 1)
    assert task and task.media == file and not task.problem


def test_drafts_are_made_in_the_background_and_wait_while_there_is_no_tool(
    lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.service.add_clips(ORGANISER, "lab", folder / "two.mp4", folder / "words.csv")
    with monkeypatch.context() as without:
        without.setenv("PATH", "/nowhere")
        with pytest.raises(MissingTool):
            lab.service.drafts.run("lab")
    assert load_project(lab.service.book, "lab").drafts == {}, "it is not the clip's fault"
    drafts = lab.service.drafts
    drafts.start()
    try:
        for _ in range(600):
            if load_project(lab.service.book, "lab").drafts:
                break
            drafts._thread.join(0.1)  # type: ignore[union-attr]
    finally:
        drafts.stop()
    assert load_project(lab.service.book, "lab").drafts["two"].answer


def test_the_command_line_leads_from_a_folder_to_a_withdrawal(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))

    def told(*arguments: str) -> dict[str, object]:
        assert main([*arguments, "--json", "-"]) == 0
        answer: dict[str, object] = json.loads(capsys.readouterr().out)
        return answer

    assert told("new", "lab", "--annotators", "2,1", "--consent", "All agreed.")["annotators"] == [2, 1]
    assert told("add", "lab", str(folder / "two.mp4"))["added"] == ["two"]
    key = told("invite", "lab", "--name", "Ann", "--rounds", "1")["key"]
    status = told("status", "lab")
    assert (status["clips"], status["people"][0]["name"]) == (1, "Ann")  # type: ignore[index]
    assert str(key) not in json.dumps(status)
    assert told("clips", "lab", "--search", "TWO")["states"] == {"waiting": 1}
    assert told("change", "lab", "--order", "least_sure")["order"] == "least_sure"
    assert told("withdraw", "lab", "two")["saves"] == 0
    assert main(["delete", "lab"]) == 2 and "add --sure" in capsys.readouterr().err
    assert told("delete", "lab", "--sure")["clips"] == 0
    for wrong in (
        ["status", "lab"],
        ["new", "A B"],
        ["add", "lab", "hf://datasets/x"],
        ["invite", "lab", "--rounds", "x"],
    ):
        assert main(wrong) == 2
        assert capsys.readouterr().err.count("\n") == 1, wrong
    assert LOCAL.organiser
