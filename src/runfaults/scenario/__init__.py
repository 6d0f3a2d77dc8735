"""Scenario files: read, written, described by a schema."""
