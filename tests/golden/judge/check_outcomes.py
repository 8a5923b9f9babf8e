#!/usr/bin/env python3
"""Derives the intervals and words of outcomes.txt again, from the values that test_judge_outcomes.c makes and the rules
of statistics.md 3.1 alone: exact binomial coefficients, no code of ours. Lines of values that follow each other (fewer
effective than counted) are left out. Exit status 1 if one differs."""
import math
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = {  # what differs from alpha 0.05, family 0.01, margin 0.02, level gate
    "advisory": {"advisory": True}, "gate": {}, "alpha 0.2": {"alpha": 0.2},
    "alpha 1e-9": {"advisory": True, "alpha": 1e-9}, "family 0.004": {"family": 0.004}, "family 0.5": {"family": 0.5},
    "margin 0.005": {"margin": 0.005}, "margin 0.06": {"margin": 0.06}, "power 0.5": {}, "early": {"early": 0.8},
    "early family": {"early": 0.8, "family": 0.008}, "one rival": {}, "two rivals": {"rivals": 2},
    "five rivals, family": {"rivals": 5, "family": 0.01}, "higher": {"higher": True},
    "higher, advisory": {"advisory": True, "higher": True}, "quantum 0.00199": {"quantum": 0.00199},
    "quantum 0.002": {"quantum": 0.002}, "family 1/64": {"family": 1 / 64},
}
VALUES = re.compile(r'\{"([a-z ]+)", (\d+), (?:(1) / )?([\d.]+), ([\d.]+), (\d+), ([\d.]+)\}')
LINE = re.compile(r"([a-z ]+), (.+): (\w+)( resolved)?( real)?( bare)? n (\d+) (\d+) \d+ (\S+) \[(\S+), (\S+)\] \S+ "
                  r"tost \[(\S+), (\S+)\]")


def values_of(count, centre, half, ones, ramp):
    made = []
    for i in range(count):
        place = i * 17 % count if count >= 10 else i // 2 if i % 2 == 0 else count - 1 - i // 2
        share = 2 * place / (count - 1) - 1 if count > 1 else 0
        made.append(centre if i < ones else centre * (1 + half * share) + ramp * i)
    return made


def interval(values, alpha):
    """Order statistics k and n + 1 - k, k the largest with 2 P(B(n, 1/2) <= k - 1) <= alpha; None: there is no such k."""
    n, k, below = len(values), 0, 0
    while k < n and 2 * (below + math.comb(n, k)) <= alpha * 2**n:
        below += math.comb(n, k)
        k += 1
    ascending = sorted(values)
    return (ascending[k - 1], ascending[n - k]) if k else None


def beyond(bounds, most):
    return 1 if bounds[0] > most else -1 if bounds[1] < 1 / most else 0


def expected(values, rule):
    """Word, interval and interval of equivalence; None: no interval."""
    early, family = rule.get("early", 1), rule.get("family", 0)
    share, asked, most = early / rule.get("rivals", 1), rule.get("alpha", 0.05), 1 + rule.get("margin", 0.02)
    alpha = max(asked * share, 1e-6)
    level = (family or 0.01) if not rule.get("advisory") else asked
    level = min(max(level * (early if family else share), 1e-6), alpha)
    shown, tost, strict = interval(values, alpha), interval(values, 2 * alpha), interval(values, level)
    if not shown:
        return None
    if set(values) == {1.0} and rule.get("quantum", 0) >= 0.1 * 0.02:
        return "inconclusive", shown, tost
    if tost[0] > 1 / most and tost[1] < most:
        return "parity", shown, tost
    side = beyond(strict, most) if strict else 0
    if side == 0 and rule.get("advisory"):
        side = beyond(shown, 1)
    return ("inconclusive" if side == 0 else "faster" if (side > 0) == rule.get("higher", False) else "slower"), shown, tost


def main():
    with open(os.path.join(HERE, "../../unit/test_judge_outcomes.c")) as file:
        made = {row[0]: values_of(int(row[1]), 1 / float(row[3]) if row[2] else float(row[3]), float(row[4]), int(row[5]),
                                  float(row[6]))
                for row in VALUES.findall(file.read())}
    checked = differing = 0
    for line in open(os.path.join(HERE, "outcomes.txt")):
        found = LINE.match(line)
        if not found or found.group(7) != found.group(8) or found.group(7) == "0":
            continue
        answer = expected(made[found.group(1)], RULES[found.group(2)])
        numbers = [float(found.group(i)) for i in (10, 11, 12, 13)]
        is_equal = (answer is None) == (found.group(6) is not None) and (answer is None or (
            answer[0] == found.group(3) and all(math.isclose(a, b, rel_tol=1e-10)
                                                for a, b in zip(numbers, answer[1] + answer[2]))))
        checked += 1
        if not is_equal:
            differing += 1
            print("%s expected %s" % (line.strip(), answer))
    print("%d lines derived again, %d differ" % (checked, differing))
    return 1 if differing or not checked else 0


sys.exit(main())
