"""The signals that end the command. This imports nothing that takes time."""

import signal


def handled_signals() -> list[int]:
    """The signals that end a run: SIGHUP too, unless nohup or the like has it ignored."""
    numbers = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
    return [number for number in numbers if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN]
