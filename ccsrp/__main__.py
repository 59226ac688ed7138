"""``python -m ccsrp`` is the command ``ccsrp``."""

from __future__ import annotations

from ccsrp.cli import main

if __name__ == "__main__":
    main()
