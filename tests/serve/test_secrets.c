/*
 * test_secrets.c - what nobody may read comes out nowhere: a password that stands in the URL, in
 * the environment, in a query and in an error, and the token.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "serve/serve.h"
#include "support/http.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

#define PASSWORD "planted-pass-4711"
#define TOKEN    "planted-token-4711"

enum { PATIENCE_MS = 60000, SETTINGS = 8 };

struct fixture {
    char *dir;
    char *texts[SETTINGS];
    const char *environ[SETTINGS + 1];
};

__attribute__((format(printf, 1, 2))) static char *text(const char *format, ...)
{
    va_list args;
    char *out = NULL;

    va_start(args, format);
    assert_true(vasprintf(&out, format, args) >= 0);
    va_end(args);
    return out;
}

/* The same password stands in a statement, in a row and in the server's message about it. */
static void write_checks(const char *dir)
{
    temp_write(dir, "migrations/.keep", "");
    temp_write(dir, "checks/row.sql",
               "-- headgate: id=app.row\nSELECT 'it is " PASSWORD "' AS told");
    temp_write(dir, "checks/error.sql",
               "-- headgate: id=app.error\nSELECT ('" PASSWORD "' || now())::int");
    temp_write(dir, "checks/syntax.sql",
               "-- headgate: id=app.syntax\nSELECT 1 FROM \"" PASSWORD "\"");
}

/* The role gets in with this password, or with none that it is told. */
static struct fixture *make(const char *password)
{
    struct fixture *f = calloc(1, sizeof *f);
    char *database = postgres_database(), *role;

    f->dir = temp_dir_make();
    write_checks(f->dir);
    role = text("CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE guards", database, password);
    postgres_run(NULL, role);
    f->texts[0] = text("DATABASE_URL=postgresql://%s:" PASSWORD "@127.0.0.1:%d/%s", database,
                       postgres_port(), database);
    f->texts[1] = text("DATABASE_URL_PROD=postgresql://%s:" PASSWORD "@127.0.0.1:%d/%s", database,
                       postgres_port(), database);
    f->texts[2] = text("HEADGATE_TOKEN=" TOKEN);
    f->texts[3] = text("HEADGATE_RUNTIME_DIR=%s/run", f->dir);
    f->texts[4] = text("DB_MIGRATIONS_DIR=%s/migrations", f->dir);
    f->texts[5] = text("PGPASSWORD=" PASSWORD);
    f->texts[6] = text("ENV=test");
    for (size_t i = 0; i < 7; i++)
        f->environ[i] = f->texts[i];
    free(role);
    free(database);
    return f;
}

static int setup(void **state)
{
    *state = make(PASSWORD);
    return 0;
}

static int setup_refused(void **state)
{
    *state = make("another");
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < SETTINGS; i++)
        free(f->texts[i]);
    temp_dir_remove(f->dir);
    free(f);
    return 0;
}

static void assert_kept(const char *where, const char *said)
{
    if (strstr(said, PASSWORD) != NULL || strstr(said, TOKEN) != NULL)
        fail_msg("%s gives a secret away: %s", where, said);
}

static void run_commands(const struct fixture *f, bool with_checks)
{
    static const char *const commands[][6] = {
        {"smoke", "-vv"},   {"smoke", "--json"},
        {"smoke", "--tap"}, {"smoke", "-q", "--junit", "junit.xml"},
        {"ready", "-vv"},   {"ready", "--json"},
        {"status"},         {"status", "--json"},
        {"config"},         {"config", "--json"},
    };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *argv[8] = {TEST_HEADGATE};
        struct process_result result;

        memcpy(argv + 1, commands[i], sizeof commands[i]);
        result = process_run(f->dir, f->environ, argv);
        assert_kept(commands[i][0], result.out);
        assert_kept(commands[i][0], result.err);
        if (with_checks && i == 0) { /* the row and the errors are shown, but for the secret */
            assert_non_null(strstr(result.out, "it is ***"));
            assert_non_null(strstr(result.out, "\"***\""));
        }
        process_release(&result);
    }
}

static void read_junit(const struct fixture *f)
{
    struct buf xml = BUF_INIT(1 << 20);
    char *path = temp_path(f->dir, "junit.xml");

    assert_true(file_read(path, &xml, NULL));
    assert_non_null(strstr(xml.bytes, "app.error"));
    assert_kept("JUnit", xml.bytes);
    buf_release(&xml);
    free(path);
}

static void no_command_gives_a_secret_away(void **state)
{
    run_commands(*state, true);
    read_junit(*state);
}

static void nor_does_one_that_is_not_let_in(void **state)
{
    run_commands(*state, false);
}

/* The old endpoint's clients read these. */
static void assert_old_keys(const char *body)
{
    json_t *root = json_loads(body, 0, NULL);
    json_t *production = json_object_get(root, "production");

    assert_non_null(root);
    assert_true(json_is_boolean(json_object_get(root, "db")));
    assert_true(json_is_string(json_object_get(root, "db_driver")));
    assert_string_equal(json_string_value(json_object_get(root, "db_url_kind")), "postgresql");
    assert_non_null(json_object_get(root, "migrations_applied"));
    assert_true(json_is_false(json_object_get(production, "is_production")));
    json_decref(root);
}

static void await_first_sample(int port)
{
    int64_t started_ns = clock_now_ns();

    for (int status = 0; status != 200;) {
        struct http_answer answer = http_get(port, "/startupz", "");

        status = answer.status;
        http_release(&answer);
        assert_true(clock_since_ms(started_ns) < PATIENCE_MS);
    }
}

static void ask_endpoints(const struct fixture *f, int status)
{
    static const char *const paths[] = {"/readiness", "/readiness?verbose", "/metrics", "/healthz"};
    hg_settings_options options = {.environ = f->environ};
    hg_settings *settings = NULL;
    struct serve *serve = NULL;
    hg_error err = {0};

    assert_true(hg_settings_load(&options, &settings, &err));
    if (!serve_start(settings, "127.0.0.1:0", 1000, &serve, &err))
        fail_msg("%s", err.message);
    await_first_sample(serve_port(serve));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct http_answer answer =
            http_get(serve_port(serve), paths[i], "Authorization: Bearer " TOKEN "\r\n");

        assert_kept(paths[i], answer.text);
        assert_true(answer.status == 200 || answer.status == status);
        if (i < 2)
            assert_old_keys(answer.body);
        http_release(&answer);
    }
    serve_stop(serve);
    hg_settings_free(settings);
}

static void no_endpoint_gives_a_secret_away(void **state)
{
    ask_endpoints(*state, 200);
}

static void nor_does_one_whose_database_lets_nobody_in(void **state)
{
    ask_endpoints(*state, 503);
}

#define WITH(name, from) cmocka_unit_test_setup_teardown(name, from, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(no_command_gives_a_secret_away, setup),
        WITH(nor_does_one_that_is_not_let_in, setup_refused),
        WITH(no_endpoint_gives_a_secret_away, setup),
        WITH(nor_does_one_whose_database_lets_nobody_in, setup_refused),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
