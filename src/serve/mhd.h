/*
 * mhd.h - libmicrohttpd, loaded by the one command that listens: nobody else has to have it.
 */
#ifndef SERVE_MHD_H
#define SERVE_MHD_H

#include <microhttpd.h>

#include "base/library.h"

/* clang-format off */
#define MHD_TABLE(X) \
    X(MHD_start_daemon) X(MHD_stop_daemon) X(MHD_quiesce_daemon) X(MHD_get_daemon_info) \
    X(MHD_create_response_from_buffer) X(MHD_add_response_header) X(MHD_queue_response) \
    X(MHD_destroy_response) X(MHD_lookup_connection_value) X(MHD_get_connection_values) \
    X(MHD_get_connection_info)
/* clang-format on */

/* Its functions under their own names. */
struct mhd {
    MHD_TABLE(LIBRARY_MEMBER)
};

/* The loaded library. Main thread. NULL: it is not there (HG_UNSUPPORTED). */
const struct mhd *mhd_load(hg_error *err);

#endif
