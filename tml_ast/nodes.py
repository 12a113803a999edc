"""One class per construct of TML.

A node holds its children, nodes and tokens, in source order and nothing else: joining the code of
the children gives the code of the node. What a construct is made of is read through properties that
look among the children, so there is one copy of every fact. Offsets are bytes into the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self, TypeVar

from tml_ast.lexer import Token

N = TypeVar("N", bound="Node")


class Node:
    """A construct: its children in source order."""

    __slots__ = ("children",)

    def __init__(self, children: Iterable[Node | Token]) -> None:
        self.children: tuple[Node | Token, ...] = tuple(children)

    @property
    def first_token(self) -> Token:
        """The leftmost token; its trivia lies outside the node's span."""
        child = self.children[0]
        while type(child) is not Token:
            child = child.children[0]
        return child

    @property
    def last_token(self) -> Token:
        """The rightmost token."""
        child = self.children[-1]
        while type(child) is not Token:
            child = child.children[-1]
        return child

    @property
    def start(self) -> int:
        """Byte offset of the first lexeme."""
        child = self.children[0]
        while type(child) is not Token:
            child = child.children[0]
        return child.start

    @property
    def end(self) -> int:
        """Byte offset after the last lexeme."""
        child = self.children[-1]
        while type(child) is not Token:
            child = child.children[-1]
        return child.start + len(child.lexeme)

    def tokens(self) -> Iterator[Token]:
        """All tokens, left to right."""
        stack: list[Node | Token] = [self]
        while stack:
            item = stack.pop()
            if type(item) is Token:
                yield item
            else:
                stack += item.children[::-1]

    def code(self) -> bytes:
        """The exact source of this node, with the trivia before its first token."""
        return b"".join([token.trivia + token.lexeme for token in self.tokens()])

    @property
    def text(self) -> str:
        """The source from ``start`` to ``end``, without the trivia before it."""
        code = self.code()[len(self.first_token.trivia) :]
        return code.decode("utf-8", "surrogateescape")

    def nodes(self) -> list[Node]:
        """The children that are nodes."""
        return [child for child in self.children if type(child) is not Token]

    def walk(self) -> Iterator[Node]:
        """This node and every node below it, outermost and leftmost first."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            for child in node.children[::-1]:
                if type(child) is not Token:
                    stack.append(child)

    def child(self, kind: type[N]) -> N | None:
        """The first child of class ``kind``, or None."""
        for child in self.children:
            if isinstance(child, kind):
                return child
        return None

    def all(self, kind: type[N]) -> list[N]:
        """The children of class ``kind``."""
        return [child for child in self.children if isinstance(child, kind)]

    def token(self, type: str) -> Token | None:
        """The first direct token of this type, or None."""
        for child in self.children:
            if isinstance(child, Token) and child.type == type:
                return child
        return None

    def after(self, type: str, kind: type[N]) -> N | None:
        """The first child of class ``kind`` after the first direct token ``type``."""
        seen = False
        for child in self.children:
            if isinstance(child, Token):
                seen = seen or child.type == type
            elif seen and isinstance(child, kind):
                return child
        return None

    def with_children(self, children: Iterable[Node | Token]) -> Self:
        """A node of the same class with other children."""
        return type(self)(children)

    def with_trivia(self, trivia: bytes) -> Self:
        """This node with other trivia before its first token."""
        spine: list[Node] = [self]
        while isinstance(first := spine[-1].children[0], Node):
            spine.append(first)
        replaced: Node | Token = Token(first.type, first.start, first.lexeme, trivia, b"\n" in trivia)
        for node in reversed(spine):
            replaced = node.with_children([replaced, *node.children[1:]])
        assert isinstance(replaced, type(self))
        return replaced

    def node_below(self, levels: int) -> Node | None:
        """The first node that many levels below this one, or None if the tree is not that deep.

        It looks only where the code is long enough: of two nodes that stand below one another, one at least
        has a token that the next does not have.
        """
        level: list[tuple[Node, int, int]] = [(self, self.start, self.end)]
        for left in range(levels, 0, -1):
            below: list[tuple[Node, int, int]] = []
            for node, start, end in level:
                first, last = node.children[0], node.children[-1]
                for child in node.nodes():
                    begins = start if child is first else child.start
                    ends = end if child is last else child.end
                    if 2 * (ends - begins) >= left:
                        below.append((child, begins, ends))
            if not below:
                return None
            level = below
        return level[0][0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class _Named(Node):
    """A construct with a name: its first identifier."""

    __slots__ = ()

    @property
    def name_token(self) -> Token:
        """The token that names it."""
        token = self.token("IDENT")
        assert token is not None
        return token

    @property
    def name(self) -> str:
        """The name."""
        return self.name_token.text


# ---- groups of constructs ----


class Item(_Named):
    """A declaration, with its decorators and visibility as first children."""

    __slots__ = ()

    @property
    def decorators(self) -> list[Decorator]:
        """The decorators before it, in order."""
        return self.all(Decorator)

    @property
    def is_public(self) -> bool:
        """Whether it is declared ``pub``, in whatever scope."""
        return self.child(Visibility) is not None

    def decorator(self, name: str) -> Decorator | None:
        """Its decorator of this name, or None."""
        return next((decorator for decorator in self.decorators if decorator.name == name), None)


class TypeNode(Node):
    """A type."""

    __slots__ = ()


class Pattern(Node):
    """A pattern."""

    __slots__ = ()


class Expression(Node):
    """An expression."""

    __slots__ = ()


class Statement(Node):
    """A statement of a block."""

    __slots__ = ()


# ---- declarations ----


class Module(Node):
    """A whole file."""

    __slots__ = ()

    @property
    def items(self) -> list[Item]:
        """The top-level declarations."""
        return self.all(Item)


class Decorator(_Named):
    """``@name`` or ``@name(arguments)``."""

    __slots__ = ()

    @property
    def arguments(self) -> list[Expression]:
        """Its arguments; empty without parentheses."""
        arguments = self.child(Arguments)
        return arguments.values if arguments else []


class Visibility(Node):
    """``pub`` or ``pub(...)``."""

    __slots__ = ()


class Use(Item):
    """``use a::b``, ``use a::*``, ``use a::{b, c}``, each possibly ``as name``."""

    __slots__ = ()

    @property
    def path(self) -> list[str]:
        """The segments before a group, glob or ``as``."""
        names: list[str] = []
        for child in self.children:
            if isinstance(child, UseGroup) or (isinstance(child, Token) and child.type in ("*", "as")):
                break
            if isinstance(child, Token) and child.type in ("IDENT", "super", "this"):
                names.append(child.text)
        return names

    @property
    def group(self) -> list[str] | None:
        """The names in braces, or None without braces."""
        group = self.child(UseGroup)
        return group.names if group else None

    @property
    def is_glob(self) -> bool:
        """Whether it ends in ``*``."""
        return self.token("*") is not None

    @property
    def alias(self) -> str | None:
        """The name after ``as``."""
        for index, child in enumerate(self.children):
            if isinstance(child, Token) and child.type == "as":
                name = self.children[index + 1]
                assert isinstance(name, Token)
                return name.text
        return None


class UseGroup(Node):
    """The braces of a ``use``."""

    __slots__ = ()

    @property
    def names(self) -> list[str]:
        """The names listed."""
        return [child.text for child in self.children if isinstance(child, Token) and child.type == "IDENT"]


class Const(Item):
    """``const NAME: T = value``."""

    __slots__ = ()

    @property
    def annotation(self) -> TypeNode | None:
        """Its type."""
        return self.child(TypeNode)

    @property
    def value(self) -> Expression | None:
        """Its value."""
        return self.child(Expression)


class ModuleDeclaration(Item):
    """``mod name``."""

    __slots__ = ()


class Function(Item):
    """A function or method, with or without a body."""

    __slots__ = ()

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters, a receiver included."""
        return self._required_parameters().all(Parameter)

    def _required_parameters(self) -> Parameters:
        parameters = self.child(Parameters)
        assert parameters is not None
        return parameters

    @property
    def generic_parameters(self) -> list[GenericParameter]:
        """The generic parameters."""
        generics = self.child(GenericParameters)
        return generics.all(GenericParameter) if generics else []

    @property
    def return_type(self) -> TypeNode | None:
        """The declared return type, or None for no value."""
        returned = self.child(ReturnType)
        return returned.child(TypeNode) if returned else None

    @property
    def body(self) -> Block | None:
        """The body, or None for a signature."""
        return self.child(Block)


