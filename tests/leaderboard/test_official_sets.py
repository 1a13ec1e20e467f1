"""The official wheel files of MER2025 and of MER2026: two pinned sets, each accepted for what it is, never mixed up."""

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import refused, run

from leaderboard.__main__ import main
from leaderboard.board.board import Board
from leaderboard.errors import WheelsUnavailable
from leaderboard.metrics.emotion_wheel import emotion_wheel
from leaderboard.tracks import load_track, track_ids, vocabularies
from leaderboard.tracks.vocabularies import fetch, fetched_folder, metric_wheels, official_wheels, wheel_sets

Folders = dict[str, Path]


@pytest.fixture
def folders(shared: Path, tmp_path: Path) -> Folders:
    """Each set in a folder."""
    found = {name: tmp_path / name for name in ("mer2025", "mer2026")}
    for folder in found.values():
        shutil.copytree(shared / "reference" / "emotion_wheel", folder)
    shutil.copy(shared / "reference" / "emotion_wheel_2026" / "format.csv", found["mer2026"])
    return found


@pytest.fixture
def files(shared: Path) -> list[object]:
    """The options that name the published fixture."""
    folder = shared / "reference" / "mer2024"
    return ["--references", folder / "check-openset.csv", "--predictions", folder / "predict-openset.csv"]


