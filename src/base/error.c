/*
 * error.c - the only writer of hg_error's text.
 */
#include <headgate/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "secret.h"
#include "text.h"

struct code_row {
    const char *name; /* as in the enum: "HG_UNAVAILABLE" */
    int exit_status;
    bool retryable;
    const char *meaning;
};

static const struct code_row rows[] = {
#define CODE_ROW(name, exit_status, retryable, meaning) {#name, exit_status, retryable, meaning},
    HG_CODE_TABLE(CODE_ROW)
#undef CODE_ROW
};

static const char *const lower_names[] = {
    "ok",        "failed",       "sql",         "constraint",  "serialization", "privilege",
    "disk_full", "io",           "nomem",       "misuse",      "unsupported",   "usage",
    "config",    "file",         "no_revision", "unavailable", "auth",          "no_database",
    "saturated", "lost",         "timeout",     "refused",     "read_only",     "drift",
    "locked",    "pool_timeout", "pool_closed", "pool_full",   "cancelled",
};
_Static_assert(sizeof lower_names / sizeof *lower_names == HG_CODE_COUNT, "a name for every code");

static const struct code_row *row_of(hg_code code)
{
    return &rows[(unsigned)code < HG_CODE_COUNT ? code : HG_FAILED];
}

const char *hg_code_name(hg_code code)
{
    return lower_names[(unsigned)code < HG_CODE_COUNT ? code : HG_FAILED];
}

const char *hg_code_meaning(hg_code code)
{
    return row_of(code)->meaning;
}

int hg_code_exit_status(hg_code code)
{
    return row_of(code)->exit_status;
}

bool hg_code_retryable(hg_code code)
{
    return row_of(code)->retryable;
}

/* Stores a text, cut at a whole character, with secrets removed. */
__attribute__((format(printf, 3, 0))) static void store(char *to, size_t room, const char *format,
                                                        va_list args)
{
    char text[2048];

    vsnprintf(text, sizeof text, format, args);
    secret_scrub(text, sizeof text);
    text_copy(to, room, text);
}

bool hg_fail(hg_error *err, hg_code code, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return false;
    memset(err, 0, sizeof *err);
    err->code = code;
    va_start(args, format);
    store(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

void hg_error_context(hg_error *err, const char *format, ...)
{
    char context[sizeof err->message], joined[2 * sizeof err->message + 2];
    va_list args;

    if (err == NULL)
        return;
    va_start(args, format);
    store(context, sizeof context, format, args);
    va_end(args);
    snprintf(joined, sizeof joined, "%s: %s", context, err->message);
    text_copy(err->message, sizeof err->message, joined);
}

void hg_error_hint(hg_error *err, const char *format, ...)
{
    va_list args;

    if (err == NULL || err->hint[0] != '\0')
        return;
    va_start(args, format);
    store(err->hint, sizeof err->hint, format, args);
    va_end(args);
}

void hg_error_sqlstate(hg_error *err, const char *sqlstate)
{
    if (err == NULL)
        return;
    memset(err->sqlstate, 0, sizeof err->sqlstate);
    if (sqlstate != NULL && strlen(sqlstate) == 5)
        memcpy(err->sqlstate, sqlstate, 5);
}

void hg_error_place(hg_error *err, const char *file, int line, int column)
{
    if (err == NULL)
        return;
    text_copy(err->file, sizeof err->file, file == NULL ? "" : file);
    err->line = line;
    err->column = column;
}

static int characters(const char *from, const char *to)
{
    int n = 0;

    for (; from < to; from++)
        n += ((unsigned char)*from & 0xC0) != 0x80;
    return n;
}

enum { SECRET_REACH = 1024 };

/* Whether a secret stands within `n` bytes at `from` or is cut in two by their ends. */
static bool shows_secret(const char *start, const char *end, const char *from, size_t n)
{
    char plain[2 * SECRET_REACH + sizeof((hg_error *)NULL)->excerpt], scrubbed[sizeof plain];
    const char *first = from - start > SECRET_REACH ? from - SECRET_REACH : start;
    const char *last = end - (from + n) > SECRET_REACH ? from + n + SECRET_REACH : end;
    size_t size = (size_t)(last - first);

    for (size_t i = 0; i < size; i++)
        plain[i] = first[i] == '\0' ? ' ' : first[i];
    plain[size] = '\0';
    memcpy(scrubbed, plain, size + 1);
    secret_scrub(scrubbed, sizeof scrubbed);
    return strcmp(plain, scrubbed) != 0;
}

void hg_error_excerpt(hg_error *err, const char *text, size_t size, size_t offset)
{
    const size_t shown = sizeof err->excerpt - 1;
    const char *at, *start, *end, *from;
    size_t n;

    if (err == NULL || offset > size)
        return;
    at = text + offset;
    for (start = at; start > text && start[-1] != '\n'; start--)
        continue;
    for (end = at; end < text + size && *end != '\n' && *end != '\r'; end++)
        continue;
    if (err->line == 0) {
        err->line = 1;
        for (const char *p = text; p < start; p++)
            err->line += *p == '\n';
    }
    if (err->column == 0)
        err->column = characters(start, at) + 1;
    from = at - start > (ptrdiff_t)(shown * 2 / 3) ? at - shown * 2 / 3 : start;
    while (from < at && ((unsigned char)*from & 0xC0) == 0x80)
        from++;
    n = (size_t)(end - from) < shown ? (size_t)(end - from) : shown;
    while (n > 0 && from + n < end && ((unsigned char)from[n] & 0xC0) == 0x80)
        n--;
    if (shows_secret(start, end, from, n))
        return;
    memcpy(err->excerpt, from, n);
    err->excerpt[n] = '\0';
    for (char *c = err->excerpt; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            *c = ' ';
    err->excerpt_column = characters(from, at) + 1;
}

const char *hg_driver_name(hg_driver driver)
{
    return driver == HG_POSTGRESQL ? "postgresql" : "sqlite";
}

const char *hg_version(void)
{
    return HG_VERSION;
}
