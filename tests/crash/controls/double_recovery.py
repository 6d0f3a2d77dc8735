"""Recovery that records again what is recorded, and one that does it once."""

from small_manager import SmallManager, SmallTarget


class _AgainAndAgain(SmallManager):
    def recover(self) -> None:
        if self.own():
            try:
                self.write(
                    "UPDATE jobs SET status = 'interrupted'"
                    " WHERE status IN ('active', 'interrupted')"
                )
            finally:
                self.disown()


class _InTwoSteps(SmallManager):
    """Innocent: looks first, in a transaction of its own, and still records once."""

    def recover(self) -> None:
        if self.own():
            try:
                if self.status(1) == "active":
                    self.write("UPDATE jobs SET status = 'interrupted' WHERE status = 'active'")
            finally:
                self.disown()


class Planted(SmallTarget):
    manager = _AgainAndAgain


class Innocent(SmallTarget):
    manager = _InTwoSteps
