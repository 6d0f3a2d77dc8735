"""Real faults: each file provokes one cause on the real engine, around one operation."""