class GenericParameters(Node):
    """``[T, U: Bound]`` in a declaration."""

    __slots__ = ()


class GenericParameter(Node):
    """One generic parameter."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Its name."""
        token = self.token("IDENT")
        return token.text if token else "static"


class Lifetime(Node):
    """``life a``."""

    __slots__ = ()


class Parameters(Node):
    """The parameter list of a function."""

    __slots__ = ()


class Parameter(Node):
    """``pattern: T`` or a receiver."""

    __slots__ = ()

    @property
    def is_receiver(self) -> bool:
        """Whether it is ``this`` or ``self``, typed or not, ``mut`` or not."""
        if self.token("this") or self.token("IDENT"):
            return True
        pattern = self.child(Pattern)
        return isinstance(pattern, BindingPattern) and pattern.name in ("this", "self")

    @property
    def is_mutable(self) -> bool:
        """Whether it is declared ``mut``."""
        pattern = self.child(BindingPattern)
        return bool(self.token("mut") or (pattern and pattern.token("mut")))

    @property
    def name(self) -> str | None:
        """The name bound, or None for a pattern that is not one name."""
        if self.token("this"):
            return "this"
        token = self.token("IDENT")
        if token:
            return token.text
        pattern = self.child(BindingPattern)
        return pattern.name if pattern else None

    @property
    def annotation(self) -> TypeNode | None:
        """The declared type."""
        return self.child(TypeNode)


