#include "host/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* evidence.md 6, in the order of its table. */
static const char *const FIELDS[] = {
    "rank",
    "os",
    "kernelRelease",
    "arch",
    "libc",
    "cpuModel",
    "cpuId",
    "microcode",
    "affinity",
    "hugePages",
    "governor",
    "isolated",
    "virtualization",
    "container",
    "clocksource",
    "isa",
    "sockets",
    "cores",
    "threads",
    "numaNodes",
    "cgroupMemoryBytes",
    "memoryBytes",
    "swapBytes",
    "frequencyKhz",
    "aslr",
    "stealPpm",
    "temperatureMilliC",
    "powerCapUw",
    "cgroupCpuQuota",
    "load1",
    "pressureCpu",
    "smt",
    "turbo",
    "tscInvariant",
    "preload",
    "loadedObjectsSha256",
    "envSha256",
    "machineKey",
    "gpus",
};

static json_t *fingerprint_of(const char *machine)
{
    char root[1024];
    const char *source = getenv("ASSAY_SOURCE_ROOT");
    (void)snprintf(root, sizeof root, "%s/tests/unit/data/%s", source ? source : ".", machine);
    json_t *host = NULL;
    assay_err err = {0};
    if (assay_host_fingerprint_at(machine[0] == '\0' ? "" : root, 3, &host, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return host;
}

static void expect(const json_t *host, const char *field, const char *json)
{
    char *found = json_dumps(json_object_get(host, field), JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    if (!found || strcmp(found, json) != 0) {
        fail_msg("%s is %s, expected %s", field, found, json);
    }
    free(found);
}

static void every_field_is_always_there(void **state)
{
    (void)state;
    static const char *const machines[] = {"", "host-bare", "host-empty", "host-cgroup2"};
    for (size_t m = 0; m < sizeof machines / sizeof machines[0]; m++) {
        json_t *host = fingerprint_of(machines[m]);
        for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
            const json_t *value = json_object_get(host, FIELDS[i]);
            if (!value || json_is_null(value) || json_is_real(value)) {
                fail_msg("machine '%s': %s is missing or no value of a receipt", machines[m], FIELDS[i]);
            }
        }
        assert_int_equal(json_object_size(host), sizeof FIELDS / sizeof FIELDS[0]);
        json_decref(host);
    }
}

static void what_a_machine_tells_is_read(void **state)
{
    (void)state;
    json_t *host = fingerprint_of("host-bare");
    expect(host, "rank", "3");
    expect(host, "os", "\"Debian GNU/Linux 12\"");
    expect(host, "kernelRelease", "\"6.1.0-28-amd64\"");
    expect(host, "cpuModel", "\"Example CPU 9000\"");
    expect(host, "cpuId", "\"GenuineExample-6-143-8\"");
    expect(host, "microcode", "\"0x2b000603\"");
    expect(host, "sockets", "1");
    expect(host, "cores", "2");
    expect(host, "threads", "4");
    expect(host, "smt", "true");
    expect(host, "numaNodes", "2");
    expect(host, "memoryBytes", "8321499136");
    expect(host, "swapBytes", "1073741824");
    expect(host, "hugePages", "\"madvise\"");
    expect(host, "governor", "\"powersave\"");
    expect(host, "turbo", "false");
    expect(host, "frequencyKhz", "2100000");
    expect(host, "isolated", "\"2-3\"");
    expect(host, "virtualization", "{\"absent\":\"none\"}");
    expect(host, "container", "{\"absent\":\"none\"}");
    expect(host, "clocksource", "\"tsc\"");
    expect(host, "tscInvariant", "true");
    expect(host, "aslr", "2");
    expect(host, "load1", "\"0.42\"");
    expect(host, "pressureCpu", "\"1.5\"");
    expect(host, "stealPpm", "10000");
    expect(host, "temperatureMilliC", "61500");
    expect(host, "powerCapUw", "125000000");
    expect(host, "cgroupCpuQuota", "\"1.5\"");
    expect(host, "cgroupMemoryBytes", "2147483648");
    json_decref(host);
}

static void what_it_does_not_tell_is_unknown_with_the_reason(void **state)
{
    (void)state;
    json_t *host = fingerprint_of("host-empty");
    expect(host, "os", "{\"unknown\":\"/etc/os-release: No such file or directory\"}");
    expect(host, "governor", "{\"unknown\":\"no cpufreq directory\"}");
    expect(host, "temperatureMilliC", "{\"unknown\":\"no sensor\"}");
    expect(host, "machineKey", "{\"unknown\":\"no machine-id\"}");
    expect(host, "cgroupCpuQuota", "{\"unknown\":\"no cpu control group\"}");
    expect(host, "gpus", "[]");
    json_decref(host);
}

static void the_tightest_level_of_control_groups_counts(void **state)
{
    (void)state;
    json_t *host = fingerprint_of("host-cgroup2");
    expect(host, "cgroupCpuQuota", "\"0.5\"");       /* "max" below, 50000 of 100000 above */
    expect(host, "cgroupMemoryBytes", "1073741824"); /* 4 GiB below, 1 GiB above */
    expect(host, "container", "\"docker\"");
    json_decref(host);
}

static void a_gpu_is_named_and_its_number_is_not(void **state)
{
    (void)state;
    json_t *host = fingerprint_of("host-cgroup2");
    const json_t *gpu = json_array_get(json_object_get(host, "gpus"), 0);
    expect(gpu, "name", "\"NVIDIA Example 80GB\"");
    expect(gpu, "driver", "\"535.129.03\"");
    assert_int_equal(strlen(json_string_value(json_object_get(gpu, "uuidSha256"))), 64);
    expect(gpu, "memoryBytes", "{\"unknown\":\"needs NVML, which is not loaded\"}");
    char *all = json_dumps(host, JSON_COMPACT);
    assert_null(strstr(all, "GPU-12345678"));
    free(all);
    json_decref(host);
}

static void the_machine_key_is_the_digest_of_label_and_id(void **state)
{
    (void)state;
    json_t *host = fingerprint_of("host-bare");
    /* printf 'assay-machine/10123456789abcdef0123456789abcdef' | sha256sum */
    expect(host, "machineKey", "\"1468f9f7c8cd7d4d9f17a09844a6f61a51b0e5a5b2bbf6289c1a27a8b7519d61\"");
    json_decref(host);
}

static void the_build_names_compiler_and_own_digest(void **state)
{
    (void)state;
    json_t *build = NULL;
    assert_int_equal(assay_host_build(&build, NULL), ASSAY_OK);
    assert_non_null(json_string_value(json_object_get(build, "compiler")));
    assert_int_equal(strlen(json_string_value(json_object_get(build, "binarySha256"))), 64);
    assert_int_equal(json_object_size(build), 13);
    json_decref(build);
}

static const char *answer_of(const json_t *findings, const char *probe)
{
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *row = json_array_get(findings, i);
        if (strcmp(json_string_value(json_object_get(row, "probe")), probe) == 0) {
            return json_string_value(json_object_get(row, "answer"));
        }
    }
    return "missing";
}

/* What assay sees of its own thread and of the clock, whatever files there are. */
static bool is_seen_without_files(const char *probe)
{
    static const char *const SEEN[] = {"frequency", "migrations", "page-faults", "context-switches"};
    for (size_t i = 0; i < sizeof SEEN / sizeof SEEN[0]; i++) {
        if (strcmp(probe, SEEN[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void a_noisy_machine_has_findings_and_a_silent_one_unknowns(void **state)
{
    (void)state;
    char root[1024];
    const char *source = getenv("ASSAY_SOURCE_ROOT");
    json_t *findings = NULL;
    (void)snprintf(root, sizeof root, "%s/tests/unit/data/host-bare", source ? source : ".");
    assert_int_equal(assay_host_quietness_at(root, &findings, NULL), ASSAY_OK);
    assert_string_equal(answer_of(findings, "governor"), "finding");
    assert_string_equal(answer_of(findings, "turbo"), "ok");
    assert_string_equal(answer_of(findings, "smt"), "unknown"); /* it is on, and nothing tells the siblings */
    assert_string_equal(answer_of(findings, "swap"), "finding");
    assert_string_equal(answer_of(findings, "clock"), "ok");
    assert_string_equal(answer_of(findings, "aslr"), "ok");
    json_decref(findings);
    (void)snprintf(root, sizeof root, "%s/tests/unit/data/host-empty", source ? source : ".");
    assert_int_equal(assay_host_quietness_at(root, &findings, NULL), ASSAY_OK);
    assert_true(json_array_size(findings) >= 20);
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *row = json_array_get(findings, i);
        const char *probe = json_string_value(json_object_get(row, "probe"));
        if (!is_seen_without_files(probe)) {
            assert_string_equal(json_string_value(json_object_get(row, "answer")), "unknown");
        }
    }
    json_decref(findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_always_there),
        cmocka_unit_test(what_a_machine_tells_is_read),
        cmocka_unit_test(what_it_does_not_tell_is_unknown_with_the_reason),
        cmocka_unit_test(the_tightest_level_of_control_groups_counts),
        cmocka_unit_test(a_gpu_is_named_and_its_number_is_not),
        cmocka_unit_test(the_machine_key_is_the_digest_of_label_and_id),
        cmocka_unit_test(the_build_names_compiler_and_own_digest),
        cmocka_unit_test(a_noisy_machine_has_findings_and_a_silent_one_unknowns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
