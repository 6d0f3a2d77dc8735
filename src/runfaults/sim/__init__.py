"""Makes a schedule happen: controlled threads and locks, virtual clock, world."""
