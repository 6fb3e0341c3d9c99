"""[[circle]]: the communities that a hub looks at."""

from __future__ import annotations

from pydantic import Field, model_validator

from steadycast.language import gettext as _
from steadycast.workspace.values import NAME, Model, WebAddress

MOST_CIRCLES = 200


class Circle(Model):
    """[[circle]]: an independent community, of which this one reads the report and no more."""

    name: str = Field(pattern=NAME)
    title: str = Field(default="", max_length=80)  # for people; "": as its report calls it
    path: str = Field(default="", max_length=500)  # its workspace, or its report.json, from this workspace on
    url: WebAddress = Field(default="", max_length=1000)  # of its report.json
    allow_private: bool = False  # the address may be in a private network
    leader: str = Field(min_length=1, max_length=80)  # who decides there

    @model_validator(mode="after")
    def _one_place(self) -> Circle:
        if bool(self.path) == bool(self.url):
            message = _("a circle needs exactly one of path and url")
            raise ValueError(message)
        return self
