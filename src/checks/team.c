/*
 * team.c - reads and runs a team's own checks.
 */
#include "team.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "sql/head.h"

enum {
    FILE_LIMIT = 256 * 1024,
    TIMEOUT_MS = 5000,
    TIMEOUT_MAX_MS = 60 * 1000,
    ROWS_MAX = 1000,
    CLOSE_MS = 200
};

/* One file while it is read. */
struct reading {
    const char *name;
    struct arena *arena;
    struct team_check *check;
    int line;
    hg_error *err;
};

static bool fault(const struct reading *r, const char *what)
{
    hg_fail(r->err, HG_FILE, "%s", what);
    hg_error_place(r->err, r->name, r->line, 1);
    return false;
}

static bool no_memory(const struct reading *r)
{
    return hg_fail(r->err, HG_NOMEM, "could not read \"%s\": out of memory", r->name);
}

/* --- the keys of the first line --- */

static bool set_id(struct reading *r, const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
            return fault(r, "an id is of letters, digits, dots, hyphens and underscores");
    r->check->id = value;
    return value[0] != '\0' || fault(r, "the id is empty");
}

static bool set_engines(struct reading *r, const char *value)
{
    r->check->engines = 0;
    while (*value != '\0') {
        size_t n = strcspn(value, ",");

        if (n == 6 && memcmp(value, "sqlite", n) == 0)
            r->check->engines |= ON_SQLITE;
        else if (n == 10 && memcmp(value, "postgresql", n) == 0)
            r->check->engines |= ON_POSTGRES;
        else
            return fault(r, "engines are postgresql and sqlite");
        value += n + (value[n] == ',');
    }
    return r->check->engines != 0 || fault(r, "engines are postgresql and sqlite");
}

static bool set_groups(struct reading *r, const char *value)
{
    r->check->groups = value;
    return true;
}

static bool set_severity(struct reading *r, const char *value)
{
    for (int s = HG_CHECK_INFO; s <= HG_CHECK_CRITICAL; s++)
        if (strcmp(hg_check_severity_name((hg_check_severity)s), value) == 0) {
            r->check->severity = (hg_check_severity)s;
            return true;
        }
    return fault(r, "a severity is info, minor, major or critical");
}

static bool set_timeout(struct reading *r, const char *value)
{
    char *end;
    double number = strtod(value, &end);

    number *= strcmp(end, "ms") == 0 ? 1 : 1000;
    if (end == value || (strcmp(end, "s") != 0 && strcmp(end, "ms") != 0)
        || !(number >= 1 && number <= TIMEOUT_MAX_MS))
        return fault(r, "a timeout is a time from 1ms to 60s, as 5s");
    r->check->timeout_ms = (int64_t)number;
    return true;
}

static const struct {
    const char *name;
    bool (*set)(struct reading *r, const char *value);
} keys[] = {{"id", set_id},
            {"engines", set_engines},
            {"groups", set_groups},
            {"severity", set_severity},
            {"timeout", set_timeout}};

static bool set_key(struct reading *r, char *word)
{
    char *value = strchr(word, '=');

    if (value != NULL)
        *value++ = '\0';
    for (size_t i = 0; value != NULL && i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].name, word) == 0)
            return keys[i].set(r, value);
    return fault(r, "the keys are id=, engines=, groups=, severity= and timeout=");
}

static bool take_keys(struct reading *r, char *text)
{
    for (char *word = text + strspn(text, " \t"); *word != '\0';) {
        size_t n = strcspn(word, " \t");
        char *next = word + n;

        next += strspn(next, " \t");
        word[n] = '\0';
        if (!set_key(r, word))
            return false;
        word = next;
    }
    return true;
}

/* --- the comments --- */

static bool take_title(struct reading *r, char *text)
{
    r->check->title = text;
    return true;
}

static bool take_hint(struct reading *r, char *text)
{
    r->check->hint = text;
    return true;
}

