"""Plays schedules with deaths: a process for each life."""