class ReturnType(Node):
    """``-> T``."""

    __slots__ = ()


class WhereClause(Node):
    """``where ...``."""

    __slots__ = ()


class WherePredicate(Node):
    """One condition of a ``where``."""

    __slots__ = ()


class TypeDeclaration(Item):
    """Any ``type`` or ``union``."""

    __slots__ = ()

    @property
    def generic_parameters(self) -> list[GenericParameter]:
        """The generic parameters."""
        generics = self.child(GenericParameters)
        return generics.all(GenericParameter) if generics else []


class Struct(TypeDeclaration):
    """``type Name { field: T }``."""

    __slots__ = ()

    @property
    def fields(self) -> list[StructField]:
        """The fields, in order."""
        return self.all(StructField)


class Union(TypeDeclaration):
    """``union Name { field: T }``."""

    __slots__ = ()

    @property
    def fields(self) -> list[StructField]:
        """The fields, in order."""
        return self.all(StructField)


class StructField(Item):
    """A field of a struct, union or struct variant."""

    __slots__ = ()

    @property
    def annotation(self) -> TypeNode:
        """Its type."""
        annotation = self.child(TypeNode)
        assert annotation is not None
        return annotation


class Enum(TypeDeclaration):
    """``type Name { A, B(T) }``."""

    __slots__ = ()

    @property
    def variants(self) -> list[Variant]:
        """The variants, in order."""
        return self.all(Variant)


class Variant(_Named):
    """A variant of an enum or sum type."""

    __slots__ = ()

    @property
    def payload(self) -> list[TypeNode]:
        """The types in parentheses."""
        payload = self.child(VariantPayload)
        return payload.all(TypeNode) if payload else []


class VariantPayload(Node):
    """``(T, U)`` of a variant."""

    __slots__ = ()


class VariantFields(Node):
    """``{ field: T }`` of a variant."""

    __slots__ = ()


class SumType(TypeDeclaration):
    """``type Name = A | B(T)``."""

    __slots__ = ()

    @property
    def variants(self) -> list[Variant]:
        """The variants, in order."""
        return self.all(Variant)


class SumVariant(Variant):
    """A variant of a sum type."""

    __slots__ = ()


