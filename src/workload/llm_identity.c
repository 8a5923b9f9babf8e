/* Who answers: the facts of the dialect's table, asked before and after the run (endpoints.md 3). */
#include "workload/llm.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the model's name ------------------------------------------------------------------------------------------- */

static const char *name_of(const json_t *model)
{
    static const char *const keys[] = {"name", "id", "model"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *name = json_string_value(json_object_get(model, keys[i]));
        if (name != NULL) {
            return name;
        }
    }
    return NULL;
}

/* The entry of a list that is the asked model; Ollama adds ":latest" to a bare name. */
static json_t *find_model(const json_t *list, const char *model)
{
    size_t len = strlen(model);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *entry = json_array_get(list, i);
        const char *name = name_of(entry);
        bool is_it =
            name != NULL && strncmp(name, model, len) == 0 && (name[len] == '\0' || strcmp(name + len, ":latest") == 0);
        if (is_it) {
            return entry;
        }
    }
    return NULL;
}

static assay_code set_model(struct assay_llm_state *state, const char *name, assay_err *err)
{
    int len = snprintf(state->model, sizeof state->model, "%s", name);
    return len >= 0 && (size_t)len < sizeof state->model
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE, "the model's name is longer than %zu bytes", sizeof state->model - 1);
}

static assay_code choose_model(struct assay_llm_state *state, const json_t *list, assay_err *err)
{
    const char *asked = state->options.model;
    size_t count = json_array_size(list);
    if (asked != NULL) {
        const json_t *entry = find_model(list, asked);
        if (entry == NULL && state->dialect == &assay_llm_ollama) {
            return assay_fail(err, ASSAY_NOT_FOUND, "the server has no model '%s'", asked);
        }
        return set_model(state, entry != NULL && state->dialect == &assay_llm_ollama ? name_of(entry) : asked, err);
    }
    const char *only = count == 1 ? name_of(json_array_get(list, 0)) : NULL;
    if (only == NULL) {
        return assay_fail(err, ASSAY_USAGE, "the server offers %zu models; name one with --model", count);
    }
    return set_model(state, only, err);
}

assay_code assay_llm_model_resolve(struct assay_llm_state *state, assay_err *err)
{
    bool is_ollama = state->dialect == &assay_llm_ollama;
    json_t *answer = NULL;
    int status = 0;
    assay_code rc = assay_llm_ask(state, is_ollama ? "/api/tags" : "/v1/models", NULL, &status, &answer, err);
    if (rc == ASSAY_OK) {
        rc = choose_model(state, assay_json_at(answer, is_ollama ? "/models" : "/data"), err);
    }
    json_decref(answer);
    return rc;
}

/* ---- facts ------------------------------------------------------------------------------------------------------ */

struct answers { /* of one round: each path is asked once */
    const char *paths[16];
    json_t *bodies[16];
    int statuses[16];
    size_t count;
};

static assay_code ask_once(struct assay_llm_state *state, struct answers *answers, const struct assay_llm_fact *fact,
                           size_t *ret_index, assay_err *err)
{
    for (size_t i = 0; i < answers->count; i++) {
        if (strcmp(answers->paths[i], fact->path) == 0) {
            *ret_index = i;
            return ASSAY_OK;
        }
    }
    struct assay_buf body;
    assay_buf_init(&body, 4096);
    if (fact->is_post) {
        assay_buf_text(&body, "{\"model\":");
        assay_json_quote(&body, state->model, strlen(state->model));
        assay_buf_char(&body, '}');
    }
    size_t index = answers->count++;
    answers->paths[index] = fact->path;
    assay_code rc =
        assay_llm_ask(state, fact->path, body.data, &answers->statuses[index], &answers->bodies[index], err);
    assay_buf_done(&body);
    *ret_index = index;
    return rc;
}

static const json_t *value_of(const struct assay_llm_state *state, const struct assay_llm_fact *fact,
                              const json_t *answer)
{
    if (fact->list == NULL) {
        return assay_json_at(answer, fact->pointer);
    }
    const json_t *entry = find_model(assay_json_at(answer, fact->list), state->model);
    return entry != NULL ? assay_json_at(entry, fact->pointer) : NULL;
}

static bool is_plain(const json_t *value)
{
    return json_is_string(value) || json_is_integer(value) || json_is_boolean(value);
}

/* {"engine_version": {"value": "b6000", "from": "/props"}, ...}; what the server did not say is absent, with its HTTP
 * status. Values are texts, integers and truth values: nothing that changes from one call to the next is a fact. */
