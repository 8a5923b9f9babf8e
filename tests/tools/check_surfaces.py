#!/usr/bin/env python3
"""Holds the golden files of surfaces against the formats that they claim to be. TAP on standard output.

usage: check_surfaces.py FOLDER

What the formats demand beyond their schemas (counts that add up, unique names) is checked here. The schemas themselves
are no part of this tree: ASSAY_SCHEMAS names a folder with sarif.json (SARIF 2.1.0), ctrf.json and junit.xsd. A check
whose package or schema is not there is skipped, and says so.
"""
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

FOLDER = sys.argv[1]
SCHEMAS = os.environ.get("ASSAY_SCHEMAS", "")
CASES = ("good", "mixed", "hostile")


class Skip(Exception):
    """What a check needs is not here."""


def text_of(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8", newline="") as file:
        return file.read()


def json_of(name):
    return json.loads(text_of(name))


def schema(name):
    path = os.path.join(SCHEMAS, name)
    if not SCHEMAS or not os.path.exists(path):
        raise Skip(f"no {name} in ASSAY_SCHEMAS")
    return path


def by_schema(value, name):
    try:
        import jsonschema
    except ImportError as error:
        raise Skip("jsonschema is not installed") from error
    with open(schema(name), encoding="utf-8") as file:
        rules = json.load(file)
    jsonschema.validators.validator_for(rules)(rules).validate(value)


def strings_in(value):
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings_in(part)


def sarif_shape(case):
    log = json_of(f"{case}.sarif")
    assert log["version"] == "2.1.0" and len(log["runs"]) <= 20
    for run in log["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(rules) == len(set(rules)) and len(run["results"]) <= 5000
        for result in run["results"]:
            assert rules[result["ruleIndex"]] == result["ruleId"] and len(result["locations"]) == 1
            assert result["partialFingerprints"]["primaryLocationLineHash"]
    assert all(strings_in(log)), "an empty string"


def ctrf_shape(case):
    results = json_of(f"{case}.ctrf.json")["results"]
    summary, tests = results["summary"], results["tests"]
    assert summary["tests"] == len(tests)
    for status in ("passed", "failed", "skipped", "pending", "other"):
        assert summary[status] == sum(test["status"] == status for test in tests), status
    assert all(isinstance(test["duration"], int) for test in tests)


def junit_shape(case):
    root = ElementTree.fromstring(text_of(f"{case}.junit.xml"))
    names = [suite.get("name") for suite in root]
    assert len(names) == len(set(names)), "suites of one name"
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in root:
        cases = suite.findall("testcase")
        assert len({case_.get("name") for case_ in cases}) == len(cases), "tests of one name"
        found = {
            "tests": len(cases),
            "failures": len(suite.findall("testcase/failure")),
            "errors": len(suite.findall("testcase/error")),
            "skipped": len(suite.findall("testcase/skipped")),
        }
        for key, count in found.items():
            assert suite.get(key) == str(count), key
            totals[key] += count
    assert all(root.get(key) == str(totals[key]) for key in ("tests", "failures", "errors"))


def junit_schema(case):
    # The schema of the readers has no place of a test, which one of them shows all the same.
    text = re.sub(r'(<testcase[^>]*?) file="[^"]*" line="\d+"', r"\1", text_of(f"{case}.junit.xml"))
    try:
        done = subprocess.run(
            ["xmllint", "--noout", "--schema", schema("junit.xsd"), "-"], input=text, text=True, capture_output=True
        )
    except FileNotFoundError as error:
        raise Skip("xmllint is not installed") from error
    assert done.returncode == 0, done.stderr


def openmetrics(case):
    try:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
    except ImportError as error:
        raise Skip("prometheus_client is not installed") from error
    for ending in ("openmetrics.txt", "gitlab-metrics.txt"):
        families = list(text_string_to_metric_families(text_of(f"{case}.{ending}")))
        assert families and all(family.samples for family in families)


def codequality(case):
    issues = json_of(f"{case}.codequality.json")
    prints = [issue["fingerprint"] for issue in issues]
    assert len(prints) == len(set(prints))
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert isinstance(issue["location"]["lines"]["begin"], int) and issue["location"]["path"]


def markdown(case):
    assert len(text_of(f"{case}.comment.md")) < 60000
    assert len(text_of(f"{case}.summary.md").encode()) <= 900 * 1024


CHECKS = {
    "SARIF, shape": sarif_shape,
    "SARIF, schema": lambda case: by_schema(json_of(f"{case}.sarif"), "sarif.json"),
    "CTRF, shape": ctrf_shape,
    "CTRF, schema": lambda case: by_schema(json_of(f"{case}.ctrf.json"), "ctrf.json"),
    "JUnit, shape": junit_shape,
    "JUnit, schema": junit_schema,
    "OpenMetrics, as a parser reads it": openmetrics,
    "code quality, shape": codequality,
    "Markdown, size": markdown,
}


def main():
    failed = number = 0
    print(f"1..{len(CASES) * len(CHECKS)}")
    for case in CASES:
        for name, check in CHECKS.items():
            number += 1
            try:
                check(case)
                print(f"ok {number} - {name}: {case}")
            except Skip as skip:
                print(f"ok {number} - {name}: {case} # SKIP {skip}")
            except Exception as error:  # whatever is wrong with the file
                failed += 1
                print(f"not ok {number} - {name}: {case}")
                print("# " + repr(error).replace("\n", "\n# "))
    return failed > 0


sys.exit(main())
