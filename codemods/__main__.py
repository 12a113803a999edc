"""`python -m codemods` runs tmlfix."""

from codemods.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
