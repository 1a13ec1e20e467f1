"""The posteriors of the witnesses over the basic feelings, and how those are pooled into one."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import MODALITIES, Modality, Posterior
from emer_space.feelings import AROUSAL, FEELINGS, PRIOR, VALENCE, softmax
from emer_space.models.own import table
from emer_space.tables.load import Number, Table, exactly

_FUSION = Table(
    {
        "reliability": exactly(MODALITIES, Number(0)),
        "lapse": exactly(MODALITIES, Number(0, 1)),
        "words": exactly(("sharpness",), Number(0)),
    }
)
LEAST = 1e-4
"""No witness rules a feeling out altogether."""
CARRIED = 0.3
"""A feeling is carried by a posterior that gives it this share."""
BELOW_FIRST = 0.5
"""It is carried as well with this much of the share of the likeliest one, if that makes it likelier than before."""


def posterior(modality: Modality, shares: NDArray[np.floating], evidence: float) -> Posterior:
    """What a witness says: `shares` (feelings,), read as likely beforehand as `PRIOR`; `evidence` 0…1."""
    known = np.maximum(shares, LEAST)
    return Posterior(modality, _named(known / known.sum()), round(float(evidence), 3))


def with_prior(shares: NDArray[np.floating], before: NDArray[np.floating]) -> NDArray[np.float64]:
    """Posteriors (…, feelings) that were read with the prior `before` (feelings,), with `PRIOR` in its place."""
    moved = np.maximum(shares, LEAST) * PRIOR / before
    result: NDArray[np.float64] = moved / moved.sum(-1, keepdims=True)
    return result


def pool(posteriors: Sequence[Posterior], kept: Mapping[str, float] | None = None) -> Posterior | None:
    """One posterior of several witnesses; None of none.

    Logarithmic opinion pool (Genest & Zidek 1986) of what each adds to `PRIOR`, times the modality's measured
    reliability, times its evidence, times what disambiguation has `kept` of it (1 where not said); `fusion.toml`.
    """
    if not any(each.evidence for each in posteriors):
        return None
    log_shares = np.log(PRIOR)
    for each in posteriors:
        counts = reliability()[each.modality] * each.evidence * (kept or {}).get(each.modality, 1.0)
        log_shares = log_shares + counts * np.log(bounded(array(each), each.modality) / PRIOR)
    doubt = float(np.prod([1 - each.evidence for each in posteriors]))
    return Posterior("pooled", _named(softmax(log_shares)), round(1 - doubt, 3))


def array(said: Posterior) -> NDArray[np.float64]:
    """The shares of a posterior, (feelings,)."""
    return np.maximum(np.array([said.feelings.get(name, 0.0) for name in FEELINGS]), LEAST)


def bounded(shares: NDArray[np.floating], modality: str) -> NDArray[np.float64]:
    """Shares (…, feelings) with the modality's own lapse: however sure a witness is, the others keep a say."""
    return lapsed(shares, fusion_table()["lapse"][modality])


def lapsed(shares: NDArray[np.floating], lapse: float) -> NDArray[np.float64]:
    """Shares (…, feelings) of a witness who, with the probability `lapse`, has not seen the person at all."""
    result: NDArray[np.float64] = (1 - lapse) * shares + lapse * PRIOR
    return result


def reliability() -> Mapping[str, float]:
    """Modality → exponent of what it says in the pool."""
    weights: Mapping[str, float] = fusion_table()["reliability"]
    return weights


def fusion_table() -> Mapping[str, Mapping[str, float]]:
    """How reliable each modality is: written by `python -m training fusion`. Raises `ModelUnavailable`, `RuleError`."""
    return table("fusion.toml", _FUSION)


def first(said: Posterior) -> str:
    """The likeliest feeling."""
    return max(FEELINGS, key=lambda name: said.feelings[name])


def carries(said: Posterior, feeling: str) -> bool:
    """Whether a posterior supports that a feeling be spoken of: it is the likeliest, or likely by itself."""
    share = said.feelings[feeling]
    near = share >= BELOW_FIRST * said.feelings[first(said)] and share > PRIOR[FEELINGS.index(feeling)]
    return feeling == first(said) or share >= CARRIED or near


def odds_ratio(said: Posterior, names: Iterable[str]) -> float:
    """How many times likelier it becomes that somebody feels one of these, by what is said and its evidence."""
    chosen = [FEELINGS.index(name) for name in names]
    after, before = float(array(said)[chosen].sum()), float(PRIOR[chosen].sum())
    ratio = after / max(1 - after, LEAST) / (before / (1 - before))
    return float(ratio**said.evidence)


def valence(said: Posterior) -> float:
    """Expected valence above that of a witness who says nothing, −1…1."""
    return float(np.clip((array(said) - PRIOR) @ VALENCE, -1, 1))


def arousal(said: Posterior) -> float:
    """Expected arousal above that of a witness who says nothing, −1…1."""
    return float(np.clip((array(said) - PRIOR) @ AROUSAL, -1, 1))


def _named(shares: NDArray[np.floating]) -> dict[str, float]:
    return {name: round(float(share), 4) for name, share in zip(FEELINGS, shares, strict=True)}
