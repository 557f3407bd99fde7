"""The entry point of `python -m zdl_bench`."""

import sys

from zdl_bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
