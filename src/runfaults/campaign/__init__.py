"""Runs many jobs on many cores and concludes what they found."""
