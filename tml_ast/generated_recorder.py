"""The parser that notes how far it gets and what it wants there.

Generated from tml.peg by ``python -m tml_ast.generate``: do not edit.
"""

# mypy: ignore-errors

from collections.abc import Callable

from tml_ast.lookahead import (
    enum_body_ahead,
    generics_ahead,
    is_new,
    lifetime_ahead,
    method_generics_ahead,
    struct_literal_ahead,
    sum_type_ahead,
)
from tml_ast.nodes import (
    Accessor,
    Arguments,
    Arm,
    Array,
    ArrayPattern,
    ArrayType,
    AssociatedBinding,
    AssociatedType,
    BaseAccess,
    Behavior,
    BindingPattern,
    Block,
    Break,
    Class,
    ClassField,
    Closure,
    ClosureParameter,
    Const,
    Constructor,
    Continue,
    Decorator,
    DynType,
    ElseBlock,
    ExpressionStatement,
    FieldInit,
    FieldPattern,
    For,
    Function,
    FunctionType,
    GenericArguments,
    GenericParameter,
    GenericParameters,
    Guard,
    Impl,
    ImplType,
    Interface,
    InterpolatedString,
    Let,
    LetCondition,
    Lifetime,
    LifetimeArgument,
    Literal,
    LiteralPattern,
    Loop,
    LoopVariable,
    LowlevelBlock,
    MethodGenerics,
    Module,
    ModuleDeclaration,
    NamedType,
    Namespace,
    Parameter,
    Parameters,
    Path,
    PointerType,
    Property,
    ReferenceType,
    Return,
    ReturnType,
    SequenceVariable,
    StructField,
    SumVariant,
    This,
    Throw,
    TuplePattern,
    TupleType,
    Union,
    Use,
    UseGroup,
    Var,
    Variant,
    VariantFields,
    VariantPayload,
    Visibility,
    When,
    WhereClause,
    WherePredicate,
    While,
)
from tml_ast.precedence import (
    AliasBody,
    CallSuffix,
    CastSuffix,
    EnumBody,
    FieldSuffix,
    Glued,
    IndexSuffix,
    MethodSuffix,
    PatternArguments,
    PatternFields,
    PatternPath,
    Prefix,
    PropagateSuffix,
    StaticSuffix,
    StepSuffix,
    StructBody,
    StructFields,
    SumTypeBody,
    TernaryMiddle,
    fold_expression,
    fold_if,
    fold_item,
    fold_parenthesized,
    fold_path_pattern,
    fold_path_primary,
    fold_pattern,
    fold_type_declaration,
)

new = object.__new__
TYPES_0 = frozenset(('const', 'mut'))
TYPES_1 = frozenset(('IDENT', 'This'))
TYPES_2 = frozenset(('async', 'lowlevel'))
TYPES_3 = frozenset(('IDENT', 'super', 'this'))
TYPES_4 = frozenset(('abstract', 'sealed'))
TYPES_5 = frozenset(('!', '*', '-', 'await', 'not', '~'))
TYPES_6 = frozenset(('CHAR', 'FLOAT', 'INT', 'STRING', 'TEMPLATE', 'false', 'null', 'true'))
TYPES_7 = frozenset(('%=', '&=', '*=', '+=', '-=', '/=', '<<=', '=', '>>=', '^=', '|='))
TYPES_8 = frozenset(('CHAR', 'FLOAT', 'INT', 'STRING', 'false', 'null', 'true'))
TYPES_9 = frozenset(('.', '::'))
TYPES_10 = frozenset(('as', 'is'))
TYPES_11 = frozenset(('through', 'to'))
TYPES_12 = frozenset(('CHAR', 'FLOAT', 'INT'))
TYPES_13 = frozenset(('IDENT', 'this'))
TYPES_14 = frozenset(('abstract', 'override', 'private', 'protected', 'sealed', 'static', 'virtual'))
TYPES_15 = frozenset(('IDENT', 'func'))
TYPES_16 = frozenset(('++', '--'))
TYPES_17 = frozenset(('!=', '&', '&&', '+', '-', '<', '<<', '<=', '==', '>', '>=', '>>', '^', 'and', 'or', 'shl', 'shr', 'xor', '|', '||'))
TYPES_18 = frozenset(('%', '..', '/', 'through', 'to'))
TYPES_19 = frozenset(('IDENT', 'static'))
TYPES_20 = frozenset(('IDENT', 'INT', 'await'))


