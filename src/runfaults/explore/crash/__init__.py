"""Lives that end by SIGKILL, and the lives after them: one child process a life."""
