"""Every metric: its name, what it tells, its labels.

Labels hold names from the owner's files and a few fixed words, never what senders or customers wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
UNKNOWN: Final = "(unknown)"
"""The one label of all sources that are in no mapping file."""
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
LONG_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0)
MANY: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as `/metrics` shows it."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


# Counted by the processes as things happen.
RECEIVED = Metric("leadbridge_webhooks_received_total", "counter", "Webhooks that came in", ("source",))
REFUSED = Metric(
    "leadbridge_webhooks_refused_total",
    "counter",
    "Rejected webhooks: 401 not authentic, 400 unreadable or not HTTP, 404 no such source, "
    "405, 408, 413, 414, 415, 417, 431, 500",
    ("source", "status"),
)
BUSY = Metric(
    "leadbridge_webhooks_busy_total",
    "counter",
    "Webhooks asked to come again (503), by what was in the way: database, overload, disk, mappings, "
    "unknown, closed (a variable is not set)",
    ("source", "cause"),
)
EVENTS = Metric(
    "leadbridge_events_total",
    "counter",
    "Events of accepted webhooks: matched, unmatched, failed, unreadable, ignored, duplicate",
    ("source", "result"),
)
ACK = Metric(
    "leadbridge_ack_seconds",
    "histogram",
    "From a webhook's last byte to its answer, the commit included",
    buckets=SECONDS,
)
BATCH = Metric("leadbridge_commit_webhooks", "histogram", "Webhooks written in one commit", buckets=MANY)
COMMIT = Metric("leadbridge_commit_seconds", "histogram", "How long such a commit took", buckets=SECONDS)
ATTEMPTS = Metric(
    "leadbridge_attempts_total",
    "counter",
    "Tries of calls by what they showed: done, refused, retry, uncertain, pause",
    ("account", "outcome"),
)
DISPATCH = Metric(
    "leadbridge_dispatch_seconds",
    "histogram",
    "From a webhook's acceptance to the end of its call, whatever that was",
    ("account",),
    LONG_SECONDS,
)
PROBES = Metric(
    "leadbridge_probes_total",
    "counter",
    "Requests without parameters that ask whether LeadConverter is back: passed, failed",
    ("account", "result"),
)
DROPPED = Metric(
    "leadbridge_steps_dropped_total", "counter", "Steps that came too late: the call had moved on meanwhile"
)

# Looked up when asked for.
UP = Metric("leadbridge_database_up", "gauge", "1 when the database answers; else its figures are missing")
CALLS = Metric("leadbridge_calls", "gauge", "Calls that are not final, each state up to 50,001", ("state",))
UNCERTAIN = Metric(
    "leadbridge_uncertain_calls",
    "gauge",
    "Calls that may have run, by why: http_502, timeout, reset, died and others",
    ("account", "cause"),
)
WAITING = Metric("leadbridge_queue_calls", "gauge", "Queued calls, up to 100,002", ("account",))
OLDEST = Metric(
    "leadbridge_queue_oldest_seconds",
    "gauge",
    "Since when the call that is due first has been accepted; 0 with none queued",
    ("account",),
)
LATE = Metric(
    "leadbridge_queue_late_seconds", "gauge", "By how much the call that is due first is late", ("account",)
)
PAUSED = Metric("leadbridge_account_paused", "gauge", "1 while nothing is sent for it", ("account",))
BREAKER = Metric(
    "leadbridge_account_breaker",
    "gauge",
    "1 for the state it is in: closed, open (nothing is sent for a while), trial",
    ("account", "state"),
)
PACE = Metric(
    "leadbridge_account_pace", "gauge", "Calls a second that may go out now; 429 reduces it", ("account",)
)
STALE = Metric("leadbridge_mappings_stale", "gauge", "1 while the files are broken, an older set is in use")
DISK_FREE = Metric("leadbridge_disk_free_bytes", "gauge", "Room on the embedded database's disk")
INFO = Metric("leadbridge_info", "gauge", "Always 1; what runs", ("version", "database"))
PROCESSES = Metric("leadbridge_processes", "gauge", "Processes of this bridge that run here", ("kind",))
MEMORY = Metric("leadbridge_resident_memory_bytes", "gauge", "Memory of these processes", ("kind",))
CPU = Metric("leadbridge_cpu_seconds_total", "counter", "CPU time of these processes", ("kind",))
FILES = Metric("leadbridge_open_files", "gauge", "Files and connections of these processes", ("kind",))

COUNTED = (RECEIVED, REFUSED, BUSY, EVENTS, ACK, BATCH, COMMIT, ATTEMPTS, DISPATCH, PROBES, DROPPED)
LOOKED_UP = (UP, CALLS, UNCERTAIN, WAITING, OLDEST, LATE, PAUSED, BREAKER, PACE, STALE, DISK_FREE, INFO)
OF_PROCESSES = (PROCESSES, MEMORY, CPU, FILES)
ALL: Final = (*COUNTED, *LOOKED_UP, *OF_PROCESSES)

Sample: TypeAlias = tuple[Metric, tuple[str, ...], float]
"""A metric, the values of its labels in their order, and its value."""
