"""Secrets by name: from the environment, else from a Prefect Secret block."""

from __future__ import annotations

import os

from steadycast.errors import SteadycastError

SHORTEST = 4  # a shorter value would black out half of every message


def find(name: str) -> str | None:
    """The secret's value, or None: the environment variable NAME, else the Secret block `name` in Prefect's server."""
    value = os.environ.get(name)
    if value is not None:
        return value
    if not os.environ.get("PREFECT_API_URL"):
        return None
    return _block(name.lower().replace("_", "-"))


def _block(name: str) -> str | None:
    from prefect.blocks.system import Secret  # seconds: only where a server is named and the variable is not set

    try:
        return str(Secret.load(name).get())  # type: ignore[union-attr]
    except ValueError:  # Prefect's word for "there is no such block"
        return None
    except Exception as error:
        said = f"the Secret block {name} cannot be asked for: {type(error).__name__} (is Prefect's server up?)"
        raise SteadycastError(said) from None


class Redactor:
    """Takes known secrets out of any text: call it with a message before that message is kept or shown."""

    def __init__(self) -> None:
        self.values: set[str] = set()

    def learn(self, value: str) -> str:
        """Remembers a secret's value, and gives it back."""
        if len(value) >= SHORTEST:
            self.values.add(value)
        return value

    def __call__(self, text: str) -> str:
        """`text` with every known secret shown as its last four characters at most."""
        for value in sorted(self.values, key=len, reverse=True):
            text = text.replace(value, "***")
        return text
