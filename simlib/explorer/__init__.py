"""The threshold explorer: `counts` counts once, `picture` draws it still, `widget` shows it live."""
