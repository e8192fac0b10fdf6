"""Tokens become the tree of a path, by jsonpath-ng's grammar. The only user of its trees.

jsonpath-ng decides how steps, filters, `&&`, `||`, `!` and comparisons bind. It gets our tokens, so that none
of its extensions can be written, and its tree is translated through an allow-list. What its grammar does not
know (functions, lists of selectors, `!(...)`, literals on the left, named roots inside filters) is read by
itself and stands among its tokens as a name that carries the finished part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias, cast

from jsonpath_ng import Child, Descendants, Fields, Index, JSONPath, Root, Slice, This, Wildcard
from jsonpath_ng.ext.filter import And, Expression, Filter, Or

from bridge.language.path_parser import new_parser
from bridge.language.path_tokens import Token, tokenize
from bridge.language.path_tree import (
    All,
    AnyOf,
    Call,
    Compare,
    Constant,
    Every,
    Exists,
    Holds,
    Name,
    Not,
    Operand,
    PathError,
    Position,
    Query,
    Segment,
    Selector,
    Span,
    Test,
    Where,
)
from bridge.language.path_types import check_call, check_holding, check_limits, check_operand

Part: TypeAlias = "Operand | Test | tuple[Selector, ...]"


class _Carrier(str):
    """A name in jsonpath-ng's tokens that stands for a part which its grammar does not know."""

    part: Part
    offset: int

    def __new__(cls, part: Part, offset: int) -> Self:
        carrier = super().__new__(cls, "part")
        carrier.part, carrier.offset = part, offset
        return carrier


class _Operator(str):
    """A comparison that knows where it stands."""

    offset: int

    def __new__(cls, text: str, offset: int) -> Self:
        operator = super().__new__(cls, text)
        operator.offset = offset
        return operator


@dataclass(frozen=True, slots=True)
class _Sign:
    """A token as jsonpath-ng's parser takes it; `quoted` says that an ID is no bare word."""

    type: str
    value: object
    lexpos: int
    lineno: int = 1
    col: int = 0
    quoted: bool = True


def parse(text: str) -> Query:
    """The tree of a path. Raises PathError, only that."""
    tokens = tokenize(text)
    check_limits(tokens)
    query = _query(_tree(_signs(tokens, filtering=False)))
    return replace(query, root=str(tokens[0].value))


def _tree(signs: Sequence[_Sign]) -> Any:
    """What jsonpath-ng makes of the tokens; whatever it raises is a fault at the token it had come to."""
    reached = 0

    def stream() -> Iterator[_Sign]:
        nonlocal reached
        for sign in signs:
            reached = sign.lexpos
            yield sign

    try:
        return new_parser().parse_token_stream(cast(Any, stream()))
    except Exception as error:
        raise PathError("the path does not fit together here", offset=reached) from error


_TYPES = {"..": "DOUBLEDOT", "name": "ID", "text": "ID", "&&": "AND", "||": "OR"}


def _signs(tokens: Sequence[Token], *, filtering: bool) -> list[_Sign]:
    signs: list[_Sign] = []
    before = ""
    for token in tokens:
        signs += _translated(token, before, filtering)
        filtering = filtering or token.kind == "?"
        before = token.kind
    return signs


def _translated(token: Token, before: str, filtering: bool) -> list[_Sign]:
    """One token in jsonpath-ng's words; `before` is the kind of the one before it."""
    at = token.offset
    match token.kind:
        case "[]":
            return _bracketed(token)
        case "()" if before == "!":
            return _carry(_test_of(token.items[0], at), at)
        case "()":
            return [_Sign("(", "(", at), *_signs(token.items[0], filtering=True), _Sign(")", ")", at)]
        case "call":
            return _carry(_call(token), at)
        case "$" if filtering and token.value != "$":
            return _carry(Query(str(token.value)), at)
        case "text" | "number" | "word" if filtering and before != "op":
            return _carry(Constant(token.value), at)
        case "number":
            return [_Sign("NUMBER" if type(token.value) is int else "FLOAT", token.value, at)]
        case "word":
            return [_Sign("NULL" if token.value is None else "BOOL", token.value, at)]
        case "op":
            return [_Sign("FILTER_OP", _Operator(str(token.value), at), at)]
        case kind:
            return [_Sign(_TYPES.get(kind, kind), token.value, at)]


def _bracketed(token: Token) -> list[_Sign]:
    at, end = _Sign("[", "[", token.offset), _Sign("]", "]", token.offset)
    if len(token.items) == 1:
        return [at, *_signs(token.items[0], filtering=False), end]
    selectors = tuple(_selector_of(item, token.offset) for item in token.items)
    return [at, _Sign("ID", _Carrier(selectors, token.offset), token.offset), end]


