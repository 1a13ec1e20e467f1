"""What organisers and annotators can do with a project, and what they can neither do nor see."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, BEN, ORGANISER
from projecting import DRAFT, SIGH, SMILE, Lab, said
from serving import wait_for

from annotation.projects import load_project
from annotation.records import Clip, Clips, Removal
from annotation.service import Annotation
from submissions.errors import Refusal
from submissions.person import Person
from submissions.store.records import new_id


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


def _shown_by_agreement(lab: Lab, ada: Person) -> Any:
    assert "secretword" in repr(lab.service.agreement(ada, "lab"))
    return lambda service: service.save(ada, "lab", 1, "a", said("secretword"), done=True)


def _shown_by_agreement_after_a_draft_of_ones_own(lab: Lab, ada: Person) -> Any:
    lab.service.invite(ORGANISER, "lab", account="ada", rounds=(1,))
    lab.service.save(ada, "lab", 1, "a", said("calm"))
    return _shown_by_agreement(lab, ada)


def _shown_by_release(lab: Lab, ada: Person) -> Any:
    lab.service.for_release(ada, "lab")
    return lambda service: service.save(ada, "lab", 1, "a", said("secretword"))


def _shown_in_round_two(lab: Lab, ada: Person) -> Any:
    cy = lab.key("Cy")
    assert lab.another().task(None, "lab", 2, "a", cy)
    return lambda service: service.save(None, "lab", 1, "a", said("secretword"), key=cy)


@pytest.mark.parametrize(
    "show",
    [
        _shown_by_agreement,
        _shown_by_agreement_after_a_draft_of_ones_own,
        _shown_by_release,
        _shown_in_round_two,
    ],
)
def test_who_saw_the_votes_gives_none_in_any_process(lab: Lab, show: Callable[[Lab, Person], Any]) -> None:
    ada, given = replace(ADA, organiser=True), lab.another()
    for task in (lab.service, given):  # they have it before them when others complete it
        task.task(ada, "lab", 1, "a")
    for name in ("Ann", "Bo"):
        lab.save(lab.key(name), "a", answer=said("secretword"))
    save = show(lab, ada)
    for service in (lab.service, given, lab.another()):
        assert "You have seen what others say" in refused(save, service)
    assert lab.save(lab.key("Di", (1,)), "a"), "who has seen nothing may come late"


def test_whoever_answered_may_look_and_mend_their_answer(lab: Lab) -> None:
    lab.save(lab.key("Ann"), "a")
    first = lab.service.save(ORGANISER, "lab", 1, "a", said("calm"), done=True)
    lab.service.agreement(ORGANISER, "lab")
    lab.service.save(ORGANISER, "lab", 1, "a", said("glad"), base=first.id)
    assert lab.service.save(ORGANISER, "lab", 1, "b", said("glad"), done=True).done


def test_an_account_is_bound_to_who_uses_it_first(lab: Lab) -> None:
    heir = Person("id-of-another", ADA.name.upper())
    lab.service.invite(ORGANISER, "lab", account=ADA.name, rounds=(1,))
    assert lab.service.projects(heir), "nobody has used it yet"
    lab.service.task(ADA, "lab", 1, "a")
    lab.service.save(ADA, "lab", 1, "a", said("calm"), done=True)
    for service in (lab.service, lab.another()):
        assert service.projects(ADA) and service.projects(heir) == []
    lab.service.invite(ORGANISER, "lab", account=ADA.name, rounds=(1, 2))
    assert lab.service.projects(heir) == []
    assert lab.service.projects(Person(ADA.id, "renamed")), "an account that was renamed is still theirs"
    lab.service.invite(ORGANISER, "lab", account=ADA.name, rounds=())
    lab.service.invite(ORGANISER, "lab", account=ADA.name, rounds=(1,))
    lab.service.save(heir, "lab", 1, "b", said("calm"), done=True)
    assert lab.service.projects(heir) and lab.service.projects(ADA) == []
    assert [one["done"] for one in lab.service.annotators(ORGANISER, "lab")] == [[1, 0]]


def test_trouble_is_of_one_project_and_for_its_organisers(lab: Lab) -> None:
    key, service = lab.key("Ann"), lab.service
    service.new(ORGANISER, "secret-study", "Study")
    now = lab.clock()
    about = {"made": now.isoformat(), "person": "x", "name": "X"}
    clips = (Clip("new", "c" * 64, file=f"{'c' * 64}.mp4"),)
    for project in ("lab", "secret-study"):
        service.book.add(Clips(new_id(now), **about, project=project, clips=clips))
    (lab.folder / "projects" / "secret-study" / clips[0].file).mkdir(parents=True)  # it cannot be deleted as a file is
    service.book.add(Removal(new_id(now), **about, project="secret-study", clip="gone", sha256="c" * 64, reason="x"))
    service.book.add(Removal(new_id(now), **about, project="secret-study", clip="new", reason="x"))
    service.book.add(Clips(new_id(now), **about, project="secret-study", clips=(replace(clips[0], name="newer"),)))
    service.drafts.start()
    try:
        assert wait_for(lambda: service.overview(ORGANISER, "secret-study").drafts.trouble, 20)
        assert wait_for(lambda: service.overview(ORGANISER, "lab").drafts.trouble, 20)
    finally:
        service.drafts.stop()
    told = service.overview(None, "lab", key).drafts.trouble
    assert told == "Drafts cannot be made at the moment; the organisers see why."
    assert "No models" in service.overview(ORGANISER, "lab").drafts.trouble
    trouble = service.overview(ORGANISER, "secret-study").drafts.trouble
    assert "projects/secret-study in the app's home" in trouble and str(lab.folder) not in trouble


def test_two_changes_at_once_both_hold(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    other, derive = lab.another(), Annotation._again
    meanwhile = [threading.Thread(target=lambda: other.change(ORGANISER, "lab", licence="CC BY 4.0"))]

    def again(service: Annotation, *about: Any) -> Any:
        if service is lab.service:
            meanwhile[0].start()
            meanwhile[0].join(0.3)
        return derive(service, *about)

    monkeypatch.setattr(Annotation, "_again", again)
    lab.service.change(ORGANISER, "lab", title="New")
    meanwhile[0].join()
    settings = load_project(lab.another().book, "lab").settings
    assert (settings.title, settings.licence) == ("New", "CC BY 4.0")


def test_a_deleted_project_makes_room_for_another(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotation.service.MOST_PROJECTS", 2)
    lab.service.new(ORGANISER, "two", "Two")
    assert "which is the most" in refused(lab.service.new, ORGANISER, "three", "Three")
    lab.service.delete(ORGANISER, "two")
    assert lab.service.new(ORGANISER, "three", "Three").project == "three"


ODD: list[Any] = [{"a": 1}, ["a"], 5, None, float("nan"), 10**400]


def test_values_of_a_wrong_kind_are_refused_in_one_sentence(lab: Lab) -> None:
    key, service = lab.key("Ann"), lab.service
    first = said()["clues"][0]
    calls: list[Callable[[Any], Any]] = [
        lambda odd: service.overview(None, odd, key),
        lambda odd: service.overview(None, "lab", odd),
        lambda odd: service.task(None, "lab", odd, key=key),
        lambda odd: service.task(None, "lab", 1, odd or [5], key),
        lambda odd: service.media(None, "lab", odd, key),
        lambda odd: lab.save(key, odd),
        lambda odd: lab.save(key, "a", base=odd or 5),
        lambda odd: lab.save(key, "a", answer={**said(), "clues": [{**first, "end": odd}]}),
        lambda odd: lab.save(key, "a", answer={**said(), "valence": odd or []}),
        lambda odd: service.clips(None, "lab", page=[odd], key=key),  # type: ignore[arg-type]
        lambda odd: service.clips(None, "lab", search=odd or 5, key=key),
        lambda odd: service.invite(ORGANISER, "lab", display="Di", rounds=odd),
        lambda odd: service.withdraw(ORGANISER, "lab", odd, "consent"),
    ]
    for number, call in enumerate(calls):
        for odd in ODD:
            told = refused(call, odd)
            assert told.count(". ") == 0 and len(told) < 250, (number, odd)
    assert load_project(service.book, "lab").saves == ()


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
        *(({name: "x"}, f"no setting '{name}'") for name in ("project", "who", "record", "self")),
        ({"title": " "}, "title"),
        ({"order": "random"}, "least_sure"),
    ):
        assert word in refused(lambda wrong=wrong: lab.service.change(ORGANISER, "lab", **wrong))
    sent: dict[str, Any] = {"title": "T", "project": "x"}
    assert "no setting 'project'" in refused(lambda: lab.service.new(ORGANISER, "four", **sent))
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
