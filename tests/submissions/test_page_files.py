"""What the pages hand out."""

from pathlib import Path

from submissions.page.files import download


def test_pages_that_refresh_leave_one_file_of_each_name() -> None:
    paths = [Path(download("best/small.csv", f"ranking {number}")) for number in range(20)]
    other = Path(download("all/small.csv", "everything"))
    assert len(set(paths)) == 1 and paths[0].read_text() == "ranking 19"
    assert paths[0].name == "small.csv" and other.read_text() == "everything"
    assert list(paths[0].parent.iterdir()) == [paths[0]]
