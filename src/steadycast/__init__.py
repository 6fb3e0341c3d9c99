"""Steadycast: a community's output desk."""

__version__ = "0.1.0"
