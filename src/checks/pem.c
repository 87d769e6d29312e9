/*
 * pem.c - base64 between two lines, and six steps into a certificate. Pure.
 */
#include "pem.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DER_MOST = 16 * 1024 /* a certificate has one or two thousand bytes */ };

/* Bytes that are still to be read. */
struct der {
    const unsigned char *at, *end;
};

enum der_tag {
    DER_INTEGER = 0x02,
    DER_UTC = 0x17,
    DER_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_VERSION = 0xa0
};

/* --- base64, RFC 4648 --- */

static int value_of(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);

    return at == NULL ? -1 : (int)(at - alphabet);
}

/* Returns how many bytes; 0: it is none, or too long. */
static size_t decode(const char *text, const char *end, unsigned char *out)
{
    unsigned bits = 0;
    size_t n = 0, digits = 0;

    for (; text < end && *text != '='; text++) {
        int value = value_of(*text);

        if (*text == '\n' || *text == '\r')
            continue;
        if (value < 0 || n == DER_MOST)
            return 0;
        bits = bits << 6 | (unsigned)value;
        if (digits++ % 4 != 0)
            out[n++] = (unsigned char)(bits >> (6 - 2 * ((digits - 1) % 4)) & 0xff);
    }
    return n;
}

/* --- DER, X.690 --- */

/* The next value; false: it reaches beyond the end. */
static bool next(struct der *in, int *out_tag, struct der *out)
{
    size_t size, more;

    if (in->end - in->at < 2)
        return false;
    *out_tag = in->at[0];
    size = in->at[1];
    in->at += 2;
    if (size >= 0x80) {
        more = size & 0x7f;
        if (more == 0 || more > 4 || (size_t)(in->end - in->at) < more)
            return false;
        for (size = 0; more > 0; more--)
            size = size << 8 | *in->at++;
    }
    if ((size_t)(in->end - in->at) < size)
        return false;
    *out = (struct der){in->at, in->at + size};
    in->at += size;
    return true;
}

static bool take(struct der *in, int tag, struct der *out)
{
    int found;

    return next(in, &found, out) && found == tag;
}

/* YYMMDDHHMMSSZ until 2049, YYYYMMDDHHMMSSZ from then on: RFC 5280 §4.1.2.5. */
static bool read_time(const struct der *in, int tag, int64_t *out_s)
{
    size_t n = (size_t)(in->end - in->at), digits = tag == DER_UTC ? 12 : 14;
    struct tm t = {0};
    char text[16];
    int year;

    if (n != digits + 1 || in->at[digits] != 'Z')
        return false;
    memcpy(text, in->at, digits);
    text[digits] = '\0';
    if (strspn(text, "0123456789") != digits
        || sscanf(text, tag == DER_UTC ? "%2d%2d%2d%2d%2d%2d" : "%4d%2d%2d%2d%2d%2d", &year,
                  &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec)
               != 6)
        return false;
    t.tm_year = tag == DER_TIME ? year - 1900 : year < 50 ? year + 100 : year;
    t.tm_mon--;
    *out_s = (int64_t)timegm(&t);
    return true;
}

/* Certificate, tbsCertificate: version, serial number, algorithm, issuer, then validity. */
static bool read_end(struct der in, int64_t *out_s)
{
    struct der certificate, body, skipped, validity, from, until;
    int tag;

    if (!take(&in, DER_SEQUENCE, &certificate) || !take(&certificate, DER_SEQUENCE, &body))
        return false;
    if (body.at < body.end && *body.at == DER_VERSION && !next(&body, &tag, &skipped))
        return false;
    return take(&body, DER_INTEGER, &skipped) && take(&body, DER_SEQUENCE, &skipped)
           && take(&body, DER_SEQUENCE, &skipped) && take(&body, DER_SEQUENCE, &validity)
           && next(&validity, &tag, &from) && next(&validity, &tag, &until)
           && (tag == DER_UTC || tag == DER_TIME) && read_time(&until, tag, out_s);
}

bool pem_read(const char *text, size_t n, struct pem_bundle *out)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    static const char finish[] = "-----END CERTIFICATE-----";
    unsigned char der[DER_MOST];
    const char *end = text + n, *at = text, *until;
    int64_t ends_s;

    *out = (struct pem_bundle){0};
    while ((at = memmem(at, (size_t)(end - at), begin, sizeof begin - 1)) != NULL) {
        at += sizeof begin - 1;
        until = memmem(at, (size_t)(end - at), finish, sizeof finish - 1);
        if (until == NULL || !read_end((struct der){der, der + decode(at, until, der)}, &ends_s))
            return false;
        if (out->count++ == 0 || ends_s < out->ends_s)
            out->ends_s = ends_s;
        at = until;
    }
    return out->count > 0;
}
