"""One job: which schedules are run, how they are judged and counted."""
