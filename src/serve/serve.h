/*
 * serve.h - /healthz, /readiness and /metrics over HTTP.
 *
 * One thread answers, from what a sampler knows: a request never reaches a database. GET and HEAD
 * of a few exact paths, no bodies, no TLS: what a load balancer, a proxy on this host and
 * Prometheus need, and nothing for anybody else to lean on.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <headgate/headgate.h>

struct serve;

/*
 * Listens and answers until serve_stop(). listen: "ADDR:PORT", numeric, an IPv6 address in
 * brackets; port 0 takes a free one. Addresses that others can reach need HEADGATE_TOKEN. settings:
 * borrowed until serve_stop(). err: HG_USAGE (listen), HG_CONFIG (no token), HG_UNSUPPORTED (the
 * library is not there), HG_FAILED (the address is taken), HG_NOMEM.
 */
bool serve_start(const hg_settings *settings, const char *listen, int64_t interval_ms,
                 struct serve **out_serve, hg_error *err);

int serve_port(const struct serve *serve);

/* Ends connections whose request is late; to be called a few times a second. */
void serve_sweep(struct serve *serve);

/* Takes no more connections, lets answers on their way out arrive, ends. NULL is fine. */
void serve_stop(struct serve *serve);

#endif
