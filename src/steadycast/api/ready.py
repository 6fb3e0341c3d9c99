"""Whether this community is ready to be copied, for programs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.routes import looks
from steadycast.api.shapes import Here, Shown
from steadycast.ops.ready import ready as look
from steadycast.pipeline.permissions import Act

router = looks("ready")


class Gate(Shown):
    """One gate: what is asked, what was found, and how it was counted."""

    stage: Literal["organised", "core", "culture"]
    name: str
    title: str
    asked: str
    found: str
    ok: bool | None = Field(description="Nothing where it cannot be counted: then it is not passed.")
    how: str


@router.get("/ready", dependencies=[needs(Act.READ)])
def ready(app: Here) -> list[Gate]:
    """Every gate before this community is copied, as of now."""
    return [Gate.model_validate(gate.row()) for gate in look(app, pipeline.now())]
