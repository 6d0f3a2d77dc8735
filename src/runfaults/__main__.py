"""The command: `runfaults`, and `python -m runfaults`."""

import signal


def main() -> None:
    """Run the command; an interruption waits until what heeds it is imported."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    from runfaults.cli.supervised import main as supervise

    supervise()


if __name__ == "__main__":
    main()
