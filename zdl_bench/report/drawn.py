"""What a report has of a figure."""

from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawn:
    """A figure with the name of its file, its title and words for who cannot see it."""

    name: str
    title: str
    description: str
    figure: Figure
