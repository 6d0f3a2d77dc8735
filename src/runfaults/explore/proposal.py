"""What the words of a target mean, as far as its clean runs show it."""

from __future__ import annotations

from collections.abc import Sequence

from runfaults.model import Vocabulary


class NoProposalError(ValueError):
    """The words do not show it; the message says why, and what to change."""


def proposed(
    succeeded: Sequence[str], raised: Sequence[str], cancelled: Sequence[str] = ()
) -> Vocabulary:
    """What each word seems to claim.

    Args:
        succeeded: The statuses of a run whose work succeeded, in order; empty for a deleted row.
        raised: The same of one whose work raised.
        cancelled: The same of one that was cancelled; empty if none can be.

    Raises:
        NoProposalError: one word would have two meanings, or a run ended without a word.
    """
    done, failed = _last(succeeded, "succeeded"), _last(raised, "failed")
    if done == failed:
        raise NoProposalError(
            f"it recorded {done!r} where the work succeeded and where it failed: the status is not "
            "in what `audit` names, or the target does not notice how its work ends"
        )
    active = dict.fromkeys((*succeeded[:-1], *raised[:-1], *cancelled[:-1]))
    for word, how in ((done, "succeeded"), (failed, "failed")):
        if word in active:
            raise NoProposalError(
                f"it recorded {word!r} at the end of a run whose work {how}, and in the middle of "
                "one: a word can mean one thing only; let the `status` of `audit` tell them apart"
            )
    end = cancelled[-1] if cancelled else ""
    told = {end} - {"", done, failed, *active}
    return Vocabulary.of(active=active, completed=done, failed=failed, cancelled=told)


def _last(statuses: Sequence[str], how: str) -> str:
    if statuses and statuses[-1]:
        return statuses[-1]
    raise NoProposalError(
        f"the row of a run whose work {how} was gone in the end: say what that means by `deleted` "
        "of `audit`: deleted=\"'done'\""
    )


def source_of(vocabulary: Vocabulary) -> str:
    """The vocabulary as it is written in an adapter."""
    sorts = {
        "active": vocabulary.active,
        "completed": vocabulary.completed,
        "failed": vocabulary.failed,
        "cancelled": vocabulary.cancelled,
        "interrupted": vocabulary.interrupted,
    }
    told = ", ".join(f"{sort}={_words(words)}" for sort, words in sorts.items() if words)
    return f"Vocabulary.of({told})"


def _words(words: frozenset[str]) -> str:
    quoted = [f'"{word}"' if '"' not in word else repr(word) for word in sorted(words)]
    return quoted[0] if len(quoted) == 1 else f"({', '.join(quoted)})"
