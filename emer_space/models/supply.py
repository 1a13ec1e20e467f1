"""Finds who supplies which role: the adapters of this package, and other people's packages.

A module of this package that declares `SUPPLIES`, a tuple of `Supply`, is an adapter. Another package adds models
through an entry point of the group `emer_space.models` that names such a tuple:

    [project.entry-points."emer_space.models"]
    calm = "calm_voice:SUPPLIES"

    SUPPLIES = (Supply("calm", roles.VOICE, CalmVoice),)

The voice model can then be chosen with `--profile calm` or `--profile bundled,voice=calm`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from emer_space import models
from emer_space.errors import EmerError, InputError, failure
from emer_space.models.added import load_added
from emer_space.models.roles import ROLES, Role

T = TypeVar("T", covariant=True)
GROUP = "emer_space.models"
DECLARED = "SUPPLIES"


def nothing() -> None:
    """The default of optional hooks: does nothing."""


@dataclass(frozen=True, slots=True)
class Supply(Generic[T]):
    """A role that a profile fills. `load` returns the model, or raises `ModelUnavailable` with the remedy.

    If `ahead`, it is loaded before the first visitor comes. If `essential`, the profile refuses to start while this
    role is not set up, instead of going without it.
    """

    profile: str
    role: Role[T]
    load: Callable[[], T]
    ahead: bool = False
    essential: bool = False
    missing: Callable[[], str | None] = nothing
    """What must be set before it can be used, in words that follow "set"; None if nothing is missing."""
    host: Callable[[], str | None] = nothing
    """The host to which parts of a clip are sent; None or empty if they stay on this machine."""
    begin: Callable[[], None] = nothing
    """Called whenever a profile that uses it is created."""
    apart: bool = False
    """Whether the model runs in another process, so that the app only waits for it."""


Supplied = Mapping[str, Mapping[str, Supply[Any]]]
"""Profile → role → its supply."""


def supplied() -> Supplied:
    """All supplies of this project and of installed packages.

    Raises `InputError` naming the package whose entry point cannot be loaded, is not a tuple of `Supply`, names an
    unknown role, or fills a role of a profile that is already filled.
    """
    supplies: dict[str, dict[str, Supply[Any]]] = {}
    owners: dict[tuple[str, str], str] = {}
    for owner, supply in (*_own(), *_others()):
        if other := owners.get((supply.profile, supply.role)):
            raise _refused(owner, f"and {other} both supply {supply.role} as the profile {supply.profile!r}")
        owners[supply.profile, supply.role] = owner
        supplies.setdefault(supply.profile, {})[supply.role] = supply
    return supplies


@cache
def _own() -> tuple[tuple[str, Supply[Any]], ...]:
    """The supplies of this package's adapters, each with the owner that errors name."""
    modules = (importlib.import_module(f"{models.__name__}.{module.name}") for module in _modules())
    return tuple(("this project", supply) for module in modules for supply in getattr(module, DECLARED, ()))


def _modules() -> Iterator[pkgutil.ModuleInfo]:
    return (module for module in pkgutil.iter_modules(models.__path__) if not module.ispkg)


def _others() -> Iterator[tuple[str, Supply[Any]]]:
    for point in sorted(entry_points(group=GROUP), key=lambda point: (_package(point), point.name)):
        owner = f"the package {_package(point)}"
        for supply in _loaded(point, owner):
            yield owner, _guarded(supply, point, owner)


def _guarded(supply: Supply[Any], point: EntryPoint, owner: str) -> Supply[Any]:
    """A supply of another package, whose functions fail with a sentence that names the package."""

    def settled(name: str) -> Any:
        try:
            return getattr(supply, name)()
        except EmerError:
            raise
        except (Exception, SystemExit) as problem:
            raise _refused(owner, f"adds a model whose `{name}` failed ({failure(problem, point.module)})") from problem

    return replace(
        supply,
        load=partial(load_added, supply.load, supply.role, owner, point.module),
        missing=partial(settled, "missing"),
        host=partial(settled, "host"),
        begin=partial(settled, "begin"),
    )


def _loaded(point: EntryPoint, owner: str) -> tuple[Supply[Any], ...]:
    try:
        declared = point.load()
    except (Exception, SystemExit) as problem:  # somebody else's module may raise anything
        reason = f"{type(problem).__name__}: {problem}"
        raise _refused(owner, f"adds models ({point.value}) that cannot be loaded ({reason})") from problem
    if not isinstance(declared, tuple) or not all(isinstance(supply, Supply) for supply in declared):
        raise _refused(owner, f"adds models ({point.value}) that are not a tuple of `Supply`")
    for supply in declared:
        for name in ("load", "missing", "host", "begin"):
            if not callable(getattr(supply, name)):
                raise _refused(owner, f"supplies {supply.role} with a `{name}` that cannot be called")
        if supply.role not in ROLES:
            raise _refused(owner, f"supplies an unknown role {supply.role!r}; the roles are {', '.join(ROLES)}")
        if not supply.profile or not set("=, ").isdisjoint(supply.profile):
            raise _refused(
                owner,
                f"supplies a profile {supply.profile!r}; a name must not be empty or have a space, a comma or '='",
            )
    return declared


def _refused(owner: str, rest: str) -> InputError:
    sentence = f"{owner} {' '.join(rest.split())}; fix or uninstall it."
    return InputError(sentence[0].upper() + sentence[1:])


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
