"""securesystemslib as the other side of a DSSE envelope: `verify PUB FILE`, or `sign KEY FILE` (its own signature in
place of ours; the file is written in our canonical form)."""
import base64
import json
import sys

from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey, Signature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def second_line(path):
    return base64.b64decode(open(path).read().split("\n")[1])


def main():
    action, key_path, path = sys.argv[1:]
    file = json.load(open(path))
    keyid = file["signatures"][0]["keyid"]
    signatures = {keyid: Signature(keyid, base64.b64decode(s["sig"]).hex()) for s in file["signatures"]}
    envelope = Envelope(base64.b64decode(file["payload"]), file["payloadType"], signatures)
    if action == "verify":
        public = second_line(key_path)[10:42]
        key = SSlibKey(keyid, "ed25519", "ed25519", {"public": public.hex()})
        envelope.verify([key], 1)
        return
    seed = second_line(key_path)[62:94]
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = second_line(key_path)[94:126]
    signer = CryptoSigner(private, SSlibKey(keyid, "ed25519", "ed25519", {"public": public.hex()}))
    signature = envelope.sign(signer)
    raw = signature.signature
    file["signatures"][0]["sig"] = base64.b64encode(bytes.fromhex(raw)).decode()
    with open(path, "w") as out:
        out.write(json.dumps(file, separators=(",", ":"), sort_keys=True) + "\n")


main()
