"""One change at a time to C source as clang-format lays it out: what tools/mutate.py tries.

A mutant is (line, operator, new text of the file). Nothing is changed in comments, strings, preprocessor lines, asserts
and in calls that only release, wipe or word a message: what such a change does is not what a verifier is for."""
import hashlib
import re

TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*"
    r"|[A-Za-z_]\w*|0[xX][0-9a-fA-F]+[uUlL]*|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?[uUlL]*"
    r"|->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\S", re.S | re.M)
SKIPPED = ("/*", "//", '"', "'", "#")
RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
WORDS = {"true": "false", "false": "true", "ASSAY_VERDICT_FAIL": "ASSAY_VERDICT_PASS",
         "ASSAY_VERDICT_UNDECIDED": "ASSAY_VERDICT_PASS", "ASSAY_VERDICT_NOT_MEASURED": "ASSAY_VERDICT_PASS"}
SIGNS = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "^=": "|=",
         "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "&"}
# Releasing, wiping, and the words of a message: a verdict does not come from them.
HYGIENE = re.compile(r"(\w*_(free|done|wipe|wrap|memzero|munlock|mlock|decref|dispose)|free|close|fclose|fail_msg|static_assert|assert"
                     r"|_Static_assert|ZSTD_freeDCtx|ZSTD_freeCCtx)$")
WORDING = re.compile(r"(assay_fail\w*|assay_buf_printf|assay_err\w*)$")
ROOM = re.compile(r"(assay_arena_take|assay_alloc|assay_realloc|assay_buf_init)$")  # how much memory is asked for or allowed: what overflows, sanitizers see
WORDS_INTO = {"found", "expected", "message", "why"}  # snprintf into these makes words
CONTROL = {"if", "while", "for", "switch", "return", "sizeof", "else", "do", "case", "goto"}


class Token:
    def __init__(self, text, at, line):
        self.text, self.at, self.line = text, at, line
        self.end = at + len(text)
        self.depth = 0  # of braces before it
        self.match = None  # index of the other bracket


def tokens_of(source):
    tokens, line, seen = [], 1, 0
    for found in TOKEN.finditer(source):
        line += source.count("\n", seen, found.start())
        seen = found.start()
        if not found.group().startswith(("/*", "//")) and not found.group().lstrip().startswith("#"):
            tokens.append(Token(found.group(), found.start(), line))
    stack, depth = [], 0
    for i, token in enumerate(tokens):
        if token.text in "([{":
            stack.append(i)
        token.depth = depth - (token.text == "}")
        depth += (token.text == "{") - (token.text == "}")
        if token.text in ")]}" and stack:
            token.match = stack.pop()
            tokens[token.match].match = i
    return tokens


def enclosing(tokens):
    """For each token: is it in the body of a function, and in brackets of which nothing is to be changed?"""
    in_body, frozen = [False] * len(tokens), [False] * len(tokens)
    for i, token in enumerate(tokens):
        if token.text == "{" and token.depth == 0 and i > 0 and tokens[i - 1].text == ")":
            for k in range(i, token.match or i):
                in_body[k] = True
        if token.text == "(" and token.match and i > 0 and HYGIENE.match(tokens[i - 1].text):
            for k in range(i - 1, token.match + 1):
                frozen[k] = True
        if token.text == "if" and tokens[i + 1].match:  # `if (rc != ASSAY_OK) { assay_wrap(...); }`: words too
            body = tokens[i + 1].match + 1
            end = tokens[body].match if body < len(tokens) and tokens[body].text == "{" else None
            call = tokens[body + 2].match if end and body + 2 < end and tokens[body + 2].text == "(" else None
            if call and HYGIENE.match(tokens[body + 1].text) and call + 2 == end:
                for k in range(i, end + 1):
                    frozen[k] = True
        if token.text == "(" and tokens[i - 1].text == "snprintf" and tokens[i + 1].text in WORDS_INTO:
            for k in range(i - 1, token.match + 1):
                frozen[k] = True
        if token.text == "(" and token.match and i > 0 and WORDING.match(tokens[i - 1].text):
            for k in range(i + 1, token.match):  # the call itself may go, its words are its own
                frozen[k] = True
    return in_body, frozen


def is_binary(source, token):
    return source[token.at - 1] in " \n" and source[token.end : token.end + 1] in (" ", "\n")


