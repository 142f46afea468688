"""What an answer left changed behind it, from which the next exercise would suffer.

A threshold, a handler, a thread that goes on: nothing is put back one by one. The verdict stands,
and the next exercise is judged in a fresh process. Leaves out replaced functions (`guard.py`).
"""

from __future__ import annotations

import _thread
import gc
import os
import signal
import sys
from typing import Any

import torch


class Traces:
    """The settings of the process as they were: `Traces().left()` is whether one is another now."""

    def __init__(self) -> None:
        self._modules = set(sys.modules)
        self._before = _settings()

    def left(self) -> bool:
        lost = self._modules - set(sys.modules)
        return bool(lost) or _settings() != self._before


def _settings() -> list[Any]:
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    alarm = signal.getitimer(signal.ITIMER_REAL)[0] > 0 if hasattr(signal, "getitimer") else False
    return [
        os.getcwd(),
        dict(os.environ),
        list(sys.path),
        sys.getrecursionlimit(),
        sys.gettrace(),
        sys.getprofile(),
        gc.isenabled(),
        _thread._count(),
        handlers,
        alarm,
        torch.get_num_threads(),
        torch.get_default_device(),
        torch.is_inference_mode_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.is_anomaly_enabled(),
        torch._C._len_torch_function_stack(),
    ]
