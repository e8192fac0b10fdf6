"""Whether a 2xx answer speaks of failure: by its data, by the owner's conditions, or by its words. Pure.

No answer of this method is documented, so nothing is demanded. Words alone refuse one call at most: they
neither pause an account nor slow it down nor send anything again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bridge.dispatch.http.token_redaction import storable
from bridge.dispatch.policy.answer import BLANK, LINE, Answer, one_line, words_of
from bridge.model import Json
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.regex import Regex, own_regex

FLAGS: Final = ("success", "ok", "started", "result")
"""What must not be false or 0."""
NO: Final = frozenset({"0", "false", "no", "off"})
"""Texts that PHP's FILTER_VALIDATE_BOOLEAN takes for false, the empty one apart."""
FAILED: Final = frozenset({"error", "fail", "failed", "failure", "ошибка"})
SPOKEN: Final = ("message", "error", "description", "status", "result")
"""Where a JSON answer may say in words that the person is out of reach."""
SHORT: Final = 200
"""Characters of a text whose words may say so."""
DENIED: Final = frozenset({402, 403, 404, 410})
"""Codes of a failure that pause the account when several come in a row, like these statuses."""
CODE_KEYS: Final = ("code", "error_code", "status_code", "status")

NOT: Final = r"(?:не|not|never)\s+(?:(?:был[аио]?|been|yet)\s+)?"
UNSUBSCRIBED_WORDS: Final = own_regex(rf"(?i)(?:^|[^\pL])({NOT})?(?:отписан|отписал|отписавш|unsubscribed)")
BLOCKED_WORDS: Final = own_regex(
    rf"(?i)(?:^|[^\pL])({NOT})?(?:"
    r"(?:запретил|запрещ\pL+)\s+(?:\pL+\s+){0,2}(?:писать|сообщени|отправ|присыл)"
    r"|заблокировал\pL*\s+(?:\pL+\s+){0,2}(?:бот|сообщени|диалог|рассылк|чат|канал|переписк|нас|вас)"
    r"|(?:подписчик|пользователь|клиент|получатель)\s+(?:заблокировал|запретил)"
    r"|blocked\s+(?:by\s+)?(?:(?:the|this|your|our)\s+)?(?:user|subscriber|client|recipient|bot|messages)"
    r"|(?:user|subscriber|client|recipient)\s+(?:(?:has|is|was)\s+)?blocked"
    r"|forb(?:ids|idden|ade|id)\s+messages)"
)
FAILURE_START: Final = own_regex(r"(?i)^(?:error|fail|false\b|exception|ошибка)")
PACE_WORDS: Final = own_regex(
    r"(?i)too many (?:requests|attempts)|rate.?limit|throttl"
    r"|слишком (?:много|часты?е?) запрос|(?:превышен\pL*|исчерпан\pL*) лимит\pL* (?:запрос|обращени|вызов)"
)
AUTH_WORDS: Final = own_regex(
    r"(?i)unauthenticated|unauthori[sz]ed|(?:invalid|wrong|bad|expired|unknown) (?:api.?)?token"
    r"|token (?:is )?(?:invalid|expired|not found|wrong)"
    r"|не\s?(?:верн|действительн|правильн|известн)\pL* токен|токен \pL*\s?(?:не\pL+|ист[её]к\pL*)"
)


Reach: TypeAlias = Literal["", "unsubscribed", "blocked"]
"""Why a person is out of reach, where an answer says so."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a 2xx answer says went wrong."""

    message: Reason | str
    like: int = 422
    """The status whose class it has: 422 concerns the call alone, one of `DENIED` others, too, if it comes in
    a row; 401 and 429 concern the account at once."""
    by_words: bool = False
    """Nothing but words says so."""
    unmet: bool = False
    """The owner's `success` says so."""
    reach: Reach = ""


def spoken(answer: Answer) -> Json:
    """What conditions and signs are looked for in: the JSON document, or the text itself."""
    return answer.document if answer.is_json else answer.text.strip(BLANK)


