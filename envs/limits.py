"""How large canvases of the environment may be. Only numbers: whoever checks arguments need not wait for torch."""

MINIMUM_SIZE, MAXIMUM_SIZE = 16, 1024
