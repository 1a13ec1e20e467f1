"""The witnesses' posteriors over the basic feelings, and how they are pooled into one."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import MODALITIES, Modality, Posterior
from emer_space.feelings import AROUSAL, FEELINGS, PRIOR, VALENCE, softmax
from emer_space.models.own import weights_table
from emer_space.tables.load import Number, Table, exactly

_FUSION = Table(
    {
        "reliability": exactly(MODALITIES, Number(0)),
        "lapse": exactly(MODALITIES, Number(0, 1)),
        "words": exactly(("sharpness",), Number(0)),
    }
)
LEAST = 1e-4
"""Lowest share: no witness can rule a feeling out."""
CARRIED = 0.3
"""A posterior carries a feeling to which it gives at least this share."""
BELOW_FIRST = 0.5
"""It also carries one with this fraction of the likeliest feeling's share, if that exceeds its prior."""


def posterior(modality: Modality, shares: NDArray[np.floating], evidence: float) -> Posterior:
    """A witness's posterior from `shares` (feelings,), which include `PRIOR`, and `evidence`, 0…1."""
    floored = np.maximum(shares, LEAST)
    return Posterior(modality, _named(floored / floored.sum()), round(float(evidence), 3))


def with_prior(shares: NDArray[np.floating], before: NDArray[np.floating]) -> NDArray[np.float64]:
    """Posteriors (…, feelings) with the prior `before` (feelings,) replaced by `PRIOR`."""
    moved = np.maximum(shares, LEAST) * PRIOR / before
    result: NDArray[np.float64] = moved / moved.sum(-1, keepdims=True)
    return result


def pool(posteriors: Sequence[Posterior], kept: Mapping[str, float] | None = None) -> Posterior | None:
    """The joint posterior of several witnesses; None without evidence.

    A logarithmic opinion pool (Genest & Zidek 1986) of what each witness adds to `PRIOR`. Its exponent is the
    modality's measured reliability (`fusion.toml`) times its evidence times what disambiguation has `kept` (default 1).
    """
    if not any(said.evidence for said in posteriors):
        return None
    log_shares = np.log(PRIOR)
    for said in posteriors:
        exponent = reliability()[said.modality] * said.evidence * (kept or {}).get(said.modality, 1.0)
        log_shares = log_shares + exponent * np.log(bounded(array(said), said.modality) / PRIOR)
    doubt = float(np.prod([1 - said.evidence for said in posteriors]))
    return Posterior("pooled", _named(softmax(log_shares)), round(1 - doubt, 3))


def array(said: Posterior) -> NDArray[np.float64]:
    """The shares of a posterior as an array (feelings,)."""
    return np.maximum(np.array([said.feelings.get(name, 0.0) for name in FEELINGS]), LEAST)


def bounded(shares: NDArray[np.floating], modality: str) -> NDArray[np.float64]:
    """Shares (…, feelings) with the modality's own lapse, so that no witness can overrule all others."""
    return lapsed(shares, fusion_table()["lapse"][modality])


def lapsed(shares: NDArray[np.floating], lapse: float) -> NDArray[np.float64]:
    """Shares (…, feelings) of a witness that knows nothing with the probability `lapse`."""
    result: NDArray[np.float64] = (1 - lapse) * shares + lapse * PRIOR
    return result


def reliability() -> Mapping[str, float]:
    """Modality → its exponent in the pool."""
    weights: Mapping[str, float] = fusion_table()["reliability"]
    return weights


def fusion_table() -> Mapping[str, Mapping[str, float]]:
    """The weights fitted by `python -m training fusion`. Raises `ModelUnavailable`, `RuleError`."""
    return weights_table("fusion.toml", _FUSION)


def first(said: Posterior) -> str:
    """The likeliest feeling."""
    return max(FEELINGS, key=lambda name: said.feelings[name])


def carries(said: Posterior, feeling: str) -> bool:
    """Whether a posterior supports naming a feeling: it is the likeliest, or likely enough."""
    share = said.feelings[feeling]
    near = share >= BELOW_FIRST * said.feelings[first(said)] and share > PRIOR[FEELINGS.index(feeling)]
    return feeling == first(said) or share >= CARRIED or near


def odds_ratio(said: Posterior, names: Iterable[str]) -> float:
    """The factor by which a posterior, given its evidence, changes the prior odds that one of these is felt."""
    chosen = [FEELINGS.index(name) for name in names]
    after, before = float(array(said)[chosen].sum()), float(PRIOR[chosen].sum())
    ratio = after / max(1 - after, LEAST) / (before / (1 - before))
    return float(ratio**said.evidence)


def valence(said: Posterior) -> float:
    """Expected valence, less that of the prior, −1…1."""
    return float(np.clip((array(said) - PRIOR) @ VALENCE, -1, 1))


def arousal(said: Posterior) -> float:
    """Expected arousal, less that of the prior, −1…1."""
    return float(np.clip((array(said) - PRIOR) @ AROUSAL, -1, 1))


def _named(shares: NDArray[np.floating]) -> dict[str, float]:
    return {name: round(float(share), 4) for name, share in zip(FEELINGS, shares, strict=True)}
