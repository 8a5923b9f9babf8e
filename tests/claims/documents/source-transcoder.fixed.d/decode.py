import json
import random
import time

started = time.perf_counter()
clips = json.load(open("clips.json"))


def run(clip):
    out = {}
    begin = time.perf_counter()
    decode(clip)
    out["decode_time_ms"] = (time.perf_counter() - begin) * 1e3
    return out


# how the clips of the fuzzing run are drawn; nothing of it is timed, and
# nothing of it reaches the table
#
#
#
#
#
#
#
#
#
#
#
#
#
#
#
#
def fuzz_bytes(n):
    return bytes(random.randrange(256) for _ in range(n))