static bool take_warn(struct reading *r, char *text)
{
    return expect_parse(text, &r->check->warn)
           || fault(r, "an expectation is as: rows > 0, value not between 1 and 5, value ~ ^ok");
}

static bool take_fail(struct reading *r, char *text)
{
    return expect_parse(text, &r->check->fail)
           || fault(r, "an expectation is as: rows > 0, value not between 1 and 5, value ~ ^ok");
}

static bool take_same(struct reading *r, char *text)
{
    r->check->same = strcmp(text, "same") == 0;
    return r->check->same || fault(r, "all that can be expected by this word is: same");
}

static const struct {
    const char *name;
    bool (*take)(struct reading *r, char *text);
} comments[] = {{"headgate:", take_keys}, {"title:", take_title}, {"warn:", take_warn},
                {"fail:", take_fail},     {"expect:", take_same}, {"hint:", take_hint}};

/* A comment whose first word is none of ours is a comment. */
static bool take_comment(struct reading *r, const char *text, size_t n)
{
    for (size_t i = 0; i < sizeof comments / sizeof *comments; i++) {
        size_t length = strlen(comments[i].name);
        char *copy;

        if (n < length || strncmp(text, comments[i].name, length) != 0)
            continue;
        while (n > length && strchr(" \t\r", text[n - 1]) != NULL)
            n--;
        while (length < n && strchr(" \t", text[length]) != NULL)
            length++;
        copy = arena_text_n(r->arena, text + length, n - length);
        return copy == NULL ? no_memory(r) : comments[i].take(r, copy);
    }
    return true;
}

/* The comments and blank lines in front of the statement. */
static bool take_head(struct reading *r, const char *text)
{
    for (r->line = 1; *text != '\0'; r->line++) {
        size_t n = strcspn(text, "\n"), start = strspn(text, " \t\r");

        if (start < n && strncmp(text + start, "--", 2) != 0)
            return true;
        if (start < n) {
            start += 2;
            while (start < n && strchr(" \t", text[start]) != NULL)
                start++;
            if (!take_comment(r, text + start, n - start))
                return false;
        }
        text += n + (text[n] == '\n');
    }
    return true;
}

/* --- the statement --- */

