"""The course's own data and recipe; the library does not lean on it."""
