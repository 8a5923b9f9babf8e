/*
 * Which processes are behind a port of this host. Internal to host/.
 */
#ifndef ASSAY_HOST_LISTENER_H
#define ASSAY_HOST_LISTENER_H

#include "host/read.h"

#include <sys/types.h>

/* The process that listens on the TCP port and its descendants, at most max. Returns how many. */
size_t assay_host_listener(const char *root, uint16_t port, pid_t *ret, size_t max);

#endif