class Alias(TypeDeclaration):
    """``type Name = T``."""

    __slots__ = ()

    @property
    def target(self) -> TypeNode | None:
        """The type it stands for."""
        return self.child(TypeNode)


class Behavior(Item):
    """``behavior Name { ... }``."""

    __slots__ = ()

    @property
    def functions(self) -> list[Function]:
        """The functions it asks for or provides."""
        return self.all(Function)


class Impl(Item):
    """``impl T { ... }`` or ``impl Behavior for T { ... }``."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The text of the type it is for."""
        return self.target.text

    @property
    def target(self) -> TypeNode:
        """The type it is for."""
        types = self.all(TypeNode)
        return types[1] if self.token("for") else types[0]

    @property
    def behavior(self) -> TypeNode | None:
        """The behavior it implements."""
        return self.all(TypeNode)[0] if self.token("for") else None

    @property
    def generic_parameters(self) -> list[GenericParameter]:
        """The generic parameters."""
        generics = self.child(GenericParameters)
        return generics.all(GenericParameter) if generics else []

    @property
    def functions(self) -> list[Function]:
        """Its functions."""
        return self.all(Function)


class AssociatedType(Item):
    """``type Name`` in a behavior or impl."""

    __slots__ = ()


class Class(Item):
    """``class Name { ... }``."""

    __slots__ = ()

    @property
    def functions(self) -> list[Function]:
        """Its functions."""
        return self.all(Function)


class Constructor(Item):
    """``new(...)`` of a class."""

    __slots__ = ()


class Property(Item):
    """``prop name: T { get set }``."""

    __slots__ = ()


class Accessor(Node):
    """``get`` or ``set`` of a property."""

    __slots__ = ()


class ClassField(Item):
    """A field of a class."""

    __slots__ = ()

    @property
    def annotation(self) -> TypeNode | None:
        """Its type."""
        return self.child(TypeNode)


class Interface(Item):
    """``interface Name { ... }``."""

    __slots__ = ()

    @property
    def functions(self) -> list[Function]:
        """Its functions."""
        return self.all(Function)


class Namespace(Item):
    """``namespace a.b { ... }``."""

    __slots__ = ()

    @property
    def items(self) -> list[Item]:
        """Its declarations."""
        return self.all(Item)


# ---- types ----


class ReferenceType(TypeNode):
    """``ref T``, ``mut ref T``, ``&T``."""

    __slots__ = ()

    @property
    def target(self) -> TypeNode:
        """What it refers to."""
        target = self.child(TypeNode)
        assert target is not None
        return target


class LifetimeArgument(Node):
    """``[a]`` of ``ref[a] T``."""

    __slots__ = ()


class PointerType(TypeNode):
    """``*T``."""

    __slots__ = ()


class ArrayType(TypeNode):
    """``[T]`` or ``[T; n]``."""

    __slots__ = ()


class TupleType(TypeNode):
    """``(A, B)``, or with ``->`` a function type."""

    __slots__ = ()


class FunctionType(TypeNode):
    """``func(A) -> B``."""

    __slots__ = ()


class DynType(TypeNode):
    """``dyn Behavior``."""

    __slots__ = ()


class ImplType(TypeNode):
    """``impl Behavior``."""

    __slots__ = ()


class NamedType(TypeNode):
    """``a::Name[T]``; ``_`` too."""

    __slots__ = ()

    @property
    def segments(self) -> list[str]:
        """The names of its path."""
        return [
            child.text
            for child in self.children
            if isinstance(child, Token) and child.type in ("IDENT", "This")
        ]

    @property
    def arguments(self) -> list[Node]:
        """Its generic arguments."""
        generics = self.child(GenericArguments)
        return generics.nodes() if generics else []


class GenericArguments(Node):
    """``[T, U]`` where a type or function is used."""

    __slots__ = ()


class AssociatedBinding(Node):
    """``Output = T`` among generic arguments."""

    __slots__ = ()


# ---- statements ----


