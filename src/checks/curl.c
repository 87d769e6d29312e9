/*
 * curl.c - which library libcurl is.
 */
#include "curl.h"

static struct curl functions;

static const struct library_row rows[] = {
#define CURL_ROW(name) LIBRARY_ROW(struct curl, name)
    CURL_TABLE(CURL_ROW)
#undef CURL_ROW
};

static bool start(void *handle, hg_error *err)
{
    (void)handle;
    return functions.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
           || hg_fail(err, HG_FAILED, "could not start the HTTP client's library");
}

static const char hint[] =
    "Install it: libcurl4 on Debian and Ubuntu, libcurl-minimal on Amazon Linux and Fedora.";

/* The two files are one library with different TLS inside; distributions have one of them. */
static struct library library = {
    .what = "the HTTP client's library",
    .files = {"libcurl.so.4", "libcurl-gnutls.so.4"},
    .hint = hint,
    .hint_old = hint,
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .functions = &functions,
    .begin = start,
    .lock = PTHREAD_MUTEX_INITIALIZER,
};

const struct curl *curl_load(hg_error *err)
{
    return library_load(&library, err) ? &functions : NULL;
}
