"""Archives from strangers: npz without unpickling, zip with one csv, and nothing expanded past its limit."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emer_space.files.formats import rows_of
from emer_space.files.problems import Limits, SubmissionError
from emer_space.files.tables import Column, table_of

NAMES = ["sample_1", "001", "1e3"]
ITEMS = ["['happy', 'sad']", "[]", "NA"]


def npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def zipped(compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def refused(content: bytes, name: str, **limits: int) -> tuple[str, str]:
    with pytest.raises(SubmissionError) as caught:
        rows_of(content, name, limits=Limits(**limits))
    (problem,) = caught.value.problems
    return problem.code, problem.hint


@pytest.mark.parametrize("dtype", [str, "S"])
def test_the_string_arrays_of_the_challenge_are_read(dtype: object) -> None:
    content = npz(filenames=np.array(NAMES, dtype=dtype), fileitems=np.array(ITEMS, dtype=dtype))
    rows = rows_of(content, "answer-openset.npz")
    assert [(row.number, row.text("name"), row.text("openset")) for row in rows] == [
        (number, name, item) for number, (name, item) in enumerate(zip(NAMES, ITEMS, strict=True), 1)
    ]


class Explosive:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("unpickled"),))  # type: ignore[return-value]


def test_an_object_array_is_refused_with_the_way_to_save_it_again_and_never_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = npz(filenames=np.array(NAMES), fileitems=np.array([Explosive(), None, 1], dtype=object))
    code, hint = refused(content, "a.npz")
    assert code == "pickle" and "np.savez_compressed" in hint and "dtype=str" in hint
    assert list(tmp_path.iterdir()) == []


def test_the_way_to_save_a_dict_again_is_the_one_that_is_read() -> None:
    """What the challenges' scripts keep as `name2reason`; the remedy is run to the letter."""
    name2reason = {"s1": "He smiles.", "s2": "She weeps."}
    code, hint = refused(npz(name2reason=np.array(name2reason, dtype=object)), "a.npz")
    assert code == "pickle"
    path = io.BytesIO()
    exec(hint.removeprefix("save its texts: "), {"np": np, "path": path, "name2reason": name2reason})
    rows = rows_of(path.getvalue(), "a.npz")
    assert {row.text("name"): row.text("reason") for row in rows} == name2reason


def test_the_items_of_a_challenge_are_what_its_track_asks_for() -> None:
    content = npz(filenames=np.array(["s1", "s2", "s3"]), fileitems=np.array(["positive", "-0.5", "neutral"]))
    polarity = Column("sentiment", "polarity")
    assert table_of(rows_of(content, "a.npz"), (polarity,)).column("sentiment") == {
        ("s1",): "positive",
        ("s2",): "negative",
        ("s3",): "neutral",
    }
    mixed = npz(filenames=np.array(["s1", "s2"]), fileitems=np.array(["positive", "mixed"]))
    with pytest.raises(SubmissionError, match="row 2, column 'sentiment': 'mixed' is not a polarity"):
        table_of(rows_of(mixed, "a.npz"), (polarity,))


def test_a_pickle_in_the_place_of_an_array_is_no_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(zipped(**{"filenames.npy": pickle.dumps(Explosive())}), "a.npz")[0] == "npz"
    assert list(tmp_path.iterdir()) == []


def test_arrays_of_other_kinds_and_lengths_are_refused() -> None:
    assert refused(npz(filenames=np.arange(3)), "a.npz")[0] == "npz"
    assert refused(npz(filenames=np.array([["a"], ["b"]])), "a.npz")[0] == "npz"
    assert refused(npz(filenames=np.array(["a", "b"]), fileitems=np.array(["[]"])), "a.npz")[0] == "npz"


