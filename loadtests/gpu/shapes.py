"""The sizes of model that can be served."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """A Llama's numbers, as its ``config.json`` has them; ``device`` is where it is meant to be served."""

    name: str
    hidden: int
    intermediate: int
    layers: int
    heads: int
    vocabulary: int
    context: int
    device: str

    @property
    def parameters(self) -> int:
        """How many weights it has: embeddings in and out, attention, feed-forward, norms."""
        layer = 4 * self.hidden**2 + 3 * self.hidden * self.intermediate + 2 * self.hidden
        return 2 * self.vocabulary * self.hidden + self.layers * layer + self.hidden

    @property
    def gigabytes(self) -> float:
        """Of its weights in bfloat16."""
        return self.parameters * 2 / 1e9


SHAPES = {
    shape.name: shape
    for shape in (
        # Llama-2-7B as it was trained on for medicine (Chen et al. 2023, "MEDITRON-70B", https://arxiv.org/abs/2311.16079).
        Shape("7b", 4096, 11008, layers=32, heads=32, vocabulary=32017, context=2048, device="cuda"),
        Shape("tiny", 64, 172, layers=2, heads=4, vocabulary=2048, context=2048, device="cpu"),
    )
}
