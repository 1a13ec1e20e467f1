"""Deletes what must go for good: all of a clip whose person withdrew their consent, or of a project.

The record that says so is written first, and what it says holds at once. A process that is killed before everything is
deleted is finished by the next one (`clean`).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from annotation.book import Book
from annotation.errors import ProjectError
from annotation.home import Home
from annotation.projects import load_project
from annotation.records import Clips, Draft, Ending, Entry, Removal, Save
from submissions.store.records import new_id


def clean(book: Book, home: Home, name: str, now: datetime) -> None:
    """Finish what a killed process began. Raises `StoreError` and `ProjectError`.

    Files of clips that were never recorded go as well, unless clips are being added.
    """
    if book.records(name, Ending):
        end(book, home, name)
        return
    forget(book, home, name, book.records(name, Removal), now)
    if home.unfinished(name) or set(home.files(name)) - _files(book, name):
        with home.alone(name, "clips") as alone:
            if alone:
                kept = _files(book, name)
                home.delete(name, [file for file in home.files(name) if file not in kept])


def _files(book: Book, name: str) -> set[str]:
    return {clip.file for batch in book.records(name, Clips) for clip in batch.clips}


def forget(book: Book, home: Home, name: str, removals: Iterable[Removal], now: datetime) -> None:
    """Delete clips' media and all records about them. Raises `StoreError` and `ProjectError`.

    A record that brought one in with others is written anew without it.
    """
    gone = {removal.clip for removal in removals}
    if not gone:
        return
    batches = [
        batch
        for batch in book.records(name, Clips)
        if gone & ({clip.name for clip in batch.clips} | batch.aside.keys())
    ]
    files = [clip.file for batch in batches for clip in batch.clips if clip.name in gone and clip.file]
    if files:
        home.delete(name, files)
    for batch in batches:
        clips = tuple(clip for clip in batch.clips if clip.name not in gone)
        aside = {file: why for file, why in batch.aside.items() if file not in gone}
        if clips or aside:
            book.add(replace(batch, id=new_id(now), clips=clips, aside=aside))
    said: list[Entry] = [draft for draft in book.records(name, Draft) if draft.clip in gone]
    said += [save for save in book.records(name, Save) if save.clip in gone]
    book.remove([*batches, *said])


def end(book: Book, home: Home, name: str) -> None:
    """Delete everything of a project but the record that it ended. Raises `StoreError` and `ProjectError`."""
    book.remove(record for record in book.records(name, Entry) if not isinstance(record, Ending))
    home.delete(name)


def has(book: Book, name: str) -> bool:
    """Whether there is, or was, a project with this name."""
    try:
        load_project(book, name)
    except ProjectError:
        return bool(book.records(name, Ending))
    return True