class Block(Expression):
    """``{ ... }``."""

    __slots__ = ()

    @property
    def statements(self) -> list[Node]:
        """Its statements and declarations."""
        return self.nodes()

    @property
    def value(self) -> Expression | None:
        """The expression that is the block's value: the last statement, when no ``;`` ends it."""
        if len(self.children) < 3:
            return None
        last = self.children[-2]
        if isinstance(last, ExpressionStatement) and last.token(";") is None:
            return last.expression
        return None


class Let(Statement):
    """``let pattern: T = value``, possibly with ``else``."""

    __slots__ = ()

    @property
    def pattern(self) -> Pattern:
        """What it binds."""
        pattern = self.child(Pattern)
        assert pattern is not None
        return pattern

    @property
    def annotation(self) -> TypeNode | None:
        """The declared type."""
        return self.child(TypeNode)

    @property
    def value(self) -> Expression | None:
        """The initialiser."""
        return self.child(Expression)

    @property
    def else_block(self) -> Block | None:
        """The block taken when the pattern does not match."""
        branch = self.child(ElseBlock)
        return branch.child(Block) if branch else None


class Var(Statement):
    """``var name: T = value``."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name bound."""
        token = self.token("IDENT")
        assert token is not None
        return token.text

    @property
    def annotation(self) -> TypeNode | None:
        """The declared type."""
        return self.child(TypeNode)

    @property
    def value(self) -> Expression | None:
        """The initialiser."""
        return self.child(Expression)


class ElseBlock(Node):
    """``else { ... }`` of a let."""

    __slots__ = ()


class ExpressionStatement(Statement):
    """An expression as a statement, with its ``;`` if it has one."""

    __slots__ = ()

    @property
    def expression(self) -> Expression:
        """The expression."""
        expression = self.child(Expression)
        assert expression is not None
        return expression


# ---- expressions ----


class Literal(Expression):
    """A number, character, boolean, null, or a string without holes."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """The type of its token."""
        return self.first_token.type


class InterpolatedString(Expression):
    """A string or template with holes."""

    __slots__ = ()

    @property
    def holes(self) -> list[Expression]:
        """The expressions in the holes."""
        return self.all(Expression)

    @property
    def only_hole(self) -> Expression | None:
        """The expression of a string that shows it and nothing else."""
        holes = self.holes
        alone = len(holes) == 1 and len(self.first_token.text) == 2 and len(self.last_token.text) == 2
        return holes[0] if alone else None


class Path(Expression):
    """``a::b::c``, possibly with generic arguments; a variable when it is one plain name."""

    __slots__ = ()

    @property
    def segments(self) -> list[str]:
        """The names."""
        return [child.text for child in self.children if isinstance(child, Token) and child.type == "IDENT"]

    @property
    def generic_arguments(self) -> list[Node]:
        """Its generic arguments."""
        generics = self.child(GenericArguments)
        return generics.nodes() if generics else []

    @property
    def identifier(self) -> str | None:
        """The name when it is one bare identifier, else None."""
        if len(self.children) == 1 and isinstance(self.children[0], Token):
            return self.children[0].text
        return None


class This(Expression):
    """``this``."""

    __slots__ = ()


class BaseAccess(Expression):
    """``base.name`` or ``base.name(...)``."""

    __slots__ = ()


class StructLiteral(Expression):
    """``Name { field: value }``."""

    __slots__ = ()

    @property
    def path(self) -> Path:
        """The type's path."""
        path = self.child(Path)
        assert path is not None
        return path

    @property
    def fields(self) -> list[FieldInit]:
        """The fields given."""
        return self.all(FieldInit)

    @property
    def base(self) -> Expression | None:
        """The value after ``..``."""
        return self.after("..", Expression)


class FieldInit(_Named):
    """``field: value``, or ``field`` for ``field: field``."""

    __slots__ = ()

    @property
    def value(self) -> Expression | None:
        """The value; None for the short form."""
        return self.child(Expression)


class StaticCall(Expression):
    """``Name[T]::function(arguments)``."""

    __slots__ = ()

    @property
    def path(self) -> Path:
        """The type's path with its generic arguments."""
        path = self.child(Path)
        assert path is not None
        return path

    @property
    def name(self) -> str:
        """The function's name."""
        token = self.token("IDENT")
        assert token is not None
        return token.text

    @property
    def arguments(self) -> list[Expression]:
        """The arguments."""
        arguments = self.child(Arguments)
        return arguments.values if arguments else []