def _carry(part: Part, offset: int) -> list[_Sign]:
    name = _Sign("ID", _Carrier(part, offset), offset)
    return [_Sign("@", "@", offset), _Sign("[", "[", offset), name, _Sign("]", "]", offset)]


def _selector_of(item: Sequence[Token], offset: int) -> Selector:
    """One of several selectors in brackets, read as if it stood there alone."""
    alone = Token("[]", None, offset, (tuple(item),))
    tree = _tree([_Sign("$", "$", offset), *_bracketed(alone)])
    return _query(tree).segments[0].selectors[0]


def _conditions(tokens: Sequence[Token], offset: int) -> list[Any]:
    """jsonpath-ng's expressions, all of which must hold, for the tokens of a condition."""
    around = [_Sign(sign, sign, offset) for sign in "$[?]"]
    return list(_tree([*around[:3], *_signs(tokens, filtering=True), around[3]]).right.expressions)


def _test_of(tokens: Sequence[Token], offset: int) -> Test:
    return _all(_conditions(tokens, offset))


def _call(token: Token) -> Call:
    arguments = tuple(_argument(item) for item in token.items if item)
    call = Call(str(token.value), arguments)
    check_call(call, token)
    return call


def _argument(tokens: Sequence[Token]) -> Operand:
    match _conditions(tokens, tokens[0].offset):
        case [Expression(op=None, target=JSONPath() as target)] if tokens[0].kind != "()":
            part = _part(target)
            if isinstance(part, Query | Constant | Call):
                return part
    raise PathError("a function takes paths and values, no conditions", "M204", tokens[0].offset)


def _all(conditions: Sequence[Any]) -> Test:
    tests = tuple(_test(condition) for condition in conditions)
    return tests[0] if len(tests) == 1 else All(tests)


def _test(node: Any) -> Test:
    match node:
        case And(operands=operands):
            return _all(operands)
        case Or(operands=operands):
            return AnyOf(tuple(_test(operand) for operand in operands))
        case Expression(target=target, op="!"):
            return Not(_test(target))
        case Expression(target=target, op=None):
            return _test(target)
        case Expression(target=target, op=_Operator() as operator, value=value):
            left, right = _operand(target, operator), _operand(value, operator)
            return Compare(left, str(operator), right)
        case _:
            return _holding(node)


def _holding(node: Any) -> Test:
    """What stands alone as a condition: a path that must find something, a function that says yes or no."""
    match _part(node), _offset(node):
        case Query() as query, _:
            return Exists(query)
        case Call() as call, offset:
            return Holds(check_holding(call, offset))
        case ((Constant() | tuple()), offset):
            raise PathError("a value alone is no condition; compare it with something", offset=offset)
        case test, _:
            return test


def _offset(node: Any) -> int:
    """Where the carried part stands; 0 where jsonpath-ng read it all."""
    match node:
        case Child(right=Fields(fields=(_Carrier(offset=offset),))):
            return offset
        case _:
            return 0


def _operand(node: Any, operator: _Operator) -> Operand:
    part = _part(node) if isinstance(node, JSONPath) else Constant(node)
    return check_operand(part, operator.offset)


def _query(node: Any) -> Query:
    part = _part(node)
    if not isinstance(part, Query):
        raise PathError("this is no path")
    return part


def _part(node: Any) -> Part:
    """A chain of jsonpath-ng's nodes as a query, or the part that a carrier stands for."""
    root, *steps = _flat(node)
    segments = [step for step in steps if isinstance(step, Segment)]
    if steps and isinstance(steps[0], _Carrier):
        part = steps[0].part
        if not isinstance(part, Query):
            return part
        root = part.root
    return Query(str(root), tuple(segments))


def _flat(node: Any) -> list[Any]:
    """The root and steps of a chain, whichever way jsonpath-ng nested it."""
    match node:
        case Root():
            return ["$"]
        case This():
            return ["@"]
        case Child(left=left, right=right):
            return _flat(left) + _flat(right)
        case Descendants(left=left, right=right):
            first, *rest = _flat(right)
            return [*_flat(left), replace(first, descendant=True), *rest]
        case Fields(fields=(_Carrier(part=tuple() as selectors),)):
            return [Segment(selectors)]
        case Fields(fields=(_Carrier() as carrier,)):
            return [carrier]
        case _:
            return [Segment((_selector(node),))]


def _selector(node: Any) -> Selector:
    match node:
        case Fields(fields=(str() as name,)):
            return Name(name)
        case Index(indices=(int() as index,)):
            return Position(index)
        case Slice(start=start, end=end, step=step):
            return Span(start, end, step)
        case Wildcard():
            return Every()
        case Filter(expressions=expressions):
            return Where(_all(expressions))
        case _:
            raise PathError(f"{type(node).__name__} is not read in paths", "M202")
