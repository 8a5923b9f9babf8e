"""Greedy texts of `assay lm generate` against llama.cpp's server, same GGUF file, temperature 0.

    llama_parity.py ASSAY LLAMA_SERVER MODEL.gguf [PROMPTS]

For each prompt: the server's ids and the logarithms of its two most probable tokens; our ids; and our logits along the
server's text, position by position. Both round activations to int8, by rules that differ in the last digit, so logits
differ a little everywhere. How much is measured where both agree: the distance of the two programs' gaps between the
same two tokens. A difference of texts is explained if both programs saw a gap that this distance can close.
Exit status 0: all equal or explained; 1: one is not; 5: the server did not start.
"""
import array
import json
import math
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

TOKENS = 64
PROMPTS = [
    "The capital of France is", "Once upon a time there was a", "def fibonacci(n):\n", "Water boils at",
    "The three laws of motion are", "In 1969 the first", "A recipe for pancakes:\n1.", "The opposite of hot is",
    "Dear Sir or Madam,\n", "SELECT name FROM", "The largest planet is", "To be or not to be,", "Q: What is 2 + 2?\nA:",
    "My favourite colour is", "The mitochondria is", "Bonjour, je m'appelle", "- apples\n- pears\n-",
    "The quick brown fox", "An atom consists of", "Shakespeare wrote", "#include <stdio.h>\n", "She opened the door and",
]


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


def ask(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def read_logits(path):
    with open(path, "rb") as file:
        head = file.read(10)
        header = file.read(struct.unpack("<H", head[8:])[0]).decode()
        rows, columns = (int(n) for n in header[header.index("(") + 1:header.index(")")].split(","))
        values = array.array("f")
        values.frombytes(file.read(rows * columns * 4))
    return [values[i * columns:(i + 1) * columns] for i in range(rows)]


def ours(assay, model, prompt, folder):
    with open(f"{folder}/prompt", "w") as file:
        file.write(prompt)
    done = subprocess.run([assay, "lm", "generate", model, "--prompt-file", f"{folder}/prompt", "--temperature", "0",
                           "--max-tokens", str(TOKENS), "--ignore-end", "--json"], capture_output=True, check=True)
    return json.loads(done.stdout)["ids"]


def our_logits(assay, model, ids, folder):
    with open(f"{folder}/ids", "w") as file:
        file.write(" ".join(str(i) for i in ids))
    subprocess.run([assay, "lm", "parity", model, "--ids", f"{folder}/ids", "--write", f"{folder}/logits.npy",
                    "--force"], check=True)
    return read_logits(f"{folder}/logits.npy")


def measure(assay, port, model, prompt, folder):
    begin = ask(port, "/tokenize", {"content": prompt, "add_special": True})["tokens"]
    theirs = ask(port, "/completion", {"prompt": begin, "n_predict": TOKENS, "temperature": 0, "n_probs": 5,
                                       "cache_prompt": False, "return_tokens": True, "ignore_eos": True})
    ids, tops = theirs["tokens"][:TOKENS], [p["top_logprobs"] for p in theirs["completion_probabilities"]]
    rows = our_logits(assay, model, begin + ids[:-1], folder)[len(begin) - 1:]
    noise, differences = [], []
    for row, top in zip(rows, tops):
        (a, la), (b, lb) = [(t["id"], t["logprob"]) for t in top[:2]]
        their_gap, our_gap = la - lb, row[a] - row[b]
        best = max(range(len(row)), key=row.__getitem__)
        if best == a:
            noise.append(our_gap - their_gap)
        else:
            their = {t["id"]: t["logprob"] for t in top}
            differences.append((row[best] - row[a], la - their.get(best, -math.inf)))
    return {"equal": ours(assay, model, prompt, folder) == ids, "noise": noise, "differences": differences}


def report(results):
    noise = sorted(abs(n) for r in results for n in r["noise"])
    largest, typical = noise[-1], math.sqrt(sum(n * n for n in noise) / len(noise))
    equal = sum(r["equal"] for r in results)
    differences = [d for r in results for d in r["differences"]]
    # both gaps together are what moved between the two programs
    explained = [d for d in differences if d[0] + d[1] <= largest]
    print(f"{len(results)} prompts of {TOKENS} tokens: {equal} texts equal; along the server's texts the most probable "
          f"token is equal at {len(noise)} of {len(noise) + len(differences)} positions")
    print(f"distance of gaps where it is equal: rms {typical:.3f}, largest {largest:.3f}")
    for our_gap, their_gap in differences:
        print(f"other token: our gap {our_gap:.3f}, theirs {their_gap:.3f}, together {our_gap + their_gap:.3f}"
              f"{'' if our_gap + their_gap <= largest else '  NOT EXPLAINED'}")
    return 0 if len(explained) == len(differences) else 1


def main():
    assay, program, model = sys.argv[1:4]
    prompts = PROMPTS[:int(sys.argv[4])] if len(sys.argv) > 4 else PROMPTS
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([program, "--host", "127.0.0.1", "--port", str(port), "-m", model, "-c", "2048", "-np",
                               "1", "-t", str(os.environ.get("ASSAY_THREADS", 1))], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        if not wait_for(port, server):
            print("the server did not start")
            return 5
        with tempfile.TemporaryDirectory() as folder:
            return report([measure(assay, port, model, prompt, folder) for prompt in prompts])
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
