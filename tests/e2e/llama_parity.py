"""Greedy texts of `assay lm generate` against llama.cpp's server, same GGUF file, temperature 0.

    llama_parity.py ASSAY LLAMA_SERVER MODEL.gguf [PROMPTS] [--damaged]

Both programs round activations to int8, by rules that differ in the last digit, so logits differ a little everywhere,
and texts part where that closes the gap between two tokens. What is right is known: the same weights as binary32, whose
activations nobody rounds. So for each prompt, along the server's text: the logarithms of the server's most probable
tokens, our logits, and those of the exact weights; and of each program the error of its gap between the server's two
most probable tokens.

- Ours may be no larger than the server's: its root mean square at most 1.25 times the server's.
- A position where another token is the most probable one for us is explained if, for these two tokens, the errors of
  both programs are such as the server's errors come in so many positions: at most z times their root mean square, where
  of as many normal values one in two hundred such runs would have one beyond z.

Nothing of ours stands in either bound. --damaged: our weights lack the minima of one block of every row of one tensor,
as a wrong kernel would have it; that must not pass. Exit status 0: all equal or explained; 1: not so; 5: the server did
not start; 77: there is no numpy.
"""
import array
import json
import math
import statistics
import struct
import subprocess
import sys
import tempfile

from llama_server import ask, running

try:
    from gguf_floats import write_damaged, write_floats
except ImportError:
    print("skipped: no numpy")
    sys.exit(77)

TOKENS = 64
RATIO_MAX = 1.25  # of our error to the server's; a quarter more would be a third of a bit of int8 lost
ALARM = 0.005     # the share of runs in which a normal error as large as the bound would be seen
PROMPTS = [
    "The capital of France is", "Once upon a time there was a", "def fibonacci(n):\n", "Water boils at",
    "The three laws of motion are", "In 1969 the first", "A recipe for pancakes:\n1.", "The opposite of hot is",
    "Dear Sir or Madam,\n", "SELECT name FROM", "The largest planet is", "To be or not to be,", "Q: What is 2 + 2?\nA:",
    "My favourite colour is", "The mitochondria is", "Bonjour, je m'appelle", "- apples\n- pears\n-",
    "The quick brown fox", "An atom consists of", "Shakespeare wrote", "#include <stdio.h>\n", "She opened the door and",
]


def read_logits(path):
    with open(path, "rb") as file:
        head = file.read(10)
        header = file.read(struct.unpack("<H", head[8:])[0]).decode()
        rows, columns = (int(n) for n in header[header.index("(") + 1:header.index(")")].split(","))
        values = array.array("f")
        values.frombytes(file.read(rows * columns * 4))
    return [values[i * columns:(i + 1) * columns] for i in range(rows)]


def text_ids(assay, model, prompt, folder):
    with open(f"{folder}/prompt", "w") as file:
        file.write(prompt)
    done = subprocess.run([assay, "lm", "generate", model, "--prompt-file", f"{folder}/prompt", "--temperature", "0",
                           "--max-tokens", str(TOKENS), "--ignore-end", "--json"], capture_output=True, check=True)
    return json.loads(done.stdout)["ids"]


def logits_of(assay, model, ids, folder):
    with open(f"{folder}/ids", "w") as file:
        file.write(" ".join(str(i) for i in ids))
    subprocess.run([assay, "lm", "parity", model, "--ids", f"{folder}/ids", "--write", f"{folder}/logits.npy",
                    "--force"], check=True, stdout=subprocess.DEVNULL)
    return read_logits(f"{folder}/logits.npy")


def measure(assay, port, model, exact, prompt, folder):
    """Errors of gaps, [(ours, theirs)], where the server's two tokens are, and where our token is another one."""
    begin = ask(port, "/tokenize", {"content": prompt, "add_special": True})["tokens"]
    theirs = ask(port, "/completion", {"prompt": begin, "n_predict": TOKENS, "temperature": 0, "n_probs": 5,
                                       "cache_prompt": False, "return_tokens": True, "ignore_eos": True})
    ids, tops = theirs["tokens"][:TOKENS], [p["top_logprobs"] for p in theirs["completion_probabilities"]]
    ours = logits_of(assay, model, begin + ids[:-1], folder)[len(begin) - 1:]
    right = logits_of(assay, exact, begin + ids[:-1], folder)[len(begin) - 1:]
    errors, differences = [], []
    for our, true, top in zip(ours, right, tops):
        their = {t["id"]: t["logprob"] for t in top}
        first, second = top[0]["id"], top[1]["id"]
        best = max(range(len(our)), key=our.__getitem__)

        def error(other):
            gap = true[first] - true[other]
            return our[first] - our[other] - gap, their[first] - their.get(other, -math.inf) - gap
        errors.append(error(second))
        if best != first:
            differences.append(error(best))
    return {"equal": text_ids(assay, model, prompt, folder) == ids, "errors": errors, "differences": differences}


def rms(values):
    return math.sqrt(sum(v * v for v in values) / len(values))


def report(results):
    errors = [e for r in results for e in r["errors"]]
    differences = [d for r in results for d in r["differences"]]
    ours, theirs = rms([o for o, _ in errors]), rms([t for _, t in errors])
    z = statistics.NormalDist().inv_cdf(1 - ALARM / 2 / len(errors))
    print(f"{len(results)} prompts of {TOKENS} tokens: {sum(r['equal'] for r in results)} texts equal; along the "
          f"server's texts the most probable token is equal at {len(errors) - len(differences)} of {len(errors)} "
          "positions")
    print(f"errors of gaps against binary32 activations, rms: ours {ours:.3f}, the server's {theirs:.3f}, between the "
          f"two {rms([o - t for o, t in errors]):.3f}; ratio {ours / theirs:.2f}, at most {RATIO_MAX}")
    print(f"bound of one error: {z:.2f} times the server's, {z * theirs:.3f}")
    unexplained = 0
    for our, their in differences:
        is_explained = max(abs(our), abs(their)) <= z * theirs
        unexplained += not is_explained
        print(f"other token: our error {our:.3f}, theirs {their:.3f}{'' if is_explained else '  NOT EXPLAINED'}")
    return 1 if unexplained or ours > RATIO_MAX * theirs else 0


def main():
    damaged = "--damaged" in sys.argv
    assay, program, model, *rest = [a for a in sys.argv[1:] if a != "--damaged"]
    prompts = PROMPTS[:int(rest[0])] if rest else PROMPTS
    with tempfile.TemporaryDirectory() as folder, running(program, model) as port:
        if port is None:
            print("the server did not start")
            return 5
        write_floats(model, f"{folder}/exact.gguf")
        if damaged:
            write_damaged(model, f"{folder}/damaged.gguf")
            model = f"{folder}/damaged.gguf"
        return report([measure(assay, port, model, f"{folder}/exact.gguf", p, folder) for p in prompts])


if __name__ == "__main__":
    sys.exit(main())
