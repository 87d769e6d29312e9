/*
 * answer.h - a request to one of the endpoints and what is answered. Pure but for the sampler's
 * and the runtime folder's state, which it reads.
 * Must not know which library carries HTTP.
 */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include <headgate/headgate.h>

#include "base/buf.h"

/* What answers are made from. */
struct answerer {
    const hg_settings *settings;
    hg_sampler *sampler;
    bool local;         /* only this host can connect */
    struct buf metrics; /* as of metrics_ns: every pool's file is read for it */
    int64_t metrics_ns; /* 0: not yet */
    int libpq, sqlite;  /* versions */
};

/* One request, as far as it matters. Texts live until the answer is made. */
struct request {
    const char *method;
    const char *path;
    const char *host;          /* NULL: none was sent */
    const char *authorization; /* NULL: none */
    const char *group;         /* that /readiness is asked about; NULL: all */
    bool verbose;
    bool has_body;
};

struct answer {
    int status;        /* of HTTP */
    const char *type;  /* of the body */
    const char *allow; /* the methods there are; NULL: not asked about */
    struct buf body;
    bool close; /* the connection is not used again */
};

/* One thread. out_answer: the caller releases its body. */
void answer_request(struct answerer *answerer, const struct request *request,
                    struct answer *out_answer);

/* Whether a Host header names this host by address or as localhost, not by a name that somebody
 * else's server may have led here. */
bool answer_host_is_plain(const char *host);

#endif