class Group(Expression):
    """``(expression)``."""

    __slots__ = ()

    @property
    def inner(self) -> Expression:
        """What the parentheses hold."""
        inner = self.child(Expression)
        assert inner is not None
        return inner


class Tuple(Expression):
    """``(a, b)``, ``(a,)`` or ``()``."""

    __slots__ = ()

    @property
    def elements(self) -> list[Expression]:
        """The elements."""
        return self.all(Expression)


class Array(Expression):
    """``[a, b]`` or ``[value; count]``."""

    __slots__ = ()

    @property
    def elements(self) -> list[Expression]:
        """The expressions inside."""
        return self.all(Expression)


class Arguments(Node):
    """The parentheses of a call."""

    __slots__ = ()

    @property
    def values(self) -> list[Expression]:
        """The arguments in order."""
        return self.all(Expression)


class Call(Expression):
    """``function(arguments)``."""

    __slots__ = ()

    @property
    def function(self) -> Expression:
        """What is called."""
        function = self.children[0]
        assert isinstance(function, Expression)
        return function

    @property
    def arguments(self) -> list[Expression]:
        """The arguments."""
        arguments = self.child(Arguments)
        return arguments.values if arguments else []


class MethodCall(Expression):
    """``receiver.name[T](arguments)``."""

    __slots__ = ()

    @property
    def receiver(self) -> Expression:
        """What the method is called on."""
        receiver = self.children[0]
        assert isinstance(receiver, Expression)
        return receiver

    @property
    def name(self) -> str:
        """The method's name."""
        token = self.token("IDENT")
        assert token is not None
        return token.text

    @property
    def arguments(self) -> list[Expression]:
        """The arguments."""
        arguments = self.child(Arguments)
        return arguments.values if arguments else []


class MethodGenerics(Node):
    """``[T]`` of a method call."""

    __slots__ = ()


class FieldAccess(Expression):
    """``object.name``, ``object.0`` or ``object.await``."""

    __slots__ = ()

    @property
    def object(self) -> Expression:
        """What the field belongs to."""
        receiver = self.children[0]
        assert isinstance(receiver, Expression)
        return receiver

    @property
    def name(self) -> str:
        """The field's name or number."""
        token = self.children[-1]
        assert isinstance(token, Token)
        return token.text


class Index(Expression):
    """``object[index]``."""

    __slots__ = ()

    @property
    def object(self) -> Expression:
        """What is indexed."""
        receiver = self.children[0]
        assert isinstance(receiver, Expression)
        return receiver

    @property
    def constant(self) -> str | None:
        """The index, if it is a plain number."""
        index = self.all(Expression)[1]
        return index.text if isinstance(index, Literal) and index.text.isdigit() else None


class Propagate(Expression):
    """``value!``: the success value, or return the failure."""

    __slots__ = ()

    @property
    def operand(self) -> Expression:
        """The Maybe or Outcome."""
        operand = self.children[0]
        assert isinstance(operand, Expression)
        return operand


class Step(Expression):
    """``x++`` or ``x--``."""

    __slots__ = ()


class Cast(Expression):
    """``value as T``."""

    __slots__ = ()

    @property
    def operand(self) -> Expression:
        """The value."""
        operand = self.children[0]
        assert isinstance(operand, Expression)
        return operand

    @property
    def annotation(self) -> TypeNode:
        """The type."""
        annotation = self.child(TypeNode)
        assert annotation is not None
        return annotation


class TypeTest(Expression):
    """``value is T``."""

    __slots__ = ()


class Unary(Expression):
    """A prefix operator and its operand; ``ref``, ``mut ref`` and ``await`` too."""

    __slots__ = ()

    @property
    def operator(self) -> str:
        """The operator's spelling, its tokens joined by a space."""
        return " ".join(child.text for child in self.children if isinstance(child, Token))

    @property
    def operand(self) -> Expression:
        """The operand."""
        operand = self.children[-1]
        assert isinstance(operand, Expression)
        return operand


