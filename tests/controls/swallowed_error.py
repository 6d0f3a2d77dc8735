"""The work's exception goes to the log and nowhere else: the run counts as completed."""

from __future__ import annotations

import logging
import sqlite3

from plain_manager import Job, PlainManager, PlainTarget

logger = logging.getLogger(__name__)


class SwallowedErrorManager(PlainManager):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        try:
            super().do(job, connection)
        except Exception:
            logger.exception("the work failed")


class ReportedErrorManager(PlainManager):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        try:
            super().do(job, connection)
        except Exception:
            logger.exception("the work failed")
            raise


class SwallowedError(PlainTarget):
    manager = SwallowedErrorManager


class ReportedError(PlainTarget):
    manager = ReportedErrorManager
