"""Background runs: starting, cancelling, recording and recovering them."""