class Binary(Expression):
    """``left operator right``; ranges too."""

    __slots__ = ()

    @property
    def left(self) -> Expression:
        """The left operand."""
        left = self.children[0]
        assert isinstance(left, Expression)
        return left

    @property
    def operator(self) -> str:
        """The operator."""
        operator = self.children[1]
        assert isinstance(operator, Token)
        return operator.type

    @property
    def right(self) -> Expression:
        """The right operand."""
        right = self.children[2]
        assert isinstance(right, Expression)
        return right


class Assignment(Binary):
    """``target = value`` and its compound forms."""

    __slots__ = ()

    @property
    def target(self) -> Expression:
        """What is assigned to."""
        return self.left

    @property
    def value(self) -> Expression:
        """What is assigned."""
        return self.right


class Ternary(Expression):
    """``condition ? a : b``."""

    __slots__ = ()

    @property
    def condition(self) -> Expression:
        """The condition."""
        return self.all(Expression)[0]

    @property
    def branches(self) -> tuple[Expression, Expression]:
        """The value when it holds, and when not."""
        _, first, second = self.all(Expression)
        return first, second


class LowlevelBlock(Expression):
    """``lowlevel { ... }``."""

    __slots__ = ()

    @property
    def block(self) -> Block:
        """The block."""
        block = self.child(Block)
        assert block is not None
        return block


class If(Expression):
    """``if``, in its block, ``then`` and ``let`` forms."""

    __slots__ = ()

    @property
    def let_condition(self) -> LetCondition | None:
        """``let pattern = value`` instead of a condition."""
        return self.child(LetCondition)

    @property
    def condition(self) -> Expression | None:
        """The condition; None for ``if let``."""
        return None if self.let_condition else self.all(Expression)[0]

    @property
    def branch(self) -> Expression:
        """What is evaluated when the condition holds."""
        return self.all(Expression)[0 if self.let_condition else 1]

    @property
    def alternative(self) -> Expression | None:
        """What follows ``else``."""
        return self.after("else", Expression)


class LetCondition(Node):
    """``let pattern = value`` of an if."""

    __slots__ = ()

    @property
    def pattern(self) -> Pattern:
        """The pattern."""
        pattern = self.child(Pattern)
        assert pattern is not None
        return pattern

    @property
    def value(self) -> Expression:
        """The value matched."""
        value = self.child(Expression)
        assert value is not None
        return value


class When(Expression):
    """``when value { arms }``."""

    __slots__ = ()

    @property
    def subject(self) -> Expression:
        """The value matched."""
        subject = self.child(Expression)
        assert subject is not None
        return subject

    @property
    def arms(self) -> list[Arm]:
        """The arms, in order."""
        return self.all(Arm)


class Arm(Node):
    """``pattern if guard => body``."""

    __slots__ = ()

    @property
    def patterns(self) -> list[Pattern]:
        """The patterns, of which one must match."""
        return self.all(Pattern)

    @property
    def guard(self) -> Expression | None:
        """The condition after ``if``."""
        guard = self.child(Guard)
        return guard.child(Expression) if guard else None

    @property
    def body(self) -> Expression:
        """What the arm evaluates."""
        body = self.children[-1]
        assert isinstance(body, Expression)
        return body


class Guard(Node):
    """``if condition`` of an arm."""

    __slots__ = ()


class Loop(Expression):
    """``loop (condition) { ... }``."""

    __slots__ = ()

    @property
    def condition(self) -> Expression | None:
        """The condition; None for a counting loop."""
        return self.all(Expression)[0] if self.child(LoopVariable) is None else None

    @property
    def body(self) -> Block:
        """The body."""
        body = self.children[-1]
        assert isinstance(body, Block)
        return body


class LoopVariable(Node):
    """``var i: T < limit`` of a loop."""

    __slots__ = ()


class While(Expression):
    """``while condition { ... }``."""

    __slots__ = ()

    @property
    def condition(self) -> Expression:
        """The condition."""
        return self.all(Expression)[0]

    @property
    def body(self) -> Block:
        """The body."""
        body = self.children[-1]
        assert isinstance(body, Block)
        return body


