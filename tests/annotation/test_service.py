"""What organisers and annotators can do with a project, and what they can neither do nor see."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, BEN, ORGANISER
from projecting import DRAFT, SIGH, SMILE, Lab, said

from annotation.projects import load_project
from submissions.errors import Refusal
from submissions.person import Person


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def refused(call: Any, *about: Any) -> str:
    with pytest.raises(Refusal) as problem:
        call(*about)
    return str(problem.value)


def test_a_clip_goes_through_both_rounds(lab: Lab) -> None:
    ann, bo, cy = lab.key("Ann"), lab.key("Bo"), lab.key("Cy")
    task = lab.service.task(None, "lab", 1, key=ann)
    assert task and (task.clip.name, task.before, task.merged, task.left) == ("a", DRAFT, None, 3)
    mended = replace(SMILE, statement="The eyes smile.", start=0.75)
    assert lab.save(ann, "a", answer=said("happy", "relieved", clues=[mended])).done
    lab.save(bo, "a", answer=said("Happy", clues=[SIGH, replace(SMILE, start=1.0)]))

    check = lab.service.task(None, "lab", 2, key=cy)
    assert check and check.merged and check.clip.name == "a"
    assert [(one.label, one.votes, one.of) for one in check.merged.labels] == [("happy", 2, 2), ("relieved", 1, 2)]
    votes = {one.clue.statement: (one.votes, one.sources, one.clue.was) for one in check.merged.clues}
    assert votes == {
        "The eyes smile.": (1, ("model",), "The mouth smiles."),
        "A sigh is heard.": (1, ("model",), ""),
        "The mouth smiles.": (1, ("model",), ""),
    }
    assert check.before == check.merged.answer(), "round two starts from the union"
    lab.save(cy, "a", 2, answer=said("happy", clues=[SIGH]))

    final = load_project(lab.service.book, "lab").final("a")
    assert final and (final.answer.labels, final.annotators) == (("happy",), 1)
    overview = lab.service.overview(ORGANISER, "lab")
    assert (overview.done, overview.final, overview.clips) == ((1, 1), 1, 3)
    assert load_project(lab.another().book, "lab").final("a") == final, "what is stored is all there is"


def test_clues_are_one_where_they_say_the_same_of_the_same_time(lab: Lab) -> None:
    keys = [lab.key(name) for name in ("Ann", "Bo")]
    at = {"Ann": (0.0, 1.0), "Bo": (0.25, 1.0)}
    for key, (start, end) in zip(keys, at.values(), strict=True):
        nod = replace(SMILE, id="n1", statement="They nod." if start else "they  nod", start=start, end=end)
        far = replace(nod, id="n2", start=start * 4, end=start * 4 + 0.5)
        lab.save(key, "a", answer=said("calm", clues=[nod, far, replace(SIGH, start=3.0, end=3.5)]))
    merged = load_project(lab.service.book, "lab").merged("a")
    assert [(one.votes, one.clue.start, one.clue.end) for one in merged.clues] == [
        *((2, 0.125, 1.0), (2, 3.0, 3.5)),  # the sigh keeps its id of the draft, so its span may move
        *((1, 0.0, 0.5), (1, 1.0, 1.5)),
    ]
    assert len({one.clue.id for one in merged.clues}) == 4
    assert merged.answer(2).clues == tuple(one.clue for one in merged.clues if one.votes == 2)


def test_round_one_is_answered_without_seeing_others(lab: Lab) -> None:
    ann, bo, cy = lab.key("Ann", (1,)), lab.key("Bo"), lab.key("Cy")
    lab.save(ann, "a", answer=said("secretword"))
    for call in (
        lambda: lab.service.task(None, "lab", 1, "a", bo),
        lambda: lab.service.clips(None, "lab", key=bo),
        lambda: lab.service.clips(None, "lab", "secretword", key=bo),
        lambda: lab.service.overview(None, "lab", bo),
        lambda: lab.service.complete(None, "lab", "secret", bo),
    ):
        assert "secretword" not in repr(call())
    assert "not complete" in refused(lambda: lab.service.task(None, "lab", 2, "a", cy))
    assert "not asked for round two" in refused(lambda: lab.service.task(None, "lab", 2, key=ann))
    assert lab.service.task(None, "lab", 2, key=cy) is None

    lab.save(bo, "a")
    assert "round one, so others check" in refused(lambda: lab.service.task(None, "lab", 2, "a", bo))
    seen = lab.service.task(None, "lab", 2, key=cy)
    assert seen and "secretword" in seen.before.labels
    lab.service.change(ORGANISER, "lab", annotators=(3, 1))  # round one of the clip is open again
    assert "You have seen what others say" in refused(lambda: lab.save(cy, "a"))
    assert lab.service.task(None, "lab", 1, key=cy).clip.name == "b"  # type: ignore[union-attr]


def test_an_organiser_who_takes_part_sees_no_votes_before_their_own(lab: Lab) -> None:
    lab.save(lab.key("Ann"), "a", answer=said("secretword"))
    hidden = lab.service._seen(load_project(lab.service.book, "lab"), _part(lab, ORGANISER))
    assert hidden.saves, "who does not take part sees everything"
    lab.service.invite(ORGANISER, "lab", account="olga", rounds=(1,))
    project = load_project(lab.service.book, "lab")
    assert lab.service._seen(project, _part(lab, ORGANISER)).saves == ()
    lab.service.save(ORGANISER, "lab", 1, "a", said("calm"), done=True)
    project = load_project(lab.service.book, "lab")
    assert len(lab.service._seen(project, _part(lab, ORGANISER)).saves) == 2


def _part(lab: Lab, who: Person) -> Any:
    return lab.service._part(who, "lab", "")[1]


def test_nobody_else_learns_that_a_project_exists(lab: Lab) -> None:
    key = lab.key("Ann")
    lab.service.new(ORGANISER, "other", "Another one")
    strangers: list[tuple[Person | None, str]] = [(None, ""), (None, "x" * 32), (ADA, ""), (BEN, "wrong")]
    calls = {
        "overview": lambda name, who, key: lab.service.overview(who, name, key),
        "clips": lambda name, who, key: lab.service.clips(who, name, key=key),
        "task": lambda name, who, key: lab.service.task(who, name, 1, key=key),
        "media": lambda name, who, key: lab.service.media(who, name, "a", key),
        "save": lambda name, who, key: lab.service.save(who, name, 1, "a", said("calm"), key=key),
        "complete": lambda name, who, key: lab.service.complete(who, name, "sad", key),
    }
    led = {
        "change": lambda name, who: lab.service.change(who, name, title="Mine"),
        "invite": lambda name, who: lab.service.invite(who, name, account="me"),
        "annotators": lambda name, who: lab.service.annotators(who, name),
        "add_clips": lambda name, who: lab.service.add_clips(who, name, "/"),
        "agreement": lambda name, who: lab.service.agreement(who, name),
        "withdraw": lambda name, who: lab.service.withdraw(who, name, "a", "mine"),
        "delete": lambda name, who: lab.service.delete(who, name),
        "release": lambda name, who: lab.service.for_release(who, name),
    }
    for who, given in strangers:
        assert lab.service.projects(who, given) == []
        for about in ("lab", "missing"):
            expected = f"There is no project '{about}' that you take part in; check its name or link."
            for name, call in calls.items():
                assert refused(call, about, who, given) == expected, name
            for name, leads in led.items():
                assert refused(leads, about, who) == expected, name
    assert refused(lambda: lab.service.overview(None, "other", key)).startswith("There is no project 'other'")
    assert [one.project for one in lab.service.projects(None, key)] == ["lab"]
    lab.service.invite(ORGANISER, "lab", account="Ada")
    assert [one.project for one in lab.service.projects(ADA)] == ["lab"]
    for call in led.values():
        assert refused(call, "lab", ADA) == "This is for organisers only."
    lab.service.invite(ORGANISER, "lab", account="Ada", rounds=())
    assert lab.service.projects(ADA) == [], "whose invitation ended is a stranger again"
    (holder,) = [one["id"] for one in lab.service.annotators(ORGANISER, "lab") if one["name"] == "Ann"]
    lab.service.invite(ORGANISER, "lab", account=holder, rounds=())
    assert lab.service.projects(None, key) == []


def test_only_the_hash_of_a_key_is_kept(lab: Lab) -> None:
    key = lab.key("Ann")
    lab.save(key, "a")
    assert len(key) >= 32 and key not in lab.on_disk()


def test_two_windows_of_one_person_keep_both_answers(lab: Lab) -> None:
    key = lab.key("Ann")
    first = lab.save(key, "a", answer=said("happy"))
    again = lab.save(key, "a", answer=said("happy"))
    assert again == first, "the same answer sent again is one save"
    one = lab.save(key, "a", answer=said("glad"), base=first.id)
    two = lab.save(key, "a", answer=said("calm"), base=first.id)
    assert (one.conflict, two.conflict) == (False, True)
    task = lab.service.task(None, "lab", 1, "a", key)
    assert task and {save.answer.labels for save in task.conflict} == {("glad",), ("calm",)}
    solved = lab.save(key, "a", answer=said("glad", "calm"), base=two.id, over=[one.id])
    assert not solved.conflict and lab.service.task(None, "lab", 1, "a", key).conflict == ()  # type: ignore[union-attr]
    assert len(load_project(lab.service.book, "lab").saves) == 4, "nothing was overwritten"
    assert len(load_project(lab.service.book, "lab").done(1, "a")) == 1


def test_a_save_cannot_stand_for_somebody_elses(lab: Lab) -> None:
    ann, bo = lab.key("Ann"), lab.key("Bo")
    theirs = lab.save(ann, "a", answer=said("happy"))
    lab.save(bo, "a", answer=said("sad"), base=theirs.id, over=[theirs.id])
    assert {save.answer.labels for save in load_project(lab.service.book, "lab").done(1, "a")} == {("happy",), ("sad",)}


def test_annotators_who_save_at_once_lose_nothing(lab: Lab) -> None:
    lab.service.change(ORGANISER, "lab", annotators=(8, 1))
    keys = [lab.key(f"P{number}") for number in range(8)]
    services = [lab.another() for _ in range(2)]
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for clip in ("a", "b"):
                service = services[number % 2]
                service.save(None, "lab", 1, clip, said(f"word{number}"), done=True, key=keys[number])
        except Exception as problem:  # noqa: BLE001 - told below
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    for service in (*services, lab.service, lab.another()):
        project = load_project(service.book, "lab")
        for clip in ("a", "b"):
            assert {save.answer.labels[0] for save in project.done(1, clip)} == {f"word{n}" for n in range(8)}


def test_a_clip_is_given_to_as_many_as_are_wanted(lab: Lab) -> None:
    keys = [lab.key(name, (1,)) for name in ("Ann", "Bo", "Cy")]
    given = [lab.service.task(None, "lab", 1, key=key).clip.name for key in keys]  # type: ignore[union-attr]
    assert given == ["a", "a", "b"], "two are at work on the first clip"
    lab.clock.forward(minutes=31)
    assert lab.service.task(None, "lab", 1, key=keys[2]).clip.name == "a"  # type: ignore[union-attr]
    lab.save(keys[0], "a", answer=said("happy"), done=False)
    assert lab.service.task(None, "lab", 1, key=keys[0]).left == 3  # type: ignore[union-attr]
    lab.save(keys[1], "a")
    lab.save(keys[2], "a")
    assert lab.save(keys[0], "a").done, "who had begun may finish"
    left = lab.service.clips(None, "lab", key=keys[0]).states
    assert left == {"done": 1, "open": 2}


WRONG: list[tuple[Any, str]] = [
    ([], "not a JSON object"),
    (said(*[f"w{n}" for n in range(31)]), "There are 31 labels"),
    (said("x" * 61), "A label has 61 characters"),
    (said("a\u202eb"), "characters that cannot be shown"),
    ({**said(), "clues": [{"id": f"c{n}"} for n in range(61)]}, "There are 61 clues"),
    (said(clues=[replace(SMILE, end=4.2)]), "not a span within the 4.0 s of the clip"),
    ({**said(), "clues": [{**said()["clues"][0], "start": float("nan")}]}, "no start or end in seconds"),
    (said(clues=[replace(SMILE, statement="x" * 501)]), "501 characters"),
    (said(clues=[replace(SMILE, statement=" ")]), "A clue has no words"),
    ({**said(), "clues": [{**said()["clues"][0], "modality": "smell"}]}, "no known modality"),
    ({**said(), "clues": [{**said()["clues"][0], "id": "../x"}]}, "no valid id"),
    ({**said(), "clues": said()["clues"][:1] * 2}, "Two clues have the same id"),
    (said(text="x" * 5001), "5,001 characters"),
    ({**said(), "explanation": {"de": "x"}}, "under en or zh"),
    ({**said(), "valence": 2}, "between -1 and 1"),
    ({**said(), "labels": "happy"}, "labels are not a list"),
]


def test_an_answer_beyond_bounds_is_refused_in_one_sentence(lab: Lab) -> None:
    key = lab.key("Ann")
    for answer, sentence in WRONG:
        refusal = refused(lambda wrong: lab.save(key, "a", answer=wrong), answer)
        assert sentence in refusal and refusal.count(". ") == 0 and len(refusal) < 250
    assert load_project(lab.service.book, "lab").saves == ()


def test_who_wrote_a_clue_first_is_not_the_senders_to_say(lab: Lab) -> None:
    forged = replace(SMILE, statement="They grin.", source="import", was="Something else.")
    own = replace(SMILE, id="mine", source="model", was="x")
    lab.save(lab.key("Ann"), "a", answer=said("glad", clues=[forged, own]))
    (save,) = load_project(lab.service.book, "lab").saves
    assert [(clue.source, clue.was) for clue in save.answer.clues] == [("model", "The mouth smiles."), ("person", "")]


def test_settings_are_checked_and_the_latest_hold(lab: Lab) -> None:
    for wrong, word in (
        ({"annotators": (0, 4)}, "annotators"),
        ({"annotators": (4, 99)}, "annotators"),
        ({"agreed": (3, 1)}, "More people"),
        ({"language": "de"}, "en or zh"),
        ({"owner": "me"}, "no setting 'owner'"),
        ({"title": " "}, "title"),
        ({"order": "random"}, "least_sure"),
    ):
        assert word in refused(lambda wrong=wrong: lab.service.change(ORGANISER, "lab", **wrong))
    assert lab.service.change(ORGANISER, "lab", annotators=(1, 0)).agreed == (1, 1)
    lab.save(lab.key("Ann"), "a")
    assert load_project(lab.service.book, "lab").final("a"), "without round two, round one decides"
    assert "one round only" in refused(lambda: lab.service.task(ORGANISER, "lab", 2))
    for name in ("lab", "Lab", "../x", ""):
        assert "name" in refused(lab.service.new, ORGANISER, name, "T")


def test_a_listing_is_paged_and_searched(tmp_path: Path) -> None:
    lab = Lab(tmp_path, [f"clip{number:03}" for number in range(120)])
    assert [len(lab.service.clips(ORGANISER, "lab", page=page).rows) for page in (0, 1, 2, 9)] == [50, 50, 20, 20]
    found = lab.service.clips(ORGANISER, "lab", "of CLIP11")
    assert (found.found, found.rows[0].clip, found.states) == (10, "clip110", {"round one": 10})
    assert lab.service.clips(ORGANISER, "lab", state="done").rows == ()


def test_completion_knows_the_vocabulary_and_places_new_words(lab: Lab) -> None:
    key = lab.key("Ann")
    happy, *more = lab.service.complete(None, "lab", "Happy", key)
    assert (happy.word, happy.place, happy.known) == ("happy", "happy", True) and len(more) < 8
    new = lab.service.complete(None, "lab", "Hangry", key)[0]
    assert (new.word, new.place, new.known) == ("Hangry", "angry", False)
    assert lab.service.complete(None, "lab", " ", key) == []
