"""The order of clips: the least sure first, and in round two those of which people doubted the machine."""

from agreeing import draft, project, save

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
