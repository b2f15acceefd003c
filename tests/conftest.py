"""What every test process starts with: one thread a worker, no test against the clock, Ctrl-C as at a terminal."""

import os
import signal

from hypothesis import settings

from vision.isolate import THREAD_COUNTS

# Every worker of pytest-xdist has one processor: so have the numeric libraries in it, and in what it starts.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.update(dict.fromkeys(THREAD_COUNTS, "1"))
# A run in the background is started deaf to Ctrl-C, and what it starts inherits that: the tests of Ctrl-C would wait.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# How long an example takes says how busy the machine is, and no test is one of speed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
