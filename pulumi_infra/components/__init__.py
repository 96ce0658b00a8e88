"""Building blocks: one component a file, each with a typed ``Args`` dataclass."""
