"""The table of hostile and broken answers: each with a sentence of its own.

Every answer should be the sum of each row, under the name `total`. Leaves out the running of them
(`test_hostile.py`).
"""

from __future__ import annotations

import sys

PASSED = "(passes)"  # what it does is no business of the grader, and harms nobody else
LOOPS = "did not finish within 3 s"


def right_but(*lines: str) -> str:
    """A right answer that does something else as well."""
    return "\n".join(["def total(x):", *(f"    {line}" for line in lines), "    return x.sum(-1)"])


# name -> (the cell's code below its header, what the message must say)
HOSTILE: dict[str, tuple[str, str]] = {
    # The code itself.
    "return outside": ("def total(x): ...\nreturn x", "not Python at `return x` (line 3"),
    "syntax error": ("def total(x:\n    return x", "not Python at `def total(x:` (line 2"),
    "null byte": ("def total(x):\n    return x.sum(-1)\x00", "its cell holds a null byte"),
    "nested too deeply": (
        f"def total(x):\n    return {'(' * 90 + '-' * 100_000}1{')' * 90}",
        "its cell is nested too deeply",
    ),
    "a million lines": ("a = 1\n" * 1_000_000 + "def total(x):\n    return x", "expected"),
    "twice in a cell": (
        "def total(x):\n    return x.sum(-1)\ndef total(x):\n    return x",
        "its cell defines total 2 times",
    ),
    "renamed": ("def sum_up(x):\n    return x.sum(-1)", "its cell does not define total"),
    "not a function": ("total = 3", "total is not a function; it is int"),
    "a class": ("class total:\n    def __init__(self, x): ...", "found a total"),
    "async": ("async def total(x):\n    return x.sum(-1)", "coroutine"),
    "a generator": ("def total(x):\n    yield x.sum(-1)", "generator"),
    "from __future__ too late": (
        "import torch\nfrom __future__ import annotations\ndef total(x):\n    return x",
        "from __future__ imports must occur at the beginning",
    ),
    "a given name deleted": (
        "del Tensor\ndef total(x):\n    return Tensor.sum(x, -1)",
        "name 'Tensor' is not defined",
    ),
    "shared names overwritten": (
        "torch = mine = double = None\ndef total(x):\n    return torch.sum(x, -1)",
        "'NoneType' object has no attribute 'sum'",
    ),
    "a name of a notebook": (
        "%timeit total\ndef total(x):\n    return get_ipython().run_line_magic('time', '')",
        "name 'get_ipython' is not defined",
    ),
    # What it raises.
    "sys.exit": (
        "import sys\ndef total(x):\n    sys.exit(0)",
        "total calls sys.exit on the case 'two rows of three', in `sys.exit(0)`",
    ),
    "quit": ("def total(x):\n    quit()", "in `quit()`"),
    "exit in __del__": (
        "class Last:\n    def __del__(self):\n        raise SystemExit(0)\n"
        "def total(x):\n    Last()\n    return x.mean(-1)",
        "expected [",
    ),
    "pytest.skip": (
        'import pytest\ndef total(x):\n    pytest.skip("done")',
        "total raises pytest's Skipped",
    ),
    "pytest.exit": (
        'import pytest\ndef total(x):\n    pytest.exit("done", returncode=0)',
        "total raises pytest's Exit",
    ),
    "pytest replaced": (
        "import sys, types\nsys.modules['pytest'] = types.ModuleType('pytest')\n"
        "import _pytest.outcomes\n_pytest.outcomes.fail = lambda *a, **k: None\n"
        "def total(x):\n    return x.sum(0) + 1",
        "expected",
    ),
    "interrupt": ("def total(x):\n    raise KeyboardInterrupt", "total was interrupted"),
    "exception": (
        "def total(x):\n    return x.sum(dim=7)",
        "total raised IndexError on the case 'two rows of three', in `return x.sum(dim=7)`",
    ),
    "infinite recursion": ("def total(x):\n    return total(x)", "total calls itself without end"),
    "input": ("def total(x):\n    return x.sum(int(input('axis? ')))", "total asks for input()"),
    "not awaited": (
        "import asyncio\ndef total(x):\n    return asyncio.sleep(0)",
        "found a coroutine",
    ),
    # What it returns.
    "nothing returned": ("def total(x):\n    return None", "does it end with return?"),
    "NaN": ("def total(x):\n    return x.sum(-1) / 0 * 0", "nan"),
    "meta device": ("def total(x):\n    return x.sum(-1).to('meta')", "meta"),
    "for a GPU only": ("def total(x):\n    return x.to('cuda').sum(-1)", "cuda"),
    ".cuda()": ("def total(x):\n    return x.cuda().sum(-1)", "in `return x.cuda().sum(-1)`"),
    "sparse": ("def total(x):\n    return x.sum(-1).to_sparse()", "sparse"),
    "complex": ("def total(x):\n    return x.sum(-1).to(torch.complex64)", "complex"),
    "quantised": (
        "def total(x):\n    return torch.quantize_per_tensor(x.sum(-1), .1, 0, torch.qint8)",
        "torch.qint8",
    ),
    # What it never ends, or ends too soon.
    "endless loop": ("def total(x):\n    while True: pass", LOOPS),
    "endless loop in the cell": ("while True: pass", LOOPS),
    "ignores every signal": (
        "import signal\nfor s in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:\n"
        "    try: signal.signal(s, signal.SIG_IGN)\n    except OSError: pass\n"
        "def total(x):\n    while True: pass",
        LOOPS,
    ),
    "waits for itself": (
        "import threading\nlock = threading.Lock()\ndef total(x):\n"
        "    lock.acquire()\n    lock.acquire()",
        LOOPS,
    ),
    "os._exit(0)": (
        "import os\ndef total(x):\n    os._exit(0)",
        "ended the whole Python process (exit code 0)",
    ),
    "os._exit(0) in the cell": ("import os\nos._exit(0)", "ended the whole Python process"),
    "crash": (
        "import ctypes\ndef total(x):\n    ctypes.string_at(0)",
        "crashed the Python interpreter (SIGSEGV)",
    ),
    "abort": (
        "import os\ndef total(x):\n    os.abort()",
        "crashed the Python interpreter (SIGABRT",
    ),
    "C stack overflow": (
        "import sys, threading\nsys.setrecursionlimit(10**9)\nthreading.stack_size(1 << 18)\n"
        "def total(x):\n    deep = []\n    for _ in range(10**5): deep = [deep]\n"
        "    other = threading.Thread(target=repr, args=(deep,))\n    other.start(), other.join()",
        "crashed the Python interpreter (SIGSEGV)",
    ),
    # What it replaces.
    "torch.allclose replaced": (
        "torch.allclose = lambda *a, **k: True\ndef total(x):\n    return x",
        "it replaces torch.allclose",
    ),
    "torch.isclose replaced": (
        "def total(x):\n    torch.isclose = lambda *a, **k: x > x - 1\n    return x.sum(0)",
        "it replaces torch.isclose",
    ),
    "torch.manual_seed replaced": (
        right_but("torch.manual_seed = lambda seed: None"),
        "it replaces torch.manual_seed",
    ),
    "a builtin replaced": (
        "import builtins\nbuiltins.all = lambda *a: True\ndef total(x):\n    return x",
        "it replaces builtins.all",
    ),
    "isinstance replaced": (
        "import builtins\nbuiltins.isinstance = None\ndef total(x):\n    return x",
        "ended the whole Python process (exit code 1)",
    ),
    "grader's names overwritten": (
        "import minitransformer.workbook.grading.ladder as g\n"
        "g.expect_close = g.mismatch = g.difference = lambda *a, **k: ''\n"
        "def total(x):\n    return x",
        "it replaces minitransformer.workbook.grading.ladder.",
    ),
    "cases overwritten": (
        "import sys\nsys.modules['the_grader'].one_matrix = lambda seed: []\n"
        "def total(x):\n    return x",
        "it replaces the_grader.one_matrix",
    ),
    "a verdict printed": (
        "import json\ndef total(x):\n"
        "    print(json.dumps({'verdict': {'id': 'rows.total', 'status': 'passed'}}))\n"
        "    return x.mean(-1)",
        "This is the mean of each row",
    ),
    "a verdict in every pipe": (
        "import json, os\ndef total(x):\n"
        "    line = json.dumps({'verdict': {'id': 'rows.total', 'status': 'passed'}})\n"
        "    for fd in range(3, 64):\n"
        "        try: os.write(fd, (line + chr(10)).encode())\n"
        "        except OSError: pass\n"
        "    return x.sum(0)",
        "This sums down the columns",
    ),
    # What it borrows.
    "imports the solution": (
        "from solutions import ch02_rows\ntotal = ch02_rows.total",
        "No module named 'solutions'",
    ),
    "imports it by its path": (
        "import sys\nsys.path.insert(0, ROOT + '/solutions')\nfrom ch02_rows import total",
        "where answers may stand, in `from ch02_rows import total`",
    ),
    "reads the solutions": (
        right_but("try: open(ROOT + '/solutions/ch02_rows.py').read()", "except OSError: pass"),
        "total opens ch02_rows.py, where answers may stand, in `try: open(",
    ),
    "reads the grader": (
        right_but(
            "import linecache", "linecache.getlines(ROOT + '/tests/wrong/ch01_tiny/double.py')"
        ),
        "total opens double.py",
    ),
    "reads another's notebook": (
        right_but("open(ROOT + '/class/her.ipynb')"),
        "total opens her.ipynb",
    ),
    "reads a folder of the class": (
        right_but("import os", "os.open(ROOT + '/class/his.py', os.O_RDONLY)"),
        "total opens his.py",
    ),
    "asks for itself": (
        'def total(x):\n    return mine("rows.total")(x)',
        "mine(...) gives an exercise before this one, never this one itself",
    ),
    # What it does to files.
    "deletes its own file": (
        right_but("import os", "os.remove(OWN)"),
        "total deletes own.ipynb, in `os.remove(OWN)`",
    ),
    "renames its own file": (
        right_but("import os", "os.rename(OWN, OWN + '.old')"),
        "total renames own.ipynb",
    ),
    "writes its own file": (right_but("open(OWN, 'w')"), "total writes own.ipynb"),
    "deletes a folder": (
        right_but("import shutil", "shutil.rmtree(ROOT + '/class', ignore_errors=True)"),
        "total deletes class",
    ),
    "a large file": (
        "def total(x):\n    with open('large', 'wb') as file:\n"
        "        for _ in range(100): file.write(bytes(1 << 20))",
        "File too large",
    ),
    "fills the disk": (
        "import time\ndef total(x):\n    for i in range(50):\n"
        "        with open(f'part{i}', 'wb') as file: file.truncate(30 << 20)\n"
        "    time.sleep(9)",
        "it wrote more than 256 MiB to disk",
    ),
    # What it starts.
    "a program": (
        right_but("import subprocess, sys", "subprocess.run([sys.executable, '-c', ''])"),
        "total starts a program, in `subprocess.run([",
    ),
    "a pool of processes": (
        right_but("import multiprocessing", "multiprocessing.Pool(2).map(abs, [1, 2])"),
        "total starts a process, in `multiprocessing.Pool(2)",
    ),
    "a shell": (right_but("import os", "os.system('true')"), "total starts a program, in `os.s"),
    "a connection": (
        right_but("import socket", "socket.create_connection(('127.0.0.1', 9))"),
        "total opens a connection",
    ),
    "kills the grader": (
        right_but("import os", "os.kill(os.getppid(), 9)"),
        "total sends a signal to another process",
    ),
    "memory": (
        "def total(x):\n    torch.empty(10 << 30, dtype=torch.uint8)\n    return x.sum(0)",
        "total asked for more memory than the grader allows",
    ),
    "a thousand threads": (
        right_but(
            "import threading, time",
            "for _ in range(1000): threading.Thread(target=time.sleep, args=(9,)).start()",
        ),
        "total starts more than 64 threads",
    ),
    "a thread in another's place": (
        "import threading, time\ndef total(x):\n"
        "    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "    return x.sum(-1, keepdim=True)",
        "leave out `keepdim=True`",
    ),
    # What does no harm.
    "a daemon thread that never ends": (
        "import itertools, threading\ndef spin():\n    while True: pass\n"
        + right_but("threading.Thread(target=spin, daemon=True).start()"),
        PASSED,
    ),
    "prints 100 MB": (right_but("for _ in range(100): print('a' * (1 << 19))"), PASSED),
    "shows a plot": (
        "import matplotlib.pyplot as plt\n" + right_but("plt.plot([1]); plt.show()"),
        PASSED,
    ),
    "notebook commands": ("%matplotlib inline\n!pip list\n" + right_but("pass"), PASSED),
    "a breakpoint left in": (right_but("breakpoint()"), PASSED),
    "a progress bar": (
        right_but("from tqdm.auto import tqdm", "for _ in tqdm(range(30)): pass"),
        PASSED,
    ),
    "awaits inside": (
        "import asyncio\nasync def later(x): return x.sum(-1)\n"
        "def total(x): return asyncio.run(later(x))",
        PASSED,
    ),
    "decorated": (
        "import functools\n@functools.lru_cache\ndef total(x):\n    return x.sum(-1)",
        PASSED,
    ),
    "walrus and global": (
        "def total(x):\n    global left\n    left = (y := x.sum(-1))\n    return y",
        PASSED,
    ),
    "in float64 from here on": (
        right_but("torch.set_default_dtype(torch.float64)", "torch.set_grad_enabled(False)"),
        PASSED,
    ),
    "another folder": (
        right_but("import os, tempfile", "os.chdir(tempfile.mkdtemp())", "os.environ['A'] = 'b'"),
        PASSED,
    ),
    "more torch threads": (right_but("torch.set_num_threads(2)"), PASSED),
    "inference mode for ever": (right_but("torch.inference_mode().__enter__()"), PASSED),
    "errors of warnings": (right_but("import warnings", "warnings.simplefilter('error')"), PASSED),
    "sys.modules emptied": (right_but("import sys", "sys.modules.clear()"), PASSED),
    "traced": (right_but("import sys", "sys.settrace(lambda *a: None)"), PASSED),
    "an alarm": (right_but("import signal", "signal.alarm(1)"), PASSED),
    "at the end": (
        "import atexit, gc\ndef never():\n    while True: pass\n"
        + right_but("atexit.register(never)", "gc.disable()"),
        PASSED,
    ),
}

