#!/usr/bin/env python3
"""Writes tests/golden/stat/stat.json: what scipy, statsmodels, numpy and pragmastat give for the estimators of src/stat,
and, where our definition is not theirs (statistics.md 8), an independent computation from the definition.

usage: tools/golden_stat.py > tests/golden/stat/stat.json     (needs numpy scipy statsmodels pragmastat)

Integers that must be exact (indices, counts) are computed with Python's integers and fractions. Everything else is a
binary64 printed so that it reads back as it was. The inputs are drawn here from a seed and stand in the file.
"""
import json
import math
import platform
from fractions import Fraction

import numpy
import pragmastat
import scipy
import statsmodels
from pragmastat.pairwise_margin import pairwise_margin
from scipy import special, stats
from scipy.optimize import brentq
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = numpy.random.default_rng(20261121)


def floats(values):
    return [float(v) for v in values]


# ---- special functions ------------------------------------------------------------------------------------------------

def special_functions():
    rows = []
    for x in (1e-300, 1e-5, 0.3, 0.999999, 1.0, 1.0000001, 2.5, 1e10, 1.7e308):
        rows.append(["log", [x], float(numpy.log(numpy.longdouble(x)))])
    for x in (-700.0, -30.25, -1e-9, 0.0, 1e-12, 0.5, 1.0, 10.5, 700.0):
        rows.append(["exp", [x], float(numpy.exp(numpy.longdouble(x)))])
    for x in (0.1, 0.5, 1.5, 3.25, 50.0, 1000.5, 1e6):
        rows.append(["log_gamma", [x], float(special.gammaln(x))])
    for z in (-12.0, -6.3, -1.5, -0.1, 0.0, 0.7, 3.0, 8.0):
        rows.append(["normal_below", [z], float(stats.norm.cdf(z))])
    for p in (1e-12, 1e-4, 0.025, 0.3, 0.5, 0.84, 0.999, 1 - 1e-10):
        rows.append(["normal_quantile", [p], float(stats.norm.ppf(p))])
    for x, a, b in ((0.1, 0.5, 0.5), (0.3, 2, 5), (0.51, 500, 500), (0.9, 30, 2), (0.001, 1, 300), (0.99, 12.5, 0.7)):
        rows.append(["beta_below", [x, a, b], float(stats.beta.cdf(x, a, b))])
    for p, a, b in ((0.025, 3, 8), (0.5, 10, 10), (0.95, 95, 6), (0.975, 1, 40), (0.001, 20.5, 3.5)):
        rows.append(["beta_quantile", [p, a, b], float(stats.beta.ppf(p, a, b))])
    for t, n in ((-4.0, 3), (-1.0, 1), (0.5, 7), (2.2, 9), (3.1, 120)):
        rows.append(["t_below", [t, n], float(stats.t.cdf(t, n))])
    for p, n in ((0.975, 9), (0.005, 1), (0.6, 2), (0.95, 400), (0.9995, 30)):
        rows.append(["t_quantile", [p, n], float(stats.t.ppf(p, n))])
    return rows


# ---- exact indices ----------------------------------------------------------------------------------------------------

def sign_index(n, alpha):
    """The largest k with P(Bin(n, 1/2) <= k-1) <= alpha/2, in integers."""
    limit, below, term, k = Fraction(alpha) / 2 * 2 ** n, 0, 1, 0
    while True:
        below += term  # sum of C(n, i), i <= k
        if below > limit:
            return k
        term = term * (n - k) // (k + 1)
        k += 1


