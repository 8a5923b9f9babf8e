"""Apache Otava on the series of bench_changes: at its defaults, and at the level at which its false points on iid noise
of 100 are no more than assay's. Prints one line a case: name, defaults, matched; the level itself comes first."""
import sys

from otava.analysis import compute_change_points


def found(values, p):
    points, _ = compute_change_points(values, window_len=50, max_pvalue=p, min_magnitude=0.0)
    return [point.index for point in points]


def figures(cases, p):
    result = {}
    for name, rows in cases.items():
        count = hits = total = 0
        for n, at, values in rows:
            points = found(values, p)
            count += len(points)
            hits += any(abs(i - at) <= 2 for i in points)
            total += n
        result[name] = hits / len(rows) if rows[0][1] else 100.0 * count / total
    return result


def main(path, wanted):
    cases = {}
    for line in open(path):
        name, n, at, *values = line.rstrip("\n").split("\t")
        cases.setdefault(name, []).append((int(n), int(at), [float(v) for v in values]))
    first = next(iter(cases))
    level = 1e-12
    for p in (3e-4, 1e-4, 3e-5, 1e-5, 1e-6, 1e-8):
        if figures({first: cases[first]}, p)[first] <= wanted:
            level = p
            break
    defaults, matched = figures(cases, 0.001), figures(cases, level)
    print(f"level\t0.001\t{level:g}")
    for name in cases:
        print(f"{name}\t{defaults[name]:.4f}\t{matched[name]:.4f}")


main(sys.argv[1], float(sys.argv[2]))
