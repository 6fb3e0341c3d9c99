"""A value that is worked out when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeVar

T = TypeVar("T")


class once(cached_property[T]):  # noqa: N801 - it is written as a decorator
    """`cached_property` without its lock, which takes longer than most of what it guards.

    For what one thread makes, asks and forgets.
    """

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        """The value, which stands in the object's own dictionary from now on."""
        if instance is None:
            return self
        value = instance.__dict__[self.attrname] = self.func(instance)
        return value
