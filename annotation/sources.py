"""Where the clips of a project come from: files, a folder, or a dataset on the Hub; and the words beside them."""

import contextlib
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from annotation.errors import ProjectError
from emer_space.errors import InputError
from emer_space.files.clips import SUFFIXES, named_clips, named_files
from emer_space.files.formats import read_rows
from emer_space.files.problems import shown
from submissions.store.hub_account import endpoint

HUB = "hf://datasets/"
TEXTS = (".txt", ".srt")
COLUMNS = ("subtitle", "text", "chinese", "english", "transcript", "sentence")
"""The columns of a table of subtitles that may hold the words, in order of preference."""
_CUE = re.compile(r"^(?:\d+|[\d:,. ]+-->.*)$")


@contextlib.contextmanager
def clips_of(source: str | Path | Sequence[Path], work: Path | None = None) -> Iterator[dict[str, Path]]:
    """The clips of a source by name. What comes from the Hub lies in a folder below `work`, which goes at the end.

    Raises `ProjectError` and `InputError`.
    """
    if isinstance(source, str) and source.startswith(HUB):
        with tempfile.TemporaryDirectory(prefix="emer-clips-", dir=work) as folder:
            yield _fetched(source.removeprefix(HUB).strip("/"), Path(folder))
        return
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        yield named_clips(path) if not path.is_file() else {path.stem: path}
        return
    yield named_files(Path(path) for path in source) or _none(source)


def _none(source: Iterable[Path]) -> dict[str, Path]:
    names = ", ".join(shown(Path(path).name) for path in source)
    raise ProjectError("clips", f"No clip is among {names or 'the files'}; clips end in {' '.join(sorted(SUFFIXES))}.")


def _fetched(name: str, folder: Path) -> dict[str, Path]:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise ProjectError("hub", f"{shown(HUB + name)} is not a dataset on the Hub; write {HUB}OWNER/NAME.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
    from huggingface_hub.utils import HFValidationError

    patterns = [f"*{suffix}" for suffix in (*SUFFIXES, *TEXTS)]
    patterns += [pattern.upper() for pattern in patterns]
    try:
        snapshot_download(name, repo_type="dataset", local_dir=folder, allow_patterns=patterns, endpoint=endpoint())
    except (HfHubHTTPError, OfflineModeIsEnabled, HFValidationError, OSError) as problem:
        reason = type(problem).__name__
        raise ProjectError(
            "hub",
            f"The dataset {shown(name)} could not be fetched ({reason}); check its name, HF_TOKEN and the network, "
            "and start with HF_HUB_OFFLINE=0.",
        ) from problem
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and ".cache" not in path.parts]
    named = Counter(path.name for path in files)
    found = named_files(path for path in files if named[path.name] == 1)
    twice = [path for path in files if named[path.name] > 1 and path.suffix.lower() in SUFFIXES]
    found |= {"-".join(path.relative_to(folder).with_suffix("").parts): path for path in twice}
    if not found:
        raise ProjectError("hub", f"The dataset {shown(name)} holds no clips as files; download and unpack it first.")
    return found


def subtitle_beside(clip: Path, name: str, table: Mapping[str, str]) -> str:
    """The words of a clip: of a table (by name, or by file name), or of a text file beside it; empty if none."""
    for known in (name, clip.name, clip.stem):
        if words := table.get(known, "").strip():
            return words
    for suffix in TEXTS:
        beside = clip.with_suffix(suffix)
        if beside.is_file() and beside.stat().st_size <= 100_000:
            return _words(beside)
    return ""


def _words(file: Path) -> str:
    lines = file.read_bytes().decode("utf-8-sig", "replace").splitlines()
    if file.suffix.lower() == ".srt":
        lines = [re.sub(r"<[^>]*>", "", line) for line in lines if not _CUE.match(line.strip())]
    return " ".join(" ".join(lines).split())


def read_subtitles(file: Path) -> dict[str, str]:
    """A table of subtitles (csv or jsonl) with `name` and one of `COLUMNS`. Raises `SubmissionError`, `InputError`."""
    rows = read_rows(file, ("name",), unique="name")
    named = next((column for column in COLUMNS if any(column in row.cells for row in rows)), None)
    if named is None:
        raise InputError(f"{file.name} has no column of subtitles; call it {COLUMNS[0]}.")
    return {row.text("name").strip(): row.text(named) for row in rows}
