#!/usr/bin/env python3
"""Changes the C source of the verifier, one change at a time, and counts which changes no test notices.

usage: tools/mutate.py [--count N] [--seed S] [--files GLOB ...] [--tests PATTERN] [--again] [--list] [--report FILE]

Each change is compiled and linked alone (mutate_build.py) in build-mutate/; only the tests that come by the line are
asked, the quickest first, each under a limit of time, and once more under the sanitizers where none notices. A change
that does not compile, or of which a compiler makes the same code, counts for nothing; the changes that
tools/mutants_equivalent.txt argues to be none are told apart. The last lines are the score; survivors are printed as
they are found and at the end. Exit status 1 below --least, for a survivor in a file of signatures, proofs, parsing or
verdicts, and for one that accepts what was refused."""
import argparse
import collections
import concurrent.futures
import fnmatch
import json
import os
import queue as queues
import subprocess
import sys
import time

import mutants
import mutate_build

FILES = [
    "src/judge/*.c", "src/crypto/*.c", "src/json/*.c", "src/record/envelope*.c", "src/record/trust.c",
    "src/record/log_*.c", "src/record/sign.c", "src/record/choice.c", "src/record/receipt.c", "src/record/verdict*.c",
    "src/record/trace_block.c", "src/record/trace_codec.c", "src/record/trace_read.c", "src/record/trace_walk.c",
    "src/record/plan_read.c", "src/record/policy*.c", "src/record/manifest.c", "src/record/codes.c",
    "src/record/day.c", "src/record/marks.c",
]
# Signature, proof, parse and verdict: here every change must be noticed.
STRICT = [
    "src/crypto/*.c", "src/json/read.c", "src/json/scan.c", "src/json/canon_check.c", "src/judge/read.c",
    "src/judge/verify*.c", "src/judge/lines.c", "src/judge/violation.c", "src/record/envelope*.c",
    "src/record/trust.c", "src/record/log_*.c", "src/record/sign.c", "src/record/verdict.c",
]
EQUIVALENT = "tools/mutants_equivalent.txt"


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def known_equivalents():
    with open(EQUIVALENT) as file:
        rows = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
    return {"\t".join(row[:4]) for row in rows}


