"""A witness of c2sp.org/tlog-witness, written from its text and from RFC 8032 and RFC 6962 alone: another implementation
than the one under test.

    witness.py key SEED NAME             prints its verifier key
    witness.py serve SEED NAME LOG_VKEY  prints its port, then answers POST /team/add-checkpoint

It keeps the last head of the log in memory. POST /team/fork N makes it remember size N with another root.
"""
import base64
import hashlib
import http.server
import struct
import sys
import time

# ---- Ed25519 (RFC 8032, section 6) ----

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P:
        return None
    return P - x if x & 1 != sign else x


GY = 4 * pow(5, P - 2, P) % P
GX = recover_x(GY, 0)
G = (GX, GY, 1, GX * GY % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(s, p):
    q = (0, 1, 1, 0)
    while s > 0:
        if s & 1:
            q = add(q, p)
        p, s = add(p, p), s >> 1
    return q


def compress(p):
    z = pow(p[2], P - 2, P)
    x, y = p[0] * z % P, p[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decompress(b):
    y = int.from_bytes(b, "little")
    x = recover_x(y & (1 << 255) - 1, y >> 255)
    y &= (1 << 255) - 1
    return None if x is None else (x, y, 1, x * y % P)


def hash_mod(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def expand(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    return a, h[32:], compress(multiply(a, G))


def sign(seed, message):
    a, prefix, public = expand(seed)
    r = hash_mod(prefix, message)
    point = compress(multiply(r, G))
    return point + ((r + hash_mod(point, public, message) * a) % L).to_bytes(32, "little")


def verify(public, message, signature):
    a, r = decompress(public), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    left, right = multiply(s, G), add(r, multiply(hash_mod(signature[:32], public, message), a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# ---- trees (RFC 6962, section 2.1.2) ----


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def continues(old, size, old_root, root, proof):
    """RFC 9162, section 2.1.4.2."""
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof
    proof = list(proof)
    if old & (old - 1) == 0:
        proof.insert(0, old_root)
    if not proof:
        return False
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn & 1 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == root and sn == 0


# ---- notes ----


def key_id(name, kind, public):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def read_vkey(text):
    name, _, rest = text.partition("+")
    key = base64.b64decode(rest.partition("+")[2])
    return name, key[1:], key_id(name, key[0], key[1:])


class Witness:
    def __init__(self, seed, name, log_vkey):
        self.seed, self.name = seed, name
        self.origin, self.log_key, self.log_id = read_vkey(log_vkey)
        self.size, self.root = 0, hashlib.sha256(b"").digest()

    def is_signed(self, text, lines):
        for line in lines:
            name, _, value = line.removeprefix("\u2014 ").partition(" ")
            raw = base64.b64decode(value)
            if name == self.origin and raw[:4] == self.log_id:
                return verify(self.log_key, text.encode(), raw[4:])
        return False

    def answer(self, body):
        """The status and the body of the answer."""
        head, _, note = body.partition("\n\n")
        lines = head.split("\n")
        if not lines[0].startswith("old ") or len(lines) > 64:
            return 400, "no old line"
        old, proof = int(lines[0][4:]), [base64.b64decode(h, validate=True) for h in lines[1:]]
        text, _, signatures = note.rpartition("\n\n")
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        size, root = int(size), base64.b64decode(root)
        if origin != self.origin:
            return 404, "unknown log"
        if not self.is_signed(text, signatures.splitlines()):
            return 403, "not signed by the key of the log"
        if old > size:
            return 400, "old is above the size"
        if old != self.size or (old == size and root != self.root):
            return 409, "%d\n" % self.size
        if not continues(old, size, self.root, root, proof):
            return 422, "no proof"
        self.size, self.root = size, root
        now = int(time.time())
        public = expand(self.seed)[2]
        signature = sign(self.seed, b"cosignature/v1\ntime %d\n" % now + text.encode())
        line = key_id(self.name, 4, public) + struct.pack(">Q", now) + signature
        stranger = "\u2014 stranger.example %s\n" % base64.b64encode(b"x" * 76).decode()
        return 200, stranger + "\u2014 %s %s\n" % (self.name, base64.b64encode(line).decode())


def serve(witness):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path == "/team/add-checkpoint":
                try:
                    status, text = witness.answer(body)
                except ValueError as error:
                    status, text = 400, str(error)
            elif self.path == "/team/fork":
                witness.size, witness.root = int(body), b"\x07" * 32
                status, text = 200, ""
            else:
                status, text = 404, "no such path"
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/x.tlog.size" if status == 409 else "text/plain")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def main():
    seed = hashlib.sha256(sys.argv[2].encode()).digest()
    if sys.argv[1] == "key":
        name, public = sys.argv[3], expand(seed)[2]
        print("%s+%s+%s" % (name, key_id(name, 4, public).hex(), base64.b64encode(b"\x04" + public).decode()))
        return
    serve(Witness(seed, sys.argv[3], sys.argv[4]))


main()