def test_the_fixture_scores_with_mer2026_as_its_official_code_does(
    folders: Folders, files: list[object], shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(capsys, "metric", "ew", *files, "--wheels", folders["mer2026"])
    assert told["vocabulary"] == "official" and told["wheels"] == "mer2026"
    for level, figures in (("level1", (0.5546, 0.5605, 0.5492)), ("level2", (0.4246, 0.4480, 0.4048))):
        assert tuple(round(told[level][each], 4) for each in ("f", "precision", "recall")) == figures
    before = json.loads((shared / "reference" / "expected.json").read_text(encoding="utf-8"))["emotion_wheel"]
    for joined in ("m1", "m2"):
        assert {each: told[joined][each] for each in before[joined]} == pytest.approx(before[joined], abs=1e-12)
    assert run(capsys, "metric", "ew", *files, "--wheels", folders["mer2025"])["wheels"] == "mer2025"


def test_words_in_less_no_longer_carry_their_opposites(folders: Folders) -> None:
    """Of one sample wheel 4 scores nothing in 2026, and counts as 0 there: (4 x 1 + 0) / 5."""
    old, new = (metric_wheels(folder) for folder in folders.values())
    words = {word for wheels in (old, new) for word in wheels.forms}
    differing = {word for word in words if old.forms.get(word) != new.forms.get(word)}
    assert len(differing) == 64 and {"help", "power", "meaning", "fear"} < differing
    asked, given = {"a": ["afraid"]}, {"a": ["fear"]}
    scores = [emotion_wheel(asked, given, wheels).point()["level1.f"] for wheels in (old, new)]
    assert scores == pytest.approx([0.25, 0.8])


def test_a_track_is_scored_with_its_own_set_and_says_so(
    folders: Folders, files: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    for track, wanted in (("mer-fg-2025", "mer2025"), ("mer-fg-2026", "mer2026")):
        told = run(capsys, "score", "--track", track, *files, "--wheels", folders[wanted])
        about = told["provenance"]["vocabulary"]
        assert (about["name"], about["wheels"]) == ("official", wanted) and len(about["version"]) == 12
    assert round(told["primary"]["value"], 4) == 0.5546


@pytest.mark.parametrize(("track", "wrong", "wanted"), [("2025", "mer2026", "mer2025"), ("2026", "mer2025", "mer2026")])
def test_the_other_set_is_refused_by_its_name(
    track: str,
    wrong: str,
    wanted: str,
    folders: Folders,
    files: list[object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["score", "--track", f"mer-fg-{track}", *files]
    told = refused(capsys, *command, "--wheels", folders[wrong])
    assert f"are those of {wrong}, but those of {wanted} are needed" in told and "wheels fetch" in told
    monkeypatch.setenv("EMER_WHEELS", str(folders[wrong]))
    assert f"those of {wanted} are needed" in refused(capsys, *command)
    assert "not scored here" in Board().why_not(f"mer-fg-{track}")


def test_a_fetched_set_serves_the_track_that_the_environment_does_not(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_WHEELS", str(folders["mer2025"]))
    shutil.copytree(folders["mer2026"], fetched_folder("mer2026"))
    assert official_wheels().edition == "mer2025"
    assert official_wheels(wanted="mer2026").edition == "mer2026"
    assert metric_wheels().edition == "mer2025", "a metric alone takes what is named"


def test_files_that_are_no_set_are_named_and_still_serve_a_metric(folders: Folders) -> None:
    with (folders["mer2026"] / "format.csv").open("a") as file:
        file.write("gleeful,gleefuller\n")
    assert metric_wheels(folders["mer2026"]).edition == ""
    for wanted in wheel_sets():
        with pytest.raises(WheelsUnavailable, match=rf"format\.csv is not the official file of {wanted}"):
            official_wheels(folders["mer2026"], wanted)


def test_every_official_track_names_a_set() -> None:
    sets = {name: load_track(name).wheels for name in track_ids() if load_track(name).vocabulary == "official"}
    assert sets == {"mer-fg-2025": "mer2025", "mer-fg-2026": "mer2026", "mer-unibench": "mer2025"}


@pytest.fixture
def mirror(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """Serves both sets at the addresses of their revisions; what was asked for is listed."""
    asked: list[str] = []
    of_path = {row["path"]: folders[name] for name, row in vocabularies._source()["sets"].items()}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, _, place = self.path.lstrip("/").partition("/")
            path, _, name = place.rpartition("/")
            asked.append(f"{path.split('/')[0]} {name}")
            content = (of_path[path] / name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setitem(vocabularies._source(), "url", address + "/{revision}/{path}")
        wheel_sets.cache_clear()
        yield address, asked
        server.shutdown()
    monkeypatch.undo()
    wheel_sets.cache_clear()


def test_fetch_has_both_sets_and_asks_for_no_file_twice(
    mirror: tuple[str, list[str]], own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, asked = mirror
    assert main(["wheels", "fetch"]) == 0
    assert asked[-1] == "MER2026 format.csv" and len(asked) == 8 and len(set(asked)) == 8
    assert {path.name for path in own_home.iterdir()} >= {"emotion_wheel", "emotion_wheel_2026"}
    told = capsys.readouterr().out
    assert "synonym.xlsx: as in emotion_wheel" in told and str(fetched_folder("mer2026")) in told
    assert [official_wheels(wanted=name).edition for name in wheel_sets()] == ["mer2025", "mer2026"]
    assert main(["wheels", "fetch"]) == 0 and len(asked) == 8


def test_one_set_can_be_fetched_alone(mirror: tuple[str, list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    _, asked = mirror
    assert main(["wheels", "fetch", "--set", "mer2026"]) == 0
    assert len(asked) == 7 and official_wheels(wanted="mer2026").zero_unscored
    with pytest.raises(WheelsUnavailable, match="incomplete"):
        official_wheels()


def test_an_address_with_the_other_set_is_told_how_to_be_used(mirror: tuple[str, list[str]]) -> None:
    address, _ = mirror
    base = f"{address}/any/{vocabularies._source()['sets']['mer2026']['path']}"
    with pytest.raises(
        WheelsUnavailable, match=r"not the official file of mer2025.*it is that of mer2026.*--set mer2026"
    ):
        list(fetch(base))
    assert next(iter(fetch(base, "mer2026"))) == "format.csv: fetched"


def test_the_rule_for_a_prediction_that_decides_for_neither_is_official_unless_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def written(name: str, column: str, values: str) -> Path:
        lines = [f"name,{column}", *(f"{number},{value}" for number, value in enumerate(values.split()))]
        (tmp_path / name).write_text("\n".join(lines))
        return tmp_path / name

    def scored(metric: str, *more: object) -> dict:
        return run(capsys, "metric", metric, "--references", asked, "--predictions", given, *more)

    asked = written("R.csv", "sentiment", "1.5 -2 -0.5 0 positive")
    given = written("P.csv", "sentiment", "0.1 0 neutral negative negative")
    told = scored("sentiment")
    assert told["acc"] == 3 / 4 and told["undecided"] == {"rule": "official", "predictions": 2}
    strict = scored("sentiment", "--undecided", "strict")
    assert strict["acc"] == 1 / 4 and strict["undecided"] == {"rule": "strict", "predictions": 2}
    asked, given = written("R.csv", "preference", "a1 a2 same"), written("P.csv", "preference", "same same a1")
    assert scored("preference")["acc"] == 1 / 2 and scored("preference", "--undecided", "strict")["acc"] == 0
    told = scored("preference", "--undecided", "official")
    assert told["waf"] == pytest.approx(1 / 3)
    assert "goes with the metrics of two classes" in refused(
        capsys, "metric", "ew", "--references", asked, "--predictions", given, "--undecided", "strict"
    )


def test_a_track_says_by_which_rule_and_so_does_its_report(
    tmp_path: Path, own_home: Path, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    rows = ["name,a1,a2,preference", "s,m1,m2,a1", "t,m1,m2,a2", "u,m1,m2,same"]
    (tmp_path / "R.csv").write_text("\n".join(rows))
    (tmp_path / "P.csv").write_text("\n".join(rows).replace("s,m1,m2,a1", "s,m1,m2,same"))
    command = ["score", "--track", "mer-prefer", "--references", tmp_path / "R.csv"]
    command += ["--predictions", tmp_path / "P.csv"]
    told = run(capsys, *command)
    assert told["primary"]["value"] == 1 and told["scores"]["undecided"] == {"rule": "official", "predictions": 1}
    assert told["provenance"]["undecided"] == {"": "official"} and told["provenance"]["metrics"] == {"preference": "2"}
    own = (project / "leaderboard" / "tracks" / "mer-prefer.toml").read_text(encoding="utf-8")
    (own_home / "tracks").mkdir()
    (own_home / "tracks" / "mer-prefer.toml").write_text(own.replace('"official"', '"strict"'), encoding="utf-8")
    told = run(capsys, *command)
    assert told["scores"]["acc"] == 1 / 2 and told["provenance"]["undecided"] == {"": "strict"}
