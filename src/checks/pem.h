/*
 * pem.h - (pure) when the certificates of a bundle end: RFC 7468 around RFC 5280's DER, of which
 * only the way to `notAfter` is read.
 *
 * A whole X.509 library for one date would be the largest part of the program; libpq brings one of
 * its own for the handshake, where it counts.
 */
#ifndef CHECKS_PEM_H
#define CHECKS_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pem_bundle {
    size_t count;   /* of certificates */
    int64_t ends_s; /* Unix time when the first of them ends */
};

/* false: there is none, or one of them cannot be read. */
bool pem_read(const char *text, size_t n, struct pem_bundle *out);

#endif
