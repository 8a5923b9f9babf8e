#!/usr/bin/env python3
"""Mutates the C source of the verifier, one change at a time, and counts which changes no test notices.

usage: tools/mutate.py [--count N] [--seed S] [--files GLOB ...] [--list]

Works in a copy of the tree (its own build, without optimisation). A mutant that does not compile counts for nothing.
Survivors are printed with file, line and change. Exit status 1 if the score is below --least."""
import argparse
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

FILES = [
    "src/crypto/*.c", "src/judge/read.c", "src/judge/fields.c", "src/judge/relations.c", "src/judge/compare.c",
    "src/judge/sanity*.c", "src/judge/binding.c", "src/judge/verify*.c", "src/judge/lines.c", "src/json/read.c",
    "src/json/scan.c", "src/json/canon_check.c", "src/record/envelope*.c", "src/record/trust.c", "src/record/log_*.c",
    "src/record/sign.c", "src/record/choice.c",
]
# in the order in which they are asked: the quick ones first
TESTS = [
    "tests/unit/test_crypto_digest", "tests/unit/test_crypto_ed25519", "tests/unit/test_crypto_minisign",
    "tests/unit/test_crypto_note", "tests/unit/test_crypto_tlog", "tests/unit/test_record_sign",
    "tests/unit/test_json_read", "tests/unit/test_json_write", "tests/negative/test_negative",
    "tests/unit/test_judge_verify", "tests/property/test_evidence_flips",
]
SWAPS = [
    ("==", "!="), ("!=", "=="), (" <= ", " < "), (" < ", " <= "), (" >= ", " > "), (" > ", " >= "), ("&&", "||"),
    ("||", "&&"), ("true", "false"), ("false", "true"), (" + 1", " + 2"), (" - 1", " - 0"), ("++", "--"),
]


def is_code(line):
    text = line.strip()
    skipped = ("#", "/*", "*", "//", "static const char *const", "assert(")
    return bool(text) and not text.startswith(skipped) and "assay_wipe" not in text


def strings_of(line):
    """Where strings and comments are: nothing is changed there."""
    return [m.span() for m in re.finditer(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/', line)]


def mutants_of(path):
    lines = open(path).read().split("\n")
    in_comment = False
    for number, line in enumerate(lines):
        if in_comment:
            in_comment = "*/" not in line
            continue
        if "/*" in line and "*/" not in line:
            in_comment = True
        if not is_code(line):
            continue
        spans = strings_of(line)

        def outside(at):
            return not any(a <= at < b for a, b in spans)

        for old, new in SWAPS:
            for m in re.finditer(re.escape(old) if not old.isalpha() else r"\b%s\b" % old, line):
                if outside(m.start()):
                    yield number, line[: m.start()] + new + line[m.end() :], "%s -> %s" % (old.strip(), new.strip())
        m = re.match(r"^(\s+(?:\} else )?if )\((.*)\) \{$", line)
        if m:
            yield number, "%s(!(%s)) {" % (m.group(1), m.group(2)), "condition negated"
        m = re.match(r"^(\s+)return assay_fail\(.*\);$", line)
        if m:
            yield number, m.group(1) + "return ASSAY_OK;", "accept on error"
        if re.match(r"^\s+(?!return|break|continue|goto|case|default|\*)[a-z_]+\(.*\);$", line):
            yield number, re.match(r"^\s+", line).group(0) + ";", "call left out"


def run(command, folder, limit):
    try:
        environment = dict(os.environ, ASSAY_SOURCE_ROOT=os.path.dirname(folder), CMOCKA_MESSAGE_OUTPUT="TAP")
        done = subprocess.run(command, cwd=folder, env=environment, timeout=limit, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        return done.returncode
    except subprocess.TimeoutExpired:
        return -1  # a loop that does not end is noticed


def judge(build):
    if run(["ninja"] + TESTS, build, 300) != 0:
        return "stillborn"
    for test in TESTS:
        if run(["./" + test], build, 120) != 0:
            return "killed"
    return "survived"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=0, help="how many, drawn by chance (0: all)")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--files", nargs="*", default=FILES)
    options.add_argument("--least", type=float, default=0.95)
    options.add_argument("--list", action="store_true")
    options = options.parse_args()
    root = subprocess.run(["git", "rev-parse", "--show-toplevel"], capture_output=True, text=True).stdout.strip()
    os.chdir(root)
    found = [(path, *mutant) for pattern in options.files for path in sorted(glob.glob(pattern))
             for mutant in mutants_of(path)]
    random.Random(options.seed).shuffle(found)
    chosen = found[: options.count] if options.count else found
    print("%d mutants in %d files, %d tried" % (len(found), len({m[0] for m in found}), len(chosen)), flush=True)
    if options.list:
        return 0
    work = tempfile.mkdtemp()
    tree = os.path.join(work, "tree")
    subprocess.run(["git", "worktree", "add", "--detach", "--quiet", tree], check=True)
    counts = {"killed": 0, "survived": 0, "stillborn": 0}
    survivors = {}
    try:
        build = os.path.join(tree, "build")
        subprocess.run(["meson", "setup", build, tree, "--buildtype=debug", "-Doptimization=0"], check=True,
                       stdout=subprocess.DEVNULL)
        if judge(build) != "survived":
            print("the tests fail without any mutant", file=sys.stderr)
            return 5
        for path, number, line, what in chosen:
            target = os.path.join(tree, path)
            before = open(target).read()
            lines = before.split("\n")
            lines[number] = line
            open(target, "w").write("\n".join(lines))
            verdict = judge(build)
            open(target, "w").write(before)
            counts[verdict] += 1
            if verdict == "survived":
                survivors.setdefault(path, []).append((number + 1, what, line.strip()))
                print("survived  %s:%d  %s:  %s" % (path, number + 1, what, line.strip()[:100]), flush=True)
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tree], stdout=subprocess.DEVNULL)
        shutil.rmtree(work, ignore_errors=True)
    live = counts["killed"] + counts["survived"]
    score = counts["killed"] / live if live else 0
    print("%d killed, %d survived, %d did not compile: score %.3f" %
          (counts["killed"], counts["survived"], counts["stillborn"], score))
    return 0 if score >= options.least else 1


sys.exit(main())
