"""`python -m runfaults.cli`."""

from runfaults.cli import main

main()
