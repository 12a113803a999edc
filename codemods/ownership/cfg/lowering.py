"""From a function's tree to its control-flow graph, resolving variables and typing expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from codemods.model.compiler_profile import ALL_TRAITS, Traits
from codemods.ownership.cfg.graph import (
    Action,
    Assign,
    Assume,
    CallSite,
    ControlFlowGraph,
    Declare,
    Exit,
    ExitKind,
    Role,
    Site,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.semantics.symbols import (
    BOOL,
    BUILTIN_VARIANTS,
    SCALARS,
    STR,
    UNIT,
    FunctionInfo,
    Index,
    SourceFile,
    Type,
    match_types,
)
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


def lower(index: Index, function: FunctionInfo, traits: Traits = ALL_TRAITS) -> ControlFlowGraph | None:
    """The control-flow graph of a function; None for a signature without body."""
    body = function.node.body
    if body is None:
        return None
    return _Lowering(index, function, traits).run(body)


_LITERAL_TYPES = {
    "STRING": STR,
    "TEMPLATE": Type("Text"),
    "CHAR": Type("Char"),
    "true": BOOL,
    "false": BOOL,
    "INT": Type("I64"),
    "FLOAT": Type("F64"),
}
_NUMBERS = {
    suffix.encode(): Type(suffix.upper())
    for suffix in ("i8", "i16", "i32", "i128", "u8", "u16", "u32", "u64", "u128", "f32")
}
_NUMBER_SUFFIX = re.compile(rb"(?:%s)$" % b"|".join(_NUMBERS))
_BUILTIN_TYPES = {name.encode(): Type(name) for name in (*SCALARS, STR.name)}
"""The types that mean the same in every file, by the bytes of their names."""
_COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))
_SHORT_CIRCUIT = frozenset(("and", "or", "&&", "||"))
_NEVER = Type("Never")
_FLAGS_CONSTRUCTORS = frozenset(("all", "none"))
"""The constructors that the compiler adds to an enum with ``@flags``."""
_UNIT_BUILTINS = frozenset(
    """assert assert_eq assert_ne assert_true assert_false assert_gt assert_gte assert_lt assert_lte
    assert_in_range assert_str_len assert_str_empty assert_str_not_empty print println eprint
    eprintln""".split()
)
"""What has no result and need not be imported, or comes from a library that is not in every workspace."""
_CONSTRUCTORS = {"Just": "Maybe", "Nothing": "Maybe", "Ok": "Outcome", "Err": "Outcome"}


@dataclass(slots=True)
class _Scope:
    """The variables of a block, and the loop it is the body of."""

    variables: dict[str, Variable] = field(default_factory=dict)
    declared: list[Variable] = field(default_factory=list)
    loop_start: BasicBlock[Action] | None = None
    loop_end: BasicBlock[Action] | None = None


class _Lowering:
    def __init__(self, index: Index, function: FunctionInfo, traits: Traits) -> None:
        self.index = index
        self.function = function
        self.file: SourceFile = function.file
        self.generics = frozenset(function.generics)
        self.current: BasicBlock[Action] = BasicBlock()
        self.graph = ControlFlowGraph([self.current], function, traits)
        self.scopes: list[_Scope] = []
        self.returns: Type | None = function.returns
        """What a return hands over; None where that is not known."""
        self.outermost = 1
        """The index of the scope that a return leaves last: the body's own."""

    # -- the graph ----------------------------------------------------------------------------

    def run(self, body: nodes.Block) -> ControlFlowGraph:
        parameters = _Scope()
        self.scopes.append(parameters)
        for parameter, node in zip(self.function.parameters, self.function.node.parameters, strict=True):
            if parameter.name is not None:
                role = VariableKind.RECEIVER if parameter.is_receiver else VariableKind.PARAMETER
                variable = Variable(parameter.name, parameter.type, role, node)
                parameters.variables[parameter.name] = variable
                self.graph.variables.append(variable)
        self.scopes.append(_Scope())
        value = None if self.function.returns_nothing else body.value
        self._end(body, value, self.scopes[self.outermost :])
        return self.graph

    def _end(self, body: nodes.Block, value: Expression | None, scopes: Sequence[_Scope]) -> None:
        """Lower a body up to its end; a tail of type Unit is no value, in whatever function."""
        type_ = self._statements(body, Site(Role.RETURNED, body) if value is not None else None)
        kind = ExitKind.TAIL if value is not None else ExitKind.END
        self._exit(kind, body, scopes, None if type_ == UNIT else value)

    def _emit(self, action: Action) -> None:
        self.current.actions.append(action)

    def _block(self) -> BasicBlock[Action]:
        block: BasicBlock[Action] = BasicBlock()
        self.graph.blocks.append(block)
        return block

    def _goto(self, target: BasicBlock[Action]) -> None:
        self.current.successors.append(target)

    def _start(self, block: BasicBlock[Action]) -> None:
        self.current = block

    def _exit(
        self, kind: ExitKind, node: Node, scopes: Sequence[_Scope], value: Expression | None = None
    ) -> None:
        variables = [variable for scope in reversed(scopes) for variable in reversed(scope.declared)]
        self._emit(Exit(kind, node, tuple(variables), value))

    # -- variables ----------------------------------------------------------------------------

    def _find(self, name: str) -> Variable | None:
        for scope in reversed(self.scopes):
            variable = scope.variables.get(name)
            if variable is not None:
                return variable
        return None

    def _declare(
        self, name: str, type_: Type | None, kind: VariableKind, node: Node, value: Expression | None
    ) -> Variable:
        variable = Variable(name, type_, kind, node, value, len(self.scopes) - 1)
        scope = self.scopes[-1]
        scope.variables[name] = variable
        scope.declared.append(variable)
        self.graph.variables.append(variable)
        self._emit(Declare(variable, node))
        return variable

    def _bind(
        self, pattern: nodes.Pattern, type_: Type | None, kind: VariableKind, value: Expression | None
    ) -> None:
        """Declare the variables of a pattern that matches a value of ``type_``."""
        if isinstance(pattern, nodes.BindingPattern):
            if type_ is not None and pattern.name in self.index.variants(type_):
                return
            if kind is VariableKind.PAYLOAD and pattern.name[:1].isupper():
                return
            self._declare(pattern.name, type_, kind, pattern, value)
        elif isinstance(pattern, nodes.TuplePattern):
            elements = type_.arguments if type_ is not None and type_.name == "()" else ()
            for position, element_pattern in enumerate(pattern.elements):
                element = elements[position] if position < len(elements) else None
                self._bind(element_pattern, element, VariableKind.DESTRUCTURED, value)
        elif isinstance(pattern, nodes.VariantPattern):
            payload: tuple[Type, ...] = ()
            if type_ is not None:
                payload = self.index.variants(type_).get(pattern.segments[-1], ())
            for position, payload_pattern in enumerate(pattern.payload):
                inner = payload[position] if position < len(payload) else None
                nested = (
                    kind if isinstance(payload_pattern, nodes.BindingPattern) else VariableKind.DESTRUCTURED
                )
                self._bind(payload_pattern, inner, nested, value)
        elif isinstance(pattern, nodes.StructPattern):
            fields = self.index.fields(type_) if type_ is not None else {}
            for entry in pattern.all(nodes.FieldPattern):
                token = entry.token("IDENT")
                name = token.text if token else ""
                inner_pattern = entry.child(nodes.Pattern)
                if inner_pattern is None:
                    self._declare(name, fields.get(name), kind, entry, value)
                else:
                    self._bind(inner_pattern, fields.get(name), VariableKind.DESTRUCTURED, value)
        else:
            for alternative in pattern.all(nodes.Pattern):
                self._bind(alternative, None, VariableKind.DESTRUCTURED, value)

    def _type(self, node: nodes.TypeNode | None) -> Type | None:
        if node is None:
            return None
        if isinstance(node, nodes.NamedType) and len(node.children) == 1:
            builtin = _BUILTIN_TYPES.get(node.first_token.lexeme)
            if builtin is not None:
                return builtin
        resolved = self.index.resolve(node, self.file, self.generics)
        owner = self.function.owner
        return resolved.substitute({"This": owner, "Self": owner}) if owner else resolved

    # -- statements ---------------------------------------------------------------------------

    def _statements(self, block: nodes.Block, value_site: Site | None) -> Type | None:
        """Lower the statements of a block in the scope on top; its value goes to ``value_site``."""
        value = block.value
        for statement in block.statements:
            if isinstance(statement, nodes.Let):
                self._let(statement)
            elif isinstance(statement, nodes.Var):
                type_ = self._initialiser(statement)
                self._declare(statement.name, type_, VariableKind.VAR, statement, statement.value)
            elif isinstance(statement, nodes.ExpressionStatement):
                expression = statement.expression
                if expression is value and value_site is not None:
                    return self._expression(expression, value_site)
                self._expression(expression, Site(Role.DISCARDED, statement))
        return self._type_without_value(block) if value is None else None

    def _type_without_value(self, block: nodes.Block) -> Type | None:
        """The type of a block without a value, once lowered: that of its last statement."""
        last = block.statements[-1] if block.statements else None
        if isinstance(last, nodes.ExpressionStatement):
            return self.graph.types.get(id(last.expression))
        return UNIT

    def _initialiser(self, statement: nodes.Let | nodes.Var) -> Type | None:
        annotation = self._type(statement.annotation)
        if statement.value is None:
            return annotation
        type_ = self._expression(statement.value, Site(Role.BOUND, statement))
        return annotation or type_

    def _let(self, statement: nodes.Let) -> None:
        type_ = self._initialiser(statement)
        kind = VariableKind.LET
        if statement.else_block is not None:
            kind = VariableKind.DESTRUCTURED
            after, alternative = self._block(), self._block()
            self._goto(after)
            self._goto(alternative)
            self._start(alternative)
            self._emit(Assume(statement, holds=False))
            self._inner_block(statement.else_block, Site(Role.DISCARDED, statement))
            self._goto(after)
            self._start(after)
        self._bind(statement.pattern, type_, kind, statement.value)

    def _inner_block(self, block: nodes.Block, site: Site) -> Type | None:
        self.scopes.append(_Scope())
        yielded = site.role is not Role.DISCARDED and block.value is not None
        type_ = self._statements(block, site.by_way_of(block) if yielded else None)
        value = block.value if yielded and type_ != UNIT else None
        self._exit(ExitKind.SCOPE, block, self.scopes[-1:], value)
        self.scopes.pop()
        return type_

    # -- expressions --------------------------------------------------------------------------

    def _expression(self, node: Expression, site: Site) -> Type | None:
        """Lower an expression whose value goes to ``site``, and return its type where it is known."""
        self.graph.sites[id(node)] = site
        lowered = _LOWERED.get(type(node), _Lowering._unknown)
        type_ = lowered(self, node, site)
        if type_ is not None:
            self.graph.types[id(node)] = type_
        return type_

    def _operand(self, node: Expression, parent: Node, role: Role = Role.OPERAND) -> Type | None:
        return self._expression(node, Site(role, parent))

    def _unknown(self, node: Expression, _: Site) -> Type | None:
        for child in node.all(Expression):
            self._operand(child, node)
        return None

    def _this(self, node: nodes.This, site: Site) -> Type | None:
        return self._variable_use("this", node, site)

    def _group(self, node: nodes.Group, site: Site) -> Type | None:
        return self._expression(node.inner, site)

    def _cast(self, node: nodes.Cast, _: Site) -> Type | None:
        self._operand(node.operand, node, Role.CAST)
        return self._type(node.annotation)

    def _interpolated(self, node: nodes.InterpolatedString, _: Site) -> Type | None:
        for hole in node.holes:
            self._operand(hole, node, Role.INTERPOLATED)
        return STR if node.first_token.type == "STRING_START" else Type("Text")

    def _lowlevel(self, node: nodes.LowlevelBlock, site: Site) -> Type | None:
        return self._inner_block(node.block, site)

    def _variable_use(self, name: str, node: Node, site: Site) -> Type | None:
        variable = self._find(name)
        if variable is None:
            return None
        self._emit(Use(variable, node, site))
        return variable.type

    def _path(self, node: nodes.Path, site: Site) -> Type | None:
        name = node.identifier
        variable = self._find(name) if name is not None else None
        if variable is not None:
            self._emit(Use(variable, node, site))
            return variable.type
        if name is not None and name[0].islower() and site.role is Role.RECEIVER:
            self.graph.unbound.append(node)
        segments = node.segments
        if segments[-1] in _CONSTRUCTORS:
            return Type(_CONSTRUCTORS[segments[-1]])
        if len(segments) > 1:
            info = self.index.type_named(segments[:-1], self.file)
            if info is not None and segments[-1] in info.variants:
                return Type(info.name)
        return None

    def _field(self, node: nodes.FieldAccess, _: Site) -> Type | None:
        owner = self._operand(node.object, node, Role.FIELD)
        if owner is None:
            return None
        owner = owner.target()
        if owner.name == "()" and node.name.isdigit():
            position = int(node.name)
            return owner.arguments[position] if position < len(owner.arguments) else None
        return self.index.fields(owner).get(node.name)

    def _index(self, node: nodes.Index, _: Site) -> Type | None:
        types = [self._operand(child, node) for child in node.all(Expression)]
        indexed = types[0].target() if types and types[0] is not None else None
        if indexed is None or indexed.name != "[]":
            return None
        return next(iter(indexed.arguments), None)

    def _binary(self, node: nodes.Binary, _: Site) -> Type | None:
        left = self._operand(node.left, node)
        if node.operator in _SHORT_CIRCUIT:
            after, right_block = self._block(), self._block()
            self._goto(after)
            self._goto(right_block)
            self._start(right_block)
            self._operand(node.right, node)
            self._goto(after)
            self._start(after)
            return BOOL
        right = self._operand(node.right, node)
        return BOOL if node.operator in _COMPARISONS else left or right

    def _assignment(self, node: nodes.Assignment, _: Site) -> Type | None:
        target = node.target
        variable = (
            self._find(target.identifier) if isinstance(target, nodes.Path) and target.identifier else None
        )
        role = Role.ASSIGNED if variable is not None else Role.STORED
        if node.operator != "=":
            role = Role.OPERAND
        self._operand(node.value, node, role)
        if variable is not None:
            self._emit(Assign(variable, node))
        else:
            self._operand(target, node, Role.OPERAND)
        return UNIT

    def _unary(self, node: nodes.Unary, _: Site) -> Type | None:
        operator = node.operator
        if operator in ("ref", "mut ref", "ref mut", "&", "& mut"):
            inner = self._operand(node.operand, node, Role.REFERENCED)
            return Type("ref", (inner,)) if inner is not None else None
        inner = self._operand(node.operand, node)
        if operator == "*":
            return inner.arguments[0] if inner and inner.name in ("*", "ref") and inner.arguments else None
        return BOOL if operator in ("not", "!") else inner

    def _struct_literal(self, node: nodes.StructLiteral, _: Site) -> Type | None:
        for position, entry in enumerate(node.fields):
            if entry.value is not None:
                self._expression(entry.value, Site(Role.ELEMENT, entry, position))
            else:
                self._variable_use(entry.name, entry, Site(Role.ELEMENT, entry, position))
        if node.base is not None:
            self._operand(node.base, node, Role.BASE)
        return self._path_type(node.path)

    def _path_type(self, path: nodes.Path) -> Type | None:
        """The type that a path names, with the generic arguments written there."""
        segments = path.segments
        arguments = tuple(
            self._type(argument) or Type("_")
            for argument in path.generic_arguments
            if isinstance(argument, nodes.TypeNode)
        )
        owner = self.function.owner
        if segments in (["This"], ["Self"]) and owner is not None:
            return owner
        info = self.index.type_named(segments, self.file)
        if info is None:
            return None
        if info.alias is not None:
            return info.alias
        if not arguments and owner is not None and owner.name == info.name:
            arguments = owner.arguments
        return Type(info.name, arguments)

    def _elements(self, node: nodes.Tuple | nodes.Array, _: Site) -> Type | None:
        types = [
            self._expression(element, Site(Role.ELEMENT, node, position))
            for position, element in enumerate(node.elements)
        ]
        if isinstance(node, nodes.Array):
            return Type("[]", (types[0],)) if types and types[0] else Type("[]")
        return Type("()", tuple(type_ or Type("_") for type_ in types)) if types else UNIT

    def _propagate(self, node: nodes.Propagate, _: Site) -> Type | None:
        operand = self._operand(node.operand, node, Role.PROPAGATED)
        opened = operand.target() if operand is not None else None
        is_opened = opened is not None and opened.name in BUILTIN_VARIANTS
        handed_out = next(iter(opened.arguments), None) if opened is not None and is_opened else None
        if not self._may_propagate(operand):
            return handed_out
        failed, after = self._block(), self._block()
        self._goto(failed)
        self._goto(after)
        self._start(failed)
        self._exit(ExitKind.PROPAGATE, node, self.scopes[self.outermost :])
        self._start(after)
        return handed_out

    def _may_propagate(self, operand: Type | None) -> bool:
        """Whether ``!`` may leave the function.

        It panics where that does not return the kind of value that it opens.
        """
        if self.returns is None or operand is None:
            return True
        returned = self.returns.target()
        if returned.name in BUILTIN_VARIANTS:
            return operand.target().name in (returned.name, "_")
        return not (returned in (STR, UNIT) or returned.name in SCALARS)

    # -- branches and loops -------------------------------------------------------------------

    def _ternary(self, node: nodes.Ternary, site: Site) -> Type | None:
        self._operand(node.condition, node, Role.CONDITION)
        after = self._block()
        before = self.current
        types = []
        for branch, holds in zip(node.branches, (True, False), strict=True):
            block = self._block()
            before.successors.append(block)
            self._start(block)
            self._assume(node.condition, holds)
            types.append(self._expression(branch, site.by_way_of(node)))
            self._goto(after)
        self._start(after)
        return types[0] or types[1]

    def _if(self, node: nodes.If, site: Site) -> Type | None:
        inner = site.by_way_of(node) if node.alternative is not None else Site(Role.DISCARDED, node)
        let = node.let_condition
        subject = None
        if let is not None:
            subject = self._operand(let.value, let, Role.SCRUTINEE)
        elif node.condition is not None:
            self._operand(node.condition, node, Role.CONDITION)
        before, after, chosen = self.current, self._block(), self._block()
        before.successors.append(chosen)
        self._start(chosen)
        self._assume(let or node.condition, True)
        self.scopes.append(_Scope())
        if let is not None:
            self._bind(let.pattern, subject, VariableKind.DESTRUCTURED, let.value)
        type_ = self._expression(node.branch, inner)
        self._exit(ExitKind.SCOPE, node.branch, self.scopes[-1:])
        self.scopes.pop()
        self._goto(after)
        other = self._block()
        before.successors.append(other)
        self._start(other)
        self._assume(let or node.condition, False)
        if node.alternative is not None:
            type_ = _common_type(type_, self._expression(node.alternative, inner))
        else:
            type_ = UNIT
        self._goto(after)
        self._start(after)
        return type_

    def _assume(self, condition: Expression | nodes.LetCondition | None, holds: bool) -> None:
        """Note which condition holds in a branch, or does not."""
        while isinstance(condition, nodes.Group) or (
            isinstance(condition, nodes.Unary) and condition.operator in ("not", "!")
        ):
            holds ^= isinstance(condition, nodes.Unary)
            condition = condition.inner if isinstance(condition, nodes.Group) else condition.operand
        if condition is not None:
            self._emit(Assume(condition, holds))

    def _when(self, node: nodes.When, site: Site) -> Type | None:
        subject = self._operand(node.subject, node, Role.SCRUTINEE)
        before, after = self.current, self._block()
        type_: Type | None = _NEVER
        for arm in node.arms:
            block = self._block()
            before.successors.append(block)
            self._start(block)
            self._emit(Assume(arm, when=node))
            self.scopes.append(_Scope())
            for pattern in arm.patterns:
                self._bind(pattern, subject, VariableKind.PAYLOAD, node.subject)
            if arm.guard is not None:
                self._operand(arm.guard, arm, Role.CONDITION)
            found = self._expression(arm.body, site.by_way_of(arm))
            type_ = _common_type(type_, found)
            self._exit(ExitKind.ARM, arm, self.scopes[-1:], arm.body)
            self.scopes.pop()
            self._goto(after)
        if not node.arms:
            self._goto(after)
        self._start(after)
        return type_

    def _loop(self, node: nodes.Loop | nodes.While | nodes.For, _: Site) -> Type | None:
        iterated = self._operand(node.iterable, node) if isinstance(node, nodes.For) else None
        head, body, after = self._block(), self._block(), self._block()
        self._goto(head)
        self._start(head)
        self.scopes.append(_Scope())
        if isinstance(node, nodes.Loop):
            counter = node.child(nodes.LoopVariable)
            if counter is not None:
                name = counter.token("IDENT")
                limit = counter.child(Expression)
                if limit is not None:
                    self._operand(limit, counter)
                if name is not None:
                    self._declare(
                        name.text, self._type(counter.child(nodes.TypeNode)), VariableKind.LOOP, counter, None
                    )
            elif node.condition is not None:
                self._operand(node.condition, node, Role.CONDITION)
        elif isinstance(node, nodes.While):
            self._operand(node.condition, node, Role.CONDITION)
        self._goto(body)
        if not _is_endless(node):
            self._goto(after)
        self._start(body)
        scope = _Scope(loop_start=head, loop_end=after)
        self.scopes.append(scope)
        if isinstance(node, nodes.For):
            element = next(iter(iterated.target().arguments), None) if iterated else None
            self._bind(node.pattern, element, VariableKind.LOOP, node.iterable)
        self._statements(node.body, None)
        self._exit(ExitKind.SCOPE, node.body, [scope])
        self.scopes.pop()
        self._goto(head)
        self.scopes.pop()
        self._start(after)
        return UNIT

    def _jump(self, node: nodes.Return | nodes.Break | nodes.Continue | nodes.Throw, _: Site) -> Type | None:
        value = node.value if not isinstance(node, nodes.Continue) else None
        if value is not None:
            self._operand(value, node, Role.RETURNED)
        if isinstance(node, nodes.Return | nodes.Throw):
            kind = ExitKind.RETURN if isinstance(node, nodes.Return) else ExitKind.THROW
            self._exit(kind, node, self.scopes[self.outermost :], value)
        else:
            depth = next(
                (
                    level
                    for level in range(len(self.scopes) - 1, self.outermost - 1, -1)
                    if self.scopes[level].loop_end is not None
                ),
                None,
            )
            if depth is not None:
                scope = self.scopes[depth]
                kind = ExitKind.BREAK if isinstance(node, nodes.Break) else ExitKind.CONTINUE
                self._exit(kind, node, self.scopes[depth:], value)
                target = scope.loop_end if kind is ExitKind.BREAK else scope.loop_start
                assert target is not None
                self._goto(target)
        self._start(self._block())
        return _NEVER

    def _closure(self, node: nodes.Closure, _: Site) -> Type | None:
        """A closure holds what it captures by reference; its body is a graph of its own."""
        inner = _Lowering(self.index, self.function, self.graph.traits)
        inner.scopes = list(self.scopes)
        inner.outermost = len(self.scopes) + 1
        inner.returns = self._type(node.return_type)
        self.graph.closures.append(inner.run_closure(node))
        own = {id(variable) for variable in inner.graph.variables}
        for action in inner.graph.actions():
            if isinstance(action, Use | Assign) and id(action.variable) not in own:
                name = action.node if isinstance(action, Use) else action.node.target
                self._emit(Use(action.variable, name, Site(Role.CAPTURED, node)))
        return Type("func")

    def run_closure(self, node: nodes.Closure) -> ControlFlowGraph:
        """The graph of a closure, in whose scopes its surroundings can be seen."""
        self.scopes.append(_Scope())
        for parameter in node.parameters:
            pattern = parameter.child(nodes.Pattern)
            if isinstance(pattern, nodes.BindingPattern):
                annotation = self._type(parameter.child(nodes.TypeNode))
                variable = Variable(pattern.name, annotation, VariableKind.PARAMETER, pattern)
                self.scopes[-1].variables[pattern.name] = variable
                self.graph.variables.append(variable)
        self.scopes.append(_Scope())
        body = node.body
        if isinstance(body, nodes.Block):
            self._end(body, body.value, self.scopes[-1:])
        else:
            self._expression(body, Site(Role.RETURNED, node))
        return self.graph

    # -- calls --------------------------------------------------------------------------------

    def _arguments(
        self, node: Expression, arguments: Sequence[Expression], callee: FunctionInfo | None, role: Role
    ) -> list[Type | None]:
        return [
            self._expression(argument, Site(role, node, position, callee))
            for position, argument in enumerate(arguments)
        ]

    def _call(self, node: nodes.Call, site: Site) -> Type | None:
        function, arguments = node.function, node.arguments
        if not isinstance(function, nodes.Path):
            self._operand(function, node)
            self._arguments(node, arguments, None, Role.ARGUMENT)
            self._emit(CallSite(node, None, None, site, None, arguments))
            return None
        segments = function.segments
        name = function.identifier
        if name is not None and self._find(name) is not None:
            self._variable_use(name, function, Site(Role.OPERAND, node))
            self._arguments(node, arguments, None, Role.ARGUMENT)
            self._emit(CallSite(node, None, None, site, None, arguments))
            return None
        if segments[-1] in _CONSTRUCTORS or self._is_variant(segments):
            types = self._arguments(node, arguments, None, Role.CONSTRUCTED)
            type_ = self._constructed(segments, types)
            self._emit(CallSite(node, None, type_, site, None, arguments, constructor=True))
            return type_
        if len(segments) > 1:
            info = self.index.type_named(segments[:-1], self.file)
            owner = Type(info.name) if info is not None else None
            if info is None:
                owner = self._builtin_owner(segments[-2], segments[-1])
            if owner is not None and self.index.method(owner, segments[-1]) is not None:
                return self._associated(node, owner, segments[-1], function, arguments, site)
            if info is not None and segments[-1] in _FLAGS_CONSTRUCTORS and info.node.decorator("flags"):
                self._emit(CallSite(node, None, owner, site, None, arguments))
                return owner
        found = self.index.functions_named(segments, self.file)
        callee = found[0] if found else None
        if callee is None and name == "panic":
            return self._panic(node, site)
        types = self._arguments(node, arguments, callee, Role.ARGUMENT)
        type_ = self._result(callee, types, {}) if callee else UNIT if name in _UNIT_BUILTINS else None
        if type_ is not None and callee is not None and callee.generics:
            written = [
                self._type(argument)
                for argument in function.generic_arguments
                if isinstance(argument, nodes.TypeNode)
            ]
            bound = {
                generic: type_ for generic, type_ in zip(callee.generics, written, strict=False) if type_
            }
            type_ = type_.substitute(bound)
        self._emit(CallSite(node, callee, type_, site, None, arguments))
        return type_

    def _builtin_owner(self, name: str, function: str) -> Type | None:
        """A built-in type by its name; a number type only where a single impl has the function."""
        if name == STR.name:
            return STR
        declared = self.index.methods.get(name, {}).get(function, [])
        return Type(name) if name in SCALARS and len(declared) == 1 else None

    def _panic(self, node: nodes.Call, site: Site) -> Type:
        """Control does not come back, and nothing is dropped: no exit is a leak that could be fixed."""
        self._arguments(node, node.arguments, None, Role.ARGUMENT)
        self._emit(CallSite(node, None, _NEVER, site, None, node.arguments))
        self._start(self._block())
        return _NEVER

    def _is_variant(self, segments: Sequence[str]) -> bool:
        if len(segments) < 2:
            return False
        info = self.index.type_named(list(segments[:-1]), self.file)
        return info is not None and segments[-1] in info.variants

    def _constructed(self, segments: Sequence[str], types: Sequence[Type | None]) -> Type | None:
        name = _CONSTRUCTORS.get(segments[-1])
        if name == "Maybe":
            return Type("Maybe", (types[0],)) if types and types[0] else Type("Maybe")
        if name == "Outcome":
            returns = self.function.returns
            return returns if returns.name == "Outcome" else Type("Outcome")
        info = self.index.type_named(list(segments[:-1]), self.file)
        return Type(info.name) if info else None

    def _static(self, node: nodes.StaticCall, site: Site) -> Type | None:
        return self._static_call(node, node.path, node.name, node.arguments, site)

    def _static_call(
        self, node: Expression, path: nodes.Path, name: str, arguments: Sequence[Expression], site: Site
    ) -> Type | None:
        """``Name[T]::function(...)`` or ``Name[T].function(...)``."""
        owner = self._path_type(path)
        if owner is None:
            self._arguments(node, arguments, None, Role.ARGUMENT)
            self._emit(CallSite(node, None, None, site, None, arguments))
            return None
        return self._associated(node, owner, name, path, arguments, site)

    def _associated(
        self,
        node: Expression,
        owner: Type,
        name: str,
        path: nodes.Path,
        arguments: Sequence[Expression],
        site: Site,
    ) -> Type | None:
        callee = self.index.method(owner, name)
        types = self._arguments(node, arguments, callee, Role.ARGUMENT)
        type_ = None
        if callee is not None:
            written = [
                self._type(argument)
                for argument in path.generic_arguments
                if isinstance(argument, nodes.TypeNode)
            ]
            bound = {
                generic: type_ for generic, type_ in zip(callee.generics, written, strict=False) if type_
            }
            type_ = self._result(callee, types, bound)
        self._emit(CallSite(node, callee, type_, site, None, arguments))
        return type_

    def _method_call(self, node: nodes.MethodCall, site: Site) -> Type | None:
        receiver, name, arguments = node.receiver, node.name, node.arguments
        if isinstance(receiver, nodes.Path) and self._names_type(receiver):
            return self._static_call(node, receiver, name, arguments, site)
        place = Site(Role.RECEIVER, node)
        type_ = self._expression(receiver, place)
        callee = self.index.method(type_, name) if type_ is not None else None
        # Which method is called depends on the type of the receiver.
        place.callee = callee
        types = self._arguments(node, arguments, callee, Role.ARGUMENT)
        result = self._method_result(type_, name, callee, types)
        self._emit(CallSite(node, callee, result, site, receiver, arguments))
        return result

    def _names_type(self, path: nodes.Path) -> bool:
        name = path.identifier
        if name is not None and self._find(name) is not None:
            return False
        return path.segments[-1][:1].isupper() and self.index.type_named(path.segments, self.file) is not None

    def _method_result(
        self,
        receiver: Type | None,
        name: str,
        callee: FunctionInfo | None,
        types: Sequence[Type | None],
    ) -> Type | None:
        if receiver is None:
            return None
        target = receiver.target()
        if target.name in ("Maybe", "Outcome"):
            found = _payload_method(target, name)
            if found is not None:
                return found
        if callee is None:
            return None
        return self._result(callee, types, self.index.bindings(callee, target))

    def _result(self, callee: FunctionInfo, types: Sequence[Type | None], bound: dict[str, Type]) -> Type:
        generics = frozenset(callee.generics)
        for parameter, given in zip(callee.values, types, strict=False):
            if generics and parameter.type is not None and given is not None:
                for name, type_ in match_types(parameter.type, given, generics).items():
                    bound.setdefault(name, type_)
        return callee.returns.substitute(bound)


