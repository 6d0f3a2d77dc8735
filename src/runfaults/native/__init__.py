"""Strikes by real causes: the engine itself fails."""
