"""Stops a transformers model between two tokens."""

import time
from collections.abc import Callable
from typing import Any


def stop_at(check: Callable[[], None], deadline: float = float("inf")) -> Any:
    """Criteria for `generate`: `check` is called at each token and may raise; stops at `deadline` (monotonic s)."""
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Stop(StoppingCriteria):
        def __call__(self, input_ids: Any, scores: Any, **more: Any) -> Any:
            check()
            late = time.monotonic() > deadline
            return torch.full((input_ids.shape[0],), late, dtype=torch.bool, device=input_ids.device)

    return StoppingCriteriaList([Stop()])
