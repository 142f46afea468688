"""The second half of the table of bad answers: what does something beside answering.

Every answer should be the sum of each row, under the name `total`.
"""

from __future__ import annotations

from hostile_broken import LOOPS, PASSED, right_but

# name -> (the cell's code below its header, what the message must say)
DEEDS: dict[str, tuple[str, str]] = {
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
    "a flood in every pipe": (
        "import os\ndef total(x):\n"
        "    while True:\n"
        "        for fd in range(3, 64):\n"
        "            try: os.write(fd, b'a line' * 999 + b'\\n')\n"
        "            except OSError: pass",
        "does a loop in it never end?",
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
    "deletes its own file by C and dies": (
        "import ctypes\ndef total(x):\n    ctypes.CDLL(None).unlink(OWN.encode())\n"
        "    ctypes.string_at(0)",
        "(And it deleted own.ipynb, which was put back.)",
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