FAMILY_ENDS = {"199", "299", "399", "499", "599"}  # of gate numbers: no gate has these, nor 100, 200 and so on


def number_changes(text):
    if text in FAMILY_ENDS:
        return
    if re.fullmatch(r"\d+[uUlL]*", text):
        digits, suffix = re.fullmatch(r"(\d+)(.*)", text).groups()
        value = int(digits)
        yield str(value + 1) + suffix
        if value > 0 and text not in ("101", "201", "301", "401"):
            yield str(value - 1) + suffix


def statement_end(tokens, i):
    """The ';' that ends the statement beginning at i, or None."""
    while i < len(tokens) and tokens[i].text != ";":
        if tokens[i].text == "{" or tokens[i].text == "}":
            return None
        i = tokens[i].match + 1 if tokens[i].text in "([" and tokens[i].match else i + 1
    return i if i < len(tokens) else None


def arguments_of(tokens, open_at):
    """Index ranges of the arguments of the call whose '(' this is."""
    close, start, parts, i = tokens[open_at].match, open_at + 1, [], open_at + 1
    while i < close:
        if tokens[i].text in "([{" and tokens[i].match:
            i = tokens[i].match
        elif tokens[i].text == ",":
            parts.append((start, i - 1))
            start = i + 1
        i += 1
    return parts + [(start, close - 1)] if close > open_at + 1 else []


class Mutator:
    def __init__(self, source):
        self.source, self.tokens = source, tokens_of(source)
        self.in_body, self.frozen = enclosing(self.tokens)
        self.room = [False] * len(self.tokens)
        for i, token in enumerate(self.tokens):
            if ROOM.match(token.text) and self.tokens[i + 1].match:
                self.room[i : self.tokens[i + 1].match] = [True] * (self.tokens[i + 1].match - i)

    def change(self, first, last, text, operator):
        a, b = self.tokens[first], self.tokens[last]
        return a.line, operator, self.source[: a.at] + text + self.source[b.end :]

    def text(self, first, last):
        return self.source[self.tokens[first].at : self.tokens[last].end]

    def starts_statement(self, i):
        return i > 0 and (self.tokens[i - 1].text in "{};:" or (
            self.tokens[i - 1].text == ")" and self.tokens[i - 2].text == "void"))

    def is_first_value(self, i):
        """`int64_t day = 0;` and then `&day` in the same function: the value is there so that the variable has one."""
        if i > 3 and self.tokens[i - 1].text == "{" and self.tokens[i + 1].text == "}":  # the same as {0}
            words = [self.tokens[i - 3].text, self.tokens[i - 2].text, "", self.tokens[i + 2].text]
        else:
            words = [token.text for token in self.tokens[i - 2 : i + 2]]
        if i < 3 or words[1] != "=" or words[3] != ";" or not re.match(r"[\w*]", self.tokens[i - 3].text):
            return False
        k = i
        while k < len(self.tokens) and not (self.tokens[k].text == "}" and self.tokens[k].depth == 0):
            if self.tokens[k].text == "&" and self.tokens[k + 1].text == words[0]:
                return True
            k += 1
        return False

    def is_array_size(self, i):
        """`char text[32], more[64];`: room, of which no program should need the last byte."""
        while i > 0 and self.tokens[i].text not in ("[", "(", ";", "{", "}", "="):
            i -= 1
        if self.tokens[i].text != "[" or i < 2:
            return False
        while i > 0 and self.tokens[i - 1].text not in ("(", ")", ";", "{", "}", "="):
            i -= 1
        return all(re.match(r"\w", self.tokens[k].text) for k in (i, i + 1)) or self.tokens[i + 1].text == "*"

    def token_changes(self, i):
        token = self.tokens[i]
        text = token.text
        if self.is_first_value(i):
            return
        if text in WORDS and self.tokens[i - 1].text != "case":
            yield self.change(i, i, WORDS[text], "constant")
        if text[0].isdigit() and self.tokens[i - 1].text != "case" and not self.is_array_size(i) and not self.room[i]:
            for other in number_changes(text):
                yield self.change(i, i, other, "off by one")
        if not self.in_body[i]:
            return
        if text in RELATIONS and is_binary(self.source, token):
            yield self.change(i, i, RELATIONS[text], "relation")
        if text in ("&&", "||"):
            yield self.change(i, i, "||" if text == "&&" else "&&", "and/or")
        if text in SIGNS and is_binary(self.source, token) and not self.room[i]:
            yield self.change(i, i, SIGNS[text], "arithmetic")
        if text in ("++", "--"):
            yield self.change(i, i, "--" if text == "++" else "++", "arithmetic")
        if text in ("if", "while") and self.tokens[i + 1].text == "(" and self.tokens[i + 1].match:
            close = self.tokens[i + 1].match
            yield self.change(i + 1, close, "(!" + self.text(i + 1, close) + ")", "condition negated")
        if text == "!" and self.source[token.end] not in " =":
            yield self.change(i, i, "", "condition negated")

    def return_changes(self, i):
        end = statement_end(self.tokens, i)
        if self.tokens[i].text != "return" or end is None:
            return
        value = self.text(i + 1, end - 1) if end > i + 1 else ""
        is_last = end + 1 < len(self.tokens) and self.tokens[end + 1].text == "}" and self.tokens[end + 1].depth == 0
        if not is_last:
            yield self.change(i, end, ";", "return left out")
        if re.match(r"(assay_fail\w*\(|rc$|\w*rc$|err->code$)", value):
            yield self.change(i, end, "return ASSAY_OK;", "accepted on error")

    def call_changes(self, i):
        if i + 1 >= len(self.tokens) or self.tokens[i + 1].text != "(" or not self.tokens[i + 1].match:
            return
        name = self.tokens[i].text
        if not re.match(r"[a-z_]", name) or name in CONTROL:
            return
        close = self.tokens[i + 1].match
        if self.tokens[close + 1].text == ";" and self.starts_statement(i):
            start = i - 3 if self.tokens[i - 1].text == ")" else i
            yield self.change(start, close + 1, ";", "call left out")
        if re.match(r"assay_fail", name) and self.tokens[i - 1].text == "=":
            yield self.change(i, close, "ASSAY_OK", "accepted on error")
        parts = arguments_of(self.tokens, i + 1)
        for k in range(len(parts) - 1):
            (a, b), (c, d) = parts[k], parts[k + 1]
            one, two = self.text(a, b), self.text(c, d)
            if one != two and not re.match(r"(memcmp|strcmp|strncmp|strncasecmp|sodium_memcmp|json_equal|\w*_equal|fmin|fmax|assay_alloc|assay_arena_take)$", name) and not WORDING.match(name):
                yield self.change(a, d, two + ", " + one, "arguments swapped")

    def all(self):
        for i in range(len(self.tokens)):
            if self.frozen[i]:
                continue
            yield from self.token_changes(i)
            if self.in_body[i]:
                yield from self.return_changes(i)
                yield from self.call_changes(i)