class For(Expression):
    """``for pattern in values { ... }``."""

    __slots__ = ()

    @property
    def pattern(self) -> Pattern:
        """What each value is bound to."""
        pattern = self.child(Pattern)
        assert pattern is not None
        return pattern

    @property
    def iterable(self) -> Expression:
        """What is iterated over."""
        return self.all(Expression)[0]

    @property
    def body(self) -> Block:
        """The body."""
        body = self.children[-1]
        assert isinstance(body, Block)
        return body


class Return(Expression):
    """``return`` or ``return value``."""

    __slots__ = ()

    @property
    def value(self) -> Expression | None:
        """The value returned."""
        return self.child(Expression)


class Break(Expression):
    """``break`` or ``break value``."""

    __slots__ = ()

    @property
    def value(self) -> Expression | None:
        """The value given."""
        return self.child(Expression)


class Continue(Expression):
    """``continue``."""

    __slots__ = ()


class Throw(Expression):
    """``throw value``."""

    __slots__ = ()

    @property
    def value(self) -> Expression:
        """The value thrown."""
        value = self.child(Expression)
        assert value is not None
        return value


class Closure(Expression):
    """``do(parameters) body``."""

    __slots__ = ()

    @property
    def parameters(self) -> list[ClosureParameter]:
        """The parameters."""
        return self.all(ClosureParameter)

    @property
    def return_type(self) -> TypeNode | None:
        """The declared return type."""
        node = self.child(ReturnType)
        return node.child(TypeNode) if node else None

    @property
    def body(self) -> Expression:
        """The body, a block or an expression."""
        body = self.children[-1]
        assert isinstance(body, Expression)
        return body


class ClosureParameter(Node):
    """A parameter of a closure."""

    __slots__ = ()


# ---- patterns ----


class OrPattern(Pattern):
    """``a | b``."""

    __slots__ = ()


class LiteralPattern(Pattern):
    """A literal or a range of literals."""

    __slots__ = ()


class WildcardPattern(Pattern):
    """``_``."""

    __slots__ = ()


class BindingPattern(Pattern):
    """A name to bind, or a unit variant written bare."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name."""
        return self.last_token.text


class ArrayPattern(Pattern):
    """``[a, b, ..rest]``."""

    __slots__ = ()


class TuplePattern(Pattern):
    """``(a, b)``."""

    __slots__ = ()

    @property
    def elements(self) -> list[Pattern]:
        """The patterns inside."""
        return self.all(Pattern)


class PathPattern(Pattern):
    """``Type::Variant``."""

    __slots__ = ()

    @property
    def segments(self) -> list[str]:
        """The names."""
        return _pattern_segments(self)


class VariantPattern(Pattern):
    """``Variant(a, b)``."""

    __slots__ = ()

    @property
    def segments(self) -> list[str]:
        """The names of the path."""
        return _pattern_segments(self)

    @property
    def payload(self) -> list[Pattern]:
        """The patterns in parentheses."""
        return self.all(Pattern)


class StructPattern(Pattern):
    """``Type { field, other: pattern }``."""

    __slots__ = ()

    @property
    def segments(self) -> list[str]:
        """The names of the path."""
        return _pattern_segments(self)


class FieldPattern(Node):
    """``field`` or ``field: pattern``."""

    __slots__ = ()


class SequenceVariable(Node):
    """``$...name`` in a pattern of code, where the grammar wants an arm, a member or a parameter."""

    __slots__ = ()


def _pattern_segments(pattern: Node) -> list[str]:
    names: list[str] = []
    for child in pattern.children:
        if not isinstance(child, Token) or child.type in ("(", "{"):
            break
        if child.type == "IDENT":
            names.append(child.text)
    return names


def node_classes() -> dict[str, type[Node]]:
    """Every concrete node class by name."""
    return {
        name: value
        for name, value in globals().items()
        if isinstance(value, type)
        and issubclass(value, Node)
        and not name.startswith("_")
        and value is not Node
    }
