"""Platforms as plain values and back: to be kept by whoever would not read and check their files once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from steadycast.platform.contract import Limit, MediaRule, Platform, RenderRule, Setting

KINDS: Mapping[str, Callable[..., Any]] = {
    each.__name__: each for each in (Platform, Limit, MediaRule, RenderRule, Setting)
}


def as_values(given: Any) -> Any:
    """`given` without an object of ours or a path: a tuple stands for one, and for each tuple. Other values stay."""
    kind = type(given).__name__
    if kind in KINDS and type(given) is KINDS[kind]:
        return kind, {field.name: as_values(getattr(given, field.name)) for field in fields(given)}
    if isinstance(given, Path):
        return "Path", str(given)
    if isinstance(given, tuple):
        return "tuple", [as_values(each) for each in given]
    if isinstance(given, list):
        return [as_values(each) for each in given]
    return {key: as_values(value) for key, value in given.items()} if isinstance(given, Mapping) else given


def of_values(told: Any) -> Any:
    """What `as_values` was given; raises ValueError, TypeError or LookupError where it is none of its."""
    if isinstance(told, list):
        return [of_values(each) for each in told]
    if isinstance(told, dict):
        return {key: of_values(value) for key, value in told.items()}
    if not isinstance(told, tuple):
        return told
    kind, inside = told
    if kind == "Path":
        return Path(inside)
    return tuple(of_values(inside)) if kind == "tuple" else KINDS[kind](**of_values(inside))
