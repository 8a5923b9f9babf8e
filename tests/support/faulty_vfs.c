#include "support/faulty_vfs.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct, in the same allocation */
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    sqlite3_io_methods methods;
    unsigned long fail_at;
    bool is_broken;
    struct faulty_vfs_counts counts;
} self;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct faulty_file *)(void *)file)->real;
}

static bool breaks(void)
{
    if (self.fail_at > 0 && --self.fail_at == 0) {
        self.is_broken = true;
    }
    return self.is_broken;
}

static int on_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int on_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, len, at);
}

static int on_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    self.counts.writes++;
    self.counts.bytes += (unsigned long long)len;
    return breaks() ? SQLITE_IOERR_WRITE : real_of(file)->pMethods->xWrite(real_of(file), bytes, len, at);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int on_sync(sqlite3_file *file, int flags)
{
    self.counts.syncs++;
    return breaks() ? SQLITE_IOERR_FSYNC : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int on_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int on_reserved(sqlite3_file *file, int *ret)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int on_control(sqlite3_file *file, int op, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int on_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int on_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int on_shm_map(sqlite3_file *file, int page, int len, int extend, void volatile **ret)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, len, extend, ret);
}

static int on_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), at, n, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int on_shm_unmap(sqlite3_file *file, int del)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), del);
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    struct faulty_file *mine = (struct faulty_file *)(void *)file;
    (void)vfs;
    mine->real = (sqlite3_file *)(void *)(mine + 1);
    int status = self.real->xOpen(self.real, name, mine->real, flags, ret_flags);
    mine->base.pMethods = status == SQLITE_OK ? &self.methods : NULL;
    return status;
}

void faulty_vfs_register(void)
{
    memset(&self, 0, sizeof self);
    self.real = sqlite3_vfs_find(NULL);
    self.methods = (sqlite3_io_methods){.iVersion = 2, /* without memory maps, so that every write is seen */
                                        .xClose = on_close,
                                        .xRead = on_read,
                                        .xWrite = on_write,
                                        .xTruncate = on_truncate,
                                        .xSync = on_sync,
                                        .xFileSize = on_size,
                                        .xLock = on_lock,
                                        .xUnlock = on_unlock,
                                        .xCheckReservedLock = on_reserved,
                                        .xFileControl = on_control,
                                        .xSectorSize = on_sector,
                                        .xDeviceCharacteristics = on_traits,
                                        .xShmMap = on_shm_map,
                                        .xShmLock = on_shm_lock,
                                        .xShmBarrier = on_shm_barrier,
                                        .xShmUnmap = on_shm_unmap};
    self.vfs = *self.real;
    self.vfs.zName = "faulty";
    self.vfs.szOsFile = (int)sizeof(struct faulty_file) + self.real->szOsFile;
    self.vfs.xOpen = on_open;
    (void)sqlite3_vfs_register(&self.vfs, 1);
}

void faulty_vfs_unregister(void)
{
    (void)sqlite3_vfs_unregister(&self.vfs);
    (void)sqlite3_vfs_register(self.real, 1);
}

void faulty_vfs_fail_at(unsigned long n)
{
    self.fail_at = n;
    self.is_broken = false;
}

struct faulty_vfs_counts faulty_vfs_counted(void)
{
    struct faulty_vfs_counts counts = self.counts;
    self.counts = (struct faulty_vfs_counts){0};
    return counts;
}
