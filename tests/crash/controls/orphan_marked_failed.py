"""Recovery that calls an orphan a failure, and one that says what is known."""

from small_manager import SmallManager, SmallTarget


class _CallsItAFailure(SmallManager):
    def recover(self) -> None:
        if self.own():
            try:
                self.write("UPDATE jobs SET status = 'failed' WHERE status = 'active'")
            finally:
                self.disown()


class Planted(SmallTarget):
    manager = _CallsItAFailure


class Innocent(SmallTarget):
    manager = SmallManager