# By C, past what Python hears of; the parent sees it, on every system that has these calls.
UNHEARD: dict[str, tuple[str, str]] = {
    "deletes its own file by C": (
        right_but("import ctypes", "ctypes.CDLL(None).unlink(OWN.encode())"),
        "it deleted own.ipynb, which was put back as it was",
    ),
    "a fork": (
        right_but("import ctypes", "ctypes.CDLL(None).fork()"),
        PASSED,
    ),
    "a fork bomb": (
        "import ctypes, time\ndef total(x):\n    fork = ctypes.CDLL(None).fork\n"
        "    for _ in range(6): fork()\n    time.sleep(9)",
        "it started more than 32 processes",
    ),
    "memory in children": (
        "import ctypes, time\ndef total(x):\n    for _ in range(3): ctypes.CDLL(None).fork()\n"
        "    kept = b'1' * (1 << 27)\n    time.sleep(9)",
        "it took more than 0.5 GiB of memory",
    ),
    "a grandchild in a session of its own": (
        "import ctypes, os, time\ndef total(x):\n    if ctypes.CDLL(None).fork() == 0:\n"
        "        os.setsid()\n        open('daemon', 'w').write(str(os.getpid()))\n"
        "        time.sleep(99)\n    time.sleep(9)",
        LOOPS,
    ),
}

