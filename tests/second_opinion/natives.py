"""What the second opinion knows of the language's own functions and of the standard library."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.second_opinion.heap import NULL, Heap, Pointer
from tests.second_opinion.program import CONTAINERS, Declaration
from tests.second_opinion.values import Cell, Struct, Variant, copied, equal
from tml_ast import nodes
from tml_ast.lexer import Token

if TYPE_CHECKING:
    from tests.second_opinion.drops import Code, Frame
    from tests.second_opinion.machine import Machine


@dataclass(frozen=True, slots=True)
class Native:
    """A function that is not written in TML here: what it does and what type it returns."""

    run: Callable[..., Any]
    returns: str = ""


def content(heap: Heap, value: Any) -> Any:
    """A value as it can be compared between two runs."""
    if isinstance(value, Cell):
        return content(heap, value.value)
    if isinstance(value, Pointer):
        return heap.use(value).text if value.block else None
    if isinstance(value, Struct):
        return value.type
    if isinstance(value, Variant):
        return value.name
    return tuple(content(heap, part) for part in value) if isinstance(value, tuple) else value


def _decide(machine: Machine, arguments: Sequence[Any]) -> bool:
    answer = bool(machine.choose(2))
    machine.trace.append(("decide", *arguments, answer))
    return answer


def _rounds(machine: Machine, arguments: Sequence[Any]) -> int:
    answer = machine.choose(3)
    machine.trace.append(("rounds", *arguments, answer))
    return answer


ORACLES: dict[str, Callable[[Machine, Sequence[Any]], Any]] = {"decide": _decide, "rounds": _rounds}
"""Functions whose answers the script of a path gives."""


# -- literals ---------------------------------------------------------------------------------


def literal(heap: Heap, node: nodes.Literal) -> tuple[Any, str]:
    """The value and type of a literal."""
    text = node.text
    if node.kind == "STRING":
        return heap.constant(text[1:-1]), "Str"
    if text in ("true", "false"):
        return text == "true", "Bool"
    if text == "null":
        return NULL, "*Unit"
    if node.kind == "FLOAT":
        return float(text.partition("f")[0]), "F64"
    if node.kind == "CHAR":
        return text[1:-1], "Char"
    return int(text.replace("_", "").partition("i")[0]), "I64"


def literal_part(token: object) -> str:
    """The fixed text of a piece of an interpolated string."""
    assert isinstance(token, Token)
    return token.text.strip('"').removeprefix("}").removesuffix("{")


def as_text(heap: Heap, code: Code, type_text: str, is_freed: bool) -> Code:
    """Code for a hole: its string, and whether that is freed after it was copied."""

    def run(frame: Frame) -> tuple[Pointer, bool]:
        value = code(frame)
        if type_text == "Str":
            return value, is_freed
        if isinstance(value, bool):
            return heap.constant(str(value).lower()), False
        return heap.make("text", text=str(value)), True

    return run


def _add(left: Any, right: Any) -> Any:
    return left.plus(right) if isinstance(left, Pointer) else left + right


def _quotient(left: int, right: int) -> int:
    """Rounded towards zero."""
    return abs(left) // abs(right) * (1 if (left < 0) is (right < 0) else -1)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "-": operator.sub,
    "*": operator.mul,
    "%": lambda left, right: left - right * _quotient(left, right),
    "/": _quotient,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "xor": operator.xor,
    "<<": operator.lshift,
    "shl": operator.lshift,
    ">>": operator.rshift,
    "shr": operator.rshift,
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


# -- memory -----------------------------------------------------------------------------------


def _read(heap: Heap, pointer: Pointer) -> Any:
    return copied(heap.use(pointer).words.get(pointer.offset, 0))


def _write(heap: Heap, pointer: Pointer, value: Any) -> None:
    heap.use(pointer).words[pointer.offset] = value


def _free(heap: Heap, pointer: Any) -> None:
    if isinstance(pointer, Pointer):
        heap.free(pointer)


def extern(heap: Heap, declaration: Declaration) -> Callable[[Sequence[Any]], Any]:
    """A C function: it makes a string or a handle of its argument, or releases one."""
    if declaration.returns == "Str":
        return lambda arguments: heap.make("text", text=str(arguments[0]))
    if declaration.returns:
        return lambda arguments: heap.make("words")
    return lambda arguments: heap.free(arguments[0])


# -- strings ----------------------------------------------------------------------------------


def _made(heap: Heap, text: str) -> Pointer:
    """What most functions return: a string of its own, or the constant for the empty one."""
    return heap.make("text", text=text) if text else heap.constant("")


def _split(heap: Heap, text: Pointer, separator: Pointer) -> Struct:
    parts = heap.use(text).text.split(heap.use(separator).text)
    return _list(heap, [_made(heap, part) for part in parts])


def _text(heap: Heap, value: Any) -> str:
    return heap.use(value.value if isinstance(value, Cell) else value).text


def _of_text(change: Callable[..., str]) -> Native:
    """A function of a string and numbers that makes a string."""
    return Native(lambda heap, text, *rest: _made(heap, change(_text(heap, text), *rest)), "Str")


_TEXT_FUNCTIONS = {
    "substring": _of_text(lambda text, start, end: text[start:end]),
    "repeat": _of_text(lambda text, count: text * count),
    "trim": _of_text(lambda text: text.strip()),
    "to_uppercase": _of_text(lambda text: text.upper()),
    "to_lowercase": _of_text(lambda text: text.lower()),
    "len": Native(lambda heap, text: len(_text(heap, text)), "I64"),
    "split": Native(_split, "List[Str]"),
}


# -- lists ------------------------------------------------------------------------------------


def _list(heap: Heap, items: list[Any]) -> Struct:
    return Struct("List", {"handle": Cell(heap.make("list", items=items))})


def _items(heap: Heap, cell: Cell) -> list[Any]:
    return heap.use(cell.value.fields["handle"].value).items


def destroy_container(heap: Heap, cell: Cell) -> None:
    """Free a container's storage, not what it holds; a second call does nothing."""
    handle = cell.value.fields["handle"]
    heap.free(handle.value)
    handle.value = NULL


