/*
 * answer.c - the table of endpoints.
 */
#include "answer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "metrics.h"
#include "ops/json.h"

enum { METRICS_KEPT_MS = 1000 /* scrapers come every 15 s; somebody who does not is not fed */ };

static const char json[] = "application/json";
static const char plain[] = "text/plain; charset=utf-8";

static void say(struct answer *answer, int status, const char *text)
{
    answer->status = status;
    answer->type = plain;
    buf_printf(&answer->body, "%s\n", text);
}

static bool has_token(const struct answerer *answerer, const struct request *request)
{
    static const char bearer[] = "Bearer ";
    const char *given = request->authorization;

    if (given == NULL || strncasecmp(given, bearer, sizeof bearer - 1) != 0)
        return false;
    given += sizeof bearer - 1;
    return hg_settings_token_is(answerer->settings, given, strlen(given));
}

/* "127.0.0.1:8080", "[::1]:8080" or "::1" without what is around the address. */
static bool is_address(const char *host)
{
    char text[64];
    struct in_addr v4;
    struct in6_addr v6;
    const char *colon = strrchr(host, ':');
    size_t n = strlen(host);

    if (host[0] == '[') {
        host++;
        n = strcspn(host, "]");
    } else if (colon != NULL && strchr(host, ':') == colon) {
        n = (size_t)(colon - host);
    }
    if (n >= sizeof text)
        return false;
    memcpy(text, host, n);
    text[n] = '\0';
    return inet_pton(AF_INET, text, &v4) == 1 || inet_pton(AF_INET6, text, &v6) == 1;
}

bool answer_host_is_plain(const char *host)
{
    size_t n = strcspn(host, ":");

    return is_address(host) || (n == 9 && strncasecmp(host, "localhost", n) == 0);
}

/* --- the endpoints --- */

static void answer_health(struct answerer *answerer, const struct request *request,
                          struct answer *answer)
{
    (void)answerer;
    (void)request;
    say(answer, 200, "ok");
}

static void answer_startup(struct answerer *answerer, const struct request *request,
                           struct answer *answer)
{
    hg_sample sample;

    (void)request;
    hg_sampler_read(answerer->sampler, &sample);
    say(answer, sample.samples > 0 ? 200 : 503, sample.samples > 0 ? "ok" : "starting");
}

struct visit {
    const struct answerer *answerer;
    const struct request *request;
    struct answer *answer;
    bool verbose; /* and allowed to */
};

static void put_report(void *context, const hg_sample *sample, const hg_readiness *report,
                       const hg_check_timing *timings)
{
    const struct visit *visit = context;
    hg_sample narrow = *sample;

    (void)timings;
    if (visit->request->group != NULL
        && !hg_sample_narrow(&narrow, report, visit->request->group)) {
        say(visit->answer, 404, "no check is in that group");
        return;
    }
    visit->answer->status = narrow.status == HG_FAIL ? 503 : 200;
    json_sample(&visit->answer->body, visit->answerer->settings, &narrow,
                visit->verbose ? report : NULL);
}

static void answer_readiness(struct answerer *answerer, const struct request *request,
                             struct answer *answer)
{
    struct visit visit = {answerer, request, answer,
                          request->verbose && has_token(answerer, request)};

    answer->type = json;
    hg_sampler_visit(answerer->sampler, put_report, &visit);
    if (request->verbose && !visit.verbose)
        answer->status = 403;
}

/* A page in a browser may be led to call us under a name of its own (DNS rebinding); what it could
 * learn here is for those who have the token, or are on this host and say so. */
static bool may_read_metrics(const struct answerer *answerer, const struct request *request)
{
    if (hg_settings_token_set(answerer->settings))
        return has_token(answerer, request);
    return answerer->local && request->host != NULL && answer_host_is_plain(request->host);
}

struct metrics_visit {
    struct answerer *answerer;
    const hg_pool_list *pools;
    const hg_cutover *cutover; /* NULL: none */
};

static void put_metrics(void *context, const hg_sample *sample, const hg_readiness *report,
                        const hg_check_timing *timings)
{
    const struct metrics_visit *visit = context;

    metrics_put(&visit->answerer->metrics,
                &(struct metrics_facts){.libpq = visit->answerer->libpq,
                                        .sqlite = visit->answerer->sqlite,
                                        .sample = sample,
                                        .report = report,
                                        .timings = timings,
                                        .pools = visit->pools,
                                        .cutover = visit->cutover});
}

static void refresh_metrics(struct answerer *answerer)
{
    const hg_cutover_options options = {.source = answerer->settings};
    hg_pool_list pools = {0};
    hg_cutover *cutover = NULL;

    if (answerer->metrics_ns != 0 && clock_since_ms(answerer->metrics_ns) < METRICS_KEPT_MS)
        return;
    buf_truncate(&answerer->metrics, 0);
    hg_pool_list_read(hg_settings_runtime_dir(answerer->settings), &pools, NULL);
    (void)hg_cutover_read(&options, &cutover, NULL);
    hg_sampler_visit(answerer->sampler, put_metrics,
                     &(struct metrics_visit){answerer, &pools, cutover});
    hg_cutover_free(cutover);
    hg_pool_list_release(&pools);
    answerer->metrics_ns = clock_now_ns();
}

static void answer_metrics(struct answerer *answerer, const struct request *request,
                           struct answer *answer)
{
    if (!may_read_metrics(answerer, request)) {
        say(answer, 403, "metrics are for who has the token");
        return;
    }
    refresh_metrics(answerer);
    answer->status = 200;
    answer->type = METRICS_TYPE;
    buf_bytes(&answer->body, answerer->metrics.bytes, answerer->metrics.size);
}

static const struct {
    const char *path;
    void (*answer)(struct answerer *answerer, const struct request *request, struct answer *answer);
} endpoints[] = {
    {"/healthz", answer_health},   {"/livez", answer_health},     {"/readiness", answer_readiness},
    {"/readyz", answer_readiness}, {"/startupz", answer_startup}, {"/metrics", answer_metrics},
};

void answer_request(struct answerer *answerer, const struct request *request,
                    struct answer *out_answer)
{
    *out_answer = (struct answer){.body = BUF_INIT(64 << 20)};
    if (request->has_body) {
        say(out_answer, 413, "no request here has a body");
        out_answer->close = true;
        return;
    }
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
        say(out_answer, 405, "GET and HEAD are all there is");
        out_answer->allow = "GET, HEAD";
        out_answer->close = true;
        return;
    }
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        if (strcmp(endpoints[i].path, request->path) == 0) {
            endpoints[i].answer(answerer, request, out_answer);
            return;
        }
    say(out_answer, 404, "not here");
}