def sign_indices():
    rows = []
    for n in (1, 2, 5, 6, 7, 8, 9, 12, 20, 30, 40, 61, 62, 63, 64, 100, 200, 399, 400, 401, 1000, 1074, 1075, 3000):
        for alpha in (0.1, 0.05, 0.04, 0.02, 0.01, 0.001):
            rows.append([n, alpha, sign_index(n, alpha)])
    for alpha in (0.1, 0.05, 0.01):  # too large for the sum: scipy's own quantile, checked on either side
        k = int(stats.binom.ppf(alpha / 2, 1000000, 0.5))
        assert stats.binom.cdf(k - 1, 1000000, 0.5) <= alpha / 2 < stats.binom.cdf(k, 1000000, 0.5)
        rows.append([1000000, alpha, k])
    return rows


def percentile_bounds():
    """Indices of one-sided bounds: upper, lower; 0 = there is none."""
    rows = []
    for n in (4, 5, 28, 29, 58, 59, 100, 298, 299, 300, 1000, 2995, 20000):
        for milli in (500, 900, 950, 990, 999):
            for alpha in (0.05, 0.025):
                p = milli / 1000
                at = numpy.arange(0, n + 1)
                cdf = stats.binom.cdf(at, n, p)
                upper = next((int(u) for u in range(1, n + 1) if cdf[u - 1] >= 1 - alpha), 0)
                lower = max((int(l) for l in range(1, n + 1) if cdf[l - 1] <= alpha), default=0)
                rows.append([n, milli, alpha, upper, lower])
    return rows


# ---- quantiles --------------------------------------------------------------------------------------------------------

def hd(x, p):
    n, x = len(x), numpy.sort(x)
    w = numpy.diff(stats.beta.cdf(numpy.arange(n + 1) / n, p * (n + 1), (1 - p) * (n + 1)))
    value = float(w @ x)
    assert n == 1 or math.isclose(value, float(stats.mstats.hdquantiles(x, [p])[0]), rel_tol=1e-12)
    return value, math.sqrt(max(0.0, float(w @ (x * x)) - value * value))  # statistics.md 2.2, not hdquantiles_sd


def thd(x, p):
    """Akinshin, 2022: the densest interval of width 1/sqrt(n) by minimisation, not by the bisection of src/stat."""
    n, x, width = len(x), numpy.sort(x), 1 / math.sqrt(len(x))
    a, b = p * (n + 1), (1 - p) * (n + 1)
    if a <= 1 and b <= 1:
        return hd(x, p)[0]
    if a <= 1:
        left = 0.0
    elif b <= 1:
        left = 1 - width
    else:
        mode = (a - 1) / (a + b - 2)
        low, high = max(0.0, mode - width), min(mode, 1 - width)
        gap = lambda l: stats.beta.pdf(l, a, b) - stats.beta.pdf(l + width, a, b)
        left = brentq(gap, low, high, xtol=1e-16) if gap(low) < 0 < gap(high) else (low if gap(low) >= 0 else high)
    cut = lambda q: stats.beta.cdf(numpy.clip(q, left, left + width), a, b)
    f = (cut(numpy.arange(n + 1) / n) - cut(left)) / (cut(left + width) - cut(left))
    return float(numpy.diff(f) @ x)


def quantiles():
    rows = []
    for n in (1, 2, 5, 8, 31, 100):
        x = numpy.round(rng.lognormal(3, 0.7, n), 3)
        for p in (0.05, 0.25, 0.5, 0.9, 0.99):
            value, error = hd(x, p)
            rows.append({"x": floats(x), "p": p, "type7": float(numpy.quantile(x, p)), "hd": value, "hd_error": error,
                         "thd": thd(x, p)})
    return rows


# ---- shares, several comparisons --------------------------------------------------------------------------------------

def shares():
    rows = []
    for hits, total in ((0, 5), (1, 5), (5, 5), (57, 60), (50, 60), (297, 300), (999, 1000), (12345, 100000)):
        low, high = proportion_confint(hits, total, alpha=0.05, method="wilson")
        one_low, one_high = proportion_confint(hits, total, alpha=0.10, method="wilson")
        rows.append([hits, total, float(low), float(high), float(one_low), float(one_high)])
    return rows