# -- maps -------------------------------------------------------------------------------------


def _map(heap: Heap, _capacity: int) -> Struct:
    return Struct("HashMap", {"handle": Cell(heap.make("map"))})


def _entries(heap: Heap, cell: Cell) -> dict[Any, tuple[Any, Any]]:
    """Key and value by the key's content."""
    return heap.use(cell.value.fields["handle"].value).words


def _key(heap: Heap, key: Any) -> Any:
    return heap.use(key).text if isinstance(key, Pointer) else key


def _duplicate(heap: Heap, value: Any) -> Any:
    return heap.make("text", text=heap.use(value).text) if isinstance(value, Pointer) else copied(value)


def _set(heap: Heap, cell: Cell, key: Any, value: Any) -> None:
    """Keep duplicates; the one of a value that was there before is forgotten."""
    entries = _entries(heap, cell)
    known = _key(heap, key)
    own, old = entries.get(known, (None, NULL))
    entries[known] = (own or _duplicate(heap, key), _duplicate(heap, value))
    _forget(old)


def _forget(*values: Any) -> None:
    for value in values:
        if isinstance(value, Pointer) and value.block is not None:
            value.block.is_forgotten = True


def _remove(heap: Heap, cell: Cell, key: Any) -> bool:
    entry = _entries(heap, cell).pop(_key(heap, key), ())
    _forget(*entry)
    return bool(entry)


def _value(heap: Heap, cell: Cell, key: Any) -> Any:
    return _entries(heap, cell).get(_key(heap, key), (NULL, NULL))[1]


def _iterator(heap: Heap, cell: Cell) -> Struct:
    pointer = heap.make("map iterator", items=[*_entries(heap, cell).values()])
    return Struct("HashMapIter", {"handle": Cell(pointer)})


