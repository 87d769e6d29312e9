/*
 * url_hosts.c - the hosts of a database URL and their ports (RFC 3986 §3.2): names, addresses,
 * sockets' folders, several of them. Pure. Must not know how a name becomes an address.
 */
#include "url_parser.h"

#include <arpa/inet.h>
#include <string.h>

static bool take_port(struct url_parser *p, struct span s, int *out)
{
    long port = 0;

    for (const char *c = s.at; c < s.end; c++)
        port = *c < '0' || *c > '9' || port > 65535 ? 65536 : port * 10 + (*c - '0');
    if (length(s) > 0 && port >= 1 && port <= 65535) {
        *out = (int)port;
        return true;
    }
    url_fault(p, s.at, "the port is not a number from 1 to 65535");
    if (find(p->authority, '@') == NULL)
        hg_error_hint(p->err, "If this is a password, the host is missing behind it: "
                              "user:password@host.");
    return false;
}

/* Whether a decoded name is an IPv6 address, with or without a zone (RFC 4291 §2.2, 4007 §11). */
static bool is_ipv6(const char *name)
{
    char address[INET6_ADDRSTRLEN];
    unsigned char parsed[16];
    size_t n = strcspn(name, "%");

    if (n >= sizeof address)
        return false;
    memcpy(address, name, n);
    address[n] = '\0';
    return inet_pton(AF_INET6, address, parsed) == 1;
}

static bool check_host(struct url_parser *p, const char *at, const char *name, bool brackets)
{
    if (brackets && !is_ipv6(name))
        return url_fault(p, at, "this is not an IPv6 address");
    if (brackets || name[0] == '/' || name[0] == '@' || is_ipv6(name))
        return true;
    if (strpbrk(name, " /@:[]\\\"'") != NULL)
        return url_fault(p, at, "this is not a host's name");
    return true;
}

/* Splits host[:port]; a bracketed address keeps its colons, a socket's folder may have them. */
static bool split_host(struct url_parser *p, struct span s, struct span *name, struct span *port)
{
    bool brackets = starts_with(s, "["), folder = starts_with(s, "/");
    const char *close = brackets ? find(s, ']') : s.at;
    struct span rest = {close, s.end};

    *name = s;
    *port = (struct span){NULL, NULL};
    if (brackets && (close == NULL || (close + 1 < s.end && close[1] != ':')))
        return url_fault(p, s.at, "\"[\" and \"]\" do not enclose an address");
    if (folder || find(rest, ':') == NULL)
        return true;
    if (!brackets && count_of(s, ':') > 1) {
        if (p->hosts_in_query)
            return true;
        url_fault(p, s.at, "more than one \":\" in a host and its port");
        hg_error_hint(p->err, "Write an IPv6 address in brackets, [::1]:5432, and a \":\" in a "
                              "socket's folder as %%3A.");
        return false;
    }
    *name = (struct span){s.at, find(rest, ':')};
    *port = (struct span){name->end + 1, s.end};
    return true;
}

static bool take_host(struct url_parser *p, struct span s, bool alone)
{
    struct span name, port;
    bool brackets = starts_with(s, "[");
    struct host *host;

    if (length(s) == 0 && alone)
        return true;
    if (length(s) == 0)
        return url_fault(p, s.at, "a host is missing between two commas");
    if (!split_host(p, s, &name, &port))
        return false;
    host = VEC_PUSH(&p->url->hosts);
    if (host == NULL)
        return url_no_memory(p);
    if (port.at != NULL && !take_port(p, port, &host->port))
        return false;
    if (brackets)
        name = (struct span){name.at + 1, find(name, ']')};
    return url_decode(p, name, &host->name) && check_host(p, name.at, host->name, brackets);
}

bool url_take_hosts(struct url_parser *p, struct span s)
{
    bool alone = find(s, ',') == NULL;
    struct span last = s;

    while (last.at < last.end) {
        struct span one = cut(&last, ',');

        if (!take_host(p, one, alone))
            return false;
    }
    if (!alone && s.end[-1] == ',')
        return url_fault(p, s.end - 1, "a host is missing behind the comma");
    return true;
}

bool url_apply_ports(struct url_parser *p)
{
    size_t ports = count_of(p->port, ',') + 1, i = 0;
    struct span rest = p->port;

    if (p->port.at == NULL)
        return true;
    if (p->url->hosts.count == 0) {
        struct host *host = VEC_PUSH(&p->url->hosts);

        if (host == NULL)
            return url_no_memory(p);
        host->name = "";
    }
    if (ports != 1 && ports != p->url->hosts.count)
        return url_fault(p, p->port.at, "%zu ports for %zu hosts", ports, p->url->hosts.count);
    for (i = 0; i < p->url->hosts.count; i++) {
        struct span one = ports == 1 ? p->port : cut(&rest, ',');

        if ((length(one) > 0 || ports == 1) && !take_port(p, one, &p->url->hosts.items[i].port))
            return false;
    }
    return true;
}
