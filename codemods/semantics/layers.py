"""Facts in layers: those about a library are kept with it, and not computed again for files beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Self, TypeVar

from codemods.semantics.symbols import FunctionInfo, Index, Type

P = ParamSpec("P")
R = TypeVar("R")
L = TypeVar("L", bound="Layer")


class Layer:
    """Facts about the declarations of an index; the ``library`` layer has those about its library."""

    def __init__(self, index: Index, library: Self | None = None) -> None:
        self.index = index
        self._library = library

    @property
    def lowest(self) -> Self:
        """The layer of the library; the layer itself if there is none below."""
        return self if self._library is None else self._library.lowest

    def layer_of_function(self, function: FunctionInfo) -> Self:
        """The layer in which a function is declared."""
        if self._library is None or self.index.is_own(function):
            return self
        return self._library.layer_of_function(function)

    def layer_of_type(self, type_: Type) -> Self:
        """The layer in which a type is declared or gets methods; of an unknown type, the lowest."""
        if self._library is None or type_.name in self.index.own_types:
            return self
        return self._library.layer_of_type(type_)


def by_function(
    method: Callable[Concatenate[L, FunctionInfo, P], R],
) -> Callable[Concatenate[L, FunctionInfo, P], R]:
    """Call the method on the layer that declares the function."""

    @wraps(method)
    def on_its_layer(layer: L, function: FunctionInfo, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return method(layer.layer_of_function(function), function, *args, **kwargs)

    return on_its_layer


def by_type(method: Callable[Concatenate[L, Type, P], R]) -> Callable[Concatenate[L, Type, P], R]:
    """Call the method on the layer that declares the type."""

    @wraps(method)
    def on_its_layer(layer: L, type_: Type, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return method(layer.layer_of_type(type_), type_, *args, **kwargs)

    return on_its_layer
