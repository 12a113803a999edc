"""The parser that builds trees.

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
TYPES_0 = frozenset(('@', 'abstract', 'async', 'behavior', 'class', 'const', 'func', 'impl', 'interface', 'lowlevel', 'mod', 'namespace', 'pub', 'sealed', 'type', 'union', 'use'))
TYPES_1 = frozenset(('!', '&', '(', '*', '-', 'CHAR', 'FLOAT', 'IDENT', 'INT', 'STRING', 'STRING_START', 'TEMPLATE', 'TEMPLATE_START', '[', 'async', 'await', 'base', 'behavior', 'break', 'const', 'continue', 'do', 'false', 'for', 'func', 'if', 'impl', 'let', 'loop', 'lowlevel', 'move', 'mut', 'not', 'null', 'pub', 'ref', 'return', 'this', 'throw', 'true', 'type', 'var', 'when', 'while', '{', '~'))
TYPES_2 = frozenset(('%=', '&=', '*=', '+=', '-=', '/=', '<<=', '=', '>>=', '^=', '|='))
TYPES_3 = frozenset(('!', '!=', '%', '%=', '&', '&&', '&=', '(', '*', '*=', '+', '++', '+=', '-', '--', '-=', '.', '..', '/', '/=', '<', '<<', '<<=', '<=', '=', '==', '>', '>=', '>>', '>>=', '?', '[', '^', '^=', 'and', 'as', 'is', 'or', 'shl', 'shr', 'through', 'to', 'xor', '|', '|=', '||'))
TYPES_4 = frozenset(('async', 'behavior', 'const', 'func', 'impl', 'lowlevel', 'pub', 'type'))
TYPES_5 = frozenset(('!', '*', '-', 'await', 'not', '~'))
TYPES_6 = frozenset(('!', '&', '*', '-', 'await', 'mut', 'not', 'ref', '~'))
TYPES_7 = frozenset(('!', '(', '++', '--', '.', '['))
TYPES_8 = frozenset(('as', 'is'))
TYPES_9 = frozenset(('!=', '&', '&&', '+', '-', '<', '<<', '<=', '==', '>', '>=', '>>', '^', 'and', 'or', 'shl', 'shr', 'xor', '|', '||'))
TYPES_10 = frozenset(('%', '..', '/', 'through', 'to'))
TYPES_11 = frozenset(('mut', 'ref'))
TYPES_12 = frozenset(('IDENT', 'static'))
TYPES_13 = frozenset(('const', 'mut'))
TYPES_14 = frozenset(('IDENT', 'func'))
TYPES_15 = frozenset(('IDENT', 'This'))
TYPES_16 = frozenset(('!', '&', '(', '*', '-', 'CHAR', 'FLOAT', 'IDENT', 'INT', 'STRING', 'STRING_START', 'TEMPLATE', 'TEMPLATE_START', '[', 'await', 'base', 'break', 'continue', 'do', 'false', 'for', 'if', 'loop', 'lowlevel', 'move', 'mut', 'not', 'null', 'ref', 'return', 'this', 'throw', 'true', 'when', 'while', '{', '~'))
TYPES_17 = frozenset(('async', 'lowlevel'))
TYPES_18 = frozenset(('IDENT', 'pub'))
TYPES_19 = frozenset(('IDENT', 'async', 'func', 'lowlevel', 'pub', 'type'))
TYPES_20 = frozenset(('@', 'IDENT', 'async', 'const', 'func', 'lowlevel', 'pub', 'type'))
TYPES_21 = frozenset(('IDENT', 'super', 'this'))
TYPES_22 = frozenset(('.', '::'))
TYPES_23 = frozenset(('abstract', 'sealed'))
TYPES_24 = frozenset(('abstract', 'override', 'private', 'protected', 'sealed', 'static', 'virtual'))
TYPES_25 = frozenset(('abstract', 'override', 'private', 'protected', 'pub', 'sealed', 'static', 'virtual'))
TYPES_26 = frozenset(('@', 'IDENT', 'abstract', 'async', 'func', 'lowlevel', 'override', 'private', 'prop', 'protected', 'pub', 'sealed', 'static', 'virtual'))
TYPES_27 = frozenset(('async', 'func', 'lowlevel', 'static'))
TYPES_28 = frozenset(('CHAR', 'FLOAT', 'INT', 'STRING', 'TEMPLATE', 'false', 'null', 'true'))
TYPES_29 = frozenset(('!', '(', '*', '++', '--', '[', 'else'))
TYPES_30 = frozenset(('(', 'CHAR', 'FLOAT', 'IDENT', 'INT', 'STRING', '[', 'false', 'mut', 'null', 'this', 'true'))
TYPES_31 = frozenset(('IDENT', 'INT', 'await'))
TYPES_32 = frozenset(('++', '--'))
TYPES_33 = frozenset(('CHAR', 'FLOAT', 'INT', 'STRING', 'false', 'null', 'true'))
TYPES_34 = frozenset(('CHAR', 'FLOAT', 'INT'))
TYPES_35 = frozenset(('through', 'to'))
TYPES_36 = frozenset(('IDENT', 'this'))
TYPES_37 = frozenset(('(', '{'))
TYPES_38 = frozenset(('&', '(', '*', 'IDENT', 'This', '[', 'dyn', 'func', 'impl', 'mut', 'ref'))
TYPES_39 = frozenset(('!', '&', '(', '*', '-', 'CHAR', 'FLOAT', 'IDENT', 'INT', 'STRING', 'STRING_START', 'TEMPLATE', 'TEMPLATE_START', 'This', '[', 'await', 'base', 'break', 'continue', 'do', 'dyn', 'false', 'for', 'func', 'if', 'impl', 'loop', 'lowlevel', 'move', 'mut', 'not', 'null', 'ref', 'return', 'this', 'throw', 'true', 'when', 'while', '{', '~'))
TYPES_40 = frozenset(('IDENT', 'const', 'life'))
TYPES_41 = frozenset(('(', '=', '{'))
TYPES_42 = frozenset(('!', '!=', '%', '&', '&&', '(', '*', '+', '++', '-', '--', '.', '..', '/', '<', '<<', '<=', '==', '>', '>=', '>>', '[', '^', 'and', 'as', 'is', 'or', 'shl', 'shr', 'through', 'to', 'xor', '|', '||'))
TYPES_43 = frozenset(('!', '(', '++', '--', '['))
TYPES_44 = frozenset(('!', '!=', '%', '&', '&&', '(', '*', '+', '++', '-', '--', '.', '..', '/', '<', '<<', '<=', '==', '>', '>=', '>>', '?', '[', '^', 'and', 'as', 'is', 'or', 'shl', 'shr', 'through', 'to', 'xor', '|', '||'))


def match_Module(types, tokens, failed, p, out):
    kids = []
    while types[p] in TYPES_0:
        q = match_declaration(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != 'EOF':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Module)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_expression_snippet(types, tokens, failed, p, out):
    p = match_expression(types, tokens, failed, p, out)
    if p < 0:
        return -1
    if types[p] != 'EOF':
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_statements_snippet(types, tokens, failed, p, out):
    mark_0 = len(out)
    while types[p] in TYPES_1:
        q = match_statement(types, tokens, failed, p, out)
        if q < 0:
            break
        p = q
    if types[p] != 'EOF':
        del out[mark_0:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_item_snippet(types, tokens, failed, p, out):
    p = match_declaration(types, tokens, failed, p, out)
    if p < 0:
        return -1
    if types[p] != 'EOF':
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_pattern_snippet(types, tokens, failed, p, out):
    p = match_pattern(types, tokens, failed, p, out)
    if p < 0:
        return -1
    if types[p] != 'EOF':
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_type_snippet(types, tokens, failed, p, out):
    p = match_type(types, tokens, failed, p, out)
    if p < 0:
        return -1
    if types[p] != 'EOF':
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_declaration(types, tokens, failed, p, out):
    mark_0 = len(out)
    while types[p] == '@':
        q = match_Decorator(types, tokens, failed, p, out)
        if q < 0:
            break
        p = q
    if types[p] == 'pub':
        q = match_Visibility(types, tokens, failed, p, out)
        if q >= 0:
            p = q
    p = match_item(types, tokens, failed, p, out)
    if p < 0:
        del out[mark_0:]
        return -1
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_item(out[mark_0:])
    return p


def match_expression(types, tokens, failed, p, out):
    if p in failed[0]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    p = match_operand(types, tokens, failed, p, out)
    if p < 0:
        failed[0].add(origin_0)
        return -1
    while types[p] in TYPES_3:
        origin_1 = p
        if types[p] in TYPES_2:
            out.append(tokens[p])
            p += 1
            p = match_operand(types, tokens, failed, p, out)
            if p < 0:
                del out[-1:]
                p = origin_1
                break
        elif types[p] == '?':
            q = match_ternary_tail(types, tokens, failed, p, out)
            if q < 0:
                break
            p = q
        else:
            q = match_plain_tail(types, tokens, failed, p, out)
            if q < 0:
                break
            p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_expression(out[mark_0:])
    return p


def match_statement(types, tokens, failed, p, out):
    if p in failed[9]:
        return -1
    origin_0 = p
    if types[p] == 'let':
        kids = [tokens[p]]
        p += 1
        if types[p] == 'volatile':
            kids.append(tokens[p])
            p += 1
        p = match_pattern(types, tokens, failed, p, kids)
        if p < 0:
            failed[9].add(origin_0)
            return -1
        p = match_initialiser(types, tokens, failed, p, kids)
        if p < 0:
            failed[9].add(origin_0)
            return -1
        while types[p] == 'else':
            origin_1 = p
            kids_2 = [tokens[p]]
            p += 1
            p = match_Block(types, tokens, failed, p, kids_2)
            if p < 0:
                p = origin_1
                break
            node = new(ElseBlock)
            node.children = tuple(kids_2)
            kids.append(node)
            break
        if types[p] == ';':
            kids.append(tokens[p])
            p += 1
        node = new(Let)
        node.children = tuple(kids)
        out.append(node)
    elif types[p] == 'var':
        kids_3 = [tokens[p]]
        p += 1
        if types[p] == 'volatile':
            kids_3.append(tokens[p])
            p += 1
        if types[p] != 'IDENT':
            failed[9].add(origin_0)
            return -1
        kids_3.append(tokens[p])
        p += 1
        p = match_initialiser(types, tokens, failed, p, kids_3)
        if p < 0:
            failed[9].add(origin_0)
            return -1
        if types[p] == ';':
            kids_3.append(tokens[p])
            p += 1
        node = new(Var)
        node.children = tuple(kids_3)
        out.append(node)
    else:
        q = match_part_of_statement(types, tokens, failed, p, out) if types[p] in TYPES_4 else -1
        if q >= 0:
            p = q
        else:
            kids_4 = []
            p = match_expression(types, tokens, failed, p, kids_4)
            if p < 0:
                failed[9].add(origin_0)
                return -1
            if types[p] == ';':
                kids_4.append(tokens[p])
                p += 1
            node = new(ExpressionStatement)
            node.children = tuple(kids_4)
            out.append(node)
    return p


def match_pattern(types, tokens, failed, p, out):
    if p in failed[13]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    p = match_single_pattern(types, tokens, failed, p, out)
    if p < 0:
        failed[13].add(origin_0)
        return -1
    while types[p] == '|':
        origin_1 = p
        out.append(tokens[p])
        p += 1
        p = match_single_pattern(types, tokens, failed, p, out)
        if p < 0:
            del out[-1:]
            p = origin_1
            break
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_pattern(out[mark_0:])
    return p


def match_type(types, tokens, failed, p, out):
    if p in failed[10]:
        return -1
    origin_0 = p
    alternative = TABLE_0.get(types[p])
    if alternative is None:
        failed[10].add(p)
        return -1
    p = alternative(types, tokens, failed, p, out)
    if p < 0:
        failed[10].add(origin_0)
        return -1
    return p


def match_Decorator(types, tokens, failed, p, out):
    if types[p] != '@':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    while types[p] == '(' and not (tokens[p].newline_before):
        q = match_Arguments(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        break
    node = new(Decorator)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Visibility(types, tokens, failed, p, out):
    if types[p] != 'pub':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] == '(':
        origin_1 = p
        mark_1 = len(kids)
        kids.append(tokens[p])
        p += 1
        while True:
            if types[p] == ')':
                break
            if types[p] == 'EOF':
                break
            kids.append(tokens[p])
            p += 1
        if types[p] != ')':
            del kids[mark_1:]
            p = origin_1
            break
        kids.append(tokens[p])
        p += 1
        break
    node = new(Visibility)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_item(types, tokens, failed, p, out):
    alternative = TABLE_1.get(types[p])
    if alternative is None:
        return -1
    p = alternative(types, tokens, failed, p, out)
    if p < 0:
        return -1
    return p


def match_operand(types, tokens, failed, p, out):
    if p in failed[3]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    while types[p] in TYPES_6:
        kids = []
        if types[p] in TYPES_5:
            kids.append(tokens[p])
            p += 1
        elif types[p] == 'mut':
            if types[p + 1] != 'ref':
                break
            kids += (tokens[p], tokens[p + 1])
            p += 2
        elif types[p] == 'ref':
            kids.append(tokens[p])
            p += 1
            if types[p] == 'mut':
                kids.append(tokens[p])
                p += 1
        else:
            if types[p] != '&':
                break
            kids.append(tokens[p])
            p += 1
            if types[p] == 'mut':
                kids.append(tokens[p])
                p += 1
        node = new(Prefix)
        node.children = tuple(kids)
        out.append(node)
    alternative = TABLE_2.get(types[p])
    if alternative is None:
        del out[mark_0:]
        failed[3].add(origin_0)
        return -1
    p = alternative(types, tokens, failed, p, out)
    if p < 0:
        del out[mark_0:]
        failed[3].add(origin_0)
        return -1
    while types[p] in TYPES_7 and not (tokens[p].newline_before):
        if types[p] == '.':
            q = match_dotted_suffix(types, tokens, failed, p, out)
            if q < 0:
                break
            p = q
        else:
            q = match_bracket_suffix(types, tokens, failed, p, out)
            if q < 0:
                break
            p = q
    return p


def match_ternary_tail(types, tokens, failed, p, out):
    p = match_TernaryMiddle(types, tokens, failed, p, out)
    if p < 0:
        return -1
    p = match_operand(types, tokens, failed, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_plain_tail(types, tokens, failed, p, out):
    if types[p] in TYPES_7:
        if types[p] == '.':
            p = match_dotted_suffix(types, tokens, failed, p, out)
            if p < 0:
                return -1
        else:
            if not (not (tokens[p].newline_before)):
                return -1
            p = match_bracket_suffix(types, tokens, failed, p, out)
            if p < 0:
                return -1
    elif types[p] in TYPES_8:
        kids = [tokens[p]]
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            return -1
        node = new(CastSuffix)
        node.children = tuple(kids)
        out.append(node)
    else:
        if types[p] in TYPES_9:
            out.append(tokens[p])
            p += 1
        elif types[p] == '*' and not (tokens[p].newline_before):
            out.append(tokens[p])
            p += 1
        else:
            if types[p] not in TYPES_10:
                return -1
            out.append(tokens[p])
            p += 1
        p = match_operand(types, tokens, failed, p, out)
        if p < 0:
            del out[-1:]
            return -1
    return p


def match_initialiser(types, tokens, failed, p, out):
    if types[p] == ':':
        out.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, out)
        if p < 0:
            del out[-1:]
            return -1
        while types[p] == '=':
            origin_1 = p
            out.append(tokens[p])
            p += 1
            p = match_expression(types, tokens, failed, p, out)
            if p < 0:
                del out[-1:]
                p = origin_1
                break
            break
    else:
        if types[p] != '=':
            return -1
        out.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, out)
        if p < 0:
            del out[-1:]
            return -1
    return p


def match_Block(types, tokens, failed, p, out):
    if p in failed[8]:
        return -1
    origin_0 = p
    if types[p] != '{':
        failed[8].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_1:
        q = match_statement(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        failed[8].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Block)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_statement(types, tokens, failed, p, out):
    kids = []
    if types[p] == 'pub':
        p = match_Visibility(types, tokens, failed, p, kids)
        if p < 0:
            return -1
        p = match_item(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    else:
        alternative = TABLE_3.get(types[p])
        if alternative is None:
            return -1
        p = alternative(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    out += fold_item(kids)
    if types[p] == ';':
        out.append(tokens[p])
        p += 1
    return p


def match_single_pattern(types, tokens, failed, p, out):
    alternative = TABLE_4.get(types[p])
    if alternative is None:
        return -1
    p = alternative(types, tokens, failed, p, out)
    if p < 0:
        return -1
    return p


def match_ReferenceType(types, tokens, failed, p, out):
    kids = []
    if types[p] in TYPES_11:
        if types[p] == 'mut':
            kids.append(tokens[p])
            p += 1
        if types[p] != 'ref':
            return -1
        kids.append(tokens[p])
        p += 1
        while types[p] == '[':
            kids_2 = []
            if not (types[p] == '[' and lifetime_ahead(tokens, p) is not None):
                break
            if types[p + 1] not in TYPES_12:
                break
            if types[p + 2] != ']':
                break
            kids_2 += (tokens[p], tokens[p + 1], tokens[p + 2])
            p += 3
            node = new(LifetimeArgument)
            node.children = tuple(kids_2)
            kids.append(node)
            break
    else:
        if types[p] != '&':
            return -1
        kids.append(tokens[p])
        p += 1
        if types[p] == 'mut':
            kids.append(tokens[p])
            p += 1
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(ReferenceType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_PointerType(types, tokens, failed, p, out):
    if types[p] != '*':
        return -1
    kids = [tokens[p]]
    p += 1
    if types[p] in TYPES_13:
        kids.append(tokens[p])
        p += 1
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(PointerType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ArrayType(types, tokens, failed, p, out):
    if types[p] != '[':
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    while types[p] == ';':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    if types[p] != ']':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(ArrayType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_TupleType(types, tokens, failed, p, out):
    kids = []
    p = match_type_list(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    if types[p] == '->':
        q = match_ReturnType(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    node = new(TupleType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_type(types, tokens, failed, p, out):
    q = match_FunctionType(types, tokens, failed, p, out) if types[p] in TYPES_14 else -1
    if q >= 0:
        p = q
    else:
        p = match_NamedType(types, tokens, failed, p, out)
        if p < 0:
            return -1
    return p


def match_FunctionType(types, tokens, failed, p, out):
    kids = []
    if types[p] == 'func':
        kids.append(tokens[p])
        p += 1
    else:
        if not (types[p] == 'IDENT' and (tokens[p].lexeme == b'Fn' and tokens[p + 1].type == '(')):
            return -1
        if types[p] != 'IDENT':
            return -1
        kids.append(tokens[p])
        p += 1
    p = match_type_list(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    if types[p] == '->':
        q = match_ReturnType(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    node = new(FunctionType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_DynType(types, tokens, failed, p, out):
    if types[p] != 'dyn':
        return -1
    kids = [tokens[p]]
    p += 1
    if types[p] == 'mut':
        kids.append(tokens[p])
        p += 1
    p = match_NamedType(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(DynType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ImplType(types, tokens, failed, p, out):
    if types[p] != 'impl':
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_NamedType(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(ImplType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_NamedType(types, tokens, failed, p, out):
    if types[p] not in TYPES_15:
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] == '::':
        if types[p + 1] != 'IDENT':
            break
        kids += (tokens[p], tokens[p + 1])
        p += 2
    while types[p] == '[' and generics_ahead(tokens, p) is not None:
        q = match_GenericArguments(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        break
    node = new(NamedType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Arguments(types, tokens, failed, p, out):
    if p in failed[7]:
        return -1
    origin_0 = p
    if types[p] != '(':
        failed[7].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_16:
        q = match_expression(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_expression(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
        break
    if types[p] != ')':
        failed[7].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Arguments)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Function(types, tokens, failed, p, out):
    kids = []
    while types[p] in TYPES_17:
        kids.append(tokens[p])
        p += 1
    if types[p] != 'func':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids += (tokens[p], tokens[p + 1])
    p += 2
    if types[p] == '[':
        q = match_GenericParameters(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    p = match_Parameters(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    if types[p] == '->':
        q = match_ReturnType(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    if types[p] == 'where':
        q = match_WhereClause(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    if types[p] == '{':
        q = match_Block(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    node = new(Function)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_type_declaration(types, tokens, failed, p, out):
    if types[p] != 'type':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if types[p] == '[':
        q = match_GenericParameters(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    q = match_EnumBody(types, tokens, failed, p, kids) if types[p] == '{' else -1
    if q >= 0:
        p = q
    else:
        q = match_SumTypeBody(types, tokens, failed, p, kids) if types[p] == '=' else -1
        if q >= 0:
            p = q
        elif types[p] == '=':
            kids_2 = [tokens[p]]
            p += 1
            p = match_type(types, tokens, failed, p, kids_2)
            if p < 0:
                return -1
            node = new(AliasBody)
            node.children = tuple(kids_2)
            kids.append(node)
        else:
            kids_3 = []
            if types[p] == 'where':
                q = match_WhereClause(types, tokens, failed, p, kids_3)
                if q >= 0:
                    p = q
            if types[p] != '{':
                return -1
            kids_3.append(tokens[p])
            p += 1
            while types[p] in TYPES_18:
                q = match_struct_field(types, tokens, failed, p, kids_3)
                if q < 0:
                    break
                p = q
                if types[p] == ',':
                    kids_3.append(tokens[p])
                    p += 1
            if types[p] != '}':
                return -1
            kids_3.append(tokens[p])
            p += 1
            node = new(StructFields)
            node.children = tuple(kids_3)
            kids.append(node)
    out += fold_type_declaration(kids)
    return p


def match_Union(types, tokens, failed, p, out):
    if types[p] != 'union':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    if types[p + 2] != '{':
        return -1
    kids = [tokens[p], tokens[p + 1], tokens[p + 2]]
    p += 3
    while types[p] in TYPES_18:
        q = match_struct_field(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Union)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Behavior(types, tokens, failed, p, out):
    if types[p] != 'behavior':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if types[p] == '[':
        q = match_GenericParameters(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    while types[p] == ':':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        while types[p] == '+':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_type(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        break
    if types[p] != '{':
        return -1
    kids.append(tokens[p])
    p += 1
    while types[p] in TYPES_19:
        origin_1 = p
        kids_2 = []
        if types[p] == 'IDENT':
            q = match_SequenceVariable(types, tokens, failed, p, kids_2)
            if q < 0:
                break
            p = q
        else:
            if types[p] == 'pub':
                q = match_Visibility(types, tokens, failed, p, kids_2)
                if q >= 0:
                    p = q
            if types[p] == 'type':
                p = match_AssociatedType(types, tokens, failed, p, kids_2)
                if p < 0:
                    p = origin_1
                    break
            else:
                p = match_Function(types, tokens, failed, p, kids_2)
                if p < 0:
                    p = origin_1
                    break
        kids += fold_item(kids_2)
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Behavior)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Impl(types, tokens, failed, p, out):
    if types[p] != 'impl':
        return -1
    kids = [tokens[p]]
    p += 1
    if types[p] == '[':
        q = match_GenericParameters(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    while types[p] == 'for':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    if types[p] == 'where':
        q = match_WhereClause(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    if types[p] != '{':
        return -1
    kids.append(tokens[p])
    p += 1
    while types[p] in TYPES_20:
        origin_1 = p
        kids_2 = []
        if types[p] == 'IDENT':
            q = match_SequenceVariable(types, tokens, failed, p, kids_2)
            if q < 0:
                break
            p = q
        else:
            while types[p] == '@':
                q = match_Decorator(types, tokens, failed, p, kids_2)
                if q < 0:
                    break
                p = q
            if types[p] == 'pub':
                q = match_Visibility(types, tokens, failed, p, kids_2)
                if q >= 0:
                    p = q
            if types[p] == 'type':
                p = match_AssociatedType(types, tokens, failed, p, kids_2)
                if p < 0:
                    p = origin_1
                    break
            elif types[p] == 'const':
                p = match_Const(types, tokens, failed, p, kids_2)
                if p < 0:
                    p = origin_1
                    break
            else:
                p = match_Function(types, tokens, failed, p, kids_2)
                if p < 0:
                    p = origin_1
                    break
        kids += fold_item(kids_2)
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Impl)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Const(types, tokens, failed, p, out):
    if types[p] != 'const':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    if types[p + 2] != ':':
        return -1
    kids = [tokens[p], tokens[p + 1], tokens[p + 2]]
    p += 3
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    if types[p] != '=':
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(Const)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Use(types, tokens, failed, p, out):
    if types[p] != 'use':
        return -1
    if types[p + 1] not in TYPES_21:
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    while types[p] in TYPES_22:
        if types[p + 1] != 'IDENT':
            break
        kids += (tokens[p], tokens[p + 1])
        p += 2
    while types[p] in TYPES_22:
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        if types[p] == '*':
            kids.append(tokens[p])
            p += 1
        else:
            if types[p] != '{':
                del kids[-1:]
                p = origin_1
                break
            kids_2 = [tokens[p]]
            p += 1
            if types[p] == 'IDENT':
                kids_2.append(tokens[p])
                p += 1
                while types[p] == ',':
                    if types[p + 1] != 'IDENT':
                        break
                    kids_2 += (tokens[p], tokens[p + 1])
                    p += 2
                if types[p] == ',':
                    kids_2.append(tokens[p])
                    p += 1
            if types[p] != '}':
                del kids[-1:]
                p = origin_1
                break
            kids_2.append(tokens[p])
            p += 1
            node = new(UseGroup)
            node.children = tuple(kids_2)
            kids.append(node)
        break
    while types[p] == 'as':
        if types[p + 1] != 'IDENT':
            break
        kids += (tokens[p], tokens[p + 1])
        p += 2
        break
    node = new(Use)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ModuleDeclaration(types, tokens, failed, p, out):
    if types[p] != 'mod':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    node = new(ModuleDeclaration)
    node.children = (tokens[p], tokens[p + 1],)
    out.append(node)
    p += 2
    return p


def match_Class(types, tokens, failed, p, out):
    kids = []
    while types[p] in TYPES_23:
        kids.append(tokens[p])
        p += 1
    if types[p] != 'class':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids += (tokens[p], tokens[p + 1])
    p += 2
    if types[p] == '[':
        q = match_GenericParameters(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    while types[p] == 'extends':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_NamedType(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    while types[p] == 'implements':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_type(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        break
    if types[p] == 'where':
        q = match_WhereClause(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    if types[p] != '{':
        return -1
    kids.append(tokens[p])
    p += 1
    while types[p] in TYPES_26:
        origin_1 = p
        kids_2 = []
        while types[p] == '@':
            q = match_Decorator(types, tokens, failed, p, kids_2)
            if q < 0:
                break
            p = q
        while types[p] in TYPES_25:
            if types[p] == 'pub':
                q = match_Visibility(types, tokens, failed, p, kids_2)
                if q < 0:
                    break
                p = q
            else:
                if types[p] not in TYPES_24:
                    break
                kids_2.append(tokens[p])
                p += 1
        alternative = TABLE_5.get(types[p])
        if alternative is None:
            p = origin_1
            break
        p = alternative(types, tokens, failed, p, kids_2)
        if p < 0:
            p = origin_1
            break
        kids += fold_item(kids_2)
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Class)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Interface(types, tokens, failed, p, out):
    if types[p] != 'interface':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if types[p] == '[':
        q = match_GenericParameters(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    while types[p] == 'extends':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_type(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        break
    if types[p] == 'where':
        q = match_WhereClause(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    if types[p] != '{':
        return -1
    kids.append(tokens[p])
    p += 1
    while types[p] in TYPES_27:
        origin_1 = p
        kids_2 = []
        if types[p] == 'static':
            kids_2.append(tokens[p])
            p += 1
        p = match_plain_function(types, tokens, failed, p, kids_2)
        if p < 0:
            p = origin_1
            break
        kids += fold_item(kids_2)
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Interface)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Namespace(types, tokens, failed, p, out):
    if types[p] != 'namespace':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    while types[p] == '.':
        if types[p + 1] != 'IDENT':
            break
        kids += (tokens[p], tokens[p + 1])
        p += 2
    if types[p] != '{':
        return -1
    kids.append(tokens[p])
    p += 1
    while types[p] in TYPES_0:
        q = match_declaration(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Namespace)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Literal(types, tokens, failed, p, out):
    if types[p] not in TYPES_28:
        return -1
    node = new(Literal)
    node.children = (tokens[p],)
    out.append(node)
    p += 1
    return p


def match_InterpolatedString(types, tokens, failed, p, out):
    kids = []
    if types[p] == 'STRING_START':
        kids.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            return -1
        while types[p] == 'STRING_MIDDLE':
            origin_1 = p
            kids.append(tokens[p])
            p += 1
            p = match_expression(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_1
                break
        if types[p] != 'STRING_END':
            return -1
        kids.append(tokens[p])
        p += 1
    else:
        if types[p] != 'TEMPLATE_START':
            return -1
        kids.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            return -1
        while types[p] == 'TEMPLATE_MIDDLE':
            origin_1 = p
            kids.append(tokens[p])
            p += 1
            p = match_expression(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_1
                break
        if types[p] != 'TEMPLATE_END':
            return -1
        kids.append(tokens[p])
        p += 1
    node = new(InterpolatedString)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_path_primary(types, tokens, failed, p, out):
    mark_0 = len(out)
    if types[p] != 'IDENT':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] == '::':
        if types[p + 1] != 'IDENT':
            break
        kids += (tokens[p], tokens[p + 1])
        p += 2
    if types[p] == '[' and generics_ahead(tokens, p) is not None:
        p = match_GenericArguments(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    else:
        if types[p] == '[' and generics_ahead(tokens, p) is not None:
            return -1
    node = new(Path)
    node.children = tuple(kids)
    out.append(node)
    q = match_StaticSuffix(types, tokens, failed, p, out) if types[p] == '::' else -1
    if q >= 0:
        p = q
    else:
        q = match_StructBody(types, tokens, failed, p, out) if types[p] == '{' else -1
        if q >= 0:
            p = q
        else:
            if types[p] == '{' and struct_literal_ahead(tokens, p) is not None:
                del out[-1:]
                return -1
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_path_primary(out[mark_0:])
    return p


def match_This(types, tokens, failed, p, out):
    if types[p] != 'this':
        return -1
    node = new(This)
    node.children = (tokens[p],)
    out.append(node)
    p += 1
    return p


def match_BaseAccess(types, tokens, failed, p, out):
    if types[p] != 'base':
        return -1
    if types[p + 1] != '.':
        return -1
    if types[p + 2] != 'IDENT':
        return -1
    kids = [tokens[p], tokens[p + 1], tokens[p + 2]]
    p += 3
    while types[p] == '[' and generics_ahead(tokens, p) is not None:
        q = match_GenericArguments(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        break
    if types[p] == '(':
        q = match_Arguments(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    node = new(BaseAccess)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Parenthesized(types, tokens, failed, p, out):
    if types[p] != '(':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_16:
        q = match_expression(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_expression(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
        break
    if types[p] != ')':
        return -1
    kids.append(tokens[p])
    p += 1
    out += fold_parenthesized(kids)
    return p


def match_Array(types, tokens, failed, p, out):
    if types[p] != '[':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_16:
        q = match_expression(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        q = match_part_of_Array(types, tokens, failed, p, kids) if types[p] == ';' else -1
        if q >= 0:
            p = q
        else:
            while types[p] == ',':
                origin_2 = p
                kids.append(tokens[p])
                p += 1
                p = match_expression(types, tokens, failed, p, kids)
                if p < 0:
                    del kids[-1:]
                    p = origin_2
                    break
            if types[p] == ',':
                kids.append(tokens[p])
                p += 1
        break
    if types[p] != ']':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Array)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_LowlevelBlock(types, tokens, failed, p, out):
    if types[p] != 'lowlevel':
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_Block(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(LowlevelBlock)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_If(types, tokens, failed, p, out):
    if types[p] != 'if':
        return -1
    kids = [tokens[p]]
    p += 1
    if types[p] == 'let':
        kids_2 = [tokens[p]]
        p += 1
        p = match_pattern(types, tokens, failed, p, kids_2)
        if p < 0:
            return -1
        if types[p] != '=':
            return -1
        kids_2.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, kids_2)
        if p < 0:
            return -1
        node = new(LetCondition)
        node.children = tuple(kids_2)
        kids.append(node)
        p = match_block_branch(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    else:
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            return -1
        if types[p] == 'then':
            kids.append(tokens[p])
            p += 1
            p = match_plain_expression(types, tokens, failed, p, kids)
            if p < 0:
                return -1
            while types[p] in TYPES_29:
                origin_1 = p
                if types[p] == 'else':
                    kids.append(tokens[p])
                    p += 1
                    q = match_If(types, tokens, failed, p, kids) if types[p] == 'if' else -1
                    if q >= 0:
                        p = q
                    else:
                        p = match_plain_expression(types, tokens, failed, p, kids)
                        if p < 0:
                            del kids[-1:]
                            p = origin_1
                            break
                else:
                    q = match_Glued(types, tokens, failed, p, kids)
                    if q < 0:
                        break
                    p = q
                break
        else:
            p = match_block_branch(types, tokens, failed, p, kids)
            if p < 0:
                return -1
    out += fold_if(kids)
    return p


def match_When(types, tokens, failed, p, out):
    if types[p] != 'when':
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_expression(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    if types[p] != '{':
        return -1
    kids.append(tokens[p])
    p += 1
    while types[p] in TYPES_30:
        q = match_Arm(types, tokens, failed, p, kids) if types[p] in TYPES_30 else -1
        if q >= 0:
            p = q
        else:
            q = match_SequenceVariable(types, tokens, failed, p, kids)
            if q < 0:
                break
            p = q
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(When)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Loop(types, tokens, failed, p, out):
    if types[p] != 'loop':
        return -1
    if types[p + 1] != '(':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if types[p] == 'var':
        if types[p + 1] != 'IDENT':
            return -1
        if types[p + 2] != ':':
            return -1
        kids_2 = [tokens[p], tokens[p + 1], tokens[p + 2]]
        p += 3
        p = match_type(types, tokens, failed, p, kids_2)
        if p < 0:
            return -1
        if types[p] != '<':
            return -1
        kids_2.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, kids_2)
        if p < 0:
            return -1
        node = new(LoopVariable)
        node.children = tuple(kids_2)
        kids.append(node)
    else:
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    if types[p] != ')':
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_Block(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(Loop)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_While(types, tokens, failed, p, out):
    if types[p] != 'while':
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_expression(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    p = match_Block(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(While)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_For(types, tokens, failed, p, out):
    if types[p] != 'for':
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_pattern(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    if types[p] != 'in':
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    p = match_Block(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(For)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Return(types, tokens, failed, p, out):
    if types[p] != 'return':
        return -1
    kids = [tokens[p]]
    p += 1
    if types[p] in TYPES_16 and not (tokens[p].newline_before or tokens[p].type in (';', '}', 'EOF')):
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    else:
        if not (tokens[p].newline_before or tokens[p].type in (';', '}', 'EOF')):
            return -1
    node = new(Return)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Break(types, tokens, failed, p, out):
    if types[p] != 'break':
        return -1
    kids = [tokens[p]]
    p += 1
    if types[p] in TYPES_16 and not (tokens[p].newline_before or tokens[p].type in (';', '}', 'EOF')):
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    else:
        if not (tokens[p].newline_before or tokens[p].type in (';', '}', 'EOF')):
            return -1
    node = new(Break)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Continue(types, tokens, failed, p, out):
    if types[p] != 'continue':
        return -1
    node = new(Continue)
    node.children = (tokens[p],)
    out.append(node)
    p += 1
    return p


def match_Throw(types, tokens, failed, p, out):
    if types[p] != 'throw':
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_expression(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(Throw)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Closure(types, tokens, failed, p, out):
    kids = []
    if types[p] == 'move':
        kids.append(tokens[p])
        p += 1
    if types[p] != 'do':
        return -1
    if types[p + 1] != '(':
        return -1
    kids += (tokens[p], tokens[p + 1])
    p += 2
    while types[p] in TYPES_30:
        q = match_ClosureParameter(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_ClosureParameter(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
        break
    if types[p] != ')':
        return -1
    kids.append(tokens[p])
    p += 1
    if types[p] == '->':
        q = match_ReturnType(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    q = match_Block(types, tokens, failed, p, kids) if types[p] == '{' else -1
    if q >= 0:
        p = q
    else:
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    node = new(Closure)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_dotted_suffix(types, tokens, failed, p, out):
    if p in failed[5]:
        return -1
    q = match_MethodSuffix(types, tokens, failed, p, out) if types[p] == '.' else -1
    if q >= 0:
        p = q
    else:
        if types[p] != '.':
            failed[5].add(p)
            return -1
        if types[p + 1] not in TYPES_31:
            failed[5].add(p)
            return -1
        node = new(FieldSuffix)
        node.children = (tokens[p], tokens[p + 1],)
        out.append(node)
        p += 2
    return p


def match_bracket_suffix(types, tokens, failed, p, out):
    if p in failed[6]:
        return -1
    origin_0 = p
    if types[p] == '(':
        kids = []
        p = match_Arguments(types, tokens, failed, p, kids)
        if p < 0:
            failed[6].add(origin_0)
            return -1
        node = new(CallSuffix)
        node.children = tuple(kids)
        out.append(node)
    elif types[p] == '[':
        kids_2 = [tokens[p]]
        p += 1
        p = match_expression(types, tokens, failed, p, kids_2)
        if p < 0:
            failed[6].add(origin_0)
            return -1
        if types[p] != ']':
            failed[6].add(origin_0)
            return -1
        kids_2.append(tokens[p])
        p += 1
        node = new(IndexSuffix)
        node.children = tuple(kids_2)
        out.append(node)
    elif types[p] == '!':
        node = new(PropagateSuffix)
        node.children = (tokens[p],)
        out.append(node)
        p += 1
    else:
        if types[p] not in TYPES_32:
            failed[6].add(p)
            return -1
        node = new(StepSuffix)
        node.children = (tokens[p],)
        out.append(node)
        p += 1
    return p


def match_TernaryMiddle(types, tokens, failed, p, out):
    if p in failed[4]:
        return -1
    origin_0 = p
    if types[p] != '?':
        failed[4].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_conditional_expression(types, tokens, failed, p, kids)
    if p < 0:
        failed[4].add(origin_0)
        return -1
    if types[p] != ':':
        failed[4].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(TernaryMiddle)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_plain_function(types, tokens, failed, p, out):
    if types[p] != 'func':
        return -1
    p = match_Function(types, tokens, failed, p, out)
    if p < 0:
        return -1
    return p


def match_LiteralPattern(types, tokens, failed, p, out):
    if types[p] not in TYPES_33:
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_35:
        if types[p + 1] not in TYPES_34:
            break
        kids += (tokens[p], tokens[p + 1])
        p += 2
        break
    node = new(LiteralPattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ArrayPattern(types, tokens, failed, p, out):
    if types[p] != '[':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_30:
        q = match_pattern(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_pattern(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        break
    if types[p] == ',':
        kids.append(tokens[p])
        p += 1
    if types[p] == '..':
        kids.append(tokens[p])
        p += 1
        if types[p] in TYPES_30:
            q = match_pattern(types, tokens, failed, p, kids)
            if q >= 0:
                p = q
    if types[p] != ']':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(ArrayPattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_TuplePattern(types, tokens, failed, p, out):
    if types[p] != '(':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_30:
        q = match_pattern(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_pattern(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
        break
    if types[p] != ')':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(TuplePattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_BindingPattern(types, tokens, failed, p, out):
    kids = []
    if types[p] == 'mut':
        if types[p + 1] not in TYPES_36:
            return -1
        kids += (tokens[p], tokens[p + 1])
        p += 2
    else:
        if types[p] != 'this':
            return -1
        kids.append(tokens[p])
        p += 1
    node = new(BindingPattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_path_pattern(types, tokens, failed, p, out):
    kids = []
    if types[p] != 'IDENT':
        return -1
    kids_2 = [tokens[p]]
    p += 1
    while types[p] == '::':
        if types[p + 1] != 'IDENT':
            break
        kids_2 += (tokens[p], tokens[p + 1])
        p += 2
    node = new(PatternPath)
    node.children = tuple(kids_2)
    kids.append(node)
    while types[p] in TYPES_37:
        origin_1 = p
        if types[p] == '(':
            kids_3 = [tokens[p]]
            p += 1
            while types[p] in TYPES_30:
                q = match_pattern(types, tokens, failed, p, kids_3)
                if q < 0:
                    break
                p = q
                while types[p] == ',':
                    origin_3 = p
                    kids_3.append(tokens[p])
                    p += 1
                    p = match_pattern(types, tokens, failed, p, kids_3)
                    if p < 0:
                        del kids_3[-1:]
                        p = origin_3
                        break
                if types[p] == ',':
                    kids_3.append(tokens[p])
                    p += 1
                break
            if types[p] != ')':
                p = origin_1
                break
            kids_3.append(tokens[p])
            p += 1
            node = new(PatternArguments)
            node.children = tuple(kids_3)
            kids.append(node)
        else:
            if types[p] != '{':
                break
            kids_4 = [tokens[p]]
            p += 1
            while types[p] == 'IDENT':
                q = match_FieldPattern(types, tokens, failed, p, kids_4)
                if q < 0:
                    break
                p = q
                while types[p] == ',':
                    origin_3 = p
                    kids_4.append(tokens[p])
                    p += 1
                    p = match_FieldPattern(types, tokens, failed, p, kids_4)
                    if p < 0:
                        del kids_4[-1:]
                        p = origin_3
                        break
                if types[p] == ',':
                    kids_4.append(tokens[p])
                    p += 1
                break
            if types[p] == '..':
                kids_4.append(tokens[p])
                p += 1
            if types[p] != '}':
                p = origin_1
                break
            kids_4.append(tokens[p])
            p += 1
            node = new(PatternFields)
            node.children = tuple(kids_4)
            kids.append(node)
        break
    out += fold_path_pattern(kids)
    return p


def match_type_list(types, tokens, failed, p, out):
    mark_0 = len(out)
    if types[p] != '(':
        return -1
    out.append(tokens[p])
    p += 1
    while types[p] in TYPES_38:
        q = match_type(types, tokens, failed, p, out)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            out.append(tokens[p])
            p += 1
            p = match_type(types, tokens, failed, p, out)
            if p < 0:
                del out[-1:]
                p = origin_2
                break
        if types[p] == ',':
            out.append(tokens[p])
            p += 1
        break
    if types[p] != ')':
        del out[mark_0:]
        return -1
    out.append(tokens[p])
    p += 1
    return p


def match_ReturnType(types, tokens, failed, p, out):
    if types[p] != '->':
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(ReturnType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_GenericArguments(types, tokens, failed, p, out):
    if p in failed[11]:
        return -1
    origin_0 = p
    if types[p] != '[':
        failed[11].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_39:
        q = match_generic_argument(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_generic_argument(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
        break
    if types[p] != ']':
        failed[11].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(GenericArguments)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_GenericParameters(types, tokens, failed, p, out):
    if p in failed[12]:
        return -1
    origin_0 = p
    if types[p] != '[':
        failed[12].add(p)
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_40:
        q = match_GenericParameter(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_GenericParameter(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
        break
    if types[p] != ']':
        failed[12].add(origin_0)
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(GenericParameters)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Parameters(types, tokens, failed, p, out):
    if types[p] != '(':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_30:
        q = match_parameter(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_parameter(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
        break
    if types[p] != ')':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Parameters)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_WhereClause(types, tokens, failed, p, out):
    if types[p] != 'where':
        return -1
    kids = [tokens[p]]
    p += 1
    p = match_WherePredicate(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    while types[p] == ',':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_WherePredicate(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
    if types[p] == ',':
        kids.append(tokens[p])
        p += 1
    node = new(WhereClause)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_EnumBody(types, tokens, failed, p, out):
    kids = []
    if not (types[p] == '{' and enum_body_ahead(tokens, p) is not None):
        return -1
    if types[p] != '{':
        return -1
    kids.append(tokens[p])
    p += 1
    while types[p] == 'IDENT':
        kids_2 = [tokens[p]]
        p += 1
        while types[p] in TYPES_41:
            origin_2 = p
            if types[p] == '(':
                q = match_VariantPayload(types, tokens, failed, p, kids_2)
                if q < 0:
                    break
                p = q
            elif types[p] == '{':
                q = match_VariantFields(types, tokens, failed, p, kids_2)
                if q < 0:
                    break
                p = q
            else:
                if types[p] != '=':
                    break
                kids_2.append(tokens[p])
                p += 1
                p = match_expression(types, tokens, failed, p, kids_2)
                if p < 0:
                    del kids_2[-1:]
                    p = origin_2
                    break
            break
        node = new(Variant)
        node.children = tuple(kids_2)
        kids.append(node)
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(EnumBody)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_SumTypeBody(types, tokens, failed, p, out):
    kids = []
    if not (types[p] == '=' and sum_type_ahead(tokens, p) is not None):
        return -1
    if types[p] != '=':
        return -1
    kids.append(tokens[p])
    p += 1
    if types[p] == '|':
        kids.append(tokens[p])
        p += 1
    p = match_SumVariant(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    while types[p] == '|':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_SumVariant(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
    node = new(SumTypeBody)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_struct_field(types, tokens, failed, p, out):
    q = match_StructField(types, tokens, failed, p, out) if types[p] in TYPES_18 else -1
    if q >= 0:
        p = q
    else:
        p = match_SequenceVariable(types, tokens, failed, p, out)
        if p < 0:
            return -1
    return p


def match_SequenceVariable(types, tokens, failed, p, out):
    kids = []
    if not (types[p] == 'IDENT' and (tokens[p].lexeme.startswith((b'$...', b'$$$')))):
        return -1
    if types[p] != 'IDENT':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(SequenceVariable)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_AssociatedType(types, tokens, failed, p, out):
    if types[p] != 'type':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    if types[p] == '[':
        q = match_GenericParameters(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    while types[p] == ':':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        while types[p] == '+':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_type(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        break
    while types[p] == '=':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    node = new(AssociatedType)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Class(types, tokens, failed, p, out):
    q = match_Constructor(types, tokens, failed, p, out) if types[p] in TYPES_14 else -1
    if q >= 0:
        p = q
    else:
        q = match_ClassField(types, tokens, failed, p, out) if types[p] == 'IDENT' else -1
        if q >= 0:
            p = q
        else:
            p = match_SequenceVariable(types, tokens, failed, p, out)
            if p < 0:
                return -1
    return p


def match_part_of_Class_2(types, tokens, failed, p, out):
    q = match_Constructor(types, tokens, failed, p, out) if types[p] in TYPES_14 else -1
    if q >= 0:
        p = q
    else:
        if match_part_of_Class_2_2(types, tokens, failed, p, []) >= 0:
            return -1
        p = match_plain_function(types, tokens, failed, p, out)
        if p < 0:
            return -1
    return p


def match_Property(types, tokens, failed, p, out):
    if types[p] != 'prop':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    if types[p + 2] != ':':
        return -1
    kids = [tokens[p], tokens[p + 1], tokens[p + 2]]
    p += 3
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    if types[p] != '{':
        return -1
    kids.append(tokens[p])
    p += 1
    while types[p] == 'IDENT':
        kids_2 = []
        if not (types[p] == 'IDENT' and (tokens[p].lexeme in (b'get', b'set'))):
            break
        kids_2.append(tokens[p])
        p += 1
        if types[p] == '{':
            q = match_Block(types, tokens, failed, p, kids_2)
            if q >= 0:
                p = q
        node = new(Accessor)
        node.children = tuple(kids_2)
        kids.append(node)
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(Property)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_class_function(types, tokens, failed, p, out):
    if match_part_of_Class_2_2(types, tokens, failed, p, []) >= 0:
        return -1
    p = match_plain_function(types, tokens, failed, p, out)
    if p < 0:
        return -1
    return p


def match_StaticSuffix(types, tokens, failed, p, out):
    if types[p] != '::':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    p = match_Arguments(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(StaticSuffix)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_StructBody(types, tokens, failed, p, out):
    kids = []
    if not (types[p] == '{' and struct_literal_ahead(tokens, p) is not None):
        return -1
    if types[p] != '{':
        return -1
    kids.append(tokens[p])
    p += 1
    while types[p] == 'IDENT':
        kids_2 = [tokens[p]]
        p += 1
        while types[p] == ':':
            origin_2 = p
            kids_2.append(tokens[p])
            p += 1
            p = match_expression(types, tokens, failed, p, kids_2)
            if p < 0:
                del kids_2[-1:]
                p = origin_2
                break
            break
        node = new(FieldInit)
        node.children = tuple(kids_2)
        kids.append(node)
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
    while types[p] == '..':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(StructBody)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Array(types, tokens, failed, p, out):
    if types[p] != ';':
        return -1
    out.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, p, out)
    if p < 0:
        del out[-1:]
        return -1
    return p


def match_block_branch(types, tokens, failed, p, out):
    p = match_Block(types, tokens, failed, p, out)
    if p < 0:
        return -1
    while types[p] in TYPES_29:
        origin_1 = p
        if types[p] == 'else':
            out.append(tokens[p])
            p += 1
            if types[p] == 'if':
                p = match_If(types, tokens, failed, p, out)
                if p < 0:
                    del out[-1:]
                    p = origin_1
                    break
            else:
                p = match_Block(types, tokens, failed, p, out)
                if p < 0:
                    del out[-1:]
                    p = origin_1
                    break
        else:
            q = match_Glued(types, tokens, failed, p, out)
            if q < 0:
                break
            p = q
        break
    return p


def match_plain_expression(types, tokens, failed, p, out):
    if p in failed[2]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    p = match_operand(types, tokens, failed, p, out)
    if p < 0:
        failed[2].add(origin_0)
        return -1
    while types[p] in TYPES_42:
        q = match_plain_tail(types, tokens, failed, p, out)
        if q < 0:
            break
        p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_expression(out[mark_0:])
    return p


def match_Glued(types, tokens, failed, p, out):
    kids = []
    if not ((tokens[p].newline_before)):
        return -1
    if types[p] in TYPES_43:
        p = match_bracket_suffix(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    else:
        if types[p] != '*':
            return -1
        kids.append(tokens[p])
        p += 1
        p = match_operand(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    node = new(Glued)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Arm(types, tokens, failed, p, out):
    kids = []
    p = match_pattern(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    while types[p] == ',':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_pattern(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
    if types[p] == ',':
        kids.append(tokens[p])
        p += 1
    while types[p] == 'if':
        origin_1 = p
        kids_2 = [tokens[p]]
        p += 1
        p = match_expression(types, tokens, failed, p, kids_2)
        if p < 0:
            p = origin_1
            break
        node = new(Guard)
        node.children = tuple(kids_2)
        kids.append(node)
        break
    if types[p] != '=>':
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_expression(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(Arm)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ClosureParameter(types, tokens, failed, p, out):
    kids = []
    p = match_pattern(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    while types[p] == ':':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    node = new(ClosureParameter)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_MethodSuffix(types, tokens, failed, p, out):
    if types[p] != '.':
        return -1
    if types[p + 1] != 'IDENT':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    while types[p] == '[' and method_generics_ahead(tokens, p) is not None:
        origin_1 = p
        kids_2 = [tokens[p]]
        p += 1
        while types[p] in TYPES_38:
            q = match_type(types, tokens, failed, p, kids_2)
            if q < 0:
                break
            p = q
            while types[p] == ',':
                origin_3 = p
                kids_2.append(tokens[p])
                p += 1
                p = match_type(types, tokens, failed, p, kids_2)
                if p < 0:
                    del kids_2[-1:]
                    p = origin_3
                    break
            if types[p] == ',':
                kids_2.append(tokens[p])
                p += 1
            break
        if types[p] != ']':
            p = origin_1
            break
        kids_2.append(tokens[p])
        p += 1
        node = new(MethodGenerics)
        node.children = tuple(kids_2)
        kids.append(node)
        break
    if not (not (tokens[p].newline_before)):
        return -1
    p = match_Arguments(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(MethodSuffix)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_conditional_expression(types, tokens, failed, p, out):
    if p in failed[1]:
        return -1
    origin_0 = p
    mark_0 = len(out)
    p = match_operand(types, tokens, failed, p, out)
    if p < 0:
        failed[1].add(origin_0)
        return -1
    while types[p] in TYPES_44:
        if types[p] == '?':
            q = match_ternary_tail(types, tokens, failed, p, out)
            if q < 0:
                break
            p = q
        else:
            q = match_plain_tail(types, tokens, failed, p, out)
            if q < 0:
                break
            p = q
    if len(out) > mark_0 + 1:
        out[mark_0:] = fold_expression(out[mark_0:])
    return p


def match_FieldPattern(types, tokens, failed, p, out):
    if types[p] != 'IDENT':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] == ':':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_pattern(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    node = new(FieldPattern)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_generic_argument(types, tokens, failed, p, out):
    q = match_AssociatedBinding(types, tokens, failed, p, out) if types[p] == 'IDENT' else -1
    if q >= 0:
        p = q
    else:
        q = match_part_of_generic_argument(types, tokens, failed, p, out) if types[p] in TYPES_16 else -1
        if q >= 0:
            p = q
        else:
            p = match_type(types, tokens, failed, p, out)
            if p < 0:
                return -1
    return p


def match_GenericParameter(types, tokens, failed, p, out):
    kids = []
    if types[p] == 'const':
        if types[p + 1] != 'IDENT':
            return -1
        kids += (tokens[p], tokens[p + 1])
        p += 2
        while types[p] == ':':
            origin_1 = p
            kids.append(tokens[p])
            p += 1
            p = match_type(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_1
                break
            break
    elif types[p] == 'life':
        if types[p + 1] not in TYPES_12:
            return -1
        kids += (tokens[p], tokens[p + 1])
        p += 2
        if types[p] == ':':
            kids.append(tokens[p])
            p += 1
    else:
        if types[p] != 'IDENT':
            return -1
        kids.append(tokens[p])
        p += 1
        while types[p] == ':':
            origin_1 = p
            kids.append(tokens[p])
            p += 1
            p = match_bound(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_1
                break
            while types[p] == '+':
                origin_2 = p
                kids.append(tokens[p])
                p += 1
                p = match_bound(types, tokens, failed, p, kids)
                if p < 0:
                    del kids[-1:]
                    p = origin_2
                    break
            break
        while types[p] == '=':
            origin_1 = p
            kids.append(tokens[p])
            p += 1
            p = match_type(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_1
                break
            break
    node = new(GenericParameter)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_parameter(types, tokens, failed, p, out):
    q = match_Parameter(types, tokens, failed, p, out) if types[p] in TYPES_30 else -1
    if q >= 0:
        p = q
    else:
        p = match_SequenceVariable(types, tokens, failed, p, out)
        if p < 0:
            return -1
    return p


def match_WherePredicate(types, tokens, failed, p, out):
    kids = []
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    if types[p] == ':':
        kids.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            return -1
        while types[p] == '+':
            origin_1 = p
            kids.append(tokens[p])
            p += 1
            p = match_type(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_1
                break
    else:
        if types[p] != '=':
            return -1
        kids.append(tokens[p])
        p += 1
        p = match_type(types, tokens, failed, p, kids)
        if p < 0:
            return -1
    node = new(WherePredicate)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_VariantPayload(types, tokens, failed, p, out):
    if types[p] != '(':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_38:
        q = match_type(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        while types[p] == ',':
            origin_2 = p
            kids.append(tokens[p])
            p += 1
            p = match_type(types, tokens, failed, p, kids)
            if p < 0:
                del kids[-1:]
                p = origin_2
                break
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
        break
    if types[p] != ')':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(VariantPayload)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_VariantFields(types, tokens, failed, p, out):
    if types[p] != '{':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_18:
        q = match_struct_field(types, tokens, failed, p, kids)
        if q < 0:
            break
        p = q
        if types[p] == ',':
            kids.append(tokens[p])
            p += 1
    if types[p] != '}':
        return -1
    kids.append(tokens[p])
    p += 1
    node = new(VariantFields)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_SumVariant(types, tokens, failed, p, out):
    if types[p] != 'IDENT':
        return -1
    kids = [tokens[p]]
    p += 1
    while types[p] in TYPES_37:
        if types[p] == '(':
            q = match_VariantPayload(types, tokens, failed, p, kids)
            if q < 0:
                break
            p = q
        else:
            q = match_VariantFields(types, tokens, failed, p, kids)
            if q < 0:
                break
            p = q
        break
    while types[p] == '=':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    node = new(SumVariant)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_StructField(types, tokens, failed, p, out):
    kids = []
    if types[p] == 'pub':
        q = match_Visibility(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    if types[p] != 'IDENT':
        return -1
    if types[p + 1] != ':':
        return -1
    kids += (tokens[p], tokens[p + 1])
    p += 2
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    while types[p] == '=':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    node = new(StructField)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_Constructor(types, tokens, failed, p, out):
    kids = []
    if types[p] == 'func':
        kids.append(tokens[p])
        p += 1
    if not (types[p] in TYPES_14 and is_new(tokens, p) is not None):
        return -1
    if types[p] != 'IDENT':
        return -1
    kids.append(tokens[p])
    p += 1
    p = match_Parameters(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    while types[p] == ':':
        origin_1 = p
        if types[p + 1] != 'base':
            break
        kids += (tokens[p], tokens[p + 1])
        p += 2
        p = match_Arguments(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-2:]
            p = origin_1
            break
        break
    if types[p] == '{':
        q = match_Block(types, tokens, failed, p, kids)
        if q >= 0:
            p = q
    node = new(Constructor)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_ClassField(types, tokens, failed, p, out):
    if types[p] != 'IDENT':
        return -1
    if types[p + 1] != ':':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    while types[p] == '=':
        origin_1 = p
        kids.append(tokens[p])
        p += 1
        p = match_expression(types, tokens, failed, p, kids)
        if p < 0:
            del kids[-1:]
            p = origin_1
            break
        break
    node = new(ClassField)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Class_2_2(types, tokens, failed, p, out):
    if types[p] != 'func':
        return -1
    out.append(tokens[p])
    p += 1
    if not (types[p] in TYPES_14 and is_new(tokens, p) is not None):
        del out[-1:]
        return -1
    return p


def match_AssociatedBinding(types, tokens, failed, p, out):
    if types[p] != 'IDENT':
        return -1
    if types[p + 1] != '=':
        return -1
    kids = [tokens[p], tokens[p + 1]]
    p += 2
    p = match_type(types, tokens, failed, p, kids)
    if p < 0:
        return -1
    node = new(AssociatedBinding)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_generic_argument(types, tokens, failed, p, out):
    if types[p] != 'INT':
        return -1
    p = match_expression(types, tokens, failed, p, out)
    if p < 0:
        return -1
    return p


def match_bound(types, tokens, failed, p, out):
    if types[p] == 'life':
        if types[p + 1] not in TYPES_12:
            return -1
        node = new(Lifetime)
        node.children = (tokens[p], tokens[p + 1],)
        out.append(node)
        p += 2
    else:
        p = match_type(types, tokens, failed, p, out)
        if p < 0:
            return -1
    return p


def match_Parameter(types, tokens, failed, p, out):
    kids = []
    q = match_part_of_Parameter(types, tokens, failed, p, kids) if types[p] in TYPES_30 else -1
    if q >= 0:
        p = q
    else:
        if types[p] == 'mut':
            kids.append(tokens[p])
            p += 1
        if types[p] == 'this':
            kids.append(tokens[p])
            p += 1
        else:
            if not (types[p] == 'IDENT' and (tokens[p].lexeme == b'self')):
                return -1
            if types[p] != 'IDENT':
                return -1
            kids.append(tokens[p])
            p += 1
    node = new(Parameter)
    node.children = tuple(kids)
    out.append(node)
    return p


def match_part_of_Parameter(types, tokens, failed, p, out):
    p = match_pattern(types, tokens, failed, p, out)
    if p < 0:
        return -1
    if types[p] != ':':
        del out[-1:]
        return -1
    out.append(tokens[p])
    p += 1
    p = match_type(types, tokens, failed, p, out)
    if p < 0:
        del out[-2:]
        return -1
    return p
TABLE_0 = {
    '&': match_ReferenceType,
    'mut': match_ReferenceType,
    'ref': match_ReferenceType,
    '*': match_PointerType,
    '[': match_ArrayType,
    '(': match_TupleType,
    'IDENT': match_part_of_type,
    'func': match_FunctionType,
    'dyn': match_DynType,
    'impl': match_ImplType,
    'This': match_NamedType,
}
TABLE_1 = {
    'async': match_Function,
    'func': match_Function,
    'lowlevel': match_Function,
    'type': match_type_declaration,
    'union': match_Union,
    'behavior': match_Behavior,
    'impl': match_Impl,
    'const': match_Const,
    'use': match_Use,
    'mod': match_ModuleDeclaration,
    'abstract': match_Class,
    'class': match_Class,
    'sealed': match_Class,
    'interface': match_Interface,
    'namespace': match_Namespace,
}
TABLE_2 = {
    'CHAR': match_Literal,
    'FLOAT': match_Literal,
    'INT': match_Literal,
    'STRING': match_Literal,
    'TEMPLATE': match_Literal,
    'false': match_Literal,
    'null': match_Literal,
    'true': match_Literal,
    'STRING_START': match_InterpolatedString,
    'TEMPLATE_START': match_InterpolatedString,
    'IDENT': match_path_primary,
    'this': match_This,
    'base': match_BaseAccess,
    '(': match_Parenthesized,
    '[': match_Array,
    '{': match_Block,
    'lowlevel': match_LowlevelBlock,
    'if': match_If,
    'when': match_When,
    'loop': match_Loop,
    'while': match_While,
    'for': match_For,
    'return': match_Return,
    'break': match_Break,
    'continue': match_Continue,
    'throw': match_Throw,
    'do': match_Closure,
    'move': match_Closure,
}
TABLE_3 = {
    'async': match_plain_function,
    'func': match_plain_function,
    'lowlevel': match_plain_function,
    'type': match_type_declaration,
    'behavior': match_Behavior,
    'impl': match_Impl,
    'const': match_Const,
}
TABLE_4 = {
    'CHAR': match_LiteralPattern,
    'FLOAT': match_LiteralPattern,
    'INT': match_LiteralPattern,
    'STRING': match_LiteralPattern,
    'false': match_LiteralPattern,
    'null': match_LiteralPattern,
    'true': match_LiteralPattern,
    '[': match_ArrayPattern,
    '(': match_TuplePattern,
    'mut': match_BindingPattern,
    'this': match_BindingPattern,
    'IDENT': match_path_pattern,
}
TABLE_5 = {
    'IDENT': match_part_of_Class,
    'func': match_part_of_Class_2,
    'prop': match_Property,
    'async': match_class_function,
    'lowlevel': match_class_function,
}

REMEMBERED = 14
ROOTS: dict[str, Callable[..., int]] = {
    'Module': match_Module,
    'expression_snippet': match_expression_snippet,
    'statements_snippet': match_statements_snippet,
    'item_snippet': match_item_snippet,
    'pattern_snippet': match_pattern_snippet,
    'type_snippet': match_type_snippet,
}
