/*
 * url_parse.c - database URLs in (RFC 3986 §3, with SQLAlchemy's and libpq's habits), the password
 * kept apart. Pure. Must not know how an engine connects. No error repeats more of a URL than its
 * scheme and a parameter's name: what looks like a host may be a password whose "@" was forgotten.
 */
#include "url_parser.h"

#include <string.h>

#include "base/alloc.h"
#include "base/near.h"
#include "base/text.h"
#include "keyword.h"

static bool check_bytes(struct url_parser *p)
{
    struct span all = {p->text, p->text + strlen(p->text)};
    const char *at = all.at;

    if (length(all) > URL_LIMIT)
        return url_fault(p, all.at, "a URL of more than %d bytes", URL_LIMIT);
    while (at < all.end) {
        uint32_t code = 0;
        size_t n = text_decode(at, (size_t)(all.end - at), &code);

        if (n == 0)
            return url_fault(p, at, "a byte that is not UTF-8");
        if (code < ' ' || (code >= 0x7F && code < 0xA0))
            return url_fault(p, at, "a control character");
        at += n;
    }
    if (all.at < all.end && (*all.at == ' ' || all.end[-1] == ' '))
        return url_fault(p, *all.at == ' ' ? all.at : all.end - 1, "a space around the URL");
    return true;
}

// clang-format off
static const struct scheme {
    const char *name;
    hg_driver driver;
} schemes[] = {
    {"postgresql", HG_POSTGRESQL},
    {"postgres",   HG_POSTGRESQL},
    {"sqlite",     HG_SQLITE},
};
// clang-format on

enum { SCHEMES = sizeof schemes / sizeof *schemes };

#define SCHEME_HINT "Write postgresql://user:password@host/database or sqlite:///path/to/file.db."

static bool fail_scheme(struct url_parser *p, const char *name)
{
    url_fault(p, p->text, "the scheme \"%s\" is not one that headgate knows", name);
    for (size_t i = 0; i < SCHEMES; i++)
        if (near_enough(name, schemes[i].name)
            || strncmp(name, schemes[i].name, strlen(schemes[i].name)) == 0)
            hg_error_hint(p->err, "Did you mean %s://?", schemes[i].name);
    if (strcmp(name, "pgsql") == 0 || strcmp(name, "psql") == 0)
        hg_error_hint(p->err, "Did you mean postgresql://?");
    hg_error_hint(p->err, "headgate works with PostgreSQL and SQLite. " SCHEME_HINT);
    return false;
}

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* scheme://, where the scheme may be followed by the driver of some program, as in +psycopg2. */
static bool take_scheme(struct url_parser *p)
{
    size_t n = strspn(p->text, LETTERS_AND_DIGITS "_+.-");
    char name[33];

    if (strncmp(p->text, "jdbc:", 5) == 0) {
        url_fault(p, p->text, "this is a JDBC URL");
        hg_error_hint(p->err, "Leave \"jdbc:\" away and write user and password before the host.");
        return false;
    }
    if (n == 0 || n >= sizeof name || strncmp(p->text + n, "://", 3) != 0) {
        url_fault(p, p->text, "this is not a database URL: no scheme and \"://\" in front");
        hg_error_hint(p->err, SCHEME_HINT);
        return false;
    }
    p->scheme = (struct span){p->text, p->text + n};
    memcpy(name, p->text, n);
    name[n] = '\0';
    if (strchr(name, '+') != NULL) {
        char *driver = strchr(name, '+');

        *driver++ = '\0';
        if (*driver == '\0' || driver[strspn(driver, LETTERS_AND_DIGITS "_")] != '\0')
            return url_fault(p, p->text + (driver - name),
                             "a driver's name is missing behind \"+\"");
    }
    for (size_t i = 0; i < SCHEMES; i++)
        if (strcmp(name, schemes[i].name) == 0) {
            p->url->kind = schemes[i].name;
            p->url->driver = schemes[i].driver;
            return true;
        }
    return fail_scheme(p, name);
}

/* Cuts what stands behind the scheme: authority, then path from its "/", then query. */
static void take_parts(struct url_parser *p)
{
    struct span rest = {p->scheme.end + 3, p->text + strlen(p->text)};
    const char *question = find(rest, '?');
    const char *slash;

    p->has_query = question != NULL;
    if (question != NULL) {
        p->query = (struct span){question + 1, rest.end};
        rest.end = question;
    }
    slash = find(rest, '/');
    p->authority = (struct span){rest.at, slash == NULL ? rest.end : slash};
    p->path = (struct span){p->authority.end, rest.end};
}

