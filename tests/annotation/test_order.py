"""The order of clips: the least sure first, and in round two those of which people doubted the machine."""

from pathlib import Path

from agreeing import draft, project, save
from board_making import ORGANISER
from projecting import Lab, said

from annotation.order import least_sure
from annotation.records import Answer

DRAFTS = [
    draft("sure", Answer(("sad",)), 0.9),
    draft("unsure", Answer(("sad",)), 0.3),
    draft("without", Answer(("sad",)), None, posterior={"sad": 0.5, "happy": 0.4}),
    draft("unread", None, problem="no sound"),
]


def test_the_least_sure_come_first() -> None:
    clips = ["sure", "unsure", "without", "unread", "undrafted"]
    assert least_sure(project(clips, [], DRAFTS)) == ["unread", "undrafted", "unsure", "without", "sure"]


def test_doubts_of_round_one_count_in_round_two_only() -> None:
    answers = [
        save("sure", "ann", Answer(("happy",)), 1),
        save("sure", "ben", Answer(("happy", "sadness")), 2),
        save("unsure", "ann", Answer(("sorrowful", "sad")), 3),
    ]
    given = project(["sure", "unsure", "without"], answers, DRAFTS)
    assert least_sure(given) == ["unsure", "without", "sure"]
    assert least_sure(given, 2) == ["sure", "unsure", "without"]


def test_the_order_tells_nobody_in_round_one_what_others_said(tmp_path: Path) -> None:
    lab = Lab(tmp_path, order="least_sure")
    ada, ben, cho = lab.key("Ada", [1]), lab.key("Ben", [1]), lab.key("Cho", [2])
    for clip in ("a", "b", "c"):
        lab.save(ada, clip, answer=said("angry" if clip == "b" else "happy"))
    assert lab.service.order(ORGANISER, "lab", 2)[0] == "b"
    lab.service.save(ORGANISER, "lab", 1, "c", said("happy"))
    assert lab.service.order(ORGANISER, "lab", 2)[0] == "a", "an organiser who answers too is to answer b first"
    assert lab.service.task(None, "lab", 1, key=ben).clip.name == "a"
    for clip in ("a", "b", "c"):
        lab.save(ben, clip)
    assert lab.service.task(None, "lab", 2, key=cho).clip.name == "b"
    assert [lab.service.order(ORGANISER, "lab", round)[0] for round in (1, 2)] == ["a", "b"]
