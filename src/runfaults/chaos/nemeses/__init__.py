"""What goes wrong: one cause a file."""