assay_code assay_llm_identity_ask(struct assay_llm_state *state, json_t **ret, assay_err *err)
{
    struct answers answers = {.count = 0};
    struct assay_json_builder b = {0};
    json_t *facts = json_object();
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < state->dialect->facts_count && rc == ASSAY_OK; i++) {
        const struct assay_llm_fact *fact = &state->dialect->facts[i];
        size_t index = 0;
        rc = ask_once(state, &answers, fact, &index, err);
        if (rc != ASSAY_OK) {
            break;
        }
        const json_t *value = value_of(state, fact, answers.bodies[index]);
        json_t *entry = assay_json_put_object(&b, facts, fact->name);
        assay_json_put_text(&b, entry, "from", fact->path);
        if (is_plain(value)) {
            assay_json_put(&b, entry, "value", json_deep_copy(value));
        } else {
            assay_json_put_int(&b, entry, "absent", answers.statuses[index]);
        }
    }
    for (size_t i = 0; i < answers.count; i++) {
        json_decref(answers.bodies[i]);
    }
    rc = rc == ASSAY_OK ? assay_json_builder_check(&b, facts, err) : rc;
    if (rc != ASSAY_OK) {
        json_decref(facts);
        return rc;
    }
    *ret = facts;
    return ASSAY_OK;
}

/* ---- the path --------------------------------------------------------------------------------------------------- */

/* The name of the interface that packets to the server leave by, or "". */
static void find_interface(const struct sockaddr_storage *local, char name[IF_NAMESIZE])
{
    struct ifaddrs *list = NULL;
    name[0] = '\0';
    if (getifaddrs(&list) != 0) {
        return;
    }
    for (struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
        if (at->ifa_addr == NULL || at->ifa_addr->sa_family != local->ss_family) {
            continue;
        }
        const void *a, *b;
        size_t len;
        if (local->ss_family == AF_INET) {
            a = &((const struct sockaddr_in *)(const void *)local)->sin_addr;
            b = &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr;
            len = sizeof(struct in_addr);
        } else {
            a = &((const struct sockaddr_in6 *)(const void *)local)->sin6_addr;
            b = &((const struct sockaddr_in6 *)(const void *)at->ifa_addr)->sin6_addr;
            len = sizeof(struct in6_addr);
        }
        if (memcmp(a, b, len) == 0) {
            (void)snprintf(name, IF_NAMESIZE, "%s", at->ifa_name);
            break;
        }
    }
    freeifaddrs(list);
}

/* A connected datagram socket sends nothing and knows which own address would be used. */
static bool find_local_address(const char *address, struct sockaddr_storage *ret)
{
    char host[ASSAY_NET_HOST_BYTES_MAX];
    const char *colon = strrchr(address, ':');
    size_t len = colon != NULL ? (size_t)(colon - address) : strlen(address);
    if (len >= 2 && address[0] == '[') {
        address++;
        len -= 2;
    }
    (void)snprintf(host, sizeof host, "%.*s", (int)len, address);
    struct sockaddr_storage peer = {.ss_family = AF_INET};
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&peer;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&peer;
    v4->sin_port = htons(9); /* any */
    if (inet_pton(AF_INET, host, &v4->sin_addr) != 1) {
        peer.ss_family = AF_INET6;
        if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) {
            return false;
        }
    }
    int fd = socket(peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t ret_len = sizeof *ret;
    bool is_found = fd >= 0 && connect(fd, (struct sockaddr *)&peer, sizeof peer) == 0 &&
                    getsockname(fd, (struct sockaddr *)ret, &ret_len) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_found;
}

/* NAT cannot be seen from this side; it has to be said (--path nat). */
const char *assay_llm_path_kind(const struct assay_llm_state *state)
{
    static const char *const said[] = {NULL, "loopback", "veth", "nat", "remote"};
    if (said[state->options.path] != NULL) {
        return said[state->options.path];
    }
    if (assay_net_target_is_loopback(state->target)) {
        return "loopback";
    }
    struct sockaddr_storage local;
    char interface[IF_NAMESIZE] = "";
    if (find_local_address(assay_net_target_address(state->target), &local)) {
        find_interface(&local, interface);
    }
    char path[128];
    (void)snprintf(path, sizeof path, "/sys/class/net/%s/bridge", interface);
    bool is_virtual = strncmp(interface, "veth", 4) == 0 || access(path, F_OK) == 0;
    return interface[0] != '\0' && is_virtual ? "veth" : "remote";
}