class Mutant:
    """One change: where, what, and a name that stays when other lines of the file change; `number` tells those apart
    that read alike, in the order of the file."""

    def __init__(self, path, line, operator, text, source):
        self.path, self.line, self.operator, self.text = path, line, operator, text
        old, new = source.split("\n"), text.split("\n")
        last = line - 1
        while len(old) == len(new) and last < len(old) and old[last] == new[last]:
            last += 1
        self.before = old[min(last, len(old) - 1)].strip()
        self.after = new[min(last, len(new) - 1)].strip()
        self.name = "%s\t%s\t%s\t%s" % (path, operator, self.before, self.after)


def mutants_of(path):
    source = open(path).read()
    found, seen = [], {}
    for line, operator, text in Mutator(source).all():
        mutant = Mutant(path, line, operator, text, source)
        seen[mutant.name] = seen.get(mutant.name, 0) + 1
        mutant.number = seen[mutant.name]  # of changes that read alike
        found.append(mutant)
    return found


def queues(mutants, count, least, seed):
    """For each file its mutants in an order drawn by hash, so that the choice in one file does not depend on another, and
    how many of them that live are wanted: in proportion to the file's number, but at least `least`; count 0: all."""
    def rank(mutant):
        return hashlib.sha256(("%d\t%s\t%d" % (seed, mutant.name, mutant.number)).encode()).digest()

    by_file = {}
    for mutant in mutants:
        by_file.setdefault(mutant.path, []).append(mutant)
    for path in by_file:
        share = max(least, round(count * len(by_file[path]) / len(mutants))) if count else len(by_file[path])
        yield path, sorted(by_file[path], key=rank), share