def complaint(answer: Answer, unmet: Reason | None, *, forced: bool) -> Complaint | None:
    """What a complete 2xx answer says went wrong; None when it shows no sign of failure.

    `unmet` says why the owner's `success` does not hold for a JSON answer, where there is one. `forced`: the
    call reaches people who have unsubscribed, so that it does not matter whether they have.
    """
    said, message = spoken(answer), words_of(answer)
    reach = reach_of(said, message, forced=forced)
    if unmet:
        return Complaint(unmet, like_of(said, message), unmet=True, reach=reach)
    if sign := sign_of(said, forced=forced):
        return Complaint(message or sign, like_of(said, message), reach=reach)
    if isinstance(said, str) and FAILURE_START.search(said):
        return Complaint(message, 403 if AUTH_WORDS.search(message) else 422, by_words=True, reach=reach)
    words = next((text for text in speech(said) if out_of_reach(text, forced=forced)), "")
    return Complaint(one_line(words), by_words=True, reach=reach) if words else None


def sign_of(said: Json, *, forced: bool) -> Reason | None:
    """The part of an answer that says it failed, as `started is 0`; None where none does."""
    if not isinstance(said, dict):
        return Reason(CallCode.ANSWER_IS, value=shown(said)) if is_no(said) else None
    for key in FLAGS:
        if is_no(said.get(key)):
            return Reason(CallCode.KEY_IS, key=key, value=shown(said[key]))
    if status_failed(said.get("status"), forced=forced):
        return Reason(CallCode.KEY_IS, key="status", value=shown(said["status"]))
    if isinstance(said.get("result"), str) and said["result"].strip().lower() in FAILED:
        return Reason(CallCode.KEY_IS, key="result", value=shown(said["result"]))
    filled = (key for key in ("error", "errors") if not is_empty(said.get(key)))
    return next((Reason(CallCode.KEY_IS_FILLED, key=key) for key in filled), None)


def status_failed(status: Json, *, forced: bool) -> bool:
    """A `status` of error, failed, unsubscribed, blocked or false, or a number as HTTP has it for failure."""
    if status is None or isinstance(status, bool):
        return status is False
    word = str(status)[:LINE].strip().lower()
    if len(word) == 3 and word.isascii() and word.isdecimal():
        return 400 <= int(word) < 600
    return word in FAILED or word == "blocked" or (word == "unsubscribed" and not forced)


def is_no(value: Json) -> bool:
    """False as PHP programs spell it: false, 0, "0", "false", "no", "off"."""
    return value is False or value == 0 or (isinstance(value, str) and value.strip().lower() in NO)


def is_empty(value: Json) -> bool:
    """What programs put into `error` when there is none."""
    return value is None or value == "" or value == [] or value == {} or is_no(value)


def shown(value: Json) -> str:
    """A flag's value in a sentence."""
    return str(value).lower() if isinstance(value, bool) else one_line(str(value)[:40])


def speech(said: Json) -> Iterator[str]:
    """The texts whose words may say that the person is out of reach."""
    if isinstance(said, dict):
        yield from (value for key in SPOKEN if isinstance(value := said.get(key), str))
    elif isinstance(said, str) and len(said) <= SHORT:
        yield said


def reach_of(said: Json, message: str, *, forced: bool) -> Reach:
    """Why the person is out of reach, by any text of the answer that may say so."""
    found = {out_of_reach(text, forced=forced) for text in (message, *speech(said))}
    status = said.get("status") if isinstance(said, dict) else None
    if "blocked" in found or status == "blocked":
        return "blocked"
    return "unsubscribed" if "unsubscribed" in found else ""


def out_of_reach(text: str, *, forced: bool) -> Reach:
    """`blocked` or `unsubscribed` where the text says so of the person, else empty."""
    if claims(BLOCKED_WORDS, text):
        return "blocked"
    return "unsubscribed" if not forced and claims(UNSUBSCRIBED_WORDS, text) else ""


def claims(words: Regex, text: str) -> bool:
    """Whether the words are there without a `not` before them."""
    return bool(text) and any(found[1] is None for found in words.finditer(storable(text[:LINE])))


def like_of(said: Json, message: str) -> int:
    """The status whose class a failure has. Words about the token weigh like a 403: one call is at stake."""
    codes = set(codes_of(said))
    if 429 in codes or PACE_WORDS.search(message):
        return 429
    if 401 in codes:
        return 401
    if denied := codes & DENIED:
        return min(denied)
    return 403 if AUTH_WORDS.search(message) else 422


def codes_of(said: Json) -> Iterator[int]:
    """Numbers that a failure gives as its code, at the top or inside `error`."""
    parts: list[Json] = [said, said.get("error")] if isinstance(said, dict) else []
    for part in parts:
        for key in CODE_KEYS if isinstance(part, dict) else ():
            text = str(part[key]) if isinstance(part.get(key), int | str) else ""
            if len(text) < 6 and text.isascii() and text.isdecimal():
                yield int(text)
