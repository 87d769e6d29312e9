/*
 * url_parser.h - what the files share that read a database URL.
 *
 *   url_decode.c  faults with their place, percent-encoding, secrets
 *   url_hosts.c   hosts and their ports
 *   url_parse.c   the whole, its parts and its parameters
 */
#ifndef SETTINGS_URL_PARSER_H
#define SETTINGS_URL_PARSER_H

#include "base/buf.h"
#include "span.h"
#include "url_parts.h"

struct url_parser {
    const char *text;
    struct span scheme, authority, path, query; /* path with its "/", query without its "?" */
    bool has_query;
    struct span user, password, hosts; /* parts of the authority */
    struct span port;                  /* the value of the parameter "port"; at NULL: none */
    bool hosts_in_query;
    bool secret_in_query;
    struct buf redacted;
    hg_url *url;
    hg_error *err;
};

/* --- url_decode.c --- */

/* Fails at a place in the text. The message must not repeat a part that may be a secret. */
__attribute__((format(printf, 3, 4))) bool url_fault(struct url_parser *p, const char *at,
                                                     const char *format, ...);
bool url_no_memory(struct url_parser *p);

/* Fails at a byte that has to be percent-encoded where it stands. */
bool url_fail_raw(struct url_parser *p, const char *at, const char *where);

/* Decodes what is not a secret, into the URL's arena. */
bool url_decode(struct url_parser *p, struct span s, const char **out);

/* Decodes a secret, in place of the one that *out has; no copy of it stays behind. An empty one is
 * as good as none. */
bool url_decode_secret(struct url_parser *p, struct span s, struct secret **out);

/* --- url_hosts.c --- */

/* host[:port], separated by commas: adds them to those of the URL. */
bool url_take_hosts(struct url_parser *p, struct span s);

/* Gives the hosts the ports of the parameter "port": one for all, or one for each. */
bool url_apply_ports(struct url_parser *p);

#endif
