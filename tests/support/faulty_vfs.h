/*
 * The file system beneath SQLite, with a counter: the n-th write or sync fails with an I/O error, and so does every one
 * after it, as on a disk that broke. Registered as SQLite's default; one connection at a time.
 */
#ifndef ASSAY_TESTS_FAULTY_VFS_H
#define ASSAY_TESTS_FAULTY_VFS_H

void faulty_vfs_register(void);
void faulty_vfs_unregister(void);

/* From now on the n-th write or sync is the first to fail (1 = the next; 0 = none). */
void faulty_vfs_fail_at(unsigned long n);

struct faulty_vfs_counts {
    unsigned long writes, syncs;
    unsigned long long bytes;
};
/* Since the last call. */
struct faulty_vfs_counts faulty_vfs_counted(void);

#endif
