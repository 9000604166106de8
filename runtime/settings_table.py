"""What `keepclear settings` prints: every setting with its meaning, unit and default."""

import typing
from typing import cast

import msgspec
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings


class SettingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table.

    Attributes:
        variable: Name in the environment.
        meaning: One sentence.
        unit: `s`, `messages`, …; empty where there is none.
        default: As one would write it in the environment; empty when unset.
        secret: Whether its value must never be shown.
    """

    variable: str
    meaning: str
    unit: str
    default: str
    secret: bool


def describe(settings_type: type[BaseSettings]) -> tuple[SettingRow, ...]:
    """Return a row for every setting of `settings_type`, in the order of declaration."""
    prefix = settings_type.model_config.get("env_prefix", "")
    return tuple(
        SettingRow(
            variable=f"{prefix}{name}".upper(),
            meaning=field.description or "",
            unit=_unit_of(field),
            default=_written(field.default),
            secret=SecretStr in (field.annotation, *typing.get_args(field.annotation)),
        )
        for name, field in settings_type.model_fields.items()
    )


def _unit_of(field: FieldInfo) -> str:
    """Return the unit a field declares."""
    extra = field.json_schema_extra
    return str(cast("dict[str, object]", extra).get("unit", "")) if isinstance(extra, dict) else ""


def _written(default: object) -> str:
    """Return a default as one writes it in the environment."""
    if default is None:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)
