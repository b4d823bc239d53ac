"""Web search as a knowledge source."""