def _item(heap: Heap, cell: Cell, index: int) -> Any:
    return copied(_items(heap, cell)[index])


def _set_item(heap: Heap, cell: Cell, index: int, value: Any) -> None:
    _items(heap, cell)[index] = value


def _unwrap(_heap: Heap, cell: Cell) -> Any:
    return copied(cell.value.payload[0])


def _is(*names: str) -> Native:
    return Native(lambda _heap, cell: cell.value.name in names, "Bool")


def _check(_heap: Heap, condition: bool, *_message: Any) -> None:
    assert isinstance(condition, bool)


FUNCTIONS: dict[str, Native] = {
    "mem_alloc": Native(lambda heap, _size: heap.make("words"), "*Unit"),
    "mem_free": Native(_free),
    "ptr_read": Native(_read, "$T"),
    "ptr_write": Native(_write),
    "assert": Native(_check),
    "print": Native(lambda heap, text: heap.use(text)),
    "List::new": Native(lambda heap, _capacity: _list(heap, []), "List[$T]"),
    "HashMap::new": Native(_map, "HashMap[$T]"),
    **_TEXT_FUNCTIONS,
}

DROPS: dict[str, Callable[[Heap, Cell], None]] = dict.fromkeys(CONTAINERS, destroy_container)
"""What the Drop of a type of the standard library does."""

METHODS: dict[tuple[str, str], Native] = {
    ("List", "push"): Native(lambda heap, cell, value: _items(heap, cell).append(value)),
    ("List", "pop"): Native(lambda heap, cell: _items(heap, cell).pop(), "$T"),
    ("List", "get"): Native(_item, "$T"),
    ("List", "len"): Native(lambda heap, cell: len(_items(heap, cell)), "I64"),
    ("List", "destroy"): Native(destroy_container),
    ("List", "set"): Native(_set_item),
    ("List", "is_empty"): Native(lambda heap, cell: not _items(heap, cell), "Bool"),
    ("HashMap", "set"): Native(_set),
    ("HashMap", "get"): Native(_value, "$E"),
    ("HashMap", "has"): Native(lambda heap, cell, key: _key(heap, key) in _entries(heap, cell), "Bool"),
    ("HashMap", "remove"): Native(_remove, "Bool"),
    ("HashMap", "len"): Native(lambda heap, cell: len(_entries(heap, cell)), "I64"),
    ("HashMap", "destroy"): Native(destroy_container),
    ("HashMap", "iter"): Native(_iterator, "HashMapIter[$A]"),
    ("HashMapIter", "has_next"): Native(lambda heap, cell: bool(_items(heap, cell)), "Bool"),
    ("HashMapIter", "next"): Native(lambda heap, cell: _items(heap, cell).pop(0) and None),
    ("HashMapIter", "key"): Native(lambda heap, cell: _items(heap, cell)[0][0], "$T"),
    ("HashMapIter", "value"): Native(lambda heap, cell: _items(heap, cell)[0][1], "$E"),
    ("HashMapIter", "destroy"): Native(destroy_container),
    ("Maybe", "is_just"): _is("Just"),
    ("Maybe", "is_nothing"): _is("Nothing"),
    ("Maybe", "unwrap"): Native(_unwrap, "$T"),
    ("Outcome", "is_ok"): _is("Ok"),
    ("Outcome", "is_err"): _is("Err"),
    ("Outcome", "unwrap"): Native(_unwrap, "$T"),
    ("Outcome", "unwrap_err"): Native(_unwrap, "$E"),
    ("Str", "duplicate"): Native(lambda heap, cell: heap.make("text", text=_text(heap, cell)), "Str"),
    ("I64", "to_string"): Native(lambda heap, cell: heap.make("text", text=str(cell.value)), "Str"),
    **{("Str", name): native for name, native in _TEXT_FUNCTIONS.items()},
}