static bool only_asks(const char *text, const struct split_statement *statement)
{
    static const char *const words[] = {"select", "with", "values"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (head_word(text, statement, 0, words[i]))
            return true;
    return false;
}

static bool take_statement(struct reading *r, const char *text, hg_driver dialect)
{
    struct split_statement statement, more;
    struct split split;

    split_init(&split, dialect, text, strlen(text), 0, 1);
    switch (split_next(&split, &statement, r->err)) {
    case SPLIT_FAULT:
        hg_error_place(r->err, r->name, r->err == NULL ? 0 : r->err->line, 0);
        return false;
    case SPLIT_END:
        return fault(r, "there is no statement");
    default:
        break;
    }
    r->line = statement.line;
    if (!only_asks(text, &statement))
        return fault(r, "a check asks: it begins with SELECT, WITH or VALUES");
    if (split_next(&split, &more, NULL) != SPLIT_END) {
        r->line = more.line;
        return fault(r, "a check is one statement");
    }
    r->check->sql = arena_text_n(r->arena, text + statement.offset, statement.size);
    return r->check->sql != NULL || no_memory(r);
}

bool team_parse(const char *text, const char *name, struct arena *arena, struct team_check *out,
                hg_error *err)
{
    struct team_check check = {.hint = "",
                               .groups = "smoke",
                               .file = arena_text(arena, name),
                               .engines = ON_ANY,
                               .severity = HG_CHECK_MAJOR,
                               .timeout_ms = TIMEOUT_MS};
    struct reading r = {.name = name, .arena = arena, .check = &check, .err = err};

    if (check.file == NULL)
        return no_memory(&r);
    if (!take_head(&r, text))
        return false;
    r.line = 1;
    if (check.id == NULL)
        return fault(&r, "the first comment says who it is: -- headgate: id=NAME");
    if (check.same && (check.warn.kind != EXPECT_NOTHING || check.fail.kind != EXPECT_NOTHING))
        return fault(&r, "\"expect: same\" and an expectation of its own exclude each other");
    if (((check.engines & ON_POSTGRES) != 0 && !take_statement(&r, text, HG_POSTGRESQL))
        || ((check.engines & ON_SQLITE) != 0 && !take_statement(&r, text, HG_SQLITE)))
        return false;
    if (check.warn.kind == EXPECT_NOTHING && check.fail.kind == EXPECT_NOTHING)
        check.fail = (struct expectation){EXPECT_COMPARE, .of_rows = true, .sign = ">"};
    if (check.title == NULL)
        check.title = check.id;
    *out = check;
    return true;
}

static bool load_file(const char *dir, const char *name, struct arena *arena, struct team *team,
                      hg_error *err)
{
    struct buf text = BUF_INIT(FILE_LIMIT);
    char path[PATH_MAX];
    bool ok = (file_join(path, sizeof path, dir, name)
               || hg_fail(err, HG_IO, "the path of \"%s\" is too long", name))
              && file_read(path, &text, err)
              && team_parse(text.bytes, path, arena, &team->checks[team->count], err);

    buf_release(&text);
    for (size_t i = 0; ok && i < team->count; i++)
        if (strcmp(team->checks[i].id, team->checks[team->count].id) == 0) {
            ok = hg_fail(err, HG_FILE, "the id \"%s\" is that of \"%s\" too", team->checks[i].id,
                         team->checks[i].file);
            hg_error_place(err, path, 1, 1);
        }
    team->count += ok;
    return ok;
}

bool team_load(const char *dir, struct arena *arena, struct team *out, hg_error *err)
{
    struct file_list files = {0};
    struct team team = {0};
    bool ok;

    if (!file_exists(dir))
        return true;
    if (!file_list(dir, ".sql", &files, err))
        return false;
    team.checks = arena_alloc(arena, files.count + 1, sizeof *team.checks);
    ok = team.checks != NULL || hg_fail(err, HG_NOMEM, "could not read \"%s\": out of memory", dir);
    for (size_t i = 0; ok && i < files.count; i++)
        ok = load_file(dir, files.names[i], arena, &team, err);
    file_list_release(&files);
    if (ok)
        *out = team;
    return ok;
}

bool team_in_group(const struct team_check *check, const char *group)
{
    size_t length = strlen(group);

    for (const char *at = check->groups; *at != '\0';) {
        size_t n = strcspn(at, ",");

        if (n == length && memcmp(at, group, n) == 0)
            return true;
        at += n + (at[n] == ',');
    }
    return false;
}

/* --- running --- */

static bool open_pool(struct team_runner *runner, const struct check_context *context)
{
    const hg_url *url = hg_settings_url(context->settings);
    hg_pool_options options = hg_pool_options_from(context->settings);

    if (runner->tried)
        return runner->pool != NULL;
    runner->tried = true;
    options.name = options.role = "checks";
    options.runtime_dir = NULL;
    options.read_only = true;
    options.settings = hg_pool_settings_for_tool(options.settings);
    options.settings.size = 1;
    options.settings.max_overflow = 0;
    options.settings.statement_timeout_ms = TIMEOUT_MAX_MS;
    return hg_pool_open(url, &options, &runner->pool, &runner->error);
}

void team_runner_end(struct team_runner *runner)
{
    if (runner->pool != NULL)
        hg_pool_close(runner->pool, hg_deadline_in_ms(CLOSE_MS));
    runner->pool = NULL;
}

/* What came back: the first value, how many rows, and the rows as evidence. */
struct reply {
    size_t rows;
    char value[128];
};

static bool ask(hg_conn *conn, const struct team_check *check, struct check_context *context,
                hg_check_result *result, struct reply *out, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    if (!hg_conn_begin(conn, context->by, err)
        || !hg_conn_query(conn, check->sql, NULL, 0, context->by, &rows, err))
        return false;
    while (out->rows < ROWS_MAX && (step = hg_rows_next(rows, context->by, err)) == HG_ROW) {
        char line[256] = "";

        for (size_t c = 0; c < hg_rows_column_count(rows); c++) {
            size_t n = strlen(line);

            if (n + 3 < sizeof line)
                snprintf(line + n, sizeof line - n, "%s%s", c == 0 ? "" : ", ",
                         hg_rows_text(rows, c));
        }
        if (out->rows++ == 0)
            text_copy(out->value, sizeof out->value, hg_rows_text(rows, 0));
        check_evidence(context, result, "%s", line);
    }
    hg_rows_close(rows);
    return step != HG_ERROR;
}

static void judge(const struct team_check *check, const struct reply *reply,
                  hg_check_result *result)
{
    bool of_value = (check->warn.kind != EXPECT_NOTHING && !check->warn.of_rows)
                    || (check->fail.kind != EXPECT_NOTHING && !check->fail.of_rows);
    enum expect_answer fail = expect_holds(&check->fail, reply->rows, reply->value);
    enum expect_answer warn = expect_holds(&check->warn, reply->rows, reply->value);

    if (of_value && reply->rows == 0)
        check_say(result, HG_UNKNOWN, "no row came back, so there is no value");
    else if (fail == EXPECT_NOT_A_NUMBER || warn == EXPECT_NOT_A_NUMBER)
        check_say(result, HG_UNKNOWN, "\"%s\" is not a number", reply->value);
    else if (of_value)
        check_say(result,
                  fail == EXPECT_YES   ? HG_FAIL
                  : warn == EXPECT_YES ? HG_WARN
                                       : HG_PASS,
                  "%s", reply->value);
    else
        check_say(result,
                  fail == EXPECT_YES   ? HG_FAIL
                  : warn == EXPECT_YES ? HG_WARN
                                       : HG_PASS,
                  "%zu%s rows", reply->rows, reply->rows == ROWS_MAX ? " or more" : "");
}

static void run_on(struct team_runner *runner, const struct team_check *check,
                   struct check_context *context, hg_check_result *result)
{
    struct reply reply = {0};
    hg_conn *conn = NULL;
    hg_error err = {0};

    if (!hg_pool_checkout(runner->pool, "checks", context->by, &conn, &err)) {
        check_say_error(result, &err);
        return;
    }
    if (ask(conn, check, context, result, &reply, &err))
        judge(check, &reply, result);
    else
        check_say_error(result, &err);
    hg_pool_discard(runner->pool, conn);
}

/* What keeps a check from being asked at all. */
static bool stands_aside(const struct team_check *check, const hg_url *url, hg_check_result *result)
{
    if ((check->engines & (1U << hg_url_driver(url))) == 0) {
        check_say(result, HG_SKIP, "not for %s", hg_driver_name(hg_url_driver(url)));
        result->code = HG_CODE_OTHER_ENGINE;
    } else if (check->same) {
        check_say(result, HG_SKIP, "compares two databases: only a cutover has them");
    } else if (hg_url_path(url) != NULL && strcmp(hg_url_path(url), ":memory:") == 0) {
        check_say(result, HG_SKIP, "a database in memory has one connection");
    } else {
        return false;
    }
    return true;
}

void team_run(struct team_runner *runner, const struct team_check *check,
              struct check_context *context, hg_check_result *result)
{
    int64_t started_ns = clock_now_ns();

    result->id = check->id;
    result->title = check->title;
    result->severity = check->severity;
    if (!stands_aside(check, hg_settings_url(context->settings), result)) {
        if (open_pool(runner, context))
            run_on(runner, check, context, result);
        else
            check_say_error(result, &runner->error);
    }
    if (result->status > HG_SKIP) {
        result->code = "team_check";
        if (result->hint[0] == '\0')
            text_copy(result->hint, sizeof result->hint, check->hint);
    }
    result->duration_ms = clock_since_ms(started_ns);
}
