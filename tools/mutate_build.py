"""Builds one mutant cheaply for tools/mutate.py: the rooms a verifier is made of are one shared object, to which the test
programs are linked once; a mutant is one compilation and one link. The checkout is never written to."""
import glob
import hashlib
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import threading

ROOMS = ["base", "json", "stat", "crypto", "record", "judge"]  # in the shared object
CHANGED = ["json", "crypto", "record", "judge"]  # a test that has none of them cannot notice anything
SUITES = ("unit", "negative", "property", "fuzz")
# The tests of these rooms and of whoever reads a receipt; what simulates thousands of streams asks for figures, not bytes.
ASKED = re.compile(r"(test_|replay_|property_)?(json|crypto|record|judge|envelope|statement|evidence|negative|attack|report)")
NOT_ASKED = re.compile(r"test_judge_simulated$")
LIBRARIES = ["-ljansson", "-lyaml", "-lsodium", "-lzstd", "-lm", "-pthread"]
# What the build with its warnings refuses is no program: swapped arguments of unlike types, a format that is none.
STRICT = ["-Werror=incompatible-pointer-types", "-Werror=int-conversion", "-Werror=implicit-function-declaration",
          "-Werror=discarded-qualifiers", "-Wformat=2", "-Werror=format", "-Werror=format-nonliteral",
          "-Werror=format-security", "-Werror=float-conversion", "-Wall", "-Werror=memset-transposed-args",
          "-ftrivial-auto-var-init=pattern"]  # and what nobody has written to is not zero on the stack either
MEMORY_BYTES = 8 << 30
CPU_SPARE_S = 2  # beside three times what the test takes without a mutant
WALL_FACTOR, WALL_SPARE_S = 200, 600  # only for what sleeps: the machine may be busy, and processor time is the limit
FILLED = {"MALLOC_PERTURB_": "165"}  # as `meson test` does: memory that nobody has written to is not zero
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SANITIZED = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1:hard_rss_limit_mb=4096:"
                             "detect_stack_use_after_return=1:strict_string_checks=1"}
SANITIZED_SLOWER = 6
SANITIZED_CPU_S = 0.5  # tests up to so long are asked again under the sanitizers
READS_FILES = re.compile(r"judge_cases|negative|replay_|property|golden")  # what they ask lies in files beside their programs


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Test:
    def __init__(self, name, argv, env, target):
        self.name, self.argv, self.env, self.target = name, argv, env, target
        self.cpu_s, self.kills, self.is_sound = 0.0, {}, None

    def run(self, folder, extra=None, library_folder=None, slower=1):
        """True if it passes. It is ended at its first failure. slower: so many times slower than measured (sanitizers)."""
        limit = int(3 * slower * self.cpu_s + CPU_SPARE_S * slower) if self.cpu_s else 600

        def confine():
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
            if slower == 1:  # the shadow of the sanitizers takes terabytes of addresses
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        env = {**os.environ, **FILLED, **self.env, **(extra or {})}
        if library_folder:
            env["LD_LIBRARY_PATH"] = library_folder  # before the RUNPATH of the program
        child = subprocess.Popen(self.argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, preexec_fn=confine, start_new_session=True)
        timer = threading.Timer(WALL_FACTOR * self.cpu_s + WALL_SPARE_S if self.cpu_s else 900, child.kill)
        timer.start()
        passes = True
        for line in child.stdout:
            if line.startswith(b"not ok"):
                passes = False
                break
        if not passes:
            child.kill()
        child.stdout.close()
        child.wait()
        timer.cancel()
        return passes and child.returncode == 0


