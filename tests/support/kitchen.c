/*
 * kitchen.c - words in texts, stages, recipes, sessions.
 */
#include "support/kitchen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "checks/application.h"
#include "support/postgres.h"
#include "support/temp.h"

enum { VARIABLES_MOST = 8 };

struct kitchen kitchen;

static size_t place_of(const char *id)
{
    for (size_t i = 0; i < hg_check_count(); i++)
        if (strcmp(hg_check_at(i).id, id) == 0)
            return i;
    fail_msg("there is no check %s", id);
    return 0;
}

static const struct check *row_of(const char *id)
{
    for (size_t t = 0; t < check_table_count; t++)
        for (size_t i = 0; i < check_tables[t]->count; i++)
            if (strcmp(check_tables[t]->rows[i].id, id) == 0)
                return &check_tables[t]->rows[i];
    fail_msg("there is no check %s", id);
    return NULL;
}

void recipe_note(const char *id, hg_status status)
{
    kitchen.forced[place_of(id)] |= 1U << status;
}

/* --- words in texts --- */

static const char *value_of(const char *at, const char **out)
{
    static char port[16], certificate[4096];
    const struct {
        const char *name, *value;
    } words[] = {{"<DIR>", kitchen.folder},
                 {"<PORT>", port},
                 {"<SOCKET>", postgres_socket_dir()},
                 {"<DB>", kitchen.database},
                 {"<CERT>", certificate}};

    snprintf(port, sizeof port, "%d", postgres_port());
    snprintf(certificate, sizeof certificate, "%s/server.crt", postgres_socket_dir());
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(at, words[i].name, strlen(words[i].name)) == 0) {
            *out = words[i].value;
            return at + strlen(words[i].name);
        }
    return NULL;
}

/* The text with its words replaced; free(). */
static char *fill_in(const char *text)
{
    struct buf out = BUF_INIT(1 << 16);
    const char *value, *next;

    for (const char *at = text; *at != '\0'; at = next)
        if ((next = value_of(at, &value)) != NULL) {
            buf_text(&out, value);
        } else {
            buf_char(&out, *at);
            next = at + 1;
        }
    return buf_take(&out);
}

/* --- running one --- */

struct stage stage_open(const struct recipe *r, const char *url)
{
    const char *variables[VARIABLES_MOST] = {"ENV=test"};
    char *filled = fill_in(url), *env = fill_in(r->env == NULL ? "" : r->env), *rest = env, *one;
    hg_settings_options options = {.url = filled, .environ = variables};
    hg_pool_options pool_options;
    struct stage stage = {0};
    hg_error err = {0};
    size_t n = 0;

    if (strstr(env, "DATABASE_URL") != NULL)
        options.url = NULL;
    while ((one = strsep(&rest, " ")) != NULL)
        if (one[0] != '\0')
            variables[n++] = one;
    if (!hg_settings_load(&options, &stage.settings, &err))
        fail_msg("%s <%s>: %s", r->id, env, err.message);
    pool_options = hg_pool_options_from(stage.settings);
    pool_options.settings = hg_pool_settings_for_tool(pool_options.settings);
    pool_options.runtime_dir = NULL;
    pool_options.read_only = hg_settings_read_only(stage.settings);
    pool_options.may_create = !pool_options.read_only;
    assert_true(hg_pool_open(hg_settings_url(stage.settings), &pool_options, &stage.pool, NULL));
    free(filled);
    free(env);
    return stage;
}

void stage_close(struct stage *stage)
{
    hg_pool_close(stage->pool, hg_deadline_in_ms(5 * SECONDS));
    hg_settings_free(stage->settings);
}

void kitchen_sql(const char *url, const char *sql)
{
    struct recipe none = {.id = "sql"};
    struct stage stage = stage_open(&none, url);
    hg_deadline by = hg_deadline_in_ms(60 * SECONDS);
    char *text = fill_in(sql), *rest = text, *one;
    hg_conn *conn = NULL;
    hg_error err = {0};

    if (!hg_pool_checkout(stage.pool, NULL, by, &conn, &err))
        fail_msg("%s", err.message);
    while ((one = strsep(&rest, ";")) != NULL) {
        bool may_fail = one[0] == '!';

        one += may_fail;
        if (one[strspn(one, " ")] != '\0' && !hg_conn_execute(conn, one, NULL, 0, by, NULL, &err)
            && !may_fail)
            fail_msg("<%s>: %s", one, err.message);
    }
    hg_pool_discard(stage.pool, conn);
    free(text);
    stage_close(&stage);
}