def multiple():
    rows = []
    lists = [[.001, .008, .039, .041, .042, .06, .074, .205], [0.5], [0.01, 0.01, 0.01], [0.9, 0.04, 0.03, 0.02, 1.0]]
    lists += [floats(numpy.round(rng.uniform(0, 1, 12) ** 3, 6))]
    for p in lists:
        for q in (0.05, 0.01):
            fdr, fdr_adjusted, _, _ = multipletests(p, q, "fdr_bh")
            holm, holm_adjusted, _, _ = multipletests(p, q, "holm")
            rows.append({"p": p, "q": q, "fdr": int(fdr.sum()), "fdr_adjusted": floats(fdr_adjusted),
                         "holm": int(holm.sum()), "holm_adjusted": floats(holm_adjusted)})
    return rows


# ---- two samples ------------------------------------------------------------------------------------------------------

def counts_of_u(n, m):
    """How many of the C(n+m, n) arrangements have U = c, in integers (Gaussian binomial coefficients)."""
    counts = [1]
    for i in range(1, n + 1):  # times (1 - q^(m+i)) / (1 - q^i)
        longer = counts + [0] * (m + i)
        for c in range(len(longer) - 1, m + i - 1, -1):
            longer[c] -= longer[c - m - i]
        for c in range(i, len(longer)):
            longer[c] += longer[c - i]
        counts = longer[:i * m + 1]
    assert sum(counts) == math.comb(n + m, n)
    return counts


