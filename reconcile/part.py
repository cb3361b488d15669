"""The base of every table of settings.toml."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A table of settings.toml; unknown keys are refused so that a misspelt one is not silently without effect."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)
