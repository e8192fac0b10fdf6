"""Parses tokens to the syntax tree of a path, with jsonpath-ng's grammar.

jsonpath-ng decides how steps, filters, `&&`, `||`, `!` and comparisons bind. It gets our tokens, so its
extensions cannot be used, and its tree is translated through an allow-list. Its grammar does not support
functions, lists of selectors, `!(...)`, literals on the left, and named roots inside filters. These parts are
parsed separately; in the tokens each is replaced by a name that carries the parsed part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, cast

from jsonpath_ng import JSONPath
from jsonpath_ng.ext.filter import Expression
from jsonpath_ng.ext.parser import ExtendedJsonPathParser

from bridge.jsonpath.ast import Call, Constant, Operand, PathError, Query, Segment, Selector, Test
from bridge.jsonpath.tokens import Token, tokenize
from bridge.jsonpath.translate import Carrier, Operator, Part, all_of, part_of, query_of
from bridge.jsonpath.typecheck import check_call, check_limits
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason


@dataclass(frozen=True, slots=True)
class _PlyToken:
    """A token in the form of jsonpath-ng's parser. `quoted`: an ID is not a bare word."""

    type: str
    value: object
    lexpos: int
    lineno: int = 1
    col: int = 0
    quoted: bool = True


def parse(text: str) -> Query:
    """Parse a path to its syntax tree. Raises only PathError."""
    tokens = tokenize(text)
    root = str(tokens[0].value)
    steps = _plain_steps(tokens)
    if steps is not None:
        shape = tuple([(token.kind, step.kind if step else "") for token, step in steps])
        selectors = zip(_selector_types(shape), [step.value for _, step in steps if step], strict=True)
        return Query(root, tuple([Segment((make(value),)) for make, value in selectors]))
    check_limits(tokens)
    query = query_of(_tree(_ply_tokens(tokens, filtering=False)))
    return replace(query, root=root)


def _plain_steps(tokens: Sequence[Token]) -> list[tuple[Token, Token | None]] | None:
    """The tokens of a path of names and numbers, each with its step. None for any other path."""
    steps: list[tuple[Token, Token | None]] = []
    for token in tokens:
        step = token if token.kind == "name" else None
        if token.kind == "[]" and len(token.items) == 1 and len(token.items[0]) == 1:
            step = token.items[0][0]
        if (step is None and token.kind not in ("$", ".")) or (step and step.kind not in _SAMPLES):
            return None
        steps.append((token, step))
    return steps


_SAMPLES: dict[str, str | int] = {"name": "name", "text": "name", "number": 0}


@lru_cache(maxsize=1024)
def _selector_types(shape: tuple[tuple[str, str], ...]) -> tuple[Callable[[Any], Selector], ...]:
    """The classes of the selectors of all paths of one shape, which differ only in names and numbers."""
    tokens = []
    for kind, inner in shape:
        step = Token(inner, _SAMPLES.get(inner), 0)
        tokens.append(
            Token("[]", None, 0, ((step,),)) if kind == "[]" else step if inner else Token(kind, kind, 0)
        )
    query = query_of(_tree(_ply_tokens(tokens, filtering=False)))
    return tuple(type(segment.selectors[0]) for segment in query.segments)


def _tree(ply_tokens: Sequence[_PlyToken]) -> Any:
    """jsonpath-ng's tree of the tokens. Any exception becomes a PathError at the token that was reached."""
    reached = 0

    def stream() -> Iterator[_PlyToken]:
        nonlocal reached
        for ply_token in ply_tokens:
            reached = ply_token.lexpos
            yield ply_token

    try:
        return _new_parser().parse_token_stream(cast(Any, stream()))
    except Exception as error:
        raise PathError(Reason(FindingCode.PATH_UNFIT), offset=reached) from error


def _new_parser() -> ExtendedJsonPathParser:
    """A new parser, because parsers keep state. A copy: to construct one costs a hundred times as much."""
    parser = copy(_model())
    parser.parser = copy(parser.parser)
    return parser


