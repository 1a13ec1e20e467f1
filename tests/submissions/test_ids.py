"""Why no id matches: the likely reason, by an example, and a word where only few do."""

import pytest

from submissions.checks.ids import likely_reason, missed

ASKED = [(f"Sample_{number:03}",) for number in range(20)]


@pytest.mark.parametrize(
    ("reason", "spelt"),
    [
        ("suffix", "{}.mp4"),
        ("suffix", "{}.wav"),
        ("capital", "sample_{:03}"),
        ("zeros", "Sample_{:d}"),
        ("folder", "clips/train/{}"),
        ("folder", r"C:\clips\{}"),
        ("blanks", "Sample {:03}"),
        ("quotation", "'{}'"),
        ("several", "clips/sample-{:d}.mp4"),
    ],
)
def test_the_likely_reason_is_told_with_an_example(reason: str, spelt: str) -> None:
    plain = "{}" in spelt
    given = [(spelt.format(f"Sample_{number:03}" if plain else number),) for number in range(20)]
    told, example = likely_reason(ASKED, given)
    assert reason in told and example in given
    found = missed(ASKED, given, {sample: row for row, sample in enumerate(given, 2)}, "name")
    assert found is not None and found.code == "no-ids" and found.row == 2 and found.column == "name"
    assert "None of the 20 samples" in found.message and repr(given[0][0]) in found.message


def test_ids_of_other_samples_are_told_as_such() -> None:
    given = [("x1",), ("x2",)]
    assert likely_reason(ASKED, given) == ("", None)
    found = missed(ASKED, given, {}, "name")
    assert found is not None and "other samples" in found.hint and "'x1'" in found.hint
    assert missed(ASKED, [], {}, "name") is not None


def test_few_are_fewer_than_half() -> None:
    assert missed(ASKED, ASKED, {}, "name") is None
    assert missed(ASKED, ASKED[:10], {}, "name") is None
    found = missed(ASKED, [*ASKED[:9], ("sample_019",)], {("sample_019",): 11}, "name")
    assert found is not None and "Only 9 of the 20 samples" in found.message and found.row == 11
    assert "capital" in found.message
