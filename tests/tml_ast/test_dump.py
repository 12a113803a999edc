"""The tree as text."""

from __future__ import annotations

import textwrap

from tml_ast import dump, parse


def test_a_dump_names_nodes_and_tokens_with_lines_and_columns() -> None:
    module = parse('const é: Str = "ü" // c\nmod m\n'.encode())
    assert dump(module) == textwrap.dedent(
        """\
        Module 1:1-3:1
          Const 1:1-1:19
            'const' 1:1
            IDENT 'é' 1:7
            ':' 1:8
            NamedType 1:10-1:13
              IDENT 'Str' 1:10
            '=' 1:14
            Literal 1:16-1:19
              STRING '"ü"' 1:16
          ModuleDeclaration 2:1-2:6
            'mod' 2:1
            IDENT 'm' 2:5
          EOF 3:1
        """
    )


def test_a_part_of_a_file_is_placed_in_the_file() -> None:
    source = b"mod a\nmod b\n"
    assert dump(parse(source).items[1], source) == "ModuleDeclaration 2:1-2:6\n  'mod' 2:1\n  IDENT 'b' 2:5\n"


def test_a_twin_keyword_shows_its_spelling() -> None:
    assert "\n    type 'enum' 1:1\n" in dump(parse(b"enum E { A, B }"))
