"""From files to findings and edits: fixes are applied and analysed again until nothing is left to do."""

from codemods.engine.schedule import analyse, facts, plan_fixes

__all__ = ["analyse", "facts", "plan_fixes"]
