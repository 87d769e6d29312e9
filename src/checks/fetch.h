/*
 * fetch.h - one GET, with a deadline and a limit of size.
 *
 * Straight to where the URL says: no proxy, no redirect, no credentials, http and https alone, and
 * https only from who can prove the name.
 */
#ifndef CHECKS_FETCH_H
#define CHECKS_FETCH_H

#include <headgate/error.h>
#include <headgate/observer.h>
#include <headgate/types.h>

#include "base/buf.h"

enum { FETCH_MOST = 8 << 20 }; /* bytes of an answer's body */

struct fetched {
    int status; /* of HTTP */
    char type[64];
    struct buf body;
    double ms;
};

/*
 * out: the caller's until buf_release(&out->body), also after a failure. observer: may cancel; NULL
 * is fine. err: HG_UNSUPPORTED (no library), HG_TIMEOUT, HG_CANCELLED, HG_FAILED.
 */
bool fetch(const char *url, hg_deadline by, const hg_observer *observer, struct fetched *out,
           hg_error *err);

/* (pure) What is wrong with the address of an application; NULL: nothing. */
const char *fetch_fault(const char *url);

#endif
