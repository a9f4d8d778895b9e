"""paintgym: a Gymnasium environment where agents learn to paint with a real brush, differentiably."""

__version__ = "0.1.0"
