"""What a rule may ask about a file, how it reports, and the repairs that rules share.

- A rule gets a ``context``, which holds the ``facts`` about a workspace; it yields ``diagnostics``.
- Repairs, one in each module: ``release_at_exits``, ``bind_before``, ``bind_returned``, ``open_payload``,
  ``write_destroy``, ``free_as_number``, ``rename``, ``drain_list``, ``cast_view``, ``apply_patch``.
- What repairs write: ``naming``, ``imports``, ``string_code``.
- What several rules ask: ``owners``, ``temporaries``, ``variants``, ``choices``, ``leaks``,
  ``stale_readers``.
"""
