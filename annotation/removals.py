"""Deletes what must go for good: all of a clip whose person withdrew their consent, or of a project.

The record that says so is written first, and what it says holds at once. A process that is killed before everything is
deleted is finished by the next one (`clean`).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import orjson

from annotation.book import Book
from annotation.home import DRAFTING, UNFINISHED, Home
from annotation.records import Clips, Draft, Ending, Entry, Removal, Save, Settings
from submissions.store.records import new_id

UNRECORDED_S = 86_400.0
"""Seconds after which a file that no record names is one that a killed process left."""


def clean(book: Book, home: Home, name: str, now: datetime) -> None:
    """Finish what a killed process began. Raises `StoreError` and `ProjectError`.

    A clip's file goes only if a record says so, or if it has borne the mark of a new file for a day and no record names
    it. While anything of the project cannot be read, that is not known.
    """
    if book.records(name, Ending):
        end(book, home, name)
        return
    forget(book, home, name, book.records(name, Removal), now)
    marked = home.unrecorded(name)
    if marked or home.left(name, UNFINISHED):
        with home.alone(name, "clips") as alone:
            if alone:
                home.clear(name, UNFINISHED)
                known = {clip.file for batch in book.records(name, Clips) for clip in batch.clips}
                home.recorded(name, marked.keys() & known)
                if not book.has_unread(name):
                    for file, age_s in marked.items():
                        if file not in known and age_s > UNRECORDED_S:
                            home.drop(name, file)
    if home.left(name, DRAFTING):
        with home.alone(name, "drafts") as alone:
            if alone:
                home.clear(name, DRAFTING)


def forget(
    book: Book, home: Home, name: str, removals: Iterable[Removal], now: datetime, thorough: bool = False
) -> None:
    """Delete clips' media and all records about them. Raises `StoreError` and `ProjectError`.

    A record that brought one in with others is written anew without it. A file that came back meanwhile is known by its
    hash. `thorough`: look through damaged records even if nothing else was left.
    """
    gone = {removal.clip: removal.sha256 for removal in removals}
    if not gone:
        return
    every = book.records(name, Clips)
    batches = [batch for batch in every if gone.keys() & ({clip.name for clip in batch.clips} | batch.aside.keys())]
    named = {clip.file for batch in batches for clip in batch.clips if clip.name in gone}
    kept = {clip.file for batch in every for clip in batch.clips if clip.name not in gone}
    hashes = {*gone.values()} - {""}
    again = {file for file in home.files(name) if file[:64] in hashes and file not in kept}
    if files := sorted((named | again) - {""}):
        home.delete(name, files)
    for batch in batches:
        clips = tuple(clip for clip in batch.clips if clip.name not in gone)
        aside = {file: why for file, why in batch.aside.items() if file not in gone}
        if clips or aside:
            book.add(replace(batch, id=new_id(now), clips=clips, aside=aside))
    said: list[Entry] = [draft for draft in book.records(name, Draft) if draft.clip in gone]
    said += [save for save in book.records(name, Save) if save.clip in gone]
    if thorough or batches or said:
        book.remove_unread(name, lambda content: _is_about(tuple(gone), content))
    book.remove([*batches, *said])


def _is_about(clips: tuple[str, ...], content: bytes) -> bool:
    """Whether a record that cannot be used is about one of these clips; one that is no JSON at all may be.

    A batch of clips of another version is that version's to write anew.
    """
    try:
        stored = orjson.loads(content)
    except ValueError:
        return True
    if not isinstance(stored, dict):
        return False
    batch = stored.get("clips") if stored.get("schema") == Clips.schema else ()
    named = [clip.get("name") for clip in batch if isinstance(clip, dict)] if isinstance(batch, list) else []
    return any(clip in clips for clip in (stored.get("clip"), *named))


def end(book: Book, home: Home, name: str, wait: bool = False) -> None:
    """Delete everything of a project but the record that it ended. Raises `StoreError` and `ProjectError`.

    While another process adds clips, their files are left to the next call, unless this one is to `wait`.
    """
    book.remove(record for record in book.records(name, Entry) if not isinstance(record, Ending))
    book.remove_unread(name)
    if home.exists(name):
        with home.alone(name, "clips", wait=wait) as alone:
            if alone:
                home.delete(name)


def is_there(book: Book, name: str) -> bool:
    """Whether there is a project with this name; not if it was deleted."""
    return bool(book.records(name, Settings)) and not book.records(name, Ending)
