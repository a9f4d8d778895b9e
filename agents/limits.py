"""How large paintings may be. Only numbers: whoever checks arguments need not wait for torch."""

LARGEST_BUDGET = 5000
"""Strokes on the canvas of 64x64, which is a photograph again long before."""
LARGEST_LARGE_BUDGET = 100_000
"""Strokes of a painting with a size."""
LARGEST_SIZE = 4096
"""Pixels of a painting's longer side."""
MOST_TOGETHER = 4096
"""Pictures that a comparison has painted side by side: more small ones fit no GPU's memory."""