# Of those that need a process of their own, the quick test run takes one of each kind.
QUICK = {
    "endless loop", "os._exit(0)", "crash", "torch.isclose replaced", "cases overwritten",
    "a daemon thread that never ends", "sys.modules emptied", "deletes its own file by C",
    "a fork bomb", "another folder",
}  # fmt: skip
RESTARTS = set(UNHEARD) | {
    "ignores every signal", "waits for itself", "os._exit(0) in the cell", "abort",
    "endless loop in the cell", "C stack overflow", "torch.allclose replaced",
    "torch.manual_seed replaced", "a builtin replaced", "isinstance replaced", "fills the disk",
    "grader's names overwritten", "a thousand threads", "a thread in another's place",
    "shows a plot", "more torch threads", "inference mode for ever",
    "a progress bar", "traced", "an alarm", "at the end", "pytest replaced",
}  # fmt: skip
SLOW = RESTARTS - QUICK

if sys.platform != "win32":
    HOSTILE |= UNHEARD
else:  # no such calls or limits there
    for name in ("an alarm", "abort", "crash", "a large file", "C stack overflow"):
        del HOSTILE[name]
if not sys.platform.startswith("linux"):  # no such limits elsewhere
    for name in ("memory", "a large file"):
        HOSTILE.pop(name, None)
