"""Fits the weights of witnesses in a logarithmic pool to labelled data."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

PULL = 0.02
"""Ridge that pulls the weights towards equality, so that noise does not drop a witness."""


def fit_pool(
    logs: Sequence[NDArray[np.float64]],
    shares: NDArray[np.float64],
    biased: bool = True,
    prior: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (witnesses,) ≥ 0 and biases (classes,) under which the pool of `logs` best predicts `shares`.

    `logs`: log probabilities (n, classes) of each witness. `shares` (n, classes). With `prior` (classes,), `logs` are
    what each witness adds to the prior, which counts in full. Without `biased`, the biases stay 0.
    """
    x, y = torch.from_numpy(np.stack(logs)), torch.from_numpy(shares)
    even = 1 / len(x) if prior is None else 1.0
    always = torch.zeros(y.shape[1], dtype=x.dtype) if prior is None else torch.from_numpy(np.log(prior))
    weights = torch.full((len(x),), even, dtype=x.dtype, requires_grad=True)
    biases = torch.zeros(y.shape[1], dtype=x.dtype, requires_grad=True)
    parameters = [weights, biases] if biased else [weights]
    optimiser = torch.optim.LBFGS(parameters, max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scores = torch.tensordot(weights.clamp(min=0), x, 1) + biases + always
        total = -(y * torch.log_softmax(scores, 1)).sum(1).mean() + PULL * ((weights - even) ** 2).sum()
        total = total + 1e-3 * (biases**2).sum()
        total.backward()
        return total

    optimiser.step(loss)
    return weights.detach().clamp(min=0).numpy(), biases.detach().numpy()
