"""Settings that come from the environment."""

import os
from dataclasses import dataclass, field


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


@dataclass(frozen=True, slots=True)
class Config:
    """What the environment says now.

    Attributes:
        llm_debug: Whether executors write down what they ask a language model (`LLM_DEBUG`).
    """

    llm_debug: bool = field(default_factory=lambda: _is_set("LLM_DEBUG"))
