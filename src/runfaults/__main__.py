"""`python -m runfaults`."""

from runfaults.cli import main

if __name__ == "__main__":
    main()
