"""The API as `gradio_client` sees it: the command line's JSON, clear errors, and a cancel that stops the work."""

from collections.abc import Callable
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from serving import wait_for

from emer_space.analysis import SCHEMA, Analysis
from emer_space.page.words import load_words


@pytest.fixture(scope="module")
def client(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(app_url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


OFFERED = {
    *("/explain", "/tracks", "/table", "/check", "/submit", "/status", "/withdraw", "/choose"),
    *("/overview", "/decide", "/rescore", "/material", "/heartbeat"),
    *("/submissions", "/message", "/close_track", "/extend_track", "/publish"),
    *("/arenas", "/ballot", "/vote", "/arena", "/arena_votes"),
    *("/projects", "/project", "/new_project", "/change_project", "/add_clips", "/invite", "/clips", "/task", "/save"),
    *("/complete", "/agreement", "/withdraw_clip", "/delete_project"),
}


def test_no_handler_of_the_page_itself_is_offered(client: Client) -> None:
    assert set(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == OFFERED


def test_the_snippet_of_the_readme_works_as_it_stands(
    app_url: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    snippet = (project / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(project)
    exec(snippet.replace("http://127.0.0.1:7860", app_url), {})  # our own README
    assert "disappointed" in capsys.readouterr().out


def test_explain_answers_with_the_analysis(client: Client, happy_clip: Path) -> None:
    analysis = client.predict(
        video=handle_file(happy_clip), subtitle="", modalities=["video", "audio", "text"], api_name="/explain"
    )
    assert next(iter(analysis)) == "schema" and analysis["schema"] == SCHEMA
    assert Analysis.from_dict(analysis).to_dict() == analysis
    assert analysis["labels"] and analysis["explanation"]["sentences"]


def test_the_subtitle_and_the_modalities_are_heeded(client: Client, happy_clip: Path) -> None:
    analysis = client.predict(
        video=handle_file(happy_clip), subtitle="I am so sad about this.", modalities=["text"], api_name="/explain"
    )
    assert analysis["modalities"] == ["text"]
    assert analysis["subtitle"]["source"] == "given"
    assert {clue["modality"] for clue in analysis["clues"]} == {"textual"}


def test_the_language_of_the_answer_is_chosen(client: Client, happy_clip: Path) -> None:
    asked = {"video": handle_file(happy_clip), "subtitle": "I am so sad.", "modalities": ["text"]}
    analysis = client.predict(**asked, language="zh", api_name="/explain")
    assert analysis["language"] == "zh" and analysis["labels"][0]["name"] == "悲伤"
    assert "话语点明了情绪：“so sad”。" in {clue["statement"] for clue in analysis["clues"]}
    with pytest.raises(AppError, match=r"choose en \(English\) or zh \(Chinese\)"):
        client.predict(**asked, language="fr", api_name="/explain")


@pytest.mark.parametrize("modalities", [[], ["smell"]])
def test_a_wrong_choice_of_modalities_is_named(client: Client, happy_clip: Path, modalities: list[str]) -> None:
    with pytest.raises(AppError, match=r"(?i)choose|smell"):
        client.predict(video=handle_file(happy_clip), subtitle="", modalities=modalities, api_name="/explain")


def test_a_file_that_is_no_clip_is_one_sentence(client: Client, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is not a clip")
    with pytest.raises(AppError) as problem:
        client.predict(video=handle_file(broken), subtitle="", modalities=["video"], api_name="/explain")
    assert "Traceback" not in str(problem.value) and str(tmp_path) not in str(problem.value)


def test_what_cannot_be_added_to_a_project_is_named(client: Client, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="no setting 'project'"):
        client.predict(name="study", settings={"title": "Study", "project": "x"}, api_name="/new_project")
    clips = [tmp_path / part / "talk.mp4" for part in ("one", "two")]
    for clip in clips:
        clip.parent.mkdir()
        clip.write_text(str(clip))
    with pytest.raises(AppError, match=r"Several files are called .talk\.mp4.;"):
        client.predict(project="study", files=[handle_file(clip) for clip in clips], api_name="/add_clips")
    page = Client(client.src, verbose=False, headers={"accept-language": "zh-CN"})
    with pytest.raises(AppError, match=r"没有您参加的项目'study'"):
        page.predict(project="study", api_name="/project")


def test_a_clip_is_needed(client: Client) -> None:
    with pytest.raises(AppError, match=load_words()("run.no_clip")[:12]):
        client.predict(video=None, subtitle="", modalities=["video"], api_name="/explain")


def test_cancel_stops_the_work_and_leaves_nothing(
    client: Client, happy_clip: Path, runs_under_way: Callable[[], int]
) -> None:
    job = client.submit(
        video=handle_file(happy_clip), subtitle="", modalities=["video", "audio", "text"], api_name="/explain"
    )
    assert wait_for(lambda: runs_under_way() == 1), "the work never began"
    job.cancel()
    assert wait_for(lambda: runs_under_way() == 0), "the work went on after the cancel"
    assert job.status().code.value == "CANCELLED"
