"""A llama.cpp server on a free port, for the scripts that hold assay against it."""
import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.request


def ask(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def wait_for(port, server):
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                if answer.status == 200:
                    return True
        except OSError:
            if server.poll() is not None:
                return False
        time.sleep(0.2)
    return False


@contextlib.contextmanager
def running(program, model):
    """The port; None if the server did not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([program, "--host", "127.0.0.1", "--port", str(port), "-m", model, "-c", "2048", "-np",
                               "1", "-t", str(os.environ.get("ASSAY_THREADS", 1))], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        yield port if wait_for(port, server) else None
    finally:
        server.kill()
        server.wait()
