"""Which model of Bedrock a system calls, as its configuration says it."""

from __future__ import annotations

from components.runtime_policies import InferenceProfile
from configuration import Configuration


def load_inference(configuration: Configuration) -> InferenceProfile:
    """Read the one inference profile a system may call, and where its model may be."""
    wanted = configuration
    return InferenceProfile(
        profile=wanted.needed("inferenceProfile", wanted.text("inferenceProfile")),
        model=wanted.needed("foundationModel", wanted.text("foundationModel")),
        model_regions=wanted.needed("foundationModelRegions", wanted.texts("foundationModelRegions")),
    )


__all__ = ("load_inference",)
