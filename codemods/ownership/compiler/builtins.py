"""What functions without a TML body do with their arguments, and what they return.

Compiler intrinsics are known by name. An ``@extern`` function borrows: the compiler already frees a
caller's string at the end of its scope, so a C function that kept one would be broken today. It releases if
its symbol says so (``foreign_symbols``). A string that it returns may be a static buffer or belong to
something else: it is the caller's only where the symbol is listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from codemods.ownership.compiler.foreign_symbols import Verdict, verdict
from codemods.semantics.symbols import STR, FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Expression


class Effect(Enum):
    """What a function does with a value it is given."""

    BORROWS = auto()
    RETURNS = auto()
    """The result is the value itself, or holds its parts."""
    RETAINS = auto()
    """Stores it where it outlives the call."""
    SHARES = auto()
    """Stores a part of it, a string say, where it outlives the call."""
    RELEASES = auto()
    DRAINS = auto()
    """Releases a part of it, an element say; the rest stays as it was."""
    UNKNOWN = auto()


_RELEASING = {
    ("mem_free", 0),
    ("mem_realloc", 0),
    ("free", 0),
    ("dealloc", 0),
    ("tml_str_free", 0),
    ("drop", 0),
}
_RETAINING = {("ptr_write", 1), ("volatile_write", 1), ("atomic_store", 1), ("atomic_exchange", 1)}
_BORROWING = frozenset(
    """ptr_read ptr_write ptr_offset mem_alloc mem_alloc_zeroed mem_free mem_realloc mem_copy mem_move mem_set
    mem_compare copy copy_nonoverlapping write_bytes size_of align_of sizeof_type alignof_type type_name
    type_id volatile_read volatile_write atomic_load atomic_store print println eprint eprintln panic assert
    assert_eq assert_ne assert_true assert_false assert_gt assert_gte assert_lt assert_lte assert_in_range
    assert_str_len assert_str_empty assert_str_not_empty""".split()
)
ALLOCATING = frozenset(("mem_alloc", "mem_alloc_zeroed", "mem_realloc"))
"""The compiler intrinsics whose result belongs to the caller."""

_FRESH_STRINGS = frozenset(
    """f64_to_string f32_to_string f64_to_string_precision f32_to_string_precision f64_to_exp_string
    f32_to_exp_string crypto_bytes_to_str crypto_bytes_to_hex crypto_bytes_to_base64
    crypto_bytes_to_base64url crypto_u32_to_hex crypto_u64_to_hex crypto_private_key_to_pem
    crypto_private_key_to_pem_encrypted crypto_private_key_to_jwk crypto_public_key_to_pem
    crypto_public_key_to_jwk crypto_key_get_type crypto_ec_get_curve_name crypto_jwk_extract_k
    crypto_x509_get_subject crypto_x509_get_subject_cn crypto_x509_get_subject_o crypto_x509_get_subject_ou
    crypto_x509_get_subject_c crypto_x509_get_subject_st crypto_x509_get_subject_l crypto_x509_get_issuer
    crypto_x509_get_issuer_cn crypto_x509_get_issuer_o crypto_x509_get_serial crypto_x509_get_not_before
    crypto_x509_get_not_after crypto_x509_fingerprint_sha1 crypto_x509_fingerprint_sha256
    crypto_x509_fingerprint_sha512 crypto_x509_get_sig_alg crypto_x509_to_pem crypto_x509_to_text
    crypto_x509_extract_pem_cert tls_stream_get_alpn tls_stream_get_peer_cn
    tls_stream_get_peer_cert_pem""".split()
)
"""The C functions of TML's runtime whose every string is a new block of ``mem_alloc``, even an empty one.

Read off the C sources. Not among them: what may return a literal or a static buffer, and what allocates
with ``malloc`` or fails with NULL, as file, zlib and operating system functions do.
"""

GROWN_BY_C: Mapping[str, tuple[int, int]] = {
    "crypto_cipher_update_str": (1, 2),
    "crypto_cipher_update_bytes": (1, 2),
}
"""The C functions that grow a buffer with realloc: the argument positions of input and buffer."""

_RETURNING_RECEIVER = frozenset(("to_owned",))

_EFFECT_OF_SYMBOL = {
    Verdict.RELEASES: Effect.RELEASES,
    Verdict.MAY_RELEASE: Effect.UNKNOWN,
    Verdict.LEAVES: Effect.BORROWS,
}


def builtin_effect(name: str, position: int) -> Effect:
    """The effect of a compiler intrinsic, by its name."""
    if (name, position) in _RELEASING:
        return Effect.RELEASES
    if (name, position) in _RETAINING:
        return Effect.RETAINS
    return Effect.BORROWS if name in _BORROWING else Effect.UNKNOWN


def bodyless_effect(function: FunctionInfo, position: int) -> Effect:
    """The effect of a declared function that has no body here; -1 is the receiver."""
    retained = function.node.decorator("retains")
    if retained is not None:
        names = {argument.text for argument in retained.arguments}
        parameter = function.parameters[0] if position < 0 else function.values[position]
        if parameter.name in names:
            return Effect.RETAINS
    if function.node.decorator("releases") is not None and position <= 0:
        return Effect.RELEASES
    if function.is_extern:
        symbol = extern_symbol(function)
        return _EFFECT_OF_SYMBOL[verdict(symbol, function.values, function.returns, position)]
    if _is_string_for_foreign_code(function, position):
        return Effect.BORROWS
    effect = builtin_effect(function.name, position)
    if effect is Effect.UNKNOWN and function.node.decorator("catalogued") is not None:
        return Effect.BORROWS
    return effect


def is_foreign(function: FunctionInfo) -> bool:
    """Whether another language implements a function: an ``@extern`` or a ``lowlevel func``."""
    return function.is_extern or (function.node.body is None and function.node.token("lowlevel") is not None)


def _is_string_for_foreign_code(function: FunctionInfo, position: int) -> bool:
    """Whether a string goes to a ``lowlevel func``, which another language implements too."""
    if position < 0 or not is_foreign(function):
        return False
    type_ = function.values[position].type if position < len(function.values) else None
    return type_ is not None and type_.is_str


def makes_string(symbol: str) -> bool:
    """Whether a C function of the runtime returns a string that its caller must free."""
    return symbol in _FRESH_STRINGS


def is_constant_sum(node: Expression) -> bool:
    """Whether the compiler joins a chain of literals itself: the sum is a constant, and nobody's to free."""
    match node:
        case nodes.Group():
            return is_constant_sum(node.inner)
        case nodes.Binary():
            return node.operator == "+" and is_constant_sum(node.left) and is_constant_sum(node.right)
        case _:
            return isinstance(node, nodes.Literal)


def returns_receiver(function: FunctionInfo) -> bool:
    """Whether the compiler implements a method of a string itself, and returns that very string."""
    return function.owner == STR and function.name in _RETURNING_RECEIVER


def extern_symbol(function: FunctionInfo) -> str:
    """The C symbol of an ``@extern`` function."""
    decorator = function.node.decorator("extern")
    assert decorator is not None
    for argument in decorator.arguments:
        if isinstance(argument, nodes.Assignment):
            return argument.value.text.strip('"')
        symbol = argument.text.strip('"')
        if symbol not in ("c", "c++", "stdcall", "fastcall", "thiscall", "system"):
            return symbol
    return function.name
