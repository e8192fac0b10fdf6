"""Every metric: its name, help text and labels.

Labels contain names from the owner's files and a few fixed words, never data of senders or customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
UNKNOWN: Final = "(unknown)"
"""The label of every source that has no mapping file."""
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


# Counted by the processes as events happen.
RECEIVED = Metric("leadbridge_webhooks_received_total", "counter", "Webhooks received", ("source",))
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
    "Webhooks answered with 503, so that the sender retries, by cause: database, overload, disk, mappings, "
    "unknown, closed (a variable is not set)",
    ("source", "cause"),
)
EVENTS = Metric(
    "leadbridge_events_total",
    "counter",
    "Events of accepted webhooks, by result: matched, unmatched, failed, unreadable, ignored, duplicate",
    ("source", "result"),
)
ACK = Metric(
    "leadbridge_ack_seconds",
    "histogram",
    "Time from the last byte of a webhook to its answer, including the commit",
    buckets=SECONDS,
)
BATCH = Metric("leadbridge_commit_webhooks", "histogram", "Webhooks written in one commit", buckets=MANY)
COMMIT = Metric("leadbridge_commit_seconds", "histogram", "Duration of a commit of webhooks", buckets=SECONDS)
ATTEMPTS = Metric(
    "leadbridge_attempts_total",
    "counter",
    "Attempts of calls, by outcome: done, refused, retry, uncertain, pause",
    ("account", "outcome"),
)
DISPATCH = Metric(
    "leadbridge_dispatch_seconds",
    "histogram",
    "Time from the acceptance of a webhook to the end of its call, with any outcome",
    ("account",),
    LONG_SECONDS,
)
PROBES = Metric(
    "leadbridge_probes_total",
    "counter",
    "Requests without parameters that check whether LeadConverter is available again: passed, failed",
    ("account", "result"),
)
DROPPED = Metric(
    "leadbridge_steps_dropped_total",
    "counter",
    "Steps dropped as too late: the call had changed in the meantime",
)

# Read when `/metrics` is requested.
UP = Metric(
    "leadbridge_database_up", "gauge", "1 if the database answers; if not, metrics read from it are missing"
)
CALLS = Metric(
    "leadbridge_calls", "gauge", "Calls that are not final; counted up to 50,001 in each state", ("state",)
)
UNCERTAIN = Metric(
    "leadbridge_uncertain_calls",
    "gauge",
    "Calls that may have run, by cause: http_502, timeout, reset, died and others",
    ("account", "cause"),
)
QUEUED = Metric("leadbridge_queue_calls", "gauge", "Queued calls; counted up to 100,002", ("account",))
OLDEST = Metric(
    "leadbridge_queue_oldest_seconds",
    "gauge",
    "Time since the acceptance of the call that is due first; 0 if no call is queued",
    ("account",),
)
LATE = Metric("leadbridge_queue_late_seconds", "gauge", "Delay of the call that is due first", ("account",))
WAITING = Metric("leadbridge_waiting_calls", "gauge", "Calls that wait until they are due", ("source",))
WAITING_DUE = Metric(
    "leadbridge_waiting_due_calls",
    "gauge",
    "Calls that are due and not queued yet; counted up to 50,001",
)
WAITING_LATE = Metric(
    "leadbridge_waiting_late_seconds",
    "gauge",
    "Delay of the first of them: no dispatcher runs, or the database's clock has jumped",
)
CANCELLED = Metric(
    "leadbridge_cancelled_calls",
    "gauge",
    "Calls cancelled in the last day, by: event, mark (cancelled before they came), replaced, "
    "kept (an earlier one waits already), late (late: skip)",
    ("source", "by"),
)
PAUSED = Metric("leadbridge_account_paused", "gauge", "1 while the account is paused", ("account",))
BREAKER = Metric(
    "leadbridge_account_breaker",
    "gauge",
    "1 for the current state: closed, open (nothing is sent for some time), trial",
    ("account", "state"),
)
PACE = Metric(
    "leadbridge_account_pace", "gauge", "Calls that may be sent per second now; 429 reduces it", ("account",)
)
STALE = Metric(
    "leadbridge_mappings_stale", "gauge", "1 while mapping files are broken and the last good set is in use"
)
DISK_FREE = Metric("leadbridge_disk_free_bytes", "gauge", "Free space on the disk of the embedded database")
INFO = Metric("leadbridge_info", "gauge", "Always 1; the labels show what runs", ("version", "database"))
PROCESSES = Metric("leadbridge_processes", "gauge", "Processes of this bridge on this machine", ("kind",))
MEMORY = Metric("leadbridge_resident_memory_bytes", "gauge", "Memory of these processes", ("kind",))
CPU = Metric("leadbridge_cpu_seconds_total", "counter", "CPU time of these processes", ("kind",))
FILES = Metric("leadbridge_open_files", "gauge", "Open files and connections of these processes", ("kind",))

COUNTED = (RECEIVED, REFUSED, BUSY, EVENTS, ACK, BATCH, COMMIT, ATTEMPTS, DISPATCH, PROBES, DROPPED)
_QUEUE = (QUEUED, OLDEST, LATE, WAITING, WAITING_DUE, WAITING_LATE, CANCELLED)
LOOKED_UP = (UP, CALLS, UNCERTAIN, *_QUEUE, PAUSED, BREAKER, PACE, STALE, DISK_FREE, INFO)
OF_PROCESSES = (PROCESSES, MEMORY, CPU, FILES)
ALL: Final = (*COUNTED, *LOOKED_UP, *OF_PROCESSES)

Sample: TypeAlias = tuple[Metric, tuple[str, ...], float]
"""A metric, the values of its labels in their order, and its value."""
