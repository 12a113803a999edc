"""What each command does, step by step: which tree, which settings, which phases.

- What is asked for: ``requests``, ``shards``, ``rule_texts``. The tree and its settings: ``sources``,
  ``configuration``.
- The commands: ``preview``, ``apply``, ``explain``, ``parse_check``, ``compiler_report``.
"""
