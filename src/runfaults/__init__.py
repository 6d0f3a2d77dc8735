"""Fault injection and schedule exploration for SQLite-backed run managers."""
