"""Targets to begin with, one for each usual way of working; `runfaults new-target` writes them."""
