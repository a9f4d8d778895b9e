"""How large paintings may be. Only numbers: whoever checks arguments need not wait for torch."""

LARGEST_BUDGET = 5000


LARGEST_LARGE_BUDGET = 100_000


LARGEST_SIZE = 4096
