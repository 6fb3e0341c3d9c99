"""What a row of a table is: a plain object. Its class says what the table is, in SQLAlchemy's Core; no mapper is made.

Nothing here loads an object from a session or watches it: statements are Core's, and rows hold what was read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, dataclass_transform

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
)
from sqlalchemy.types import TypeEngine

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
METADATA = MetaData()
REQUIRED: Any = object()  # of a column that has no default


class Instant(TypeDecorator[dt.datetime]):
    """An aware datetime in Python, whole microseconds since 1970 UTC in the database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        return None if value is None else (value - EPOCH) // dt.timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Any) -> dt.datetime | None:  # noqa: ARG002
        return None if value is None else EPOCH + dt.timedelta(microseconds=value)


# A field's type as it is written -> its column's, where the field names no other.
KINDS: dict[str, Any] = {
    "str": String,
    "int": Integer,
    "bool": Boolean,
    "bytes": LargeBinary,
    "dt.datetime": Instant,
    "dict[str, Any]": JSON,
    "list[str]": JSON,
}


@dataclass(frozen=True, slots=True)
class _Field:
    default: Any = REQUIRED
    default_factory: Callable[[], Any] | None = None
    primary_key: bool = False
    index: bool = False
    max_length: int | None = None
    foreign_key: str = ""
    ondelete: str | None = None
    sa_type: type[TypeEngine[Any]] | TypeEngine[Any] | None = None

    def column(self, name: str, written: str) -> Column[Any]:
        """The column of a field of that name, whose type is written so in the class."""
        kind, _, optional = written.partition(" | ")
        made = self.sa_type or (String(self.max_length) if self.max_length else KINDS[kind])
        keys = [ForeignKey(self.foreign_key, ondelete=self.ondelete)] if self.foreign_key else []
        return Column(
            name,
            made,
            *keys,
            primary_key=self.primary_key,
            nullable=bool(optional) and not self.primary_key,
            index=self.index or None,
            default=None if self.default is REQUIRED else self.default,
            autoincrement=True if self.primary_key and kind == "int" and optional else "auto",
        )


def Field(**said: Any) -> Any:  # noqa: N802  as a class's body reads: a field, and no call
    """A field whose column is more than its type tells: the arguments are those of `_Field`."""
    return _Field(**said)


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class TableRow:
    """One row. A subclass's annotations are its table's columns, in their order."""

    __tablename__: ClassVar[str]
    model_fields: ClassVar[Mapping[str, _Field]]

    def __init_subclass__(cls) -> None:
        fields = {}
        for name in cls.__annotations__:
            said = cls.__dict__.get(name, REQUIRED)
            fields[name] = said if isinstance(said, _Field) else _Field(said)
            if said is not REQUIRED:
                delattr(cls, name)  # a row that was made without it has no such value, and not the class's
        cls.model_fields = fields
        Table(
            cls.__tablename__,
            METADATA,
            *(field.column(name, cls.__annotations__[name]) for name, field in fields.items()),
        )

    def __init__(self, **values: Any) -> None:
        for name, field in self.model_fields.items():
            if name in values:
                continue
            if field.default_factory:
                values[name] = field.default_factory()
            elif field.default is REQUIRED:
                raise TypeError(f"{type(self).__name__} needs {name}")
            else:
                values[name] = field.default
        if unknown := values.keys() - self.model_fields.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        self.__dict__.update(values)

    def model_dump(self, *, exclude: Collection[str] = ()) -> dict[str, Any]:
        """Its values by column, in the table's order."""
        return {name: self.__dict__[name] for name in self.model_fields if name not in exclude}

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """Another row with these values changed."""
        return type(self)(**{**self.__dict__, **update})

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