def _literal_type(node: nodes.Literal) -> Type | None:
    token = node.first_token
    if token.type in ("INT", "FLOAT"):
        suffix = _NUMBER_SUFFIX.search(token.lexeme)
        if suffix is not None and not token.lexeme.startswith((b"0x", b"0X")):
            return _NUMBERS[suffix.group()]
    return _LITERAL_TYPES.get(token.type)


_LOWERED: dict[type[Node], Callable[[_Lowering, Any, Site], Type | None]] = {
    nodes.Literal: lambda _lowering, node, _site: _literal_type(node),
    nodes.Path: _Lowering._path,
    nodes.This: _Lowering._this,
    nodes.Group: _Lowering._group,
    nodes.MethodCall: _Lowering._method_call,
    nodes.Call: _Lowering._call,
    nodes.StaticCall: _Lowering._static,
    nodes.FieldAccess: _Lowering._field,
    nodes.Index: _Lowering._index,
    nodes.Binary: _Lowering._binary,
    nodes.Assignment: _Lowering._assignment,
    nodes.Unary: _Lowering._unary,
    nodes.Cast: _Lowering._cast,
    nodes.InterpolatedString: _Lowering._interpolated,
    nodes.StructLiteral: _Lowering._struct_literal,
    nodes.Tuple: _Lowering._elements,
    nodes.Array: _Lowering._elements,
    nodes.Propagate: _Lowering._propagate,
    nodes.Ternary: _Lowering._ternary,
    nodes.Block: _Lowering._inner_block,
    nodes.LowlevelBlock: _Lowering._lowlevel,
    nodes.If: _Lowering._if,
    nodes.When: _Lowering._when,
    nodes.Loop: _Lowering._loop,
    nodes.While: _Lowering._loop,
    nodes.For: _Lowering._loop,
    nodes.Return: _Lowering._jump,
    nodes.Break: _Lowering._jump,
    nodes.Continue: _Lowering._jump,
    nodes.Throw: _Lowering._jump,
    nodes.Closure: _Lowering._closure,
}
"""The method that lowers each class of expressions; of other classes only the subexpressions are lowered."""


def _payload_method(target: Type, name: str) -> Type | None:
    """The result of a method of Maybe or Outcome that hands out its payload or asks about it."""
    arguments = target.arguments
    if name in ("is_just", "is_nothing", "is_ok", "is_err", "is_some", "is_none"):
        return BOOL
    if name in ("unwrap", "expect", "unwrap_or", "unwrap_or_default", "unwrap_or_else"):
        return arguments[0] if arguments else None
    if name in ("unwrap_err", "expect_err"):
        return arguments[1] if len(arguments) > 1 else None
    return None


def _common_type(first: Type | None, second: Type | None) -> Type | None:
    """The type of what is one of two branches; Unit only where every branch that ends is of type Unit."""
    for passed_over in (_NEVER, UNIT):
        if passed_over in (first, second):
            return second if first == passed_over else first
    return first or second


def _is_endless(node: nodes.Loop | nodes.While | nodes.For) -> bool:
    """Whether only a jump leaves a loop."""
    condition = node.condition if not isinstance(node, nodes.For) else None
    while isinstance(condition, nodes.Group):
        condition = condition.inner
    return isinstance(condition, nodes.Literal) and condition.kind == "true"
