"""Recovery that takes every active row for an orphan, and one that asks for the lock first."""

from small_manager import SmallManager, SmallTarget


class _AsksNobody(SmallManager):
    def recover(self) -> None:
        self.write("UPDATE jobs SET status = 'interrupted' WHERE status = 'active'")


class Planted(SmallTarget):
    manager = _AsksNobody


class Innocent(SmallTarget):
    manager = SmallManager
