"""Walks through Python's objects to what strategies have no name for.

None of this is a boundary: what is found is in the job's own process, and ends where calls of the
kernel do.
"""

from tests.sandbox.attacks.attack import Attack, kept, killed, stopped

ATTACKS: list[Attack] = [
    stopped("finds Popen among the subclasses", """
        def attack():
            import subprocess
            (popen,) = [c for c in object.__subclasses__() if c.__name__ == "Popen"]
            return popen(["/bin/true"])
        """, "seccomp", "files", "resources"),
    stopped("finds open in a frame", """
        def attack():
            frame = sys._getframe()
            while frame.f_back:
                frame = frame.f_back
            return frame.f_builtins["open"]("/etc/passwd").read()
        """, "files"),
    stopped("finds open in the globals of a warning", """
        def attack():
            import warnings
            seen = warnings.catch_warnings.__init__.__globals__
            return seen["sys"].modules["builtins"].open("/etc/passwd").read()
        """, "files"),
    stopped("reads what the collector holds of other jobs", """
        def attack():
            import gc
            gc.unfreeze()
            mine = request["needle"]
            return [o for o in gc.get_objects()
                    if type(o) is dict and o.get("needle") not in (None, mine)]
        """),
    stopped("looks through its heap for another job's frame", """
        def attack():
            import gc
            gc.unfreeze()
            return [o for o in gc.get_objects() if isinstance(o, dict) and "job's own" in str(o)
                    and "attack" not in o][:1]
        """),
    stopped("looks for the client's socket", """
        def attack():
            import gc, socket
            gc.unfreeze()
            return [o for o in gc.get_objects() if isinstance(o, socket.socket)
                    and o.fileno() >= 0 and o.send(b"x")]
        """),
    stopped("imports Django", "__import__('django')"),
    stopped("imports an application of ours", "__import__('apps.runs.models')"),
    stopped("imports the engine", "__import__('nautilus_trader')"),
    stopped("imports what lies beside", "__import__('requests') or __import__('pytest')"),
    stopped("reloads a module from elsewhere", """
        def attack():
            sys.path.insert(0, request["folder"])
            sys.meta_path.clear()
            import importlib.machinery as m
            sys.meta_path.append(m.PathFinder)
            import planted
            return planted
        """, "files"),
    stopped("opens the gate and imports Django", """
        def attack():
            sys.meta_path[:] = [f for f in sys.meta_path if isinstance(f, type)]
            sys.path += [request["packages"]]
            sys.path_importer_cache.clear()
            import django
            return django
        """),
    stopped("turns a file into code", """
        def attack():
            import runpy
            return runpy.run_path(request["folder"] + "/planted.py")
        """, "files"),
    stopped("unpickles a program", """
        def attack():
            import pickle
            return pickle.loads(b"cposix\\nsystem\\n(S'true'\\ntR.") == 0
        """, "seccomp", "files", "resources"),
    stopped("unpickles an opened file", """
        def attack():
            import pickle
            return pickle.loads(b"cio\\nopen\\n(S'/etc/passwd'\\ntR.").read()
        """, "files"),
    killed("evaluates a text that becomes a program", "execve",
        "eval(\"__import__('os').execv('/bin/true', ['true'])\")"),
    kept("takes its own lock's module apart", """
        def attack():
            from hewston.pipeline.sandbox.inside import jail
            jail.prove = print
            return "nothing calls it again"
        """),
    kept("changes what later jobs would import", """
        def attack():
            import json, math
            math.pi = 3
            json.dumps.__defaults__ = None
            return "in this process"
        """),
    kept("replaces the builtins", """
        def attack():
            import builtins
            builtins.open = builtins.len = None
            return "in this process"
        """),
    kept("changes its environment", "os.environ.update(PATH='x') or 'in this process'"),
    kept("answers with a header of its own", "os.write(out, b'{\"a\": 1}' * 999)", "answered"),
    kept("closes its output", "os.close(out) or 'closed'", "died"),
    kept("closes everything", "os.closerange(0, 64) or 'closed'", "died"),
]  # fmt: skip
