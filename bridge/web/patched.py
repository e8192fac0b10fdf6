"""Greenlets in place of threads, before anything else is imported: the first import of the web server."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()