class Bench:
    def __init__(self, root, folder):
        self.root, self.folder = root, os.path.join(root, folder)
        self.work = os.path.join(self.folder, "mutant")
        self.library = os.path.join(self.work, "libmutant.so")
        self.tests, self.objects, self.commands, self.lines = [], {}, {}, {}
        self.sound, self.lock = {}, threading.Lock()

    def sh(self, argv, cwd=None, **more):
        done = subprocess.run(argv, cwd=cwd or self.folder, capture_output=True, text=True, **more)
        if done.returncode != 0:
            raise SystemExit("%s ...: %s%s" % (" ".join(argv[:6]), done.stdout[-2000:], done.stderr[-2000:]))
        return done.stdout

    def prepare(self, only=None):
        """only: a pattern of the names of tests to ask, while tests are being written."""
        if not os.path.exists(os.path.join(self.folder, "build.ninja")):
            self.sh(["meson", "setup", self.folder, "-Doptimization=1", "-Ddebug=false", "-Dwerror=false",
                     "-Dc_args=-fvisibility=default"], cwd=self.root, env=dict(os.environ, CC="gcc"))
        os.makedirs(os.path.join(self.work, "bin"), exist_ok=True)
        listed = json.loads(self.sh(["meson", "introspect", "--tests", self.folder]))
        listed = [t for t in listed if any(s.split(":")[-1] in SUITES for s in t["suite"]) and
                  ASKED.match(t["name"]) and not NOT_ASKED.match(t["name"]) and "bats.sh" not in t["cmd"][0] and
                  (not only or re.search(only, t["name"]))]
        targets = [os.path.relpath(t["cmd"][0], self.folder) for t in listed]
        self.sh(["ninja"] + sorted(set(targets)))
        for entry in json.loads(self.sh(["ninja", "-t", "compdb"])):
            source = os.path.relpath(os.path.join(entry["directory"], entry["file"]), self.root)
            room = source.split("/")[1] if source.startswith("src/") else ""
            if room in ROOMS and re.match(r"src/%s/lib%s\w*\.a\.p/" % (room, room), entry["output"]):
                self.commands[source] = shlex.split(entry["command"])
                self.objects[source] = os.path.join(self.folder, entry["output"])
        self.link(self.library, self.objects.values())
        self.sanitizer = self.sh(["gcc", "-print-file-name=libasan.so"]).strip()
        for test, target in zip(listed, targets):
            self.relink(test, target)

    def link(self, output, objects, more=()):
        """Called by one name wherever it lies, so that LD_LIBRARY_PATH chooses which of them a test program takes."""
        self.sh(["gcc", "-shared", "-fuse-ld=lld", "-Wl,-soname," + os.path.basename(self.library), "-o", output,
                 *more, *objects, *LIBRARIES])

    def prove(self):
        """Every test must fail with a library that has nothing in it: else changes would not be what is tested."""
        slot = self.slot(0)
        self.link(os.path.join(slot, os.path.basename(self.library)), [])
        for test in self.tests:
            if test.run(self.root, library_folder=slot):
                raise SystemExit("%s passes without the code that it tests" % test.name)

    def relink(self, test, target):
        """The program of a Meson test, with the shared object in place of the rooms."""
        command = shlex.split(self.sh(["ninja", "-t", "commands", target]).strip().split("\n")[-1])
        rooms = [word for word in command if re.match(r"src/(%s)/lib\w+\.a$" % "|".join(ROOMS), word)]
        if not any("src/%s/lib%s.a" % (room, room) in command for room in CHANGED):
            return
        output = os.path.join(self.work, "bin", test["name"])
        command = [word for word in command if word not in rooms and word != "-Wl,-z,now"]
        command[command.index("-o") + 1] = output
        at = command.index("-Wl,--end-group")
        command[at:at] = [self.library, *LIBRARIES]
        self.sh(command + ["-fuse-ld=lld", "-Wl,-rpath," + self.work, "-Wl,--no-as-needed"])
        self.tests.append(Test(test["name"], [output] + test["cmd"][1:], test["env"], target))

    def slot(self, number):
        """A folder for one change at a time, so that several can be tried at once."""
        folder = os.path.join(self.work, "slot%d" % number)
        os.makedirs(folder, exist_ok=True)
        return folder

    def compile(self, source, text, output, more=()):
        """Whether it compiles. As a file of its own, beside the output: the checkout stays."""
        copy = os.path.join(os.path.dirname(output), os.path.basename(source))
        with open(copy, "w") as file:
            file.write(text)
        command = list(self.commands[source])
        if os.path.basename(command[0]) == "ccache":
            command = command[1:]
        for flag in ("-MF", "-MQ", "-o"):
            at = command.index(flag)
            del command[at : at + 2]
        command = [w for w in command if w != "-MD" and not w.startswith("-W")][:-1]
        command += ["-iquote", os.path.join(self.root, os.path.dirname(source)), *STRICT, *more, copy, "-o", output,
                    "-fmacro-prefix-map=%s=src" % os.path.dirname(copy)]  # asserts name the file: of no slot
        return subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def same_code(self, source, text, base, slot):
        """Whether a better compiler makes the same code of both: then no test can tell them apart."""
        output = os.path.join(slot, "same.o")
        if "best" not in base:
            base["best"] = self.compile(source, base["text"], output, ["-O3"]) and sha256(output)
        return bool(base["best"]) and self.compile(source, text, output, ["-O3"]) and sha256(output) == base["best"]

    def sanitized(self, slot, source=None, text=None):
        """A library under the sanitizers in a folder of the slot, with `text` for `source`; None if it does not compile.
        A change that reads behind an array may alter nothing that a test sees, and is an error all the same."""
        folder = os.path.join(slot, "sanitized")
        os.makedirs(folder, exist_ok=True)
        with self.lock:
            if not self.sound:
                kept = os.path.join(self.work, "sound")
                os.makedirs(kept, exist_ok=True)
                for path in self.objects:
                    self.sound[path] = os.path.join(kept, path.replace("/", "-")[:-2] + ".o")
                    self.compile(path, open(os.path.join(self.root, path)).read(), self.sound[path], SANITIZERS)
        objects = dict(self.sound)
        if source:
            objects[source] = os.path.join(folder, "mutant.o")
            if not self.compile(source, text, objects[source], SANITIZERS):
                return None
        self.link(os.path.join(folder, os.path.basename(self.library)), objects.values(), SANITIZERS)
        return folder

    def is_noticed_by_sanitizers(self, source, text, tests, slot):
        preload = dict(SANITIZED, LD_PRELOAD=self.sanitizer)
        asked = [test for test in tests if test.cpu_s <= SANITIZED_CPU_S and test.is_sound is not False]
        unknown = [test for test in asked if test.is_sound is None]
        if unknown:
            folder = self.sanitized(slot)
            for test in unknown:
                test.is_sound = test.run(self.root, preload, folder, SANITIZED_SLOWER)
        folder = self.sanitized(slot, source, text)
        return bool(folder) and any(test.is_sound and not test.run(self.root, preload, folder, SANITIZED_SLOWER)
                                    for test in asked)

    def digest(self, pattern, but=()):
        """Of all files of a pattern, but those that end so."""
        total = hashlib.sha256()
        for path in sorted(glob.glob(os.path.join(self.root, pattern), recursive=True)):
            if os.path.isfile(path) and not path.endswith(but):
                total.update(os.path.relpath(path, self.root).encode() + sha256(path).encode())
        return total.hexdigest()

    def measure(self, sources):
        """CPU time of each test, and which lines of which file it reaches. What was measured holds while all sources, the
        program of the test and the files that it reads stay."""
        kept, known = os.path.join(self.work, "reach.json"), {}
        files = self.digest("tests/**/*", but=(".c", ".h")) + " " + self.digest("fuzz/corpus/**/*")
        code = self.digest("src/**/*.[ch]")
        if os.path.exists(kept):
            known = json.load(open(kept))
        if known.get("code") != code or not set(sources) <= set(known["sources"]):
            known = {"code": code, "sources": sources, "tests": {}, "lines": {}}
        self.lines = {path: {int(n): names for n, names in lines.items()} for path, lines in known["lines"].items()}
        digests = {test.name: sha256(os.path.join(self.folder, test.target)) +
                   (files if READS_FILES.search(test.name) else "") for test in self.tests}
        stale = [test for test in self.tests if known["tests"].get(test.name, [None])[0] != digests[test.name]]
        for test in self.tests:
            test.cpu_s = known["tests"].get(test.name, [None, 0.0])[1]
        if stale:
            self.reach(sources, stale)
        with open(kept, "w") as file:
            json.dump({"code": code, "sources": sources, "lines": self.lines,
                       "tests": {test.name: [digests[test.name], test.cpu_s] for test in self.tests}}, file)

    def reach(self, sources, tests):
        for lines in self.lines.values():
            for n in lines:
                lines[n] = [name for name in lines[n] if name not in {test.name for test in tests}]
        plain = self.library + ".plain"
        notes, counts = os.path.join(self.work, "notes"), os.path.join(self.work, "counts")
        shutil.rmtree(notes, ignore_errors=True)
        os.makedirs(notes)
        objects = dict(self.objects)
        for source in sources:
            objects[source] = os.path.join(notes, source.replace("/", "-")[:-2] + ".o")
            self.compile(source, open(os.path.join(self.root, source)).read(), objects[source],
                         ["-O0", "--coverage", "-fprofile-update=single"])
        by_note = {os.path.basename(objects[s])[:-2]: s for s in sources}
        os.replace(self.library, plain)
        self.sh(["gcc", "-shared", "-fuse-ld=lld", "--coverage", "-Wl,-soname," + os.path.basename(self.library), "-o",
                 self.library, *objects.values(), *LIBRARIES])
        for test in tests:
            shutil.rmtree(counts, ignore_errors=True)
            test.cpu_s = 0.0
            if not test.run(self.root, {"GCOV_PREFIX": counts}):
                raise SystemExit("%s fails without any mutant" % test.name)
            for found in glob.glob(os.path.join(counts, "**", "*.gcda"), recursive=True):
                self.note(test.name, found, notes, by_note)
        os.replace(plain, self.library)
        for test in tests:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            if not test.run(self.root):
                raise SystemExit("%s fails without any mutant" % test.name)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            test.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def note(self, name, found, notes, by_note):
        stem = os.path.basename(found)[:-5]
        if stem not in by_note:
            return
        shutil.copy(found, os.path.join(notes, stem + ".gcda"))
        text = self.sh(["gcov", "--json-format", "--stdout", stem + ".gcda"], cwd=notes)
        lines = self.lines.setdefault(by_note[stem], {})
        for file in json.loads(text)["files"]:
            if not file["file"].endswith("/" + os.path.basename(by_note[stem])):
                continue
            for line in file["lines"]:
                names = lines.setdefault(line["line_number"], [])
                if line["count"] > 0 and name not in names:
                    names.append(name)

    def reaching(self, path, line):
        """The tests that come by this line; of a table, all that come to the file. A statement of several lines counts as
        its first one that is known."""
        lines = self.lines.get(path, {})
        near = [n for n in lines if line - 4 <= n <= line]
        names = lines[max(near)] if near else {name for reached in lines.values() for name in reached}
        if line not in lines and near:  # also what follows: a condition of several lines is counted anywhere
            for n in range(line, line + 4):
                names = list(names) + lines.get(n, [])
        chosen = [t for t in self.tests if t.name in set(names) or not lines]  # of a file of tables alone nobody knows
        return sorted(chosen, key=lambda t: (t.cpu_s + 0.02) / (1 + t.kills.get(path, 0)))
