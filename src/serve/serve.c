/*
 * serve.c - the listening socket and libmicrohttpd's callbacks.
 */
#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "guard.h"
#include "mhd.h"

enum {
    CONNECTIONS_MAX = 4096,
    DESCRIPTORS_OF_OURS = 64, /* for everything but connections */
    HEAD_BYTES = 4096,        /* of memory for a connection: its request's head has to fit */
    FIRST_REQUEST_MS = 2000,
    NEXT_REQUEST_MS = 75 * 1000, /* longer than a load balancer keeps a connection for: 60 s */
    SILENT_S = 75,
    BACKLOG = 1024,
    FAREWELL_MS = 300
};

struct serve {
    const struct mhd *mhd;
    struct MHD_Daemon *daemon;
    struct answerer answerer;
    struct guard guard;
    struct sockaddr_storage address;
    int port;
};

/* --- a request --- */

static enum MHD_Result read_argument(void *context, enum MHD_ValueKind kind, const char *key,
                                     const char *value)
{
    struct request *request = context;

    (void)kind;
    if (strcmp(key, "verbose") == 0)
        request->verbose = true;
    else if (strcmp(key, "group") == 0)
        request->group = value == NULL ? "" : value;
    return MHD_YES;
}

static const char *header(struct serve *serve, struct MHD_Connection *connection, const char *name)
{
    return serve->mhd->MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static struct request read_request(struct serve *serve, struct MHD_Connection *connection,
                                   const char *method, const char *path)
{
    const char *length = header(serve, connection, "Content-Length");
    struct request request = {.method = method,
                              .path = path,
                              .host = header(serve, connection, "Host"),
                              .authorization = header(serve, connection, "Authorization"),
                              .has_body = header(serve, connection, "Transfer-Encoding") != NULL
                                          || (length != NULL && strcmp(length, "0") != 0)};

    serve->mhd->MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, read_argument,
                                          &request);
    return request;
}

static enum MHD_Result send_answer(struct serve *serve, struct MHD_Connection *connection,
                                   const struct answer *answer)
{
    const struct mhd *mhd = serve->mhd;
    struct MHD_Response *response = mhd->MHD_create_response_from_buffer(
        answer->body.size, answer->body.bytes, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (response == NULL || buf_failed(&answer->body))
        return MHD_NO;
    if (mhd->MHD_add_response_header(response, "Content-Type", answer->type) == MHD_YES
        && mhd->MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES
        && mhd->MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES
        && (answer->allow == NULL
            || mhd->MHD_add_response_header(response, "Allow", answer->allow) == MHD_YES)
        && (!answer->close
            || mhd->MHD_add_response_header(response, "Connection", "close") == MHD_YES))
        result = mhd->MHD_queue_response(connection, (unsigned)answer->status, response);
    mhd->MHD_destroy_response(response);
    return result;
}

/* Called when the head is whole, and again when the request is, which without a body is at once. An
 * answer to the first call costs the connection: only who sends a body gets one then. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **request_context)
{
    struct serve *serve = context;
    static int head_seen; /* its address alone counts */
    struct request request;
    struct answer answer;
    enum MHD_Result result;

    (void)version;
    (void)upload;
    (void)upload_size;
    request = read_request(serve, connection, method, path);
    if (*request_context == NULL && !request.has_body) {
        *request_context = &head_seen;
        return MHD_YES;
    }
    answer_request(&serve->answerer, &request, &answer);
    result = send_answer(serve, connection, &answer);
    buf_release(&answer.body);
    return result;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode how)
{
    struct serve *serve = context;
    const union MHD_ConnectionInfo *info =
        serve->mhd->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    (void)request_context;
    if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK && info != NULL && info->socket_context != NULL)
        guard_answered(&serve->guard, info->socket_context);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct serve *serve = context;
    const union MHD_ConnectionInfo *info;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        guard_remove(&serve->guard, *socket_context);
        *socket_context = NULL;
        return;
    }
    info = serve->mhd->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *socket_context = info == NULL ? NULL : guard_add(&serve->guard, info->connect_fd);
    if (*socket_context == NULL && info != NULL)
        shutdown(info->connect_fd, SHUT_RDWR);
}

/* The library's own messages go nowhere: what a client sends wrong is not worth a log. */
static void on_message(void *context, const char *format, va_list args)
{
    (void)context;
    (void)format;
    (void)args;
}

/* --- the socket --- */

static bool fault_listen(const char *listen, hg_error *err)
{
    hg_fail(err, HG_USAGE, "option --listen: \"%s\" is not ADDR:PORT", listen);
    hg_error_hint(err, "Numeric, as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080.");
    return false;
}

