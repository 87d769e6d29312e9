/*
 * url.c - a database URL as a value: what it says, what it shares, and the ones made from another
 * or from a file's name. Reading its text is url_parse.c's.
 */
#include "url.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "url_parts.h"

enum { DEFAULT_PORT = 5432 };

static struct secret *copy_secret(const struct secret *secret, bool *ok)
{
    struct secret *copy;

    if (secret == NULL)
        return NULL;
    copy = secret_new(secret_reveal(secret), strlen(secret_reveal(secret)));
    *ok = *ok && copy != NULL;
    return copy;
}

static const char *copy_text(struct arena *arena, const char *text, bool *ok)
{
    const char *copy = text == NULL ? NULL : arena_text(arena, text);

    *ok = *ok && (text == NULL || copy != NULL);
    return copy;
}

static bool copy_lists(const hg_url *url, hg_url *to)
{
    bool ok = true;

    for (size_t i = 0; ok && i < url->hosts.count; i++) {
        struct host *host = VEC_PUSH(&to->hosts);

        if (host == NULL)
            return false;
        host->port = url->hosts.items[i].port;
        host->name = copy_text(&to->arena, url->hosts.items[i].name, &ok);
    }
    for (size_t i = 0; ok && i < url->parameters.count; i++) {
        const struct parameter *from = &url->parameters.items[i];
        struct parameter *parameter = VEC_PUSH(&to->parameters);

        if (parameter == NULL)
            return false;
        parameter->name = copy_text(&to->arena, from->name, &ok);
        parameter->value = copy_text(&to->arena, from->value, &ok);
        parameter->secret = copy_secret(from->secret, &ok);
    }
    return ok;
}

/* Without parameters: enough to tell people which database it is. */
static const char *redact_copy(const hg_url *url, hg_url *to)
{
    struct buf text = BUF_INIT(2 * URL_LIMIT);
    const char *redacted;

    buf_printf(&text, "%s://%s%s%s", url->kind, url->user == NULL ? "" : url->user,
               url->password == NULL ? "" : ":***", url->user == NULL ? "" : "@");
    for (size_t i = 0; i < url->hosts.count; i++)
        buf_printf(&text, "%s%s:%d", i == 0 ? "" : ",", url->hosts.items[i].name,
                   hg_url_port(url, i));
    buf_printf(&text, "/%s", to->database);
    redacted = buf_failed(&text) ? NULL : arena_text(&to->arena, text.bytes);
    buf_release(&text);
    return redacted;
}

bool hg_url_with_database(const hg_url *url, const char *database, hg_url **out_url, hg_error *err)
{
    hg_url *to = alloc_zero(1, sizeof *to);
    bool ok = to != NULL;

    if (url->driver != HG_POSTGRESQL) {
        alloc_free(to);
        return hg_fail(err, HG_MISUSE, "a SQLite URL has no other database");
    }
    if (ok) {
        to->driver = url->driver;
        to->kind = copy_text(&to->arena, url->kind, &ok);
        to->user = copy_text(&to->arena, url->user, &ok);
        to->database = copy_text(&to->arena, database, &ok);
        to->password = copy_secret(url->password, &ok);
        ok = ok && copy_lists(url, to) && (to->redacted = redact_copy(url, to)) != NULL;
    }
    if (!ok) {
        hg_url_free(to);
        return hg_fail(err, HG_NOMEM, "could not copy a URL: out of memory");
    }
    *out_url = to;
    return true;
}

/* The path as it is: a "?" or "%" in a file's name means nothing, as it would in a URL's text. */
static bool make_of_file(const char *path, hg_url *url)
{
    bool ok = true;
    const char *slash;
    struct buf text = BUF_INIT(2 * URL_LIMIT);

    url->driver = HG_SQLITE;
    url->kind = "sqlite";
    url->path = copy_text(&url->arena, path, &ok);
    slash = ok ? strrchr(url->path, '/') : NULL;
    url->database = slash == NULL ? url->path : slash + 1;
    buf_printf(&text, "sqlite:///%s", path);
    url->redacted = copy_text(&url->arena, text.bytes, &ok);
    ok = ok && !buf_failed(&text);
    buf_release(&text);
    return ok;
}

bool hg_url_of_file(const char *path, hg_url **out_url, hg_error *err)
{
    size_t size = strlen(path);
    hg_url *url;

    if (size == 0 || path[size - 1] == '/')
        return hg_fail(err, HG_CONFIG, "\"%s\" names no database file", path);
    if (size > URL_LIMIT)
        return hg_fail(err, HG_CONFIG, "the path of a database file has more than %d bytes",
                       URL_LIMIT);
    url = alloc_zero(1, sizeof *url);
    if (url == NULL || !make_of_file(path, url)) {
        hg_url_free(url);
        return hg_fail(err, HG_NOMEM, "could not name a database file: out of memory");
    }
    *out_url = url;
    return true;
}

void hg_url_free(hg_url *url)
{
    struct parameter *parameter;

    if (url == NULL || atomic_fetch_sub(&url->others, 1) > 0)
        return;
    secret_free(url->password);
    VEC_EACH (&url->parameters, parameter)
        secret_free(parameter->secret);
    VEC_RELEASE(&url->parameters);
    VEC_RELEASE(&url->hosts);
    arena_release(&url->arena);
    alloc_free(url);
}

hg_url *url_share(const hg_url *url)
{
    hg_url *shared = (hg_url *)url; /* all that is said of it is constant, the count is not */

    atomic_fetch_add(&shared->others, 1);
    return shared;
}

hg_driver hg_url_driver(const hg_url *url)
{
    return url->driver;
}

const char *hg_url_kind(const hg_url *url)
{
    return url->kind;
}

const char *hg_url_redacted(const hg_url *url)
{
    return url->redacted;
}

const char *hg_url_database(const hg_url *url)
{
    return url->database;
}

const char *hg_url_path(const hg_url *url)
{
    return url->path;
}

const char *hg_url_user(const hg_url *url)
{
    return url->user;
}

bool hg_url_password_set(const hg_url *url)
{
    return url->password != NULL;
}

size_t hg_url_host_count(const hg_url *url)
{
    return url->hosts.count;
}

const char *hg_url_host(const hg_url *url, size_t i)
{
    return url->hosts.items[i].name;
}

int hg_url_port(const hg_url *url, size_t i)
{
    return url_port_given(url, i) ? url->hosts.items[i].port : DEFAULT_PORT;
}

size_t hg_url_parameter_count(const hg_url *url)
{
    return url->parameters.count;
}

const char *hg_url_parameter_name(const hg_url *url, size_t i)
{
    return url->parameters.items[i].name;
}

const char *hg_url_parameter_value(const hg_url *url, size_t i)
{
    return url->parameters.items[i].value;
}

const struct secret *url_password(const hg_url *url)
{
    return url->password;
}

const struct secret *url_parameter_secret(const hg_url *url, size_t i)
{
    return url->parameters.items[i].secret;
}

bool url_port_given(const hg_url *url, size_t i)
{
    return url->hosts.items[i].port != 0;
}
