"""`python -m runfaults`."""

from runfaults.cli.supervised import main

if __name__ == "__main__":
    main()
