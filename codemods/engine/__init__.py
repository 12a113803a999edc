"""From files to findings and edits: fixes are applied and analysed again until nothing is left to do."""

from codemods.engine.schedule import analyse, facts

__all__ = ["analyse", "facts"]
