"""``python -m paintgym`` is the command ``paintgym``."""

import sys

from .scripts.main import main

if __name__ == "__main__":
    sys.exit(main())