def match_Module(types, tokens, failed, furthest, p, out):
    kids = []
    while True:
        q = match_declaration(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != 'EOF':
        furthest.miss(p, 'EOF')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Module)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_expression_snippet(types, tokens, failed, furthest, p, out):
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] != 'EOF':
        furthest.miss(p, 'EOF')
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_statements_snippet(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    while True:
        q = match_statement(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] != 'EOF':
        furthest.miss(p, 'EOF')
        del out[mark_0:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_item_snippet(types, tokens, failed, furthest, p, out):
    p = match_declaration(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] != 'EOF':
        furthest.miss(p, 'EOF')
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_pattern_snippet(types, tokens, failed, furthest, p, out):
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] != 'EOF':
        furthest.miss(p, 'EOF')
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_type_snippet(types, tokens, failed, furthest, p, out):
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] != 'EOF':
        furthest.miss(p, 'EOF')
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_declaration(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    while True:
        q = match_Decorator(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if True:
        q = match_Visibility(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    p = match_item(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[mark_0:]
        return -1
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_item(out[mark_0:])
    return p


def match_expression(types, tokens, failed, furthest, p, out):
    if p in failed[0]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    p = match_operand(types, tokens, failed, furthest, p, out)
    if p < 0:
        failed[0].add(origin_0)
        return -1
    while True:
        q = match_part_of_expression(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_expression(out[mark_0:])
    return p


def match_statement(types, tokens, failed, furthest, p, out):
    if p in failed[9]:
        return -1
    for alternative in (match_Let, match_Var, match_part_of_statement, match_ExpressionStatement):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        failed[9].add(p)
        return -1
    p = q
    return p


def match_pattern(types, tokens, failed, furthest, p, out):
    if p in failed[13]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    p = match_single_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        failed[13].add(origin_0)
        return -1
    while True:
        q = match_part_of_pattern(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_pattern(out[mark_0:])
    return p


def match_type(types, tokens, failed, furthest, p, out):
    if p in failed[10]:
        return -1
    for alternative in (match_ReferenceType, match_PointerType, match_ArrayType, match_TupleType, match_FunctionType, match_DynType, match_ImplType, match_NamedType):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        failed[10].add(p)
        return -1
    p = q
    return p


def match_Decorator(types, tokens, failed, furthest, p, out):
    if types[p] != '@':
        furthest.miss(p, '@')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if True:
        q = match_part_of_Decorator(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(Decorator)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Visibility(types, tokens, failed, furthest, p, out):
    if types[p] != 'pub':
        furthest.miss(p, 'pub')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_Visibility(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(Visibility)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_item(types, tokens, failed, furthest, p, out):
    for alternative in (match_Function, match_type_declaration, match_Union, match_Behavior, match_Impl, match_Const, match_Use, match_ModuleDeclaration, match_Class, match_Interface, match_Namespace):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_operand(types, tokens, failed, furthest, p, out):
    if p in failed[3]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    while True:
        q = match_Prefix(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    p = match_primary(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[mark_0:]
        failed[3].add(origin_0)
        return -1
    while True:
        q = match_part_of_operand(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    return p


def match_part_of_expression(types, tokens, failed, furthest, p, out):
    for alternative in (match_assignment_tail, match_ternary_tail, match_plain_tail):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_Let(types, tokens, failed, furthest, p, out):
    if types[p] != 'let':
        furthest.miss(p, 'let')
        return -1
    kids = [tokens[p]]
    p += 1
    if types[p] == 'volatile':
        kids.append(tokens[p])
        p += 1
    if types[p] != 'volatile':
        furthest.miss(p, 'volatile')
    p = match_pattern(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    p = match_initialiser(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_ElseBlock(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] == ';':
        kids.append(tokens[p])
        p += 1
    if types[p] != ';':
        furthest.miss(p, ';')
    node = new(Let)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Var(types, tokens, failed, furthest, p, out):
    if types[p] != 'var':
        furthest.miss(p, 'var')
        return -1
    kids = [tokens[p]]
    p += 1
    if types[p] == 'volatile':
        kids.append(tokens[p])
        p += 1
    if types[p] != 'volatile':
        furthest.miss(p, 'volatile')
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_initialiser(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] == ';':
        kids.append(tokens[p])
        p += 1
    if types[p] != ';':
        furthest.miss(p, ';')
    node = new(Var)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_statement(types, tokens, failed, furthest, p, out):
    p = match_local_declaration(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] == ';':
        out.append(tokens[p])
        p += 1
    if types[p] != ';':
        furthest.miss(p, ';')
    return p


def match_ExpressionStatement(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] == ';':
        kids.append(tokens[p])
        p += 1
    if types[p] != ';':
        furthest.miss(p, ';')
    node = new(ExpressionStatement)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_single_pattern(types, tokens, failed, furthest, p, out):
    for alternative in (match_LiteralPattern, match_ArrayPattern, match_TuplePattern, match_BindingPattern, match_path_pattern):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_pattern(types, tokens, failed, furthest, p, out):
    if types[p] != '|':
        furthest.miss(p, '|')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_single_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_ReferenceType(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_part_of_ReferenceType(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(ReferenceType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_PointerType(types, tokens, failed, furthest, p, out):
    if types[p] != '*':
        furthest.miss(p, '*')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_PointerType(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(PointerType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ArrayType(types, tokens, failed, furthest, p, out):
    if types[p] != '[':
        furthest.miss(p, '[')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_part_of_ArrayType(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ']':
        furthest.miss(p, ']')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(ArrayType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_TupleType(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_type_list(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_ReturnType(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(TupleType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_FunctionType(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_part_of_FunctionType(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    p = match_type_list(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_ReturnType(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(FunctionType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_DynType(types, tokens, failed, furthest, p, out):
    if types[p] != 'dyn':
        furthest.miss(p, 'dyn')
        return -1
    kids = [tokens[p]]
    p += 1
    if types[p] == 'mut':
        kids.append(tokens[p])
        p += 1
    if types[p] != 'mut':
        furthest.miss(p, 'mut')
    p = match_NamedType(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(DynType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ImplType(types, tokens, failed, furthest, p, out):
    if types[p] != 'impl':
        furthest.miss(p, 'impl')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_NamedType(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(ImplType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_NamedType(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_part_of_NamedType(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    while True:
        q = match_part_of_NamedType_2(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if True:
        q = match_part_of_NamedType_3(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(NamedType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Decorator(types, tokens, failed, furthest, p, out):
    if not (not (tokens[p].newline_before)):
        return -1
    p = match_Arguments(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_part_of_Visibility(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    if types[p] != '(':
        furthest.miss(p, '(')
        return -1
    out.append(tokens[p])
    p += 1
    while True:
        q = match_part_of_Visibility_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] != ')':
        furthest.miss(p, ')')
        del out[mark_0:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_Function(types, tokens, failed, furthest, p, out):
    kids = []
    while True:
        q = match_part_of_Function(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != 'func':
        furthest.miss(p, 'func')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids += (tokens[p], tokens[p + 1])
    p += 2
    if True:
        q = match_GenericParameters(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    p = match_Parameters(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_ReturnType(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_WhereClause(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_Block(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(Function)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_type_declaration(types, tokens, failed, furthest, p, out):
    if types[p] != 'type':
        furthest.miss(p, 'type')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if True:
        q = match_GenericParameters(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    p = match_part_of_type_declaration(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    out += fold_type_declaration(kids)
    return p


def match_Union(types, tokens, failed, furthest, p, out):
    if types[p] != 'union':
        furthest.miss(p, 'union')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    if types[p + 2] != '{':
        furthest.miss(p + 2, '{')
        return -1
    kids = [tokens[p], tokens[p + 1], tokens[p + 2]]
    p += 3
    while True:
        q = match_part_of_Union(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Union)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Behavior(types, tokens, failed, furthest, p, out):
    if types[p] != 'behavior':
        furthest.miss(p, 'behavior')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if True:
        q = match_GenericParameters(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_part_of_Behavior(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_behavior_member(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Behavior)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Impl(types, tokens, failed, furthest, p, out):
    if types[p] != 'impl':
        furthest.miss(p, 'impl')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_GenericParameters(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_part_of_Impl(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_WhereClause(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_impl_member(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Impl)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Const(types, tokens, failed, furthest, p, out):
    if types[p] != 'const':
        furthest.miss(p, 'const')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    if types[p + 2] != ':':
        furthest.miss(p + 2, ':')
        return -1
    kids = [tokens[p], tokens[p + 1], tokens[p + 2]]
    p += 3
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Const)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Use(types, tokens, failed, furthest, p, out):
    if types[p] != 'use':
        furthest.miss(p, 'use')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_use_root(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    while True:
        q = match_part_of_Use(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if True:
        q = match_part_of_Use_2(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_part_of_Use_3(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(Use)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ModuleDeclaration(types, tokens, failed, furthest, p, out):
    if types[p] != 'mod':
        furthest.miss(p, 'mod')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    node = new(ModuleDeclaration)
    node.children = (tokens[p], tokens[p + 1],)
    out.append(node)
    p += 2
    return p


def match_Class(types, tokens, failed, furthest, p, out):
    kids = []
    while True:
        q = match_part_of_Class(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != 'class':
        furthest.miss(p, 'class')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids += (tokens[p], tokens[p + 1])
    p += 2
    if True:
        q = match_GenericParameters(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_part_of_Class_2(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_part_of_Class_3(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_WhereClause(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_class_member(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Class)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Interface(types, tokens, failed, furthest, p, out):
    if types[p] != 'interface':
        furthest.miss(p, 'interface')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if True:
        q = match_GenericParameters(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_part_of_Interface(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_WhereClause(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_interface_member(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Interface)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Namespace(types, tokens, failed, furthest, p, out):
    if types[p] != 'namespace':
        furthest.miss(p, 'namespace')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    while True:
        q = match_part_of_Namespace(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_declaration(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Namespace)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Prefix(types, tokens, failed, furthest, p, out):
    kids = []
    for alternative in (match_part_of_Prefix, match_part_of_Prefix_2, match_part_of_Prefix_3, match_part_of_Prefix_4):
        q = alternative(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            break
    else:
        return -1
    p = q
    node = new(Prefix)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_primary(types, tokens, failed, furthest, p, out):
    for alternative in (match_Literal, match_InterpolatedString, match_path_primary, match_This, match_BaseAccess, match_Parenthesized, match_Array, match_Block, match_LowlevelBlock, match_If, match_When, match_Loop, match_While, match_For, match_Return, match_Break, match_Continue, match_Throw, match_Closure):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_operand(types, tokens, failed, furthest, p, out):
    if not (not (tokens[p].newline_before)):
        return -1
    p = match_suffix(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_assignment_tail(types, tokens, failed, furthest, p, out):
    p = match_assignment_operator(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_operand(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_ternary_tail(types, tokens, failed, furthest, p, out):
    p = match_TernaryMiddle(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_operand(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_plain_tail(types, tokens, failed, furthest, p, out):
    for alternative in (match_suffix_anywhere, match_CastSuffix, match_part_of_plain_tail):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_initialiser(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_initialiser, match_part_of_initialiser_2):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_ElseBlock(types, tokens, failed, furthest, p, out):
    if types[p] != 'else':
        furthest.miss(p, 'else')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_Block(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(ElseBlock)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_local_declaration(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    for alternative in (match_part_of_local_declaration, match_local_item):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_item(out[mark_0:])
    return p


def match_LiteralPattern(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_part_of_LiteralPattern(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_part_of_LiteralPattern_2(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(LiteralPattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ArrayPattern(types, tokens, failed, furthest, p, out):
    if types[p] != '[':
        furthest.miss(p, '[')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_ArrayPattern(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] == ',':
        kids.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    if True:
        q = match_part_of_ArrayPattern_2(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ']':
        furthest.miss(p, ']')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(ArrayPattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_TuplePattern(types, tokens, failed, furthest, p, out):
    if types[p] != '(':
        furthest.miss(p, '(')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_TuplePattern(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ')':
        furthest.miss(p, ')')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(TuplePattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_BindingPattern(types, tokens, failed, furthest, p, out):
    kids = []
    for alternative in (match_part_of_BindingPattern, match_part_of_BindingPattern_2):
        q = alternative(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            break
    else:
        return -1
    p = q
    node = new(BindingPattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_path_pattern(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_PatternPath(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_part_of_path_pattern(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    out += fold_path_pattern(kids)
    return p


def match_part_of_ReferenceType(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_ReferenceType_2, match_part_of_ReferenceType_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_PointerType(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_0:
        furthest.miss(p, 'mut', 'const')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_ArrayType(types, tokens, failed, furthest, p, out):
    if types[p] != ';':
        furthest.miss(p, ';')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_type_list(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    if types[p] != '(':
        furthest.miss(p, '(')
        return -1
    out.append(tokens[p])
    p += 1
    if True:
        q = match_part_of_type_list(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    if types[p] != ')':
        furthest.miss(p, ')')
        del out[mark_0:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_ReturnType(types, tokens, failed, furthest, p, out):
    if types[p] != '->':
        furthest.miss(p, '->')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(ReturnType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_FunctionType(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_FunctionType_2, match_part_of_FunctionType_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_NamedType(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_1:
        furthest.miss(p, 'This', 'IDENT')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_NamedType_2(types, tokens, failed, furthest, p, out):
    if types[p] != '::':
        furthest.miss(p, '::')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    out += (tokens[p], tokens[p + 1])
    p += 2
    return p


def match_part_of_NamedType_3(types, tokens, failed, furthest, p, out):
    if not (types[p] == '[' and generics_ahead(tokens, p) is not None):
        return -1
    p = match_GenericArguments(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_Arguments(types, tokens, failed, furthest, p, out):
    if p in failed[7]:
        return -1
    origin_0 = p
    if types[p] != '(':
        furthest.miss(p, '(')
        failed[7].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_Arguments(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ')':
        furthest.miss(p, ')')
        failed[7].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Arguments)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Visibility_2(types, tokens, failed, furthest, p, out):
    if match_part_of_Visibility_2_2(types, tokens, failed, furthest, p, []) >= 0:
        return -1
    if types[p] == 'EOF':
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_Function(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_2:
        furthest.miss(p, 'async', 'lowlevel')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_GenericParameters(types, tokens, failed, furthest, p, out):
    if p in failed[12]:
        return -1
    origin_0 = p
    if types[p] != '[':
        furthest.miss(p, '[')
        failed[12].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_GenericParameters(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ']':
        furthest.miss(p, ']')
        failed[12].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(GenericParameters)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Parameters(types, tokens, failed, furthest, p, out):
    if types[p] != '(':
        furthest.miss(p, '(')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_Parameters(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ')':
        furthest.miss(p, ')')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Parameters)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_WhereClause(types, tokens, failed, furthest, p, out):
    if types[p] != 'where':
        furthest.miss(p, 'where')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_WherePredicate(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    while True:
        q = match_part_of_WhereClause(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        kids.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    node = new(WhereClause)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Block(types, tokens, failed, furthest, p, out):
    if p in failed[8]:
        return -1
    origin_0 = p
    if types[p] != '{':
        furthest.miss(p, '{')
        failed[8].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    while True:
        q = match_statement(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        failed[8].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Block)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_type_declaration(types, tokens, failed, furthest, p, out):
    for alternative in (match_EnumBody, match_SumTypeBody, match_AliasBody, match_StructFields):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Union(types, tokens, failed, furthest, p, out):
    p = match_struct_field(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_Behavior(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    while True:
        q = match_part_of_Behavior_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    return p


def match_behavior_member(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    for alternative in (match_SequenceVariable, match_part_of_behavior_member):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_item(out[mark_0:])
    return p


def match_part_of_Impl(types, tokens, failed, furthest, p, out):
    if types[p] != 'for':
        furthest.miss(p, 'for')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_impl_member(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    for alternative in (match_SequenceVariable, match_part_of_impl_member):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_item(out[mark_0:])
    return p


def match_use_root(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_3:
        furthest.miss(p, 'IDENT', 'super', 'this')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_Use(types, tokens, failed, furthest, p, out):
    p = match_path_separator(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_Use_2(types, tokens, failed, furthest, p, out):
    p = match_path_separator(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_part_of_Use_2_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Use_3(types, tokens, failed, furthest, p, out):
    if types[p] != 'as':
        furthest.miss(p, 'as')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    out += (tokens[p], tokens[p + 1])
    p += 2
    return p


def match_part_of_Class(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_4:
        furthest.miss(p, 'abstract', 'sealed')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_Class_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'extends':
        furthest.miss(p, 'extends')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_NamedType(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Class_3(types, tokens, failed, furthest, p, out):
    if types[p] != 'implements':
        furthest.miss(p, 'implements')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    while True:
        q = match_part_of_Class_3_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    return p


def match_class_member(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    while True:
        q = match_Decorator(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    while True:
        q = match_class_modifier(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    p = match_part_of_class_member(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[mark_0:]
        return -1
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_item(out[mark_0:])
    return p


def match_part_of_Interface(types, tokens, failed, furthest, p, out):
    if types[p] != 'extends':
        furthest.miss(p, 'extends')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    while True:
        q = match_part_of_Interface_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    return p


def match_interface_member(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    if types[p] == 'static':
        out.append(tokens[p])
        p += 1
    if types[p] != 'static':
        furthest.miss(p, 'static')
    p = match_plain_function(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[mark_0:]
        return -1
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_item(out[mark_0:])
    return p


def match_part_of_Namespace(types, tokens, failed, furthest, p, out):
    if types[p] != '.':
        furthest.miss(p, '.')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    out += (tokens[p], tokens[p + 1])
    p += 2
    return p


def match_part_of_Prefix(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_5:
        furthest.miss(p, '-', 'not', '!', '~', '*', 'await')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_Prefix_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'mut':
        furthest.miss(p, 'mut')
        return -1
    if types[p + 1] != 'ref':
        furthest.miss(p + 1, 'ref')
        return -1
    out += (tokens[p], tokens[p + 1])
    p += 2
    return p


def match_part_of_Prefix_3(types, tokens, failed, furthest, p, out):
    if types[p] != 'ref':
        furthest.miss(p, 'ref')
        return -1
    out.append(tokens[p])
    p += 1
    if types[p] == 'mut':
        out.append(tokens[p])
        p += 1
    if types[p] != 'mut':
        furthest.miss(p, 'mut')
    return p


def match_part_of_Prefix_4(types, tokens, failed, furthest, p, out):
    if types[p] != '&':
        furthest.miss(p, '&')
        return -1
    out.append(tokens[p])
    p += 1
    if types[p] == 'mut':
        out.append(tokens[p])
        p += 1
    if types[p] != 'mut':
        furthest.miss(p, 'mut')
    return p


def match_Literal(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_6:
        furthest.miss(p, 'INT', 'STRING', 'true', 'false', 'CHAR', 'FLOAT', 'null', 'TEMPLATE')
        return -1
    node = new(Literal)
    node.children = (tokens[p],)
    out.append(node)
    p += 1
    return p


def match_InterpolatedString(types, tokens, failed, furthest, p, out):
    kids = []
    for alternative in (match_part_of_InterpolatedString, match_part_of_InterpolatedString_2):
        q = alternative(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            break
    else:
        return -1
    p = q
    node = new(InterpolatedString)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_path_primary(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    p = match_Path(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_part_of_path_primary(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_path_primary(out[mark_0:])
    return p


def match_This(types, tokens, failed, furthest, p, out):
    if types[p] != 'this':
        furthest.miss(p, 'this')
        return -1
    node = new(This)
    node.children = (tokens[p],)
    out.append(node)
    p += 1
    return p


def match_BaseAccess(types, tokens, failed, furthest, p, out):
    if types[p] != 'base':
        furthest.miss(p, 'base')
        return -1
    if types[p + 1] != '.':
        furthest.miss(p + 1, '.')
        return -1
    if types[p + 2] != 'IDENT':
        furthest.miss(p + 2, 'IDENT')
        return -1
    kids = [tokens[p], tokens[p + 1], tokens[p + 2]]
    p += 3
    if True:
        q = match_part_of_BaseAccess(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_Arguments(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(BaseAccess)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Parenthesized(types, tokens, failed, furthest, p, out):
    if types[p] != '(':
        furthest.miss(p, '(')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_Parenthesized(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ')':
        furthest.miss(p, ')')
        return -1
    kids.append(tokens[p])
    p += 1
    out += fold_parenthesized(kids)
    return p


def match_Array(types, tokens, failed, furthest, p, out):
    if types[p] != '[':
        furthest.miss(p, '[')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_Array(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ']':
        furthest.miss(p, ']')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Array)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_LowlevelBlock(types, tokens, failed, furthest, p, out):
    if types[p] != 'lowlevel':
        furthest.miss(p, 'lowlevel')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_Block(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(LowlevelBlock)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_If(types, tokens, failed, furthest, p, out):
    if types[p] != 'if':
        furthest.miss(p, 'if')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_part_of_If(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    out += fold_if(kids)
    return p


def match_When(types, tokens, failed, furthest, p, out):
    if types[p] != 'when':
        furthest.miss(p, 'when')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_part_of_When(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(When)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Loop(types, tokens, failed, furthest, p, out):
    if types[p] != 'loop':
        furthest.miss(p, 'loop')
        return -1
    if types[p + 1] != '(':
        furthest.miss(p + 1, '(')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    p = match_part_of_Loop(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] != ')':
        furthest.miss(p, ')')
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_Block(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Loop)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_While(types, tokens, failed, furthest, p, out):
    if types[p] != 'while':
        furthest.miss(p, 'while')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    p = match_Block(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(While)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_For(types, tokens, failed, furthest, p, out):
    if types[p] != 'for':
        furthest.miss(p, 'for')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_pattern(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] != 'in':
        furthest.miss(p, 'in')
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    p = match_Block(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(For)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Return(types, tokens, failed, furthest, p, out):
    if types[p] != 'return':
        furthest.miss(p, 'return')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_part_of_Return(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Return)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Break(types, tokens, failed, furthest, p, out):
    if types[p] != 'break':
        furthest.miss(p, 'break')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_part_of_Break(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Break)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Continue(types, tokens, failed, furthest, p, out):
    if types[p] != 'continue':
        furthest.miss(p, 'continue')
        return -1
    node = new(Continue)
    node.children = (tokens[p],)
    out.append(node)
    p += 1
    return p


def match_Throw(types, tokens, failed, furthest, p, out):
    if types[p] != 'throw':
        furthest.miss(p, 'throw')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Throw)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Closure(types, tokens, failed, furthest, p, out):
    kids = []
    if types[p] == 'move':
        kids.append(tokens[p])
        p += 1
    if types[p] != 'move':
        furthest.miss(p, 'move')
    if types[p] != 'do':
        furthest.miss(p, 'do')
        return -1
    if types[p + 1] != '(':
        furthest.miss(p + 1, '(')
        return -1
    kids += (tokens[p], tokens[p + 1])
    p += 2
    if True:
        q = match_part_of_Closure(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ')':
        furthest.miss(p, ')')
        return -1
    kids.append(tokens[p])
    p += 1
    if True:
        q = match_ReturnType(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    p = match_part_of_Closure_2(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Closure)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_suffix(types, tokens, failed, furthest, p, out):
    for alternative in (match_dotted_suffix, match_bracket_suffix):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_assignment_operator(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_7:
        furthest.miss(p, '=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>=')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_TernaryMiddle(types, tokens, failed, furthest, p, out):
    if p in failed[4]:
        return -1
    origin_0 = p
    if types[p] != '?':
        furthest.miss(p, '?')
        failed[4].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_conditional_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        failed[4].add(origin_0)
        return -1
    if types[p] != ':':
        furthest.miss(p, ':')
        failed[4].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(TernaryMiddle)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_suffix_anywhere(types, tokens, failed, furthest, p, out):
    for alternative in (match_dotted_suffix, match_part_of_suffix_anywhere):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_CastSuffix(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_part_of_CastSuffix(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(CastSuffix)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_plain_tail(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    p = match_infix_operator(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_operand(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[mark_0:]
        return -1
    return p


def match_part_of_initialiser(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    if True:
        q = match_part_of_initialiser_3(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    return p


def match_part_of_initialiser_2(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_local_declaration(types, tokens, failed, furthest, p, out):
    p = match_Visibility(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_item(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_local_item(types, tokens, failed, furthest, p, out):
    for alternative in (match_plain_function, match_type_declaration, match_Behavior, match_Impl, match_Const):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_LiteralPattern(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_8:
        furthest.miss(p, 'INT', 'STRING', 'true', 'false', 'CHAR', 'FLOAT', 'null')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_LiteralPattern_2(types, tokens, failed, furthest, p, out):
    p = match_part_of_LiteralPattern_2_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_part_of_LiteralPattern_2_3(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_ArrayPattern(types, tokens, failed, furthest, p, out):
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_ArrayPattern_3(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    return p


def match_part_of_ArrayPattern_2(types, tokens, failed, furthest, p, out):
    if types[p] != '..':
        furthest.miss(p, '..')
        return -1
    out.append(tokens[p])
    p += 1
    if True:
        q = match_pattern(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    return p


def match_part_of_TuplePattern(types, tokens, failed, furthest, p, out):
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_TuplePattern_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_BindingPattern(types, tokens, failed, furthest, p, out):
    if types[p] != 'mut':
        furthest.miss(p, 'mut')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_part_of_BindingPattern_3(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_BindingPattern_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'this':
        furthest.miss(p, 'this')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_PatternPath(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids = [tokens[p]]
    p += 1
    while True:
        q = match_part_of_PatternPath(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    node = new(PatternPath)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_path_pattern(types, tokens, failed, furthest, p, out):
    for alternative in (match_PatternArguments, match_PatternFields):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_ReferenceType_2(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    if types[p] == 'mut':
        out.append(tokens[p])
        p += 1
    if types[p] != 'mut':
        furthest.miss(p, 'mut')
    if types[p] != 'ref':
        furthest.miss(p, 'ref')
        del out[mark_0:]
        return -1
    out.append(tokens[p])
    p += 1
    if True:
        q = match_LifetimeArgument(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    return p


def match_part_of_ReferenceType_3(types, tokens, failed, furthest, p, out):
    if types[p] != '&':
        furthest.miss(p, '&')
        return -1
    out.append(tokens[p])
    p += 1
    if types[p] == 'mut':
        out.append(tokens[p])
        p += 1
    if types[p] != 'mut':
        furthest.miss(p, 'mut')
    return p


def match_part_of_type_list(types, tokens, failed, furthest, p, out):
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_type_list_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_FunctionType_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'func':
        furthest.miss(p, 'func')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_FunctionType_3(types, tokens, failed, furthest, p, out):
    if not (types[p] == 'IDENT' and (tokens[p].lexeme == b'Fn' and tokens[p + 1].type == '(')):
        return -1
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_GenericArguments(types, tokens, failed, furthest, p, out):
    if p in failed[11]:
        return -1
    origin_0 = p
    if types[p] != '[':
        furthest.miss(p, '[')
        failed[11].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_GenericArguments(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ']':
        furthest.miss(p, ']')
        failed[11].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(GenericArguments)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Arguments(types, tokens, failed, furthest, p, out):
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_Arguments_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_Visibility_2_2(types, tokens, failed, furthest, p, out):
    if types[p] != ')':
        furthest.miss(p, ')')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_GenericParameters(types, tokens, failed, furthest, p, out):
    p = match_GenericParameter(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_GenericParameters_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_Parameters(types, tokens, failed, furthest, p, out):
    p = match_parameter(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_Parameters_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_WherePredicate(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    p = match_part_of_WherePredicate(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(WherePredicate)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_WhereClause(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_WherePredicate(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_EnumBody(types, tokens, failed, furthest, p, out):
    kids = []
    if not (types[p] == '{' and enum_body_ahead(tokens, p) is not None):
        return -1
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_part_of_EnumBody(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(EnumBody)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_SumTypeBody(types, tokens, failed, furthest, p, out):
    kids = []
    if not (types[p] == '=' and sum_type_ahead(tokens, p) is not None):
        return -1
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    kids.append(tokens[p])
    p += 1
    if types[p] == '|':
        kids.append(tokens[p])
        p += 1
    if types[p] != '|':
        furthest.miss(p, '|')
    p = match_SumVariant(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    while True:
        q = match_part_of_SumTypeBody(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    node = new(SumTypeBody)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_AliasBody(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(AliasBody)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_StructFields(types, tokens, failed, furthest, p, out):
    kids = []
    if True:
        q = match_WhereClause(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_part_of_StructFields(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(StructFields)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_struct_field(types, tokens, failed, furthest, p, out):
    for alternative in (match_StructField, match_SequenceVariable):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Behavior_2(types, tokens, failed, furthest, p, out):
    if types[p] != '+':
        furthest.miss(p, '+')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_SequenceVariable(types, tokens, failed, furthest, p, out):
    kids = []
    if not (types[p] == 'IDENT' and (tokens[p].lexeme.startswith((b'$...', b'$$$')))):
        return -1
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(SequenceVariable)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_behavior_member(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    if True:
        q = match_Visibility(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    p = match_part_of_behavior_member_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[mark_0:]
        return -1
    return p


def match_part_of_impl_member(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    while True:
        q = match_Decorator(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if True:
        q = match_Visibility(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    p = match_part_of_impl_member_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[mark_0:]
        return -1
    return p


def match_path_separator(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_9:
        furthest.miss(p, '::', '.')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_Use_2_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_Use_2_2_2, match_UseGroup):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Class_3_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_class_modifier(types, tokens, failed, furthest, p, out):
    for alternative in (match_Visibility, match_part_of_class_modifier):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_class_member(types, tokens, failed, furthest, p, out):
    for alternative in (match_Constructor, match_Property, match_class_function, match_ClassField, match_SequenceVariable):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Interface_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_plain_function(types, tokens, failed, furthest, p, out):
    if match_part_of_plain_function(types, tokens, failed, furthest, p, []) < 0:
        return -1
    p = match_Function(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_part_of_InterpolatedString(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    if types[p] != 'STRING_START':
        furthest.miss(p, 'STRING_START')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    while True:
        q = match_part_of_InterpolatedString_3(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] != 'STRING_END':
        furthest.miss(p, 'STRING_END')
        del out[mark_0:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_InterpolatedString_2(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    if types[p] != 'TEMPLATE_START':
        furthest.miss(p, 'TEMPLATE_START')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    while True:
        q = match_part_of_InterpolatedString_2_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] != 'TEMPLATE_END':
        furthest.miss(p, 'TEMPLATE_END')
        del out[mark_0:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_Path(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids = [tokens[p]]
    p += 1
    while True:
        q = match_part_of_Path(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    p = match_part_of_Path_2(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Path)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_path_primary(types, tokens, failed, furthest, p, out):
    for alternative in (match_StaticSuffix, match_StructBody, match_part_of_path_primary_2):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_BaseAccess(types, tokens, failed, furthest, p, out):
    if not (types[p] == '[' and generics_ahead(tokens, p) is not None):
        return -1
    p = match_GenericArguments(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_part_of_Parenthesized(types, tokens, failed, furthest, p, out):
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_Parenthesized_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_Array(types, tokens, failed, furthest, p, out):
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_part_of_Array_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_If(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_If_2, match_part_of_If_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_When(types, tokens, failed, furthest, p, out):
    p = match_arm(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_Loop(types, tokens, failed, furthest, p, out):
    for alternative in (match_LoopVariable, match_expression):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Return(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_Return_2, match_part_of_Return_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Break(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_Break_2, match_part_of_Break_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Closure(types, tokens, failed, furthest, p, out):
    p = match_ClosureParameter(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_Closure_3(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_Closure_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_Block, match_expression):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_dotted_suffix(types, tokens, failed, furthest, p, out):
    if p in failed[5]:
        return -1
    for alternative in (match_MethodSuffix, match_FieldSuffix):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        failed[5].add(p)
        return -1
    p = q
    return p


def match_bracket_suffix(types, tokens, failed, furthest, p, out):
    if p in failed[6]:
        return -1
    for alternative in (match_CallSuffix, match_IndexSuffix, match_PropagateSuffix, match_StepSuffix):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        failed[6].add(p)
        return -1
    p = q
    return p


def match_conditional_expression(types, tokens, failed, furthest, p, out):
    if p in failed[1]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    p = match_operand(types, tokens, failed, furthest, p, out)
    if p < 0:
        failed[1].add(origin_0)
        return -1
    while True:
        q = match_part_of_conditional_expression(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_expression(out[mark_0:])
    return p


def match_part_of_suffix_anywhere(types, tokens, failed, furthest, p, out):
    if not (not (tokens[p].newline_before)):
        return -1
    p = match_bracket_suffix(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_part_of_CastSuffix(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_10:
        furthest.miss(p, 'as', 'is')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_infix_operator(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_infix_operator, match_part_of_infix_operator_2, match_part_of_infix_operator_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_initialiser_3(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_LiteralPattern_2_2(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_11:
        furthest.miss(p, 'to', 'through')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_LiteralPattern_2_3(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_12:
        furthest.miss(p, 'INT', 'FLOAT', 'CHAR')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_ArrayPattern_3(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_TuplePattern_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_BindingPattern_3(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_13:
        furthest.miss(p, 'IDENT', 'this')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_PatternPath(types, tokens, failed, furthest, p, out):
    if types[p] != '::':
        furthest.miss(p, '::')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    out += (tokens[p], tokens[p + 1])
    p += 2
    return p


def match_PatternArguments(types, tokens, failed, furthest, p, out):
    if types[p] != '(':
        furthest.miss(p, '(')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_PatternArguments(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ')':
        furthest.miss(p, ')')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(PatternArguments)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_PatternFields(types, tokens, failed, furthest, p, out):
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_PatternFields(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] == '..':
        kids.append(tokens[p])
        p += 1
    if types[p] != '..':
        furthest.miss(p, '..')
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(PatternFields)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_LifetimeArgument(types, tokens, failed, furthest, p, out):
    kids = []
    if not (types[p] == '[' and lifetime_ahead(tokens, p) is not None):
        return -1
    if types[p] != '[':
        furthest.miss(p, '[')
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_part_of_LifetimeArgument(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] != ']':
        furthest.miss(p, ']')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(LifetimeArgument)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_type_list_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_GenericArguments(types, tokens, failed, furthest, p, out):
    p = match_generic_argument(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_GenericArguments_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_Arguments_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_GenericParameter(types, tokens, failed, furthest, p, out):
    kids = []
    for alternative in (match_part_of_GenericParameter, match_part_of_GenericParameter_2, match_part_of_GenericParameter_3):
        q = alternative(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            break
    else:
        return -1
    p = q
    node = new(GenericParameter)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_GenericParameters_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_GenericParameter(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_parameter(types, tokens, failed, furthest, p, out):
    for alternative in (match_Parameter, match_SequenceVariable):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Parameters_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_parameter(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_WherePredicate(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_WherePredicate_2, match_part_of_WherePredicate_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_EnumBody(types, tokens, failed, furthest, p, out):
    p = match_Variant(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_SumVariant(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_SumVariant(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_part_of_SumVariant_2(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(SumVariant)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_SumTypeBody(types, tokens, failed, furthest, p, out):
    if types[p] != '|':
        furthest.miss(p, '|')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_SumVariant(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_StructFields(types, tokens, failed, furthest, p, out):
    p = match_struct_field(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_StructField(types, tokens, failed, furthest, p, out):
    kids = []
    if True:
        q = match_Visibility(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    if types[p + 1] != ':':
        furthest.miss(p + 1, ':')
        return -1
    kids += (tokens[p], tokens[p + 1])
    p += 2
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_part_of_StructField(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(StructField)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_behavior_member_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_AssociatedType, match_Function):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_impl_member_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_AssociatedType, match_Const, match_Function):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Use_2_2_2(types, tokens, failed, furthest, p, out):
    if types[p] != '*':
        furthest.miss(p, '*')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_UseGroup(types, tokens, failed, furthest, p, out):
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_UseGroup(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(UseGroup)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_class_modifier(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_14:
        furthest.miss(p, 'private', 'protected', 'static', 'virtual', 'override', 'abstract', 'sealed')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_Constructor(types, tokens, failed, furthest, p, out):
    kids = []
    if types[p] == 'func':
        kids.append(tokens[p])
        p += 1
    if types[p] != 'func':
        furthest.miss(p, 'func')
    if not (types[p] in TYPES_15 and is_new(tokens, p) is not None):
        return -1
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_Parameters(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_part_of_Constructor(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_Block(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(Constructor)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Property(types, tokens, failed, furthest, p, out):
    if types[p] != 'prop':
        furthest.miss(p, 'prop')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    if types[p + 2] != ':':
        furthest.miss(p + 2, ':')
        return -1
    kids = [tokens[p], tokens[p + 1], tokens[p + 2]]
    p += 3
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_Accessor(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Property)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_class_function(types, tokens, failed, furthest, p, out):
    if match_part_of_class_function(types, tokens, failed, furthest, p, []) >= 0:
        return -1
    p = match_plain_function(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_ClassField(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    if types[p + 1] != ':':
        furthest.miss(p + 1, ':')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_part_of_ClassField(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(ClassField)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_plain_function(types, tokens, failed, furthest, p, out):
    if types[p] != 'func':
        furthest.miss(p, 'func')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_InterpolatedString_3(types, tokens, failed, furthest, p, out):
    if types[p] != 'STRING_MIDDLE':
        furthest.miss(p, 'STRING_MIDDLE')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_InterpolatedString_2_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'TEMPLATE_MIDDLE':
        furthest.miss(p, 'TEMPLATE_MIDDLE')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Path(types, tokens, failed, furthest, p, out):
    if types[p] != '::':
        furthest.miss(p, '::')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    out += (tokens[p], tokens[p + 1])
    p += 2
    return p


def match_part_of_Path_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_Path_2_2, match_part_of_Path_2_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_StaticSuffix(types, tokens, failed, furthest, p, out):
    if types[p] != '::':
        furthest.miss(p, '::')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    p = match_Arguments(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(StaticSuffix)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_StructBody(types, tokens, failed, furthest, p, out):
    kids = []
    if not (types[p] == '{' and struct_literal_ahead(tokens, p) is not None):
        return -1
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids.append(tokens[p])
    p += 1
    while True:
        q = match_part_of_StructBody(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if True:
        q = match_part_of_StructBody_2(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(StructBody)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_path_primary_2(types, tokens, failed, furthest, p, out):
    if types[p] == '{' and struct_literal_ahead(tokens, p) is not None:
        return -1
    return p


def match_part_of_Parenthesized_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Array_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_Array_2_2, match_part_of_Array_2_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_If_2(types, tokens, failed, furthest, p, out):
    p = match_LetCondition(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_block_branch(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_If_3(types, tokens, failed, furthest, p, out):
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    p = match_part_of_If_3_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_arm(types, tokens, failed, furthest, p, out):
    for alternative in (match_Arm, match_SequenceVariable):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_LoopVariable(types, tokens, failed, furthest, p, out):
    if types[p] != 'var':
        furthest.miss(p, 'var')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    if types[p + 2] != ':':
        furthest.miss(p + 2, ':')
        return -1
    kids = [tokens[p], tokens[p + 1], tokens[p + 2]]
    p += 3
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] != '<':
        furthest.miss(p, '<')
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(LoopVariable)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Return_2(types, tokens, failed, furthest, p, out):
    if not (not (tokens[p].newline_before or tokens[p].type in (';', '}', 'EOF'))):
        return -1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_part_of_Return_3(types, tokens, failed, furthest, p, out):
    if not (tokens[p].newline_before or tokens[p].type in (';', '}', 'EOF')):
        return -1
    return p


def match_part_of_Break_2(types, tokens, failed, furthest, p, out):
    if not (not (tokens[p].newline_before or tokens[p].type in (';', '}', 'EOF'))):
        return -1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_part_of_Break_3(types, tokens, failed, furthest, p, out):
    if not (tokens[p].newline_before or tokens[p].type in (';', '}', 'EOF')):
        return -1
    return p


def match_ClosureParameter(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_pattern(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if True:
        q = match_part_of_ClosureParameter(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(ClosureParameter)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Closure_3(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_ClosureParameter(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_MethodSuffix(types, tokens, failed, furthest, p, out):
    if types[p] != '.':
        furthest.miss(p, '.')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if True:
        q = match_part_of_MethodSuffix(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if not (not (tokens[p].newline_before)):
        return -1
    p = match_Arguments(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(MethodSuffix)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_FieldSuffix(types, tokens, failed, furthest, p, out):
    if types[p] != '.':
        furthest.miss(p, '.')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_part_of_FieldSuffix(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(FieldSuffix)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_CallSuffix(types, tokens, failed, furthest, p, out):
    kids = []
    if match_part_of_CallSuffix(types, tokens, failed, furthest, p, []) < 0:
        return -1
    p = match_Arguments(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(CallSuffix)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_IndexSuffix(types, tokens, failed, furthest, p, out):
    if types[p] != '[':
        furthest.miss(p, '[')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] != ']':
        furthest.miss(p, ']')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(IndexSuffix)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_PropagateSuffix(types, tokens, failed, furthest, p, out):
    if types[p] != '!':
        furthest.miss(p, '!')
        return -1
    node = new(PropagateSuffix)
    node.children = (tokens[p],)
    out.append(node)
    p += 1
    return p


def match_StepSuffix(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_16:
        furthest.miss(p, '++', '--')
        return -1
    node = new(StepSuffix)
    node.children = (tokens[p],)
    out.append(node)
    p += 1
    return p


def match_part_of_conditional_expression(types, tokens, failed, furthest, p, out):
    for alternative in (match_ternary_tail, match_plain_tail):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_infix_operator(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_17:
        furthest.miss(p, 'or', '||', 'and', '&&', '==', '!=', '<', '>', '<=', '>=', '|', '^', 'xor', '&', '<<', '>>', 'shl', 'shr', '+', '-')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_infix_operator_2(types, tokens, failed, furthest, p, out):
    if not (not (tokens[p].newline_before)):
        return -1
    if types[p] != '*':
        furthest.miss(p, '*')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_infix_operator_3(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_18:
        furthest.miss(p, '/', '%', 'to', 'through', '..')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_PatternArguments(types, tokens, failed, furthest, p, out):
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_PatternArguments_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_PatternFields(types, tokens, failed, furthest, p, out):
    p = match_FieldPattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_PatternFields_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_LifetimeArgument(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_19:
        furthest.miss(p, 'IDENT', 'static')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_generic_argument(types, tokens, failed, furthest, p, out):
    for alternative in (match_AssociatedBinding, match_part_of_generic_argument, match_type):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_GenericArguments_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_generic_argument(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_GenericParameter(types, tokens, failed, furthest, p, out):
    if types[p] != 'const':
        furthest.miss(p, 'const')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    out += (tokens[p], tokens[p + 1])
    p += 2
    if True:
        q = match_part_of_GenericParameter_4(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    return p


def match_part_of_GenericParameter_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'life':
        furthest.miss(p, 'life')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_part_of_GenericParameter_2_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    if types[p] == ':':
        out.append(tokens[p])
        p += 1
    if types[p] != ':':
        furthest.miss(p, ':')
    return p


def match_part_of_GenericParameter_3(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    out.append(tokens[p])
    p += 1
    if True:
        q = match_part_of_GenericParameter_3_2(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    if True:
        q = match_part_of_GenericParameter_3_3(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    return p


def match_Parameter(types, tokens, failed, furthest, p, out):
    kids = []
    for alternative in (match_part_of_Parameter, match_part_of_Parameter_2):
        q = alternative(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            break
    else:
        return -1
    p = q
    node = new(Parameter)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_WherePredicate_2(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    while True:
        q = match_part_of_WherePredicate_2_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    return p


def match_part_of_WherePredicate_3(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_Variant(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_Variant(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(Variant)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_SumVariant(types, tokens, failed, furthest, p, out):
    for alternative in (match_VariantPayload, match_VariantFields):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_SumVariant_2(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_StructField(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_AssociatedType(types, tokens, failed, furthest, p, out):
    if types[p] != 'type':
        furthest.miss(p, 'type')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if True:
        q = match_GenericParameters(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_part_of_AssociatedType(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if True:
        q = match_part_of_AssociatedType_2(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(AssociatedType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_UseGroup(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    out.append(tokens[p])
    p += 1
    while True:
        q = match_part_of_UseGroup_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_Constructor(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    if types[p + 1] != 'base':
        furthest.miss(p + 1, 'base')
        return -1
    out += (tokens[p], tokens[p + 1])
    p += 2
    p = match_Arguments(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-2:]
        return -1
    return p


def match_Accessor(types, tokens, failed, furthest, p, out):
    kids = []
    if not (types[p] == 'IDENT' and (tokens[p].lexeme in (b'get', b'set'))):
        return -1
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids.append(tokens[p])
    p += 1
    if True:
        q = match_Block(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(Accessor)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_class_function(types, tokens, failed, furthest, p, out):
    if types[p] != 'func':
        furthest.miss(p, 'func')
        return -1
    out.append(tokens[p])
    p += 1
    if not (types[p] in TYPES_15 and is_new(tokens, p) is not None):
        del out[-1:]
        return -1
    return p


def match_part_of_ClassField(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Path_2_2(types, tokens, failed, furthest, p, out):
    if not (types[p] == '[' and generics_ahead(tokens, p) is not None):
        return -1
    p = match_GenericArguments(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_part_of_Path_2_3(types, tokens, failed, furthest, p, out):
    if types[p] == '[' and generics_ahead(tokens, p) is not None:
        return -1
    return p


def match_part_of_StructBody(types, tokens, failed, furthest, p, out):
    p = match_FieldInit(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_StructBody_2(types, tokens, failed, furthest, p, out):
    if types[p] != '..':
        furthest.miss(p, '..')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Array_2_2(types, tokens, failed, furthest, p, out):
    if types[p] != ';':
        furthest.miss(p, ';')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Array_2_3(types, tokens, failed, furthest, p, out):
    while True:
        q = match_part_of_Array_2_3_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_LetCondition(types, tokens, failed, furthest, p, out):
    if types[p] != 'let':
        furthest.miss(p, 'let')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_pattern(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(LetCondition)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_block_branch(types, tokens, failed, furthest, p, out):
    p = match_Block(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if True:
        q = match_part_of_block_branch(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    return p


def match_part_of_If_3_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_then_branch, match_block_branch):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_Arm(types, tokens, failed, furthest, p, out):
    kids = []
    p = match_pattern(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    while True:
        q = match_part_of_Arm(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        kids.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    if True:
        q = match_Guard(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != '=>':
        furthest.miss(p, '=>')
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Arm)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_ClosureParameter(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_MethodSuffix(types, tokens, failed, furthest, p, out):
    if not (types[p] == '[' and method_generics_ahead(tokens, p) is not None):
        return -1
    p = match_MethodGenerics(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_part_of_FieldSuffix(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_20:
        furthest.miss(p, 'IDENT', 'INT', 'await')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_CallSuffix(types, tokens, failed, furthest, p, out):
    if types[p] != '(':
        furthest.miss(p, '(')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_PatternArguments_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_FieldPattern(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_FieldPattern(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(FieldPattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_PatternFields_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_FieldPattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_AssociatedBinding(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    if types[p + 1] != '=':
        furthest.miss(p + 1, '=')
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    p = match_type(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(AssociatedBinding)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_generic_argument(types, tokens, failed, furthest, p, out):
    if match_part_of_generic_argument_2(types, tokens, failed, furthest, p, []) < 0:
        return -1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    return p


def match_part_of_GenericParameter_4(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_GenericParameter_2_2(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_19:
        furthest.miss(p, 'IDENT', 'static')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_GenericParameter_3_2(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_bound(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    while True:
        q = match_part_of_GenericParameter_3_2_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    return p


def match_part_of_GenericParameter_3_3(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Parameter(types, tokens, failed, furthest, p, out):
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] != ':':
        furthest.miss(p, ':')
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-2:]
        return -1
    return p


def match_part_of_Parameter_2(types, tokens, failed, furthest, p, out):
    mark_0 = len(out)
    if types[p] == 'mut':
        out.append(tokens[p])
        p += 1
    if types[p] != 'mut':
        furthest.miss(p, 'mut')
    p = match_part_of_Parameter_2_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[mark_0:]
        return -1
    return p


def match_part_of_WherePredicate_2_2(types, tokens, failed, furthest, p, out):
    if types[p] != '+':
        furthest.miss(p, '+')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Variant(types, tokens, failed, furthest, p, out):
    for alternative in (match_VariantPayload, match_VariantFields, match_part_of_Variant_2):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_VariantPayload(types, tokens, failed, furthest, p, out):
    if types[p] != '(':
        furthest.miss(p, '(')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_VariantPayload(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ')':
        furthest.miss(p, ')')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(VariantPayload)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_VariantFields(types, tokens, failed, furthest, p, out):
    if types[p] != '{':
        furthest.miss(p, '{')
        return -1
    kids = [tokens[p]]
    p += 1
    while True:
        q = match_part_of_VariantFields(types, tokens, failed, furthest, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        furthest.miss(p, '}')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(VariantFields)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_AssociatedType(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    while True:
        q = match_part_of_AssociatedType_3(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    return p


def match_part_of_AssociatedType_2(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_UseGroup_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    if types[p + 1] != 'IDENT':
        furthest.miss(p + 1, 'IDENT')
        return -1
    out += (tokens[p], tokens[p + 1])
    p += 2
    return p


def match_FieldInit(types, tokens, failed, furthest, p, out):
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_FieldInit(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    node = new(FieldInit)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Array_2_3_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_block_branch(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_block_branch_2, match_Glued):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_then_branch(types, tokens, failed, furthest, p, out):
    if types[p] != 'then':
        furthest.miss(p, 'then')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_plain_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    if True:
        q = match_part_of_then_branch(types, tokens, failed, furthest, p, out)
        if q >= 0:
            p = q
    return p


def match_part_of_Arm(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_Guard(types, tokens, failed, furthest, p, out):
    if types[p] != 'if':
        furthest.miss(p, 'if')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Guard)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_MethodGenerics(types, tokens, failed, furthest, p, out):
    if types[p] != '[':
        furthest.miss(p, '[')
        return -1
    kids = [tokens[p]]
    p += 1
    if True:
        q = match_part_of_MethodGenerics(types, tokens, failed, furthest, p, kids)
        if q >= 0:
            p = q
    if types[p] != ']':
        furthest.miss(p, ']')
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(MethodGenerics)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_FieldPattern(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_pattern(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_generic_argument_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'INT':
        furthest.miss(p, 'INT')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_bound(types, tokens, failed, furthest, p, out):
    for alternative in (match_Lifetime, match_type):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_GenericParameter_3_2_2(types, tokens, failed, furthest, p, out):
    if types[p] != '+':
        furthest.miss(p, '+')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_bound(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Parameter_2_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_Parameter_2_2_2, match_part_of_Parameter_2_2_3):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Variant_2(types, tokens, failed, furthest, p, out):
    if types[p] != '=':
        furthest.miss(p, '=')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_VariantPayload(types, tokens, failed, furthest, p, out):
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_VariantPayload_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_VariantFields(types, tokens, failed, furthest, p, out):
    p = match_struct_field(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_part_of_AssociatedType_3(types, tokens, failed, furthest, p, out):
    if types[p] != '+':
        furthest.miss(p, '+')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_FieldInit(types, tokens, failed, furthest, p, out):
    if types[p] != ':':
        furthest.miss(p, ':')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_block_branch_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'else':
        furthest.miss(p, 'else')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_part_of_block_branch_2_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_Glued(types, tokens, failed, furthest, p, out):
    kids = []
    if not ((tokens[p].newline_before)):
        return -1
    p = match_part_of_Glued(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Glued)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_plain_expression(types, tokens, failed, furthest, p, out):
    if p in failed[2]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    p = match_operand(types, tokens, failed, furthest, p, out)
    if p < 0:
        failed[2].add(origin_0)
        return -1
    while True:
        q = match_plain_tail(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_expression(out[mark_0:])
    return p


def match_part_of_then_branch(types, tokens, failed, furthest, p, out):
    for alternative in (match_part_of_then_branch_2, match_Glued):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_MethodGenerics(types, tokens, failed, furthest, p, out):
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        return -1
    while True:
        q = match_part_of_MethodGenerics_2(types, tokens, failed, furthest, p, out)
        if q < 0:
            break
        p = q
    if types[p] == ',':
        out.append(tokens[p])
        p += 1
    if types[p] != ',':
        furthest.miss(p, ',')
    return p


def match_Lifetime(types, tokens, failed, furthest, p, out):
    if types[p] != 'life':
        furthest.miss(p, 'life')
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_part_of_Lifetime(types, tokens, failed, furthest, p, kids)
    if p < 0:
        return -1
    node = new(Lifetime)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Parameter_2_2_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'this':
        furthest.miss(p, 'this')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_Parameter_2_2_3(types, tokens, failed, furthest, p, out):
    if not (types[p] == 'IDENT' and (tokens[p].lexeme == b'self')):
        return -1
    if types[p] != 'IDENT':
        furthest.miss(p, 'IDENT')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_VariantPayload_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_block_branch_2_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_If, match_Block):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_Glued(types, tokens, failed, furthest, p, out):
    for alternative in (match_bracket_suffix, match_part_of_Glued_2):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p


def match_part_of_then_branch_2(types, tokens, failed, furthest, p, out):
    if types[p] != 'else':
        furthest.miss(p, 'else')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_part_of_then_branch_2_2(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_MethodGenerics_2(types, tokens, failed, furthest, p, out):
    if types[p] != ',':
        furthest.miss(p, ',')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_Lifetime(types, tokens, failed, furthest, p, out):
    if types[p] not in TYPES_19:
        furthest.miss(p, 'IDENT', 'static')
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_part_of_Glued_2(types, tokens, failed, furthest, p, out):
    if types[p] != '*':
        furthest.miss(p, '*')
        return -1
    out.append(tokens[p])
    p += 1
    p = match_operand(types, tokens, failed, furthest, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_part_of_then_branch_2_2(types, tokens, failed, furthest, p, out):
    for alternative in (match_If, match_plain_expression):
        q = alternative(types, tokens, failed, furthest, p, out)
        if q >= 0:
            break
    else:
        return -1
    p = q
    return p

REMEMBERED = 14
ROOTS: dict[str, Callable[..., int]] = {
    'Module': match_Module,
    'expression_snippet': match_expression_snippet,
    'statements_snippet': match_statements_snippet,
    'item_snippet': match_item_snippet,
    'pattern_snippet': match_pattern_snippet,
    'type_snippet': match_type_snippet,
}
