"""The strings of a value by their paths, which are followed to a certain depth."""

from __future__ import annotations

from codemods.ownership.string_values import Given, below, inside, one


def test_strings_are_followed_four_parts_deep() -> None:
    string = one(Given(0))

    deep = inside(inside(string, ("c", "d")), ("a", "b"))
    assert deep == {("a", "b", "c", "d"): {Given(0)}}
    assert inside(string, ("a", "b", "c", "d")) == deep
    assert inside(deep, ("z",)) == {}
    assert inside({**deep, ("e",): frozenset((Given(1),))}, ("z",)) == {("z", "e"): {Given(1)}}


def test_a_part_of_a_value_has_the_strings_at_and_below_its_path() -> None:
    value = {("a", "b"): frozenset((Given(0),)), ("c",): frozenset((Given(1),))}

    assert below(value, ("a",)) == {("b",): {Given(0)}}
    assert below(value, ("c", "d")) == {(): {Given(1, ("d",))}}
    assert below(value, ("e",)) == {}