@cache
def _model() -> ExtendedJsonPathParser:
    return ExtendedJsonPathParser()


_TYPES = {"..": "DOUBLEDOT", "name": "ID", "text": "ID", "&&": "AND", "||": "OR"}


def _ply_tokens(tokens: Sequence[Token], *, filtering: bool) -> list[_PlyToken]:
    ply_tokens: list[_PlyToken] = []
    before = ""
    for token in tokens:
        ply_tokens += _ply_tokens_of(token, before, filtering)
        filtering = filtering or token.kind == "?"
        before = token.kind
    return ply_tokens


def _ply_tokens_of(token: Token, before: str, filtering: bool) -> list[_PlyToken]:
    """One token as jsonpath-ng's tokens. `before` is the kind of the previous token."""
    at = token.offset
    match token.kind:
        case "[]":
            return _bracketed(token)
        case "()" if before == "!":
            return _carry(_test_of(token.items[0], at), at)
        case "()":
            return [
                _PlyToken("(", "(", at),
                *_ply_tokens(token.items[0], filtering=True),
                _PlyToken(")", ")", at),
            ]
        case "call":
            return _carry(_call(token), at)
        case "$" if filtering and token.value != "$":
            return _carry(Query(str(token.value)), at)
        case "text" | "number" | "word" if filtering and before != "op":
            return _carry(Constant(token.value), at)
        case "number":
            return [_PlyToken("NUMBER" if type(token.value) is int else "FLOAT", token.value, at)]
        case "word":
            return [_PlyToken("NULL" if token.value is None else "BOOL", token.value, at)]
        case "op":
            return [_PlyToken("FILTER_OP", Operator(str(token.value), at), at)]
        case kind:
            return [_PlyToken(_TYPES.get(kind, kind), token.value, at)]


def _bracketed(token: Token) -> list[_PlyToken]:
    at, end = _PlyToken("[", "[", token.offset), _PlyToken("]", "]", token.offset)
    if len(token.items) == 1:
        return [at, *_ply_tokens(token.items[0], filtering=False), end]
    selectors = tuple(_selector_of(item, token.offset) for item in token.items)
    return [at, _PlyToken("ID", Carrier(selectors, token.offset), token.offset), end]


def _carry(part: Part, offset: int) -> list[_PlyToken]:
    name = _PlyToken("ID", Carrier(part, offset), offset)
    return [_PlyToken("@", "@", offset), _PlyToken("[", "[", offset), name, _PlyToken("]", "]", offset)]


def _selector_of(item: Sequence[Token], offset: int) -> Selector:
    """One of several selectors in brackets, parsed as if it were the only one."""
    alone = Token("[]", None, offset, (tuple(item),))
    tree = _tree([_PlyToken("$", "$", offset), *_bracketed(alone)])
    return query_of(tree).segments[0].selectors[0]


def _conditions(tokens: Sequence[Token], offset: int) -> list[Any]:
    """jsonpath-ng's expressions of the tokens of a condition. All of them must hold."""
    around = [_PlyToken(kind, kind, offset) for kind in "$[?]"]
    return list(_tree([*around[:3], *_ply_tokens(tokens, filtering=True), around[3]]).right.expressions)


def _test_of(tokens: Sequence[Token], offset: int) -> Test:
    return all_of(_conditions(tokens, offset))


def _call(token: Token) -> Call:
    arguments = tuple(_argument(item) for item in token.items if item)
    call = Call(str(token.value), arguments)
    check_call(call, token)
    return call


def _argument(tokens: Sequence[Token]) -> Operand:
    match _conditions(tokens, tokens[0].offset):
        case [Expression(op=None, target=JSONPath() as target)] if tokens[0].kind != "()":
            part = part_of(target)
            if isinstance(part, Query | Constant | Call):
                return part
    raise PathError(Reason(FindingCode.PATH_TAKES_NO_CONDITION), "M204", tokens[0].offset)
