"""`Encoding`: native, so that columns are made straight from the core's when they are asked for."""

from __future__ import annotations

from toksmith._native import Encoding

__all__ = ["Encoding"]
