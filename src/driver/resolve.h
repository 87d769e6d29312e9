/*
 * resolve.h - a host's addresses by a deadline: libpq's own look-up waits for as long as the
 * resolver likes.
 */
#ifndef DRIVER_RESOLVE_H
#define DRIVER_RESOLVE_H

#include <netdb.h>

#include <headgate/error.h>

enum { RESOLVE_MAX = 8 };

struct addresses {
    size_t count;
    char text[RESOLVE_MAX][64]; /* numeric, as getnameinfo() writes them */
};

/* Whether a name is a numeric address already (RFC 4291 §2.2 and dotted decimal; with zone). */
bool resolve_is_numeric(const char *host);

/* Looks a host up, in the order in which its addresses should be tried. err: HG_UNAVAILABLE,
 * HG_TIMEOUT. */
bool resolve(const char *host, hg_deadline by, struct addresses *out, hg_error *err);

/* Tests only: what to call instead of getaddrinfo(); NULL gives it back. */
typedef int resolve_lookup(const char *host, const char *service, const struct addrinfo *wanted,
                           struct addrinfo **out);
void resolve_set_fake(resolve_lookup *lookup);

#endif
