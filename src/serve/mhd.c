/*
 * mhd.c - which library libmicrohttpd is.
 */
#include "mhd.h"

static struct mhd functions;

static const struct library_row rows[] = {
#define MHD_ROW(name) LIBRARY_ROW(struct mhd, name)
    MHD_TABLE(MHD_ROW)
#undef MHD_ROW
};

static const char hint[] =
    "Install it: libmicrohttpd12 on Debian and Ubuntu, libmicrohttpd on Amazon Linux and Fedora.";

static struct library library = {
    .what = "the HTTP library",
    .files = {"libmicrohttpd.so.12"},
    .hint = hint,
    .hint_old = hint,
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .functions = &functions,
    .lock = PTHREAD_MUTEX_INITIALIZER,
};

/* Once: a thread of an endpoint that is being stopped may still read the table. */
const struct mhd *mhd_load(hg_error *err)
{
    return library_load(&library, err) ? &functions : NULL;
}
