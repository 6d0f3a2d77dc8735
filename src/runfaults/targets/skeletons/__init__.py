"""A target to begin with, and other ways in which its system may work, for `new-target`."""
