"""Loads what a metric declares that it needs."""

from collections.abc import Callable, Mapping
from functools import cache

from emer_space.errors import ModelUnavailable
from emer_space.files.tables import Id
from leaderboard.errors import LeaderboardError
from leaderboard.metrics.groups import Groups
from leaderboard.metrics.judge import Judge
from leaderboard.metrics.metric import Embed, Metric, Resources, Undecided
from leaderboard.metrics.wheels import Wheels

LoadEmbed = Callable[[], Embed]


@cache
def sentence_model() -> Embed:
    """The bundled sentence model. Raises `LeaderboardError` if it is missing."""
    from emer_space.models.sentences import SentenceEmbeddings

    try:
        return SentenceEmbeddings().embed
    except ModelUnavailable as problem:
        raise LeaderboardError(str(problem)) from None


def resources_of(
    metric: Metric,
    wheels: Wheels,
    judge: Judge | None = None,
    undecided: Undecided = "official",
    groups: Mapping[Id, Groups | None] | None = None,
    load_embed: LoadEmbed = sentence_model,
) -> Resources:
    """The resources of a metric. The sentence model is loaded only if the metric needs it."""
    embed = load_embed() if "sentences" in metric.needs else None
    return Resources(wheels, groups=groups, embed=embed, judge=judge, undecided=undecided)
