from __future__ import annotations

from itertools import permutations

import pytest

from runfaults.model import Judgement, Verdict

HOLDS, UNKNOWN, BROKEN = Verdict.HOLDS, Verdict.UNKNOWN, Verdict.BROKEN


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        ((), HOLDS),
        ((HOLDS, HOLDS), HOLDS),
        ((HOLDS, UNKNOWN), UNKNOWN),
        ((UNKNOWN, BROKEN), BROKEN),
        ((HOLDS, UNKNOWN, BROKEN), BROKEN),
    ],
)
def test_the_worst_of_several(verdicts: tuple[Verdict, ...], worst: Verdict) -> None:
    assert {Verdict.worst(order) for order in permutations(verdicts)} == {worst}


def test_a_judgement_that_holds_needs_no_words() -> None:
    assert Judgement("one-active-run", HOLDS) == ("one-active-run", "holds", "", (), True)
