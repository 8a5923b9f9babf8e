#include "host/listener.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTENING 0x0Au /* TCP_LISTEN in the column `st` */
#define ADDRESS_WORD 1
#define STATE_WORD 3
#define INODE_WORD 9
#define PARENT_WORD 2 /* of /proc/PID/stat, counted from the ")" that ends the name */
#define GENERATIONS_MAX 8

/* Finds the socket's inode in /proc/net/tcp or tcp6:
 * "sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ..." */
static unsigned long hex_word(const char *line, size_t index)
{
    struct assay_slice word = assay_host_word(line, index);
    return word.data ? strtoul(word.data, NULL, 16) : 0;
}

/* "0100007F:1F90" */
static unsigned long local_port_of(const char *line)
{
    struct assay_slice word = assay_host_word(line, ADDRESS_WORD);
    const char *colon = word.data ? memchr(word.data, ':', word.len) : NULL;
    return colon ? strtoul(colon + 1, NULL, 16) : 0;
}

static bool find_inode(const char *root, const char *path, uint16_t port, uint64_t *ret)
{
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_HOST_FILE_BYTES_MAX);
    bool is_found = false;
    if (assay_host_read_all(root, path, &text)) {
        struct assay_slice rest = {text.data, text.len};
        while (!is_found && rest.data) {
            struct assay_slice line = assay_slice_cut(&rest, '\n');
            char copy[256];
            (void)snprintf(copy, sizeof copy, "%.*s", (int)(line.len < 255 ? line.len : 255), line.data);
            is_found = local_port_of(copy) == port && hex_word(copy, STATE_WORD) == LISTENING &&
                       assay_host_word_u64(copy, INODE_WORD, ret);
        }
    }
    assay_buf_done(&text);
    return is_found;
}

struct owner_search {
    const char *root;
    char link[64];
    pid_t pid, found;
};

static void look_at_fd(void *context, const char *name)
{
    struct owner_search *search = context;
    char path[ASSAY_HOST_PATH_BYTES], target[64];
    (void)snprintf(path, sizeof path, "%s/proc/%d/fd/%s", search->root, (int)search->pid, name);
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n > 0) {
        target[n] = '\0';
        if (strcmp(target, search->link) == 0) {
            search->found = search->pid;
        }
    }
}

static void look_at_process(void *context, const char *name)
{
    struct owner_search *search = context;
    uint64_t pid;
    if (search->found != 0 || !assay_host_number(name, &pid)) {
        return;
    }
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%" PRIu64 "/fd", pid);
    search->pid = (pid_t)pid;
    (void)assay_host_list(search->root, path, "", look_at_fd, search);
}

struct family {
    const char *root;
    pid_t *pids;
    size_t count, max;
};

static bool is_in(const struct family *family, pid_t pid)
{
    for (size_t i = 0; i < family->count; i++) {
        if (family->pids[i] == pid) {
            return true;
        }
    }
    return false;
}

static void adopt(void *context, const char *name)
{
    struct family *family = context;
    uint64_t pid;
    struct assay_host_text text;
    char path[64];
    if (!assay_host_number(name, &pid) || family->count == family->max || is_in(family, (pid_t)pid)) {
        return;
    }
    (void)snprintf(path, sizeof path, "/proc/%" PRIu64 "/stat", pid);
    const char *after_name = assay_host_read(family->root, path, &text) ? strrchr(text.text, ')') : NULL;
    uint64_t parent;
    if (after_name && assay_host_word_u64(after_name, PARENT_WORD, &parent) && is_in(family, (pid_t)parent)) {
        family->pids[family->count++] = (pid_t)pid;
    }
}

size_t assay_host_listener(const char *root, uint16_t port, pid_t *ret, size_t max)
{
    uint64_t inode;
    if (max == 0 ||
        (!find_inode(root, "/proc/net/tcp", port, &inode) && !find_inode(root, "/proc/net/tcp6", port, &inode))) {
        return 0;
    }
    struct owner_search search = {.root = root};
    (void)snprintf(search.link, sizeof search.link, "socket:[%" PRIu64 "]", inode);
    (void)assay_host_list(root, "/proc", "", look_at_process, &search);
    if (search.found == 0) {
        return 0;
    }
    struct family family = {.root = root, .pids = ret, .count = 1, .max = max};
    ret[0] = search.found;
    size_t before = 0;
    for (size_t i = 0; i < GENERATIONS_MAX && before != family.count; i++) {
        before = family.count;
        (void)assay_host_list(root, "/proc", "", adopt, &family);
    }
    return family.count;
}
