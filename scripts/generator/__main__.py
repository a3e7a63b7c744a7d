"""Run the generator as a command: `python -m generator`."""

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
