"""`python -m toksmith` is the command `toksmith`."""

import sys

from toksmith.cli import main

if __name__ == "__main__":
    sys.exit(main())