def header(shape: str, descr: str = "<U4") -> bytes:
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def test_a_header_that_lies_about_its_size_asks_for_no_memory() -> None:
    assert refused(zipped(**{"filenames.npy": header("(99999,)") + b"\0" * 16}), "a.npz")[0] == "npz"
    assert refused(zipped(**{"filenames.npy": header("(10**12,)") + b"\0" * 16}), "a.npz")[0] == "npz"
    assert refused(zipped(**{"filenames.npy": header("(999999999999,)") + b"\0" * 16}), "a.npz")[0] == "rows"
    assert refused(zipped(**{"filenames.npy": header("(1,)") + b"\xff" * 16}), "a.npz")[0] == "encoding"


@pytest.mark.parametrize(
    "text",
    [
        "((((",
        "'''abc",
        "{'descr': 1L",
        "{'descr': (('<U1', (2,)),), 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<U4', 'fortran_order': False, 'shape': (True,)}",
        "{'descr': '<U4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<U4'}",
        "[" * 5000,
        "7",
        "",
    ],
)
def test_a_header_that_is_none_is_refused(text: str) -> None:
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()
    assert refused(zipped(**{"filenames.npy": head + b"\0" * 16}), "a.npz")[0] in ("npz", "rows")


def test_two_arrays_of_one_column_are_refused() -> None:
    assert refused(npz(filenames=np.array(["a"]), name=np.array(["b"])), "a.npz")[0] == "header"


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    bomb = zipped(**{"answer.csv": b"name\n" + b"a" * 1_000_000})
    assert len(bomb) < 3_000
    assert refused(bomb, "a.zip", expanded=100_000)[0] == "expanded"
    arrays = npz(filenames=np.array(["x" * 5_000] * 3), fileitems=np.array(["x" * 5_000] * 3))
    assert refused(arrays, "a.npz", expanded=100_000)[0] == "expanded", "the limit is for all arrays together"
    assert len(rows_of(arrays, "a.npz", limits=Limits(expanded=200_000))) == 3


def test_a_size_that_is_declared_wrongly_does_not_widen_the_limit() -> None:
    content = zipped(**{"answer.csv": b"name\n" + b"a" * 1_000_000})
    lying = content.replace(struct.pack("<I", 1_000_005), struct.pack("<I", 10))
    assert lying != content
    assert refused(lying, "a.zip", expanded=100_000)[0] == "zip"


def test_the_zip_that_codabench_asks_for_holds_one_csv() -> None:
    table = "name,openset\n001,\"['happy']\"\n".encode("utf-8-sig")
    content = zipped(**{"folder/answer.csv": table, "__MACOSX/._answer.csv": b"\0\1", "README.txt": b"hello"})
    assert [row.text("name") for row in rows_of(content, "answer.zip")] == ["001"]
    assert refused(zipped(**{"a.csv": table, "b.csv": table}), "a.zip")[0] == "zip"
    assert refused(zipped(**{"a.txt": table}), "a.zip")[0] == "zip"
    assert refused(zipped(**{f"{number}.txt": b"" for number in range(101)}), "a.zip")[0] == "zip"


def test_an_encrypted_member_is_refused() -> None:
    content = bytearray(zipped(zipfile.ZIP_STORED, **{"answer.csv": b"name\na\n"}))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flags] |= 1
    assert refused(bytes(content), "a.zip")[0] == "zip"


KINDS = {"deflate": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}
GOOD = {
    "a.npz": npz(filenames=np.array(NAMES), fileitems=np.array(ITEMS)),
    **{f"{name}.zip": zipped(kind, **{"a.csv": b"name\na\n" * 9}) for name, kind in KINDS.items()},
}


@settings(max_examples=1000)
@given(data=st.data(), name=st.sampled_from(sorted(GOOD)))
def test_no_damage_raises_anything_but_a_submission_error(data: st.DataObject, name: str) -> None:
    content = bytearray(GOOD[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        rows_of(bytes(content[: data.draw(st.integers(0, len(content)))]), name)
    except SubmissionError as error:
        assert error.problems
