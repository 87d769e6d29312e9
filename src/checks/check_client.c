/*
 * check_client.c - what this side brings to a connection: an answer from the port that is more than
 * a connection, libpq, the certificates that it trusts.
 */
#include "checks.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "pem.h"

enum { BUNDLE_MOST = 4 << 20, DAY_S = 24 * 3600, BUNDLE_WARN_DAYS = 90, BUNDLE_FAIL_DAYS = 14 };

/* Whoever says why it lets nobody in is there, as pg_isready has it too. */
static void check_accepting(struct check_context *context, hg_check_result *result)
{
    const hg_error *err = &context->connect_error;
    hg_check_result unseen = {0};

    if (context->conn == NULL && err->code == HG_OK)
        check_connect(context, &unseen);
    if (context->conn != NULL)
        check_say(result, HG_PASS, "accepting connections");
    else if (strcmp(err->sqlstate, "57P03") == 0)
        check_say(result, HG_FAIL, "starting up or shutting down: %s", err->message);
    else if (err->code == HG_AUTH || err->code == HG_NO_DATABASE || err->code == HG_SATURATED)
        check_say(result, HG_PASS, "it answers, and lets this role not in");
    else
        check_say(result, HG_FAIL, "no answer: %s", err->message);
}

/* The first minor of each major in which no hole is known that a hostile server or input could use
 * in a client: CVE-2025-1094; and CVE-2025-12818. */
static const struct {
    int major, least, good;
} libpqs[] = {{13, 19, 23}, {14, 16, 20}, {15, 11, 15}, {16, 7, 11}, {17, 3, 7}, {18, 0, 1}};

static hg_status judge_libpq(int major, int minor)
{
    for (size_t i = 0; i < sizeof libpqs / sizeof *libpqs; i++)
        if (libpqs[i].major == major)
            return minor < libpqs[i].least ? HG_FAIL : minor < libpqs[i].good ? HG_WARN : HG_PASS;
    return major < libpqs[0].major ? HG_FAIL : HG_PASS;
}

hg_status check_libpq_version(int version)
{
    return judge_libpq(version / 10000, version % 10000);
}

static void check_libpq(struct check_context *context, hg_check_result *result)
{
    int version = hg_driver_library_version(HG_POSTGRESQL);

    (void)context;
    if (version == 0)
        check_say(result, HG_SKIP, "libpq is not installed");
    else
        check_say(result, check_libpq_version(version), "libpq %d.%d", version / 10000,
                  version % 10000);
}

static void judge_bundle(const char *path, hg_check_result *result)
{
    struct buf text = BUF_INIT(BUNDLE_MOST);
    struct pem_bundle bundle;
    hg_error err = {0};
    long days;

    if (!file_read(path, &text, &err)) {
        check_say(result, HG_FAIL, "%s", err.message);
    } else if (!pem_read(text.bytes, text.size, &bundle)) {
        check_say(result, HG_FAIL, "\"%s\" has a certificate that cannot be read, or none", path);
    } else {
        days = (long)((bundle.ends_s - clock_wall_ms() / 1000) / DAY_S);
        check_say(result, check_judge((double)-days, -BUNDLE_WARN_DAYS, -BUNDLE_FAIL_DAYS),
                  "%zu certificates, the first ends in %ld days", bundle.count, days);
    }
    buf_release(&text);
}

static void check_bundle(struct check_context *context, hg_check_result *result)
{
    const char *path = check_url_parameter(context, "sslrootcert");

    snprintf(result->threshold, sizeof result->threshold, "warn < %d days, fail < %d days",
             BUNDLE_WARN_DAYS, BUNDLE_FAIL_DAYS);
    if (path == NULL)
        check_say(result, HG_SKIP, "the URL has no sslrootcert");
    else if (strcmp(path, "system") == 0)
        check_say(result, HG_SKIP, "those of the operating system");
    else
        judge_bundle(path, result);
}

// clang-format off
static const struct check rows[] = {
    {"conn.accepting", "CON003", "The server takes connections", CRITICAL, ON_POSTGRES | PATIENT, check_accepting,
     .code = "not_accepting", .hint = "Is it starting up, or is this another server's port?"},
    {"client.libpq", "SRV003", "libpq has no known hole", MAJOR, ON_ANY, check_libpq,
     .code = "libpq_old", .hint = "Install the update of libpq that the distribution has."},
    {"tls.bundle", "TLS003", "The certificates that are trusted stay valid", MAJOR, ON_POSTGRES, check_bundle,
     .code = "bundle_expires", .hint = "Install the newest bundle, for RDS global-bundle.pem."},
};
// clang-format on

const struct check_table client_checks = {rows, sizeof rows / sizeof *rows};
