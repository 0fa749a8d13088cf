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
    due, said = time.monotonic() + (0 if verbose else PATIENCE), False
    for i, item in enumerate(items, 1):
        yield item
        last = i == len(items)
        if verbose != 0 and (time.monotonic() > due or (said and last)):
            due, said = time.monotonic() + 0.2, True
            print(f"\r{i:,} of {len(items):,} {what}", end="\n" * last, file=sys.stderr, flush=True)
