"""Stored records: the same JSON in and out, and one sentence for what is wrong with one."""

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import pytest
from board_making import ADA, REPORT

from submissions.store.records import Correction, Decision, Record, Result, Submission, UnknownSchema, Vote, new_id

NOW = datetime(2026, 11, 5, 12, 30, 0, 250_000, UTC)
ID = new_id(NOW)
SUBMISSION = {
    "schema": "emer-submission/1",
    "id": ID,
    "received": NOW.isoformat(),
    "track": "small",
    "person": "p",
    "name": "Ada",
    "method": "",
    "link": "",
    "anonymous": False,
    "file": "predictions.csv",
    "bytes": 7,
    "rows": 3,
    "sha256": "0" * 64,
    "baseline": False,
}
PROBLEM = {"row": 2, "column": "openset", "code": "empty", "message": "This cell is empty.", "hint": "Fill it."}
RESULT = {
    "schema": "emer-result/1",
    "id": ID,
    "track": "small",
    "version": "1.2",
    "state": "scored",
    "scored": NOW.isoformat(timespec="seconds"),
    "attempts": 1,
    "reports": {"public": REPORT},
    "problems": [],
    "incident": "",
    "traceback": "",
}
REFUSED = {**RESULT, "state": "refused", "reports": {}, "problems": [PROBLEM]}
DECISION = {
    "schema": "emer-decision/1",
    "id": ID,
    "made": NOW.isoformat(),
    "action": "hide",
    "person": "p",
    "name": "Ada",
    "organiser": True,
    "reason": "why",
    "submission": ID,
    "track": "",
    "version": "",
    "correction": "",
}
CORRECTION = {
    "schema": "emer-correction/1",
    "id": ID,
    "received": NOW.isoformat(),
    "labels": ["worried"],
    "why": "why",
    "read": ["angry"],
    "analysis": "20261126T000000Z-abc",
    "clip_sha256": "ab" * 32,
    "clip": "clip.mp4",
    "secret_sha256": "cd" * 32,
}
VOTE = {
    "schema": "emer-vote/1",
    "id": ID,
    "voted": NOW.isoformat(),
    "track": "small",
    "version": 1,
    "person": "p",
    "clip": "a",
    "left": "Ours",
    "right": "Theirs",
    "choice": "left",
    "reason": "",
}
KINDS: list[tuple[type[Record], dict[str, Any]]] = [
    (Submission, SUBMISSION),
    (Result, RESULT),
    (Result, REFUSED),
    (Decision, DECISION),
    (Correction, CORRECTION),
    (Vote, VOTE),
]


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


@pytest.mark.parametrize(("kind", "stored"), KINDS)
def test_a_record_is_written_as_it_was_read(kind: type[Record], stored: dict[str, Any]) -> None:
    read = kind.from_dict(json.loads(json.dumps(stored)))
    assert json.dumps(read.to_dict()) == json.dumps(stored), "to the last byte, in the same order"
    with pytest.raises(FrozenInstanceError):
        read.id = "another"  # type: ignore[misc]


@pytest.mark.parametrize(("kind", "stored"), KINDS)
def test_what_a_newer_version_added_to_a_record_is_no_damage(kind: type[Record], stored: dict[str, Any]) -> None:
    assert kind.from_dict({**stored, "later": 1}).to_dict() == kind.from_dict(stored).to_dict()


def test_a_field_that_came_later_has_its_default_and_the_moment_is_in_the_id() -> None:
    old = Submission.from_dict(without(SUBMISSION, "received", "baseline"))
    assert old.received == "2026-11-05T12:30:00+00:00" and not old.baseline


@pytest.mark.parametrize(
    ("kind", "stored", "sentence"),
    [
        (Submission, [], "it is not a record of the schema emer-submission/1"),
        (Submission, RESULT, "it is not a record of the schema emer-submission/1"),
        (Submission, {**SUBMISSION, "id": "../x"}, "the id is not valid"),
        (Submission, without(SUBMISSION, "id"), "the id is not valid"),
        (Submission, without(SUBMISSION, "name", "bytes"), "bytes, name is missing"),
        (Submission, {**SUBMISSION, "track": 7}, "track must be of type str"),
        (Submission, {**SUBMISSION, "link": None}, "link must be of type str"),
        (Submission, {**SUBMISSION, "bytes": 7.0}, "bytes must be of type int"),
        (Submission, {**SUBMISSION, "rows": True}, "rows must be of type int"),
        (Submission, {**SUBMISSION, "rows": "3"}, "rows must be of type int"),
        (Submission, {**SUBMISSION, "anonymous": 0}, "anonymous must be of type bool"),
        (Submission, {**SUBMISSION, "received": "2026-11-05T12:30:00"}, "received has no time zone"),
        (Submission, {**SUBMISSION, "received": "today"}, "received is not a time in ISO form"),
        (Submission, {**SUBMISSION, "received": "today", "track": 7}, "track must be of type str"),
        (Submission, {**SUBMISSION, "file": "../../x"}, "the file's name is not one that this app gives"),
        (Result, {**RESULT, "reports": []}, "reports must be of type dict"),
        (Result, {**RESULT, "reports": {}}, "a scored result has reports, and no other has"),
        (Result, {**RESULT, "reports": {"public": {}}}, "a report is incomplete"),
        (Result, {**RESULT, "state": "queued"}, "the state is not valid"),
        (Result, {**REFUSED, "problems": {}}, "problems must be of type list"),
        (Result, {**REFUSED, "problems": "none"}, "problems must be of type list"),
        (Result, {**REFUSED, "problems": ["none"]}, "a problem is incomplete"),
        (Result, {**REFUSED, "problems": [without(PROBLEM, "hint")]}, "a problem is incomplete"),
        (Decision, {**DECISION, "action": "praise"}, "the action is not valid"),
        (
            Decision,
            {**DECISION, "track": "small"},
            "a decision must name a submission or a correction, or a track and a version to open",
        ),
        (
            Decision,
            {**DECISION, "submission": "", "correction": ID},
            "the action is not one about corrections",
        ),
        (Correction, {**CORRECTION, "clip": "../x"}, "the clip's name is not one that this app gives"),
    ],
)
def test_what_is_wrong_with_a_record_is_one_sentence(kind: type[Record], stored: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as problem:
        kind.from_dict(stored)
    assert str(problem.value) == sentence and not isinstance(problem.value, UnknownSchema)


def test_a_record_of_a_newer_schema_is_not_damaged() -> None:
    with pytest.raises(UnknownSchema, match="emer-result/2, which this version does not know"):
        Result.from_dict({**RESULT, "schema": "emer-result/2"})


def test_a_decision_is_made_by_a_person() -> None:
    made = Decision.made_by(ADA, NOW, "hide", "why", submission=ID)
    assert (made.person, made.name, made.organiser, made.at) == (ADA.id, ADA.name, ADA.organiser, NOW)
    assert Decision.from_dict(made.to_dict()) == made