def output_of(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


class Tally:
    def __init__(self):
        self.files, self.survivors, self.sanitizers = {}, [], 0

    def add(self, mutant, verdict):
        counts = self.files.setdefault(mutant.path, {})
        counts[verdict] = counts.get(verdict, 0) + 1
        self.sanitizers += verdict == "killed" and mutant.killer == "sanitizers"
        if verdict == "survived":
            self.survivors.append(mutant)

    def total(self, verdict):
        return sum(counts.get(verdict, 0) for counts in self.files.values())

    def score(self, chosen=lambda path: True):
        killed = sum(c.get("killed", 0) for p, c in self.files.items() if chosen(p))
        lived = sum(c.get("survived", 0) for p, c in self.files.items() if chosen(p))
        return killed, killed + lived, killed / (killed + lived) if killed + lived else 1.0


def is_equivalent(mutant, equivalents):
    return mutant.name in equivalents or mutant.name.replace("\t", "#%d\t" % mutant.number, 1) in equivalents


def report_stale(equivalents, found, paths):
    """A row that no change reads like any more argues for nothing, and would hide one that comes to read like it."""
    names = {m.name for m in found} | {m.name.replace("\t", "#%d\t" % m.number, 1) for m in found}
    for row in sorted(equivalents - names):
        if row.split("\t")[0].split("#")[0] in paths:
            print("%s: no such change: %s" % (EQUIVALENT, row.replace("\t", "  ")), flush=True)


def describe(mutant):
    return "%s:%d  %s:  %s  ->  %s" % (mutant.path, mutant.line, mutant.operator, mutant.before[:100], mutant.after[:100])


OF_PLACES = ("relation", "off by one", "arithmetic")  # of these a sanitizer may see what no answer shows
AHEAD_PER_JOB = 3  # changes given out before the answer to the first is in: a survivor takes as long as many others
CHEAP_CPU_S = 1  # tests in all, before a better compiler is asked whether it is a change at all


def judge(bench, mutant, base, slots):
    """stillborn, same code, survived or killed."""
    slot = slots.get()
    try:
        return judge_in(bench, mutant, base, slot)
    finally:
        slots.put(slot)


def judge_in(bench, mutant, base, slot):
    source, kept = mutant.path, bench.objects[mutant.path]
    output = os.path.join(slot, "mutant.o")
    if not bench.compile(source, mutant.text, output):
        return "stillborn"
    if mutate_build.sha256(output) == base["digest"]:
        return "same code"
    library = os.path.join(slot, os.path.basename(bench.library))
    bench.link(library, [output if o == kept else o for o in bench.objects.values()])
    asked_s, is_other, tests = 0, False, bench.reaching(source, mutant.line)
    for test in tests:
        asked_s += test.cpu_s
        if asked_s > CHEAP_CPU_S and not is_other:
            is_other = not bench.same_code(source, mutant.text, base, slot)
            if not is_other:
                return "same code"
        if not test.run(bench.root, library_folder=slot):
            test.kills[source] = test.kills.get(source, 0) + 1
            mutant.killer = test.name
            return "killed"
    if not is_other and bench.same_code(source, mutant.text, base, slot):
        return "same code"
    if mutant.operator in OF_PLACES and bench.is_noticed_by_sanitizers(source, mutant.text, tests, slot):
        mutant.killer = "sanitizers"
        return "killed"
    return "survived"


def tried(bench, path, queue, equivalents, jobs):
    """Each mutant of the queue with its verdict, in their order, however many are tried at once."""
    text = open(os.path.join(bench.root, path)).read()
    slots = queues.Queue()
    for number in range(jobs):
        slots.put(bench.slot(number))
    output = os.path.join(bench.slot(0), "base.o")
    if not bench.compile(path, text, output):
        raise SystemExit("%s does not compile" % path)
    base = {"text": text, "digest": mutate_build.sha256(output)}
    rest, waiting = iter(queue), collections.deque()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        try:
            while True:
                for mutant in rest:
                    is_none = is_equivalent(mutant, equivalents)
                    waiting.append((mutant, None if is_none else pool.submit(judge, bench, mutant, base, slots)))
                    if len(waiting) > AHEAD_PER_JOB * jobs:
                        break
                if not waiting:
                    return
                mutant, future = waiting.popleft()
                yield mutant, future.result() if future else "equivalent"
        finally:
            for _, future in waiting:
                if future:
                    future.cancel()


def try_file(bench, path, queue, share, tally, equivalents, deadline, jobs):
    lived = 0
    for mutant, verdict in tried(bench, path, queue, equivalents, jobs):
        lived += verdict in ("killed", "survived")
        tally.add(mutant, verdict)
        if verdict == "survived":
            print("survived  " + describe(mutant), flush=True)
        if lived >= share or (deadline and time.time() > deadline):
            break


def report(tally, seconds, options):
    print("\n%-34s %6s %8s %7s" % ("file", "killed", "survived", "score"))
    for path in sorted(tally.files):
        counts = tally.files[path]
        killed, lived, score = tally.score(lambda p, path=path: p == path)
        print("%-34s %6d %8d %6.1f%%%s" % (path, killed, lived - killed, 100 * score,
                                           "  must be whole" if matches(path, STRICT) and killed < lived else ""))
    killed, lived, score = tally.score()
    strict_killed, strict_lived, _ = tally.score(lambda path: matches(path, STRICT))
    accepting = [m for m in tally.survivors if m.operator == "accepted on error"]
    print("\nseed %d: %d changes counted in %.0f s; not counted: %d do not compile, %d are the same code, %d are argued to be none"
          % (options.seed, lived, seconds, tally.total("stillborn"), tally.total("same code"), tally.total("equivalent")))
    print("signature, proof, parse and verdict files: %d of %d killed" % (strict_killed, strict_lived))
    print("accepted on error and not noticed: %d" % len(accepting))
    print("score %.1f%%: %d killed (%d of them under the sanitizers alone), %d survived"
          % (100 * score, killed, tally.sanitizers, lived - killed))
    if options.report:
        with open(options.report, "w") as file:
            for mutant in tally.survivors:
                file.write(describe(mutant) + "\n")
    return score >= options.least and strict_killed == strict_lived and not accepting


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=600, help="how many that live, drawn by the seed (0: all)")
    parser.add_argument("--each", type=int, default=4, help="at least so many a file")
    parser.add_argument("--seed", type=int, help="if not given: of the commit, so that nobody wrote a test against the draw")
    parser.add_argument("--files", nargs="*", default=FILES)
    parser.add_argument("--seconds", type=float, default=0, help="no new change after so long")
    parser.add_argument("--least", type=float, default=0.95)
    parser.add_argument("--again", action="store_true", help="only the survivors of the last run")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int, default=2, help="so many changes at once")
    parser.add_argument("--tests", help="ask only tests of this pattern: quicker while writing some, and no score")
    parser.add_argument("--report", help="a file for the survivors")
    options = parser.parse_args()
    root = output_of("git", "rev-parse", "--show-toplevel").strip()
    os.chdir(root)
    if options.seed is None:
        options.seed = int(output_of("git", "rev-parse", "HEAD")[:8], 16)
    tracked = output_of("git", "ls-files", "src").split()
    paths = []
    for pattern in options.files:  # in the order in which they are named
        paths += [path for path in fnmatch.filter(tracked, pattern) if path not in paths]
    found = [mutant for path in paths for mutant in mutants.mutants_of(path)]
    print("%d changes in %d files, drawn by seed %d" % (len(found), len(paths), options.seed), flush=True)
    report_stale(known_equivalents(), found, paths)
    if options.list:
        for mutant in found:
            print(describe(mutant))
        return 0
    bench = mutate_build.Bench(root, "build-mutate")
    bench.prepare(options.tests)
    bench.measure(sorted(path for path in tracked if matches(path, FILES)))
    bench.prove()
    print("%d test programs, %.0f s of CPU in all" % (len(bench.tests), sum(t.cpu_s for t in bench.tests)), flush=True)
    kept = os.path.join(bench.work, "survivors.json")
    if options.again:
        names = {tuple(row) for row in json.load(open(kept))}
        found = [m for m in found if (m.name, m.number) in names]
        options.count = 0
    tally, began = Tally(), time.time()
    deadline = began + options.seconds if options.seconds else 0
    try:
        for path, queue, share in mutants.queues(found, options.count, options.each, options.seed):
            try_file(bench, path, queue, share, tally, known_equivalents(), deadline, options.jobs)
    except KeyboardInterrupt:
        print("stopped: what follows is of the changes tried so far")
    with open(kept, "w") as file:
        json.dump([(m.name, m.number) for m in tally.survivors], file)
    return 0 if report(tally, time.time() - began, options) else 1


sys.exit(main())