/* The row, with thresholds moved, as smoke runs it. */
hg_check_result recipe_run(const struct stage *stage, const struct recipe *r)
{
    struct application application = {.url = kitchen.application_url};
    struct check_context context = {.settings = stage->settings,
                                    .pool = stage->pool,
                                    .by = hg_deadline_in_ms(60 * SECONDS),
                                    .application = &application};
    hg_readiness *report = calloc(1, sizeof *report);
    hg_check_result result = {0}, unseen = {0};
    struct check row = *row_of(r->id);
    struct arena arena = ARENA_INIT;

    row.ask.warn -= r->shift;
    row.ask.fail -= r->shift;
    context.report = report;
    context.arena = &arena;
    if ((row.flags & CONNECTED) != 0)
        check_connect(&context, &unseen);
    check_run(&row, &context, &result);
    result.evidence = NULL; /* it ends here */
    check_context_release(&context);
    application_release(&application);
    hg_readiness_release(report);
    arena_release(&arena);
    free(report);
    return result;
}

static void judge(const struct recipe *r, const hg_check_result *result)
{
    bool told = r->status == HG_PASS || r->status == HG_SKIP || r->status == HG_UNKNOWN
                || (result->hint[0] != '\0' && result->code != NULL);

    kitchen.wrong += result->status != r->status || !told;
    if (result->status != r->status || !told)
        print_error("%s (%s; %s; %s): %s, %s%s\n", r->id, r->before == NULL ? "" : r->before,
                    r->env == NULL ? "" : r->env, r->url == NULL ? "" : r->url,
                    hg_status_name(result->status), result->observed, told ? "" : ", no hint");
    else
        recipe_note(r->id, r->status);
}

void recipe_put_file(const struct recipe *r)
{
    char *path = temp_path(kitchen.folder, r->file), *content = fill_in(r->content);

    temp_write(kitchen.folder, r->file, content);
    assert_int_equal(chmod(path, r->mode == 0 ? 0600 : r->mode), 0);
    free(path);
    free(content);
}

/* Thrown away after each recipe: what one leaves is no part of the next. */
void recipe_take_file(const struct recipe *r)
{
    char *path = temp_path(kitchen.folder, r->file);

    unlink(path);
    free(path);
}

/* What has to pass is tried more than once: a busy machine makes an answer slow, which is worth a
 * warning, but not every time. */
void recipe_cook(const struct recipe *r, const char *maker, const char *usual)
{
    enum { TRIES = 10 };
    const char *url = r->url == NULL ? usual : r->url;
    hg_check_result result;
    struct stage stage;

    if (r->file != NULL)
        recipe_put_file(r);
    if (r->before != NULL)
        kitchen_sql(maker, r->before);
    stage = stage_open(r, url);
    result = recipe_run(&stage, r);
    for (int i = 1; i < TRIES && r->status == HG_PASS && result.status != HG_PASS; i++)
        result = recipe_run(&stage, r);
    stage_close(&stage);
    if (r->after != NULL)
        kitchen_sql(maker, r->after);
    if (r->file != NULL)
        recipe_take_file(r);
    judge(r, &result);
}

int recipe_count_wrong(void **state)
{
    int failed = kitchen.wrong > 0;

    (void)state;
    kitchen.wrong = 0;
    return failed;
}

/* --- sessions --- */

void session_do(struct session *s, const char *sql)
{
    char *text = fill_in(sql), *rest = text, *one;

    while ((one = strsep(&rest, ";")) != NULL)
        if (one[strspn(one, " ")] != '\0')
            (void)!hg_conn_execute(s->conn, one, NULL, 0, hg_deadline_in_ms(60 * SECONDS), NULL,
                                   NULL); /* a deadlock is what one of them is for */
    free(text);
}

struct session session_open(const char *url)
{
    const struct recipe none = {.id = "session"};
    struct session s = {.stage = stage_open(&none, url)};

    assert_true(
        hg_pool_checkout(s.stage.pool, NULL, hg_deadline_in_ms(60 * SECONDS), &s.conn, NULL));
    return s;
}

static void *do_in_thread(void *context)
{
    struct session *s = context;

    session_do(s, s->sql);
    return NULL;
}

void session_start(struct session *s, const char *sql)
{
    s->sql = sql;
    assert_int_equal(pthread_create(&s->thread, NULL, do_in_thread, s), 0);
}

void session_close(struct session *s)
{
    if (s->thread != 0)
        pthread_join(s->thread, NULL);
    hg_pool_discard(s->stage.pool, s->conn);
    stage_close(&s->stage);
}

void session_wait(const char *question)
{
    for (bool said = false; !said;) {
        char *text = postgres_ask(kitchen.database, question);

        said = text[0] == 't';
        free(text);
    }
}

/* --- */

int kitchen_open(void **state)
{
    int failed = postgres_setup(state);

    kitchen.database = postgres_database();
    kitchen.folder = temp_dir_make();
    if (failed != 0 || chdir(kitchen.folder) != 0)
        return 1;
    temp_write(kitchen.folder, "migrations/.keep", "");
    kitchen_sql(MAKER, "CREATE ROLE app LOGIN; GRANT pg_monitor TO app;"
                       "GRANT CREATE ON SCHEMA public TO app");
    kitchen_sql(ALWAYS, "PRAGMA journal_mode = wal");
    return 0;
}

int kitchen_close(void **state)
{
    (void)state;
    if (chdir("/") != 0)
        return 1;
    temp_dir_remove(kitchen.folder);
    free(kitchen.database);
    return 0;
}
