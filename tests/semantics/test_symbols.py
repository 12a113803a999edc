"""What a name in a file stands for: types, their fields, functions and methods."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from codemods.semantics.symbols import STR, Index, SourceFile, Type, match_types
from tml_ast import nodes

NET = """\
pub type Addr {
    host: Str,
    port: I64,
}

pub type Pair[T] {
    first: T,
    second: T,
}

pub enum Event {
    Opened(Addr),
    Closed,
}

pub func resolve(host: Str) -> Addr {
    return Addr { host: host, port: 80 }
}

impl Addr {
    pub func named(this) -> Str {
        return this.host
    }
}
"""
NET_PATH = "lib/std/src/net.tml"


def index_of(files: Mapping[str, str]) -> Index:
    """The index of files given as text."""
    return Index([SourceFile.read(path, text.encode()) for path, text in files.items()])


def type_in(body: str, **others: str) -> Type:
    """The type of the one parameter of a function, in a file that begins with ``body``."""
    files = {
        NET_PATH: NET,
        "src/user.tml": body,
        **{f"src/{name}.tml": text for name, text in others.items()},
    }
    index = index_of(files)
    (function,) = index.functions_in(index.files["src/user.tml"])
    (parameter,) = function.values
    assert parameter.type is not None
    return parameter.type


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("use std::net::Addr\nfunc f(a: Addr) {}", "Addr"),
        ("use std::net::*\nfunc f(a: ref Addr) {}", "ref Addr"),
        ("func f(a: std::net::Pair[Str]) {}", "Pair[Str]"),
        ("func f(a: (I64, *Unit)) {}", "(I64, *Unit)"),
        ("func f(a: Maybe[List[Str]]) {}", "Maybe[List[Str]]"),
    ],
)
def test_a_type_is_shown_as_it_is_written_without_modules(code: str, shown: str) -> None:
    assert str(type_in(code)) == shown


def test_a_type_of_the_file_itself_comes_before_an_imported_one() -> None:
    own = type_in("use std::net::Addr\npub type Addr {\n    path: Str,\n}\nfunc f(a: Addr) {}")
    imported = type_in("use std::net::Addr\nfunc f(a: Addr) {}")

    assert own != imported
    assert (own.bare, imported.bare) == ("Addr", "Addr")


def test_a_type_that_two_modules_declare_needs_an_import() -> None:
    other = "pub type Addr {\n    street: Str,\n}\n"

    assert type_in("func f(a: Addr) {}", post=other) == Type("Addr")
    assert type_in("use std::net::Addr\nfunc f(a: Addr) {}", post=other) != Type("Addr")


def test_fields_and_variants_have_the_types_of_this_value() -> None:
    index = index_of({NET_PATH: NET})
    pair = next(info for info in index.types.values() if info.name.endswith("Pair"))
    event = next(info for info in index.types.values() if info.name.endswith("Event"))

    assert index.fields(Type(pair.name, (STR,))) == {"first": STR, "second": STR}
    assert index.fields(Type("ref", (Type(pair.name, (STR,)),))) == {"first": STR, "second": STR}
    assert [str(payload) for payload in index.variants(Type(event.name))["Opened"]] == ["Addr"]
    assert index.variants(Type("Maybe", (STR,))) == {"Just": (STR,), "Nothing": ()}


def test_a_function_is_found_by_path_and_import_and_a_method_by_its_type() -> None:
    index = index_of({NET_PATH: NET, "src/user.tml": "use std::net::resolve\nuse std::net\n\nfunc f() {}\n"})
    user = index.files["src/user.tml"]

    for segments in (["resolve"], ["net", "resolve"], ["std", "net", "resolve"]):
        (function,) = index.functions_named(segments, user)
        assert function.qualified_name == "resolve"
    assert index.functions_named(["other", "resolve"], user) == []
    method = index.method(function.returns, "named")
    assert method is not None and method.qualified_name == "Addr.named"
    assert index.method(function.returns, "resolve") is None


def test_a_file_says_what_it_declares_and_may_mention() -> None:
    file = SourceFile.read(NET_PATH, NET.encode())

    assert (file.module, file.is_test) == (("std", "net"), False)
    assert {b"Addr", b"resolve", b"host"} <= file.identifiers
    assert isinstance(file.tree, nodes.Module)


def test_generic_parameters_are_read_off_a_type() -> None:
    pattern = Type("Map", (Type("K"), Type("List", (Type("V"),))))
    type_ = Type("Map", (STR, Type("List", (Type("I64"),))))

    assert match_types(pattern, type_, frozenset("KV")) == {"K": STR, "V": Type("I64")}
