"""A line that counts, for what takes more than two seconds."""

import sys
import time

PATIENCE = 2.0  # seconds without a word


def counted(items, what, verbose=None):
    """Yield the items, of which `what` is the name, and say on stderr how far one has got.

    verbose: 1 says so from the start, 0 never; None: after two seconds.

    >>> list(counted([1, 2], "pictures", verbose=0))
    [1, 2]
    """
    due = time.monotonic() + (0 if verbose else PATIENCE)
    for i, item in enumerate(items, 1):
        yield item
        if verbose != 0 and time.monotonic() > due:
            due = time.monotonic() + 0.2
            end = "\n" if i == len(items) else ""
            print(f"\r{i:,} of {len(items):,} {what}", end=end, file=sys.stderr, flush=True)
