"""Property tests: a bench, and Hypothesis strategies."""
