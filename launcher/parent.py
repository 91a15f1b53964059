"""A part of the product ends when its launcher does, however that ended. Else the next launcher would find its ports taken."""
from __future__ import annotations

import ctypes
import os
import signal
import sys

# In the environment of a launched part: its launcher's process id.
LAUNCHER = "LAUNCHER_PID"
# In the environment of an assistant that is loading while its launcher still prepares the database: a pipe that ends the wait.
PREPARED = "PREPARED_PIPE"
_PR_SET_PDEATHSIG = 1


def end_with_launcher() -> None:
    """Let Linux tell this process to end when its launcher is gone. Does nothing for one that was not launched."""
    launcher = os.environ.pop(LAUNCHER, "")
    if not launcher or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if str(os.getppid()) != launcher:
        # It was gone before it could be watched.
        sys.exit("the launcher is gone")
