"""How far to trust a cutpoint: `bootstrap`, `guarantee`, `open_set`."""