def u_below():
    rows = []
    for n, m in ((1, 1), (3, 4), (5, 5), (8, 8), (10, 20), (40, 35), (100, 100)):
        counts, total = counts_of_u(n, m), math.comb(n + m, n)
        for c in sorted({0, 1, n * m // 8, n * m // 4, n * m // 2, n * m}):
            rows.append([n, m, c, float(Fraction(sum(counts[:c + 1]), total))])
        exact = stats.mannwhitneyu(range(n), range(n, n + m), alternative="less", method="exact").pvalue
        assert math.isclose(exact, 1 / total, rel_tol=1e-9)
    for n, m in ((210, 200), (300, 250)):  # where src/stat goes on with the series
        counts, total = counts_of_u(n, m), math.comb(n + m, n)
        mean, sd = n * m / 2, math.sqrt(n * m * (n + m + 1) / 12)
        for z in (-3.5, -2.5, -1.96, -1.0, 0.0):
            c = int(mean + z * sd)
            rows.append([n, m, c, float(Fraction(sum(counts[:c + 1]), total))])
    return rows


def shift_index(n, m, alpha):
    """The largest k with P(U <= k-1) <= alpha/2."""
    counts, total, below, k = counts_of_u(n, m), math.comb(n + m, n), 0, 0
    while Fraction(below + counts[k], total) <= Fraction(alpha) / 2:
        below += counts[k]
        k += 1
    return k


def shifts():
    rows = []
    for n, m in ((5, 5), (8, 8), (7, 12), (20, 15), (40, 40)):
        x, y = numpy.round(rng.normal(10.5, 1, n), 3), numpy.round(rng.normal(10, 1, m), 3)
        differences = numpy.sort(numpy.subtract.outer(x, y).ravel())
        for alpha in (0.05, 0.01):
            k = shift_index(n, m, alpha)
            bounds = [float(differences[k - 1]), float(differences[n * m - k])] if k else None
            rows.append({"x": floats(x), "y": floats(y), "alpha": alpha, "k": k, "point": float(numpy.median(differences)),
                         "bounds": bounds, "pragmastat_shift": float(pragmastat.shift(list(x), list(y)))})
    return rows


def margins():
    """pragmastat's margin over both sides: 2 h, h the smallest u with P(U <= u) >= misrate/2. Its bounds are one step
    narrower than ours: our k is h, or h + 1 where P(U <= h) is exactly misrate/2."""
    rows = []
    for n, m in ((5, 5), (6, 9), (10, 10), (17, 23), (30, 30), (60, 40), (100, 100)):
        for misrate in (0.05, 0.02, 0.01, 0.001):
            try:
                margin = int(pairwise_margin(n, m, misrate))
            except Exception:  # below the least that n and m allow
                continue
            rows.append([n, m, misrate, margin])
    return rows


# ---- pairs ------------------------------------------------------------------------------------------------------------

def effective_n(d):
    median = float(numpy.median(d))
    reach = 3 * 1.4826 * float(numpy.median(numpy.abs(d - median)))
    c = numpy.clip(d, median - reach, median + reach)
    c = c - c.mean()
    n = len(d)
    rho = min(max(float(c[:-1] @ c[1:]) / float(c @ c) + 1 / n, 0.0), 0.9)
    return int(math.floor(n * (1 - rho) / (1 + rho)))


def pairs():
    rows = []
    for n, rho in ((6, 0), (8, 0), (20, 0), (40, 0), (40, 0.5), (100, 0.7), (12, 0.9)):
        noise = rng.standard_normal(n)
        for i in range(1, n):
            noise[i] = rho * noise[i - 1] + math.sqrt(1 - rho * rho) * noise[i]
        ratios = numpy.round(1.01 * numpy.exp(0.02 * noise), 9)
        m = effective_n(numpy.log(ratios))
        for alpha in (0.05, 0.04):
            k = sign_index(m, alpha)
            index = k if m >= n or k == 0 else max(1, k * (n + 1) // (m + 1))
            s = numpy.sort(ratios)
            point = float(s[n // 2]) if n % 2 else math.sqrt(float(s[n // 2 - 1]) * float(s[n // 2]))
            above, below = int((ratios > 1).sum()), int((ratios < 1).sum())
            rows.append({"ratios": floats(ratios), "alpha": alpha, "n_effective": m, "index": index, "point": point,
                         "bounds": [float(s[index - 1]), float(s[n - index])] if index else None,
                         "sign_p": float(stats.binomtest(above, above + below, 0.5, "greater").pvalue)})
    return rows


def planning():
    rows = []
    for n, half, d, margin in ((20, 0.01, 0.0, 0.02), (40, 0.004, 0.01, 0.02), (60, 0.03, -0.005, 0.05),
                               (12, 0.02, 0.03, 0.02)):
        z = stats.norm.ppf
        effect = (z(0.975) + z(0.9)) * half / z(0.975)
        room = math.log(1 + margin) - abs(d)
        se = half / z(0.95)
        parity = 0 if room <= 0 else math.ceil(n * ((z(0.95) + z(0.95)) * se / room) ** 2)
        rows.append([n, half, d, margin, float(effect), math.ceil(n * (effect / 0.01) ** 2), parity])
    return rows


# ---- means ------------------------------------------------------------------------------------------------------------

def fieller():
    rows = []
    for x, vx, n, y, vy, m in ((100, 16, 10, 110, 25, 10), (3, 0.5, 8, 2.5, 0.7, 12), (1, 4, 5, 2, 1, 5)):
        t2 = stats.t.ppf(0.975, n + m - 2) ** 2
        g, h = x * x - t2 * vx / n, y * y - t2 * vy / m
        root = (x * y) ** 2 - g * h
        bounds = [(x * y - math.sqrt(root)) / g, (x * y + math.sqrt(root)) / g] if g > 0 and root >= 0 else None
        rows.append([x, vx, n, y, vy, m, floats(bounds) if bounds else None])
    return rows


M64 = (1 << 64) - 1


class Xoshiro:
    """xoshiro256++ seeded by SplitMix64 from seed xor FNV-1a-64 of the use."""

    def __init__(self, seed, use):
        h = 0xcbf29ce484222325
        for byte in use.encode():
            h = (h ^ byte) * 0x100000001b3 & M64
        state, self.s = seed ^ h, []
        for _ in range(4):
            state = state + 0x9e3779b97f4a7c15 & M64
            z = (state ^ state >> 30) * 0xbf58476d1ce4e5b9 & M64
            z = (z ^ z >> 27) * 0x94d049bb133111eb & M64
            self.s.append(z ^ z >> 31)

    def next(self):
        s = self.s
        rotate = lambda v, k: (v << k | v >> 64 - k) & M64
        result, t = rotate(s[0] + s[3] & M64, 23) + s[0] & M64, s[1] << 17 & M64
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)
        return result

    def below(self, bound):
        while True:
            x = self.next()
            if x >= (1 << 64) % bound:
                return x % bound


def bootstrap():
    """BCa of a mean with the t quantile in place of the normal one: plain BCa (scipy's) is another estimator."""
    rows = []
    for n, resamples in ((15, 400), (40, 2000)):
        x = numpy.round(rng.lognormal(0, 0.8, n), 6)
        point = math.fsum(x) / n
        draws = Xoshiro(7, "golden")
        means = numpy.sort([math.fsum(x[draws.below(n)] for _ in range(n)) / n for _ in range(resamples)])
        share = (float((means < point).sum()) + 0.5 * float((means == point).sum())) / resamples
        z0 = stats.norm.ppf(share)
        jackknife = numpy.array([math.fsum(numpy.delete(x, i)) / (n - 1) for i in range(n)])
        influence = jackknife.mean() - jackknife
        a = float((influence ** 3).sum() / (6 * (influence ** 2).sum() ** 1.5))
        z = math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)
        level = lambda z: stats.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))
        plain = stats.bootstrap((x,), numpy.mean, n_resamples=20000, method="BCa", rng=numpy.random.default_rng(1))
        rows.append({"x": floats(x), "resamples": resamples, "point": point,
                     "bounds": floats(numpy.quantile(means, [level(-z), level(z)])),
                     "scipy_plain": floats(plain.confidence_interval)})
    return rows


def steady():
    """MSER with batches (White, 1997): the index of the least half-width, by the definition."""
    rows = []
    for n, warm, size in ((40, 0, 0), (60, 8, 3.0), (200, 30, 2.0), (400, 0, 0), (1000, 100, 1.0), (45, 45, 0)):
        x = 10 + 0.1 * rng.standard_normal(n)
        x[:warm] += size * numpy.exp(-numpy.arange(warm) / max(1, warm / 3)) if size else 0
        if warm == n:
            x = numpy.arange(n, dtype=float) + 1
        x = numpy.round(x, 6)
        batch = min(max(n // 40, 1), 5)
        m = n // batch
        means = [math.fsum(x[i * batch:(i + 1) * batch]) / batch for i in range(m)]
        scores = [sum((v - sum(means[d:]) / (m - d)) ** 2 for v in means[d:]) / (m - d) ** 2 for d in range(m // 2 + 1)]
        best = int(numpy.argmin(scores))
        state = "no steady state" if best == m // 2 else "warmed" if best else "flat"
        rows.append({"x": floats(x), "state": state, "cut": 0 if best == m // 2 else best * batch})
    return rows


print(json.dumps({
    "made_by": "tools/golden_stat.py",
    "versions": {"python": platform.python_version(), "numpy": numpy.__version__, "scipy": scipy.__version__,
                 "statsmodels": statsmodels.__version__, "pragmastat": pragmastat.__version__},
    "special": special_functions(), "sign_index": sign_indices(), "percentile_bounds": percentile_bounds(),
    "quantiles": quantiles(), "wilson": shares(), "multiple": multiple(), "u_below": u_below(), "shifts": shifts(),
    "pragmastat_margins": margins(), "pairs": pairs(), "planning": planning(), "fieller": fieller(),
    "bootstrap": bootstrap(), "steady": steady()}, indent=None, separators=(",", ":")).replace('],"', '],\n"').replace('},"', '},\n"'))
