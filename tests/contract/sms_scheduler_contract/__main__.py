"""The command sms-scheduler-contract, also as python -m sms_scheduler_contract."""

import sys

from .signals import Signals


def main() -> int:
    """Run the command. Returns the exit code."""
    signals = Signals()
    try:
        from . import cli

        return cli.main(sys.argv[1:], signals)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sms_scheduler_contract"):
            raise
        problem = f'{error.name} is not installed; run pip install "sms-scheduler[contract]"'
    except KeyboardInterrupt:
        problem = "interrupted"
    except Exception:
        if not signals.is_interrupted:
            raise
        problem = "interrupted"  # some import failed for that
    finally:
        signals.end()
    print(f"sms-scheduler-contract: {problem}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