static bool read_address(struct serve *serve, const char *listen, hg_error *err)
{
    const struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                    .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(listen, ':');
    struct addrinfo *found = NULL;
    char host[64];
    size_t n = colon == NULL ? 0 : (size_t)(colon - listen);
    bool bracketed = n > 2 && listen[0] == '[' && listen[n - 1] == ']';

    if (n == 0 || n >= sizeof host || colon[1] == '\0')
        return fault_listen(listen, err);
    snprintf(host, sizeof host, "%.*s", (int)(n - 2 * bracketed), listen + bracketed);
    if (strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5
        || atoi(colon + 1) > 65535 || (!bracketed && strchr(host, ':') != NULL)
        || getaddrinfo(host, colon + 1, &wanted, &found) != 0)
        return fault_listen(listen, err);
    memcpy(&serve->address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

    return address->ss_family == AF_INET ? ntohl(v4->sin_addr.s_addr) >> 24 == 127
                                         : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static bool check_token(struct serve *serve, const char *listen, hg_error *err)
{
    serve->answerer.local = is_loopback(&serve->address);
    if (serve->answerer.local || hg_settings_token_set(serve->answerer.settings))
        return true;
    hg_fail(err, HG_CONFIG, "other hosts can reach \"%s\", and HEADGATE_TOKEN is not set", listen);
    hg_error_hint(err, "Set HEADGATE_TOKEN, or listen on 127.0.0.1 behind a proxy.");
    return false;
}

/* As many connections as there may be descriptors. */
static unsigned connection_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 256;
    if (limit.rlim_cur < CONNECTIONS_MAX + DESCRIPTORS_OF_OURS && limit.rlim_cur < limit.rlim_max) {
        rlim_t wanted = CONNECTIONS_MAX + DESCRIPTORS_OF_OURS;

        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= CONNECTIONS_MAX + DESCRIPTORS_OF_OURS)
        return CONNECTIONS_MAX;
    return limit.rlim_cur > 2 * DESCRIPTORS_OF_OURS ? (unsigned)limit.rlim_cur - DESCRIPTORS_OF_OURS
                                                    : DESCRIPTORS_OF_OURS;
}

static bool listen_on(struct serve *serve, const char *listen, hg_error *err)
{
    const union MHD_DaemonInfo *info;
    unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG
                     | (serve->address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);

    errno = 0;
    serve->daemon = serve->mhd->MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, serve, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_SOCK_ADDR, &serve->address, MHD_OPTION_CONNECTION_LIMIT, connection_limit(),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEAD_BYTES, MHD_OPTION_NOTIFY_COMPLETED, on_completed, serve,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, serve, MHD_OPTION_LISTEN_BACKLOG_SIZE,
        (unsigned)BACKLOG, MHD_OPTION_END);
    info = serve->daemon == NULL
               ? NULL
               : serve->mhd->MHD_get_daemon_info(serve->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info != NULL) {
        serve->port = info->port;
        return true;
    }
    hg_fail(err, HG_FAILED, "could not listen on \"%s\": %s", listen,
            errno == 0 ? "unknown error" : strerror(errno));
    hg_error_hint(err, "Does another process listen there? Choose another with --listen.");
    return false;
}

bool serve_start(const hg_settings *settings, const char *listen, int64_t interval_ms,
                 struct serve **out_serve, hg_error *err)
{
    struct serve *serve = alloc_zero(1, sizeof *serve);

    if (serve == NULL)
        return hg_fail(err, HG_NOMEM, "could not serve: out of memory");
    guard_init(&serve->guard, FIRST_REQUEST_MS, NEXT_REQUEST_MS);
    serve->answerer = (struct answerer){.settings = settings,
                                        .metrics = BUF_INIT(64 << 20),
                                        .libpq = hg_driver_library_version(HG_POSTGRESQL),
                                        .sqlite = hg_driver_library_version(HG_SQLITE)};
    serve->mhd = mhd_load(err);
    if (serve->mhd == NULL || !read_address(serve, listen, err) || !check_token(serve, listen, err)
        || !hg_sampler_start(settings, interval_ms, &serve->answerer.sampler, err)
        || !listen_on(serve, listen, err)) {
        serve_stop(serve);
        return false;
    }
    *out_serve = serve;
    return true;
}

int serve_port(const struct serve *serve)
{
    return serve->port;
}

void serve_sweep(struct serve *serve)
{
    guard_sweep(&serve->guard);
}

void serve_stop(struct serve *serve)
{
    const struct timespec farewell = {.tv_nsec = FAREWELL_MS * 1000000L};

    if (serve == NULL)
        return;
    if (serve->daemon != NULL) {
        MHD_socket listening = serve->mhd->MHD_quiesce_daemon(serve->daemon);

        if (listening != MHD_INVALID_SOCKET)
            close(listening);
        nanosleep(&farewell, NULL);
        serve->mhd->MHD_stop_daemon(serve->daemon);
    }
    hg_sampler_stop(serve->answerer.sampler);
    guard_release(&serve->guard);
    buf_release(&serve->answerer.metrics);
    alloc_free(serve);
}
