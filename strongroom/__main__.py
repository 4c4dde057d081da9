"""The command `strongroom`, as `python -m strongroom`."""

from .ops.app import main

if __name__ == "__main__":
    main()
