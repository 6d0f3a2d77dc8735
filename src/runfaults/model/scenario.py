"""A named schedule with the verdict it is known for."""

from __future__ import annotations

from dataclasses import dataclass

from runfaults.model.schedule import Schedule
from runfaults.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Scenario:
    """A reproducible fault scenario: one TOML file in `faults/`.

    Attributes:
        name: The symptom in a few words, hyphenated: also the file's name.
        symptom: One sentence: what a user would see if the manager were wrong.
        target: Name of the system under test.
        schedule: What happens.
        expect: The verdict this target is known to get.
        rules: The rules that are broken where `expect` is broken; else empty.
        own_rules: Addresses of rules of the user's own that judge too, `path.py:name`.
    """

    name: str
    symptom: str
    target: str
    schedule: Schedule
    expect: Verdict = Verdict.HOLDS
    rules: tuple[str, ...] = ()
    own_rules: tuple[str, ...] = ()