/* What a forgotten percent-encoding makes of a URL is refused: nothing here is a guess. */
static bool check_delimiters(struct url_parser *p)
{
    struct span all = {p->authority.at, p->text + strlen(p->text)};
    struct span behind = {p->authority.end, all.end};
    const char *first_at = find(p->authority, '@'), *other = find_any(all, "# ");

    if (other != NULL)
        return url_fail_raw(p, other, "the URL");
    if (count_of(p->authority, '@') > 1)
        return url_fail_raw(p, first_at, "user or password");
    if (find(behind, '@') == NULL)
        return true;
    if (first_at == NULL)
        return url_fail_raw(p, behind.at, "user or password");
    if (find(p->path, '@') != NULL)
        return url_fail_raw(p, first_at, "user or password");
    return url_fail_raw(p, find(behind, '@'), "a parameter");
}

static bool take_user(struct url_parser *p)
{
    struct span rest = p->authority;

    p->hosts = p->authority;
    if (find(rest, '@') == NULL)
        return true;
    p->user = cut(&rest, '@');
    p->hosts = rest;
    rest = p->user;
    if (count_of(rest, ':') > 1)
        return url_fail_raw(p, (cut(&rest, ':'), find(rest, ':')), "the password");
    p->user = cut(&rest, ':');
    p->password = rest;
    if (length(p->user) > 0 && !url_decode(p, p->user, &p->url->user))
        return false;
    return length(rest) == 0 || url_decode_secret(p, rest, &p->url->password);
}

static bool take_database(struct url_parser *p)
{
    struct span name = {p->path.at + (length(p->path) > 0), p->path.end};

    if (find(name, '/') != NULL)
        return url_fail_raw(p, find(name, '/'), "the database's name");
    return url_decode(p, name, &p->url->database);
}

/* The hosts that parameters name replace those of the authority. */
static bool take_query_host(struct url_parser *p, struct span value)
{
    if (!p->hosts_in_query)
        p->url->hosts.count = 0;
    p->hosts_in_query = true;
    return url_take_hosts(p, value);
}

static bool take_place(struct url_parser *p, const char *name, struct span value)
{
    if (strcmp(name, "host") == 0)
        return take_query_host(p, value);
    if (strcmp(name, "port") == 0) {
        p->port = value;
        return true;
    }
    if (strcmp(name, "password") == 0) {
        p->secret_in_query = true;
        return url_decode_secret(p, value, &p->url->password);
    }
    return url_decode(p, value, strcmp(name, "user") == 0 ? &p->url->user : &p->url->database);
}

/* A name is not repeated when it may be the rest of a password with a raw "&" in it. */
static bool fail_parameter(struct url_parser *p, const char *at, const char *name)
{
    hg_driver driver = p->url->driver;
    const char *advice = keyword_advice(driver, name), *near = keyword_near(driver, name);
    bool harmless = (!p->secret_in_query && strlen(name) <= 40
                     && name[strspn(name, LETTERS_AND_DIGITS "_.-")] == '\0')
                    || advice != NULL;

    if (harmless)
        url_fault(p, at, "the parameter \"%s\" is not known", name);
    else
        url_fault(p, at, "a parameter is not known");
    if (advice != NULL)
        hg_error_hint(p->err, "%s", advice);
    if (near != NULL)
        hg_error_hint(p->err, "Did you mean %s?", near);
    hg_error_hint(p->err, driver == HG_POSTGRESQL
                              ? "Parameters are those of libpq (PostgreSQL manual, 34.1.2)."
                              : "A SQLite URL is a path: sqlite:///path/to/file.db.");
    return false;
}

static bool keep_parameter(struct url_parser *p, const struct keyword *keyword, struct span value)
{
    struct parameter *parameter = VEC_PUSH(&p->url->parameters);

    if (parameter == NULL)
        return url_no_memory(p);
    parameter->name = keyword->name;
    parameter->value = "***";
    if (keyword->kind == KEYWORD_SECRET) {
        p->secret_in_query = true;
        return url_decode_secret(p, value, &parameter->secret);
    }
    if (!url_decode(p, value, &parameter->value))
        return false;
    if (keyword_allows(keyword, parameter->value))
        return true;
    url_fault(p, value.at, "this is not a value of the parameter \"%s\"", keyword->name);
    hg_error_hint(p->err, "It is %s.", keyword->choices == NULL ? "a number" : keyword->choices);
    return false;
}

/* Whether the parameter has been there before; only hosts may be given one by one. */
static bool is_repeated(const struct url_parser *p, struct span name)
{
    struct span before = {p->query.at, name.at};

    if (starts_with(name, "host") && length(name) == 4)
        return false;
    while (before.at < before.end) {
        struct span one = cut(&before, '&'), other = cut(&one, '=');

        if (length(other) == length(name) && memcmp(other.at, name.at, length(name)) == 0)
            return true;
    }
    return false;
}

static void redact_parameter(struct url_parser *p, struct span name, struct span value, bool secret)
{
    buf_char(&p->redacted, name.at == p->query.at ? '?' : '&');
    buf_bytes(&p->redacted, name.at, length(name));
    buf_char(&p->redacted, '=');
    if (secret && length(value) > 0)
        buf_text(&p->redacted, "***");
    else
        buf_bytes(&p->redacted, value.at, length(value));
}

