"""Decides which schedules run: sweep, search, strategies, crash, minimise."""
