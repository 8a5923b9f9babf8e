/*
 * libmicrohttpd, bound when a server starts (base/library.h). Inside this room only: from here on its names mean the
 * functions that were bound. A function that is missing here does not link.
 */
#ifndef ASSAY_SERVE_MICROHTTPD_LATE_H
#define ASSAY_SERVE_MICROHTTPD_LATE_H

#include "base/library.h"

#include <microhttpd.h>

#define MICROHTTPD_FUNCTIONS(F)                           \
    F(MHD_add_response_header)                            \
    F(MHD_create_response_from_buffer_with_free_callback) \
    F(MHD_create_response_from_callback)                  \
    F(MHD_destroy_response)                               \
    F(MHD_get_connection_info)                            \
    F(MHD_get_daemon_info)                                \
    F(MHD_get_timeout)                                    \
    F(MHD_get_version)                                    \
    F(MHD_lookup_connection_value)                        \
    F(MHD_queue_response)                                 \
    F(MHD_quiesce_daemon)                                 \
    F(MHD_resume_connection)                              \
    F(MHD_run)                                            \
    F(MHD_start_daemon)                                   \
    F(MHD_stop_daemon)                                    \
    F(MHD_suspend_connection)

struct microhttpd_late {
    struct assay_library library;
#define A_POINTER(name) __typeof__(&name) name;
    MICROHTTPD_FUNCTIONS(A_POINTER)
#undef A_POINTER
};
extern struct microhttpd_late microhttpd_late;

/* Before any other call. */
assay_code microhttpd_late_bind(assay_err *err);

#ifndef MICROHTTPD_LATE_AS_DECLARED /* the table itself names them as they are */
#define MHD_add_response_header microhttpd_late.MHD_add_response_header
#define MHD_create_response_from_buffer_with_free_callback \
    microhttpd_late.MHD_create_response_from_buffer_with_free_callback
#define MHD_create_response_from_callback microhttpd_late.MHD_create_response_from_callback
#define MHD_destroy_response microhttpd_late.MHD_destroy_response
#define MHD_get_connection_info microhttpd_late.MHD_get_connection_info
#define MHD_get_daemon_info microhttpd_late.MHD_get_daemon_info
#define MHD_get_timeout microhttpd_late.MHD_get_timeout
#define MHD_get_version microhttpd_late.MHD_get_version
#define MHD_lookup_connection_value microhttpd_late.MHD_lookup_connection_value
#define MHD_queue_response microhttpd_late.MHD_queue_response
#define MHD_quiesce_daemon microhttpd_late.MHD_quiesce_daemon
#define MHD_resume_connection microhttpd_late.MHD_resume_connection
#define MHD_run microhttpd_late.MHD_run
#define MHD_start_daemon microhttpd_late.MHD_start_daemon
#define MHD_stop_daemon microhttpd_late.MHD_stop_daemon
#define MHD_suspend_connection microhttpd_late.MHD_suspend_connection
#endif

#endif
