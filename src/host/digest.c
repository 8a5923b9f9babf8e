#include "host/digest.h"

#include "host/read.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 65536
#define OBJECTS_MAX 512 /* mapped files; a large program has a hundred */

bool assay_host_file_sha256(const char *path, struct assay_digest *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    unsigned char bytes[READ_BYTES];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR)) {
        assay_sha256_add(&hash, bytes, n > 0 ? (size_t)n : 0);
    }
    close(fd);
    assay_sha256_end(&hash, ret);
    return n == 0;
}

json_t *assay_host_hex32(const struct assay_digest *digest)
{
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_digest_print(digest, text);
    return json_string(text);
}

/* ---- loaded objects ----------------------------------------------------------------------------------------------*/

struct objects {
    struct assay_digest digests[OBJECTS_MAX];
    size_t count;
    char last_path[ASSAY_HOST_PATH_BYTES]; /* the mappings of one file stand together */
    bool is_whole;
};

/* "start-end perms offset dev inode   /path": the path of an executable mapping of a file, or an empty slice. */
static struct assay_slice executable_of(struct assay_slice line)
{
    struct assay_slice rest = line;
    (void)assay_slice_cut(&rest, ' ');
    struct assay_slice perms = assay_slice_cut(&rest, ' ');
    const char *slash = rest.data ? memchr(rest.data, '/', rest.len) : NULL;
    if (!slash || perms.len < 3 || perms.data[2] != 'x') {
        return (struct assay_slice){0};
    }
    return (struct assay_slice){slash, rest.len - (size_t)(slash - rest.data)};
}

static void add_object(struct objects *objects, struct assay_slice path)
{
    if (assay_slice_is(path, objects->last_path)) {
        return;
    }
    if (path.len >= sizeof objects->last_path || objects->count == OBJECTS_MAX) {
        objects->is_whole = false;
        return;
    }
    memcpy(objects->last_path, path.data, path.len);
    objects->last_path[path.len] = '\0';
    if (assay_host_file_sha256(objects->last_path, &objects->digests[objects->count])) {
        objects->count++;
    } else {
        objects->is_whole = false; /* deleted or replaced since it was mapped */
    }
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct assay_digest));
}

json_t *assay_host_loaded_objects(const char *root)
{
    struct assay_buf maps;
    assay_buf_init(&maps, ASSAY_HOST_FILE_BYTES_MAX);
    struct objects *objects = assay_alloc(1, sizeof *objects);
    json_t *value = NULL;
    if (!objects || !assay_host_read_all(root, "/proc/self/maps", &maps)) {
        value = objects ? assay_host_unknown("/proc/self/maps cannot be read") : NULL;
        goto out;
    }
    objects->is_whole = true;
    struct assay_slice rest = {maps.data, maps.len};
    while (rest.data) {
        struct assay_slice path = executable_of(assay_slice_cut(&rest, '\n'));
        if (path.data) {
            add_object(objects, path);
        }
    }
    if (!objects->is_whole || objects->count == 0) {
        value = assay_host_unknown("not every mapped object could be read");
        goto out;
    }
    qsort(objects->digests, objects->count, sizeof objects->digests[0], by_bytes);
    struct assay_digest digest;
    assay_sha256_of(objects->digests, objects->count * sizeof objects->digests[0], &digest);
    value = assay_host_hex32(&digest);
out:
    assay_free(objects);
    assay_buf_done(&maps);
    return value;
}

/* ---- environment -------------------------------------------------------------------------------------------------*/

/* Sorted. What loaders, allocators, mathematical libraries and thread pools read; nobody's secrets. */
static const char *const VARIABLES[] = {
    "CUDA_VISIBLE_DEVICES",
    "GLIBC_TUNABLES",
    "GOMP_CPU_AFFINITY",
    "KMP_AFFINITY",
    "LANG",
    "LC_ALL",
    "LD_BIND_NOW",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "MALLOC_ARENA_MAX",
    "MALLOC_CONF",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OMP_PLACES",
    "OMP_PROC_BIND",
    "OPENBLAS_NUM_THREADS",
    "OPENSSL_ia32cap",
    "TZ",
};

json_t *assay_host_environment(void)
{
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    for (size_t i = 0; i < sizeof VARIABLES / sizeof VARIABLES[0]; i++) {
        const char *value = getenv(VARIABLES[i]);
        const char *const parts[] = {VARIABLES[i], "=", value, "\n"};
        for (size_t j = 0; value && j < sizeof parts / sizeof parts[0]; j++) {
            assay_sha256_add(&hash, parts[j], strlen(parts[j]));
        }
    }
    struct assay_digest digest;
    assay_sha256_end(&hash, &digest);
    return assay_host_hex32(&digest);
}

json_t *assay_host_machine_key(const char *root)
{
    static const char *const PATHS[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};
    struct assay_host_text id = {0};
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0] && id.len == 0; i++) {
        (void)assay_host_read(root, PATHS[i], &id);
    }
    if (id.len == 0) {
        return assay_host_unknown("no machine-id");
    }
    static const char label[] = "assay-machine/1";
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, label, sizeof label - 1);
    assay_sha256_add(&hash, id.text, id.len);
    struct assay_digest digest;
    assay_sha256_end(&hash, &digest);
    return assay_host_hex32(&digest);
}
