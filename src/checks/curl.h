/*
 * curl.h - libcurl, loaded when an application is probed: nobody else has to have it.
 */
#ifndef CHECKS_CURL_H
#define CHECKS_CURL_H

#define CURL_DISABLE_TYPECHECK /* it works through macros with the functions' names */
#include <curl/curl.h>

#include "base/library.h"

/* clang-format off */
#define CURL_TABLE(X) \
    X(curl_global_init) X(curl_easy_init) X(curl_easy_setopt) X(curl_easy_perform) \
    X(curl_easy_getinfo) X(curl_easy_cleanup) X(curl_easy_strerror)
/* clang-format on */

/* Its functions under their own names. */
struct curl {
    CURL_TABLE(LIBRARY_MEMBER)
};

/* The loaded library; any thread. NULL: it is not there (HG_UNSUPPORTED). */
const struct curl *curl_load(hg_error *err);

#endif