static bool take_parameter(struct url_parser *p, struct span s)
{
    struct span value = s, name = cut(&value, '=');
    const struct keyword *keyword;
    const char *known;
    bool secret;

    if (find(s, '=') == NULL || length(name) == 0) {
        url_fault(p, s.at, "a parameter without a name or a \"=\"");
        hg_error_hint(p->err, "Parameters are written ?name=value&name=value.");
        return false;
    }
    if (find_any(s, "+?") != NULL)
        return url_fail_raw(p, find_any(s, "+?"), "a parameter");
    if (!url_decode(p, name, &known))
        return false;
    keyword = keyword_find(p->url->driver, known);
    if (keyword == NULL)
        return fail_parameter(p, name.at, known);
    if (is_repeated(p, name))
        return url_fault(p, name.at, "the parameter \"%s\" is given twice", keyword->name);
    secret = keyword->kind == KEYWORD_SECRET || strcmp(keyword->name, "password") == 0;
    redact_parameter(p, name, value, secret);
    return keyword->kind == KEYWORD_PLACE ? take_place(p, keyword->name, value)
                                          : keep_parameter(p, keyword, value);
}

static bool take_query(struct url_parser *p)
{
    struct span rest = p->query;

    while (rest.at < rest.end)
        if (!take_parameter(p, cut(&rest, '&')))
            return false;
    if (p->has_query && (length(p->query) == 0 || p->query.end[-1] == '&'))
        return url_fault(p, p->query.end - 1, "a parameter is missing at the end");
    return true;
}

static void redact_front(struct url_parser *p)
{
    buf_bytes(&p->redacted, p->text, (size_t)(p->authority.at - p->text));
    if (find(p->authority, '@') != NULL) {
        buf_bytes(&p->redacted, p->user.at, length(p->user));
        if (length(p->password) > 0)
            buf_text(&p->redacted, ":***");
        buf_char(&p->redacted, '@');
    }
    buf_bytes(&p->redacted, p->hosts.at, length(p->hosts));
    buf_bytes(&p->redacted, p->path.at, length(p->path));
}

static bool parse_postgresql(struct url_parser *p)
{
    if (!check_delimiters(p) || !take_user(p) || !url_take_hosts(p, p->hosts) || !take_database(p))
        return false;
    redact_front(p);
    if (!take_query(p) || !url_apply_ports(p))
        return false;
    if (p->url->database[0] == '\0' && p->url->user != NULL)
        p->url->database = p->url->user; /* as libpq does */
    return true;
}

static bool parse_sqlite(struct url_parser *p)
{
    struct span file = {p->path.at + (length(p->path) > 0), p->path.end};
    const char *slash;

    if (length(p->authority) > 0) {
        url_fault(p, p->authority.at, "a SQLite URL has no host");
        hg_error_hint(p->err, "Write sqlite:///relative/file.db with three slashes, or "
                              "sqlite:////absolute/file.db with four.");
        return false;
    }
    if (starts_with(file, "file:")) {
        url_fault(p, file.at, "a file: URI inside a SQLite URL");
        hg_error_hint(p->err, "Write the path alone, as in sqlite:///app.db.");
        return false;
    }
    /* Taken as it is: SQLAlchemy decodes user and password, not the database. */
    p->url->path = arena_text_n(&p->url->arena, file.at, length(file));
    if (p->url->path == NULL)
        return url_no_memory(p);
    if (length(file) == 0)
        p->url->path = ":memory:";
    slash = strrchr(p->url->path, '/');
    p->url->database = slash == NULL ? p->url->path : slash + 1;
    if (p->url->database[0] == '\0' || strcmp(p->url->database, ".") == 0
        || strcmp(p->url->database, "..") == 0)
        return url_fault(p, file.end - 1, "this names a folder, not a database file");
    redact_front(p);
    return take_query(p);
}

static bool parse(struct url_parser *p)
{
    if (!check_bytes(p) || !take_scheme(p))
        return false;
    take_parts(p);
    if (!(p->url->driver == HG_POSTGRESQL ? parse_postgresql(p) : parse_sqlite(p)))
        return false;
    if (buf_failed(&p->redacted))
        return url_no_memory(p);
    p->url->redacted = arena_text(&p->url->arena, p->redacted.bytes);
    return p->url->redacted != NULL || url_no_memory(p);
}

bool hg_url_parse(const char *text, hg_url **out_url, hg_error *err)
{
    struct url_parser p = {.text = text, .redacted = BUF_INIT(2 * URL_LIMIT), .err = err};
    bool ok;

    p.url = alloc_zero(1, sizeof *p.url);
    ok = p.url == NULL ? url_no_memory(&p) : parse(&p);
    buf_release(&p.redacted);
    if (ok)
        *out_url = p.url;
    else
        hg_url_free(p.url);
    return ok;
}
