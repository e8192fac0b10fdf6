"""The page that a browser shows of the sandbox."""

from __future__ import annotations

from bridge.sandbox.faults import Kind
from bridge.sandbox.http import Response


def index(host: str) -> Response:
    """What this is, and what to type; `host` is where the reader reached it."""
    text = _INDEX.format(url=f"http://{host}", kinds=" ".join(Kind))
    return Response(200, text.encode(), "text/plain; charset=utf-8")


_INDEX = """\
leadbridge sandbox: a local LeadConverter

It takes bot.startWithVariables like the real thing, starts no bot and writes to nobody. It forgets everything
when it stops. Point the bridge at it with LEADCONVERTER_URL={url} and any LEADCONVERTER_TOKEN.


START A BOT

  By the subscriber's id in LeadConverter:

    curl -X POST -H 'Accept: application/json' \\
      '{url}/api/v1/my-token/bot.startWithVariables?subscriber_id=778899&bot_id=4512&variable%5Bname%5D=Anna'

  By the person's id in a messenger's channel; parameters may be in the body, too:

    curl -H 'Accept: application/json' {url}/api/v1/my-token/bot.startWithVariables \\
      -d user_id=u-17 -d channel_id=telegram-1 -d bot_id=4512 -d 'variable[name]=Anna' -d forced=true

  200  the bot ran: a JSON object with started: 1
  422  it did not: a parameter is missing, wrong or unknown, or the subscriber's status forbids it.
       A JSON object with message and errors. Without Accept: application/json it is a redirect instead
  401  the token is empty, or not one of those that the sandbox was started with


SEE WHAT ARRIVED

    curl {url}/calls

  A JSON array, oldest first, the last 100,000: at, token, subscriber_id, user_id, channel_id, bot_id,
  variables, forced, ran, status. Parameters are as received, absent ones null. Every request that reached the
  method is listed; ran says whether the bot ran, status what the caller was answered (null: nothing that is
  HTTP).

    curl {url}/probes

  The same of requests without any parameter, which are in no list of calls: after many failures the bridge
  asks so whether LeadConverter is back. They are answered 422, and faults meet them as they meet calls.

    curl -X DELETE {url}/calls

  Forgets both.


SET THE STATUS OF A SUBSCRIBER

    curl -X PUT {url}/subscribers/778899 -d '{{"status": "unsubscribed"}}'

  subscribed    a bot starts; everybody whose status is not set has this one
  unsubscribed  said a stop word: a bot starts only with forced=true
  blocked       forbade messages in the messenger: no bot starts, forced or not

  The id is a subscriber_id or a user_id. With "channel_id": "telegram-1" the status is only that of
  the user_id in that channel.


MAKE IT FAIL

    curl -X POST {url}/faults -d '{{"kind": "503", "times": 3, "retry_after": 5}}'

  kind         one of {kinds}
  times        how many calls meet it (1); null: all until the faults are deleted
  ran          whether the bot runs before the fault shows (false; true for slow and truncated, which spoil
               the true answer on its way)
  retry_after  sent as Retry-After where the fault is an answer: seconds, or an HTTP date
  seconds      how long timeout says nothing (300), and over how long slow spreads its bytes (30)
  status, body, type
               what the kind answer sends (200, an empty text, application/json), to see what the bridge
               makes of it

  Faults wait in line: the first is used up before the second begins.

    curl {url}/faults
    curl -X DELETE {url}/faults


    curl {url}/healthz
"""
