/*
 * test_settings.c - which source wins, which database is chosen, what is refused, and that
 * .env.sample says what the table says.
 */
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

#include <headgate/settings.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "support/temp.h"

/* A temporary folder, and .env in it once a test has written one. */
struct fixture {
    char *dir, *env_file;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->dir = temp_dir_make();
    f->env_file = temp_path(f->dir, "app.env");
    temp_write(f->dir, "app.env", "");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    temp_dir_remove(f->dir);
    free(f->env_file);
    free(f);
    return 0;
}

#define ENVIRON(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool load_with(const struct fixture *f, const char *env_text, const char *const *environment,
                      hg_settings **out, hg_error *err)
{
    hg_settings_options options = {.env_file = f->env_file, .environ = environment};

    temp_write(f->dir, "app.env", env_text);
    return hg_settings_load(&options, out, err);
}

static hg_settings *loaded(void **state, const char *env_text, const char *const *environment)
{
    hg_settings *s = NULL;
    hg_error err = {HG_OK};

    if (!load_with(*state, env_text, environment, &s, &err))
        fail_msg("%s", err.message);
    return s;
}

static hg_error refused(void **state, const char *env_text, const char *const *environment)
{
    hg_settings *s = NULL;
    hg_error err = {HG_OK};

    if (load_with(*state, env_text, environment, &s, &err))
        fail_msg("<%s> was understood", env_text);
    assert_null(s);
    assert_int_equal(err.code, HG_CONFIG);
    return err;
}

static hg_setting find(const hg_settings *s, const char *name)
{
    for (size_t i = 0; i < hg_settings_count(s); i++)
        if (strcmp(hg_settings_at(s, i).name, name) == 0)
            return hg_settings_at(s, i);
    fail_msg("there is no setting %s", name);
    return (hg_setting){NULL};
}

static void assert_setting(const hg_settings *s, const char *name, const char *value,
                           const char *source)
{
    hg_setting setting = find(s, name);

    assert_string_equal(setting.value, value);
    assert_string_equal(setting.source, source);
    assert_int_equal(setting.is_set, strcmp(source, "default") != 0);
}

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("<%s> does not contain <%s>", text, part);
}

static void without_any_source_the_defaults_hold(void **state)
{
    hg_settings *s = loaded(state, "", ENVIRON(NULL));
    hg_pool_settings pool = hg_settings_pool(s);

    assert_string_equal(hg_settings_env(s), "development");
    assert_false(hg_settings_production(s));
    assert_string_equal(hg_url_path(hg_settings_url(s)), "./instance/app.db");
    assert_string_equal(hg_settings_url_setting(s), "");
    assert_string_equal(hg_settings_migrations_dir(s), "migrations");
    assert_string_equal(hg_settings_schema_file(s), "schema.sql");
    assert_false(hg_settings_read_only(s));
    assert_int_equal(pool.size, 5);
    assert_int_equal(pool.max_overflow, 10);
    assert_int_equal(pool.timeout_ms, 30000);
    assert_int_equal(pool.recycle_ms, 1800000);
    assert_true(pool.pre_ping);
    assert_setting(s, "DB_POOL_SIZE", "5", "default");
    hg_settings_free(s);
}

static void an_option_beats_the_environment_and_that_the_file(void **state)
{
    const struct fixture *f = *state;
    hg_settings_options options = {
        .env_file = f->env_file,
        .migrations_dir = "from-option",
        .environ = ENVIRON("DB_MIGRATIONS_DIR=from-environment", "DB_SCHEMA_FILE=env.sql")};
    hg_settings *s = NULL;
    char source[300];

    temp_write(f->dir, "app.env", "DB_MIGRATIONS_DIR=x\nDB_SCHEMA_FILE=y\n\nDB_POOL_SIZE=7\n");
    assert_true(hg_settings_load(&options, &s, NULL));
    snprintf(source, sizeof source, "%s:4", f->env_file);
    assert_setting(s, "DB_MIGRATIONS_DIR", "from-option", "option");
    assert_setting(s, "DB_SCHEMA_FILE", "env.sql", "environment");
    assert_setting(s, "DB_POOL_SIZE", "7", source);
    hg_settings_free(s);
}

static void an_empty_value_counts_as_unset_and_still_hides_the_file(void **state)
{
    hg_settings *s = loaded(state, "DB_POOL_SIZE=7\nDB_MAX_OVERFLOW=\nDB_SCHEMA_FILE\n",
                            ENVIRON("DB_POOL_SIZE="));

    assert_setting(s, "DB_POOL_SIZE", "5", "default");
    assert_setting(s, "DB_MAX_OVERFLOW", "10", "default");
    assert_setting(s, "DB_SCHEMA_FILE", "schema.sql", "default");
    hg_settings_free(s);
}

static void the_environment_has_three_names(void **state)
{
    const struct {
        const char *const *environment;
        const char *env;
        bool production;
    } cases[] = {
        {ENVIRON("ENV=production", "APP_ENV=development"), "production", true},
        {ENVIRON("APP_ENV=production", "FLASK_ENV=development"), "production", true},
        {ENVIRON("FLASK_ENV=production"), "production", true},
        {ENVIRON("ENV=", "APP_ENV=staging"), "staging", false},
        {ENVIRON("ENV= Production "), "production", true},
        {ENVIRON("ENV=development", "APP_ENV=production"), "development", false},
        {ENVIRON("ENV=test"), "test", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hg_settings *s = loaded(state, "", cases[i].environment);

        assert_string_equal(hg_settings_env(s), cases[i].env);
        assert_int_equal(hg_settings_production(s), cases[i].production);
        assert_setting(s, "ENV", cases[i].env, "environment");
        hg_settings_free(s);
    }
}

static void production_has_a_larger_pool_unless_it_is_told(void **state)
{
    hg_settings *s = loaded(state, "ENV=production\n", ENVIRON(NULL));

    assert_int_equal(hg_settings_pool(s).size, 10);
    assert_setting(s, "DB_POOL_SIZE", "10", "default");
    hg_settings_free(s);
    s = loaded(state, "ENV=production\nDB_POOL_SIZE=3\n", ENVIRON(NULL));
    assert_int_equal(hg_settings_pool(s).size, 3);
    hg_settings_free(s);
}

static void the_environment_selects_the_database(void **state)
{
    static const struct {
        const char *text, *database, *setting;
        bool missing;
    } cases[] = {
        {"", "app.db", "", false},
        {"DATABASE_URL=postgresql://h/dev", "dev", "DATABASE_URL", false},
        {"DATABASE_URL=postgresql://h/dev\nDATABASE_URL_PROD=postgresql://h/prod", "dev",
         "DATABASE_URL", false},
        {"ENV=production\nDATABASE_URL=postgresql://h/dev\nDATABASE_URL_PROD=postgresql://h/prod",
         "prod", "DATABASE_URL_PROD", false},
        {"ENV=production\nDATABASE_URL=postgresql://h/dev", "dev", "DATABASE_URL", true},
        {"ENV=production\nDATABASE_URL_PROD=", "app.db", "", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hg_settings *s = loaded(state, cases[i].text, ENVIRON(NULL));

        assert_string_equal(hg_url_database(hg_settings_url(s)), cases[i].database);
        assert_string_equal(hg_settings_url_setting(s), cases[i].setting);
        assert_int_equal(hg_settings_prod_url_missing(s), cases[i].missing);
        hg_settings_free(s);
    }
}

static void the_option_url_overrides_even_a_setting_that_is_broken(void **state)
{
    const struct fixture *f = *state;
    hg_settings_options options = {.env_file = f->env_file,
                                   .env = "production",
                                   .url = "sqlite:///other.db",
                                   .read_only = true,
                                   .environ = ENVIRON("DATABASE_URL=postgresql://u:hu@sh@h/d")};
    hg_settings *s = NULL;

    assert_true(hg_settings_load(&options, &s, NULL));
    assert_string_equal(hg_url_database(hg_settings_url(s)), "other.db");
    assert_string_equal(hg_settings_url_setting(s), "--url");
    assert_false(hg_settings_prod_url_missing(s));
    assert_true(hg_settings_read_only(s));
    assert_setting(s, "ENV", "production", "option");
    assert_setting(s, "HEADGATE_READ_ONLY", "true", "option");
    assert_contains(find(s, "DATABASE_URL").value, "***");
    assert_null(strstr(find(s, "DATABASE_URL").value, "sh"));
    hg_settings_free(s);
}

static void a_url_is_shown_without_its_password(void **state)
{
    hg_settings *s = loaded(state, "DATABASE_URL=postgresql://u:${PW}@h/d\n", ENVIRON("PW=hush"));

    assert_string_equal(find(s, "DATABASE_URL").value, "postgresql://u:***@h/d");
    assert_string_equal(hg_url_redacted(hg_settings_url(s)), "postgresql://u:***@h/d");
    hg_settings_free(s);
}

static void seconds_may_have_fractions_and_switches_are_written_in_many_ways(void **state)
{
    static const struct {
        const char *text;
        bool on;
    } switches[] = {{"1", true},  {"true", true},   {"ON", true},   {"Yes", true}, {"y", true},
                    {"0", false}, {"False", false}, {"off", false}, {"no", false}, {"N", false}};
    hg_settings *s = loaded(state,
                            "DB_POOL_TIMEOUT=0.25\nDB_POOL_RECYCLE=-1\nDB_CONNECT_TIMEOUT=.5\n"
                            "DB_STATEMENT_TIMEOUT=60\nDB_LOCK_TIMEOUT=2.\nDB_MAX_OVERFLOW=-1\n",
                            ENVIRON(NULL));
    hg_pool_settings pool = hg_settings_pool(s);

    assert_int_equal(pool.timeout_ms, 250);
    assert_int_equal(pool.recycle_ms, -1);
    assert_int_equal(pool.connect_timeout_ms, 500);
    assert_int_equal(pool.statement_timeout_ms, 60000);
    assert_int_equal(pool.lock_timeout_ms, 2000);
    assert_int_equal(pool.max_overflow, -1);
    hg_settings_free(s);
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        char text[64];

        snprintf(text, sizeof text, "DB_POOL_PRE_PING=%s\n", switches[i].text);
        s = loaded(state, text, ENVIRON(NULL));
        assert_int_equal(hg_settings_pool(s).pre_ping, switches[i].on);
        assert_string_equal(find(s, "DB_POOL_PRE_PING").value, switches[i].on ? "true" : "false");
        hg_settings_free(s);
    }
}

static void the_mouse_is_left_to_the_terminal_unless_it_is_asked_for(void **state)
{
    hg_settings *s = loaded(state, "", ENVIRON(NULL));

    assert_false(hg_settings_mouse(s));
    hg_settings_free(s);
    s = loaded(state, "HEADGATE_MOUSE=on\n", ENVIRON(NULL));
    assert_true(hg_settings_mouse(s));
    hg_settings_free(s);
    s = loaded(state, "HEADGATE_MOUSE=on\n", ENVIRON("HEADGATE_MOUSE=off"));
    assert_false(hg_settings_mouse(s));
    hg_settings_free(s);
}

static void the_pool_takes_what_its_settings_say(void **state)
{
    hg_settings *s = loaded(state,
                            "DB_POOL_RESET_ON_RETURN=Full\nDB_POOL_USE_LIFO=no\n"
                            "DB_POOL_MIN_IDLE=2\nDB_POOL_IDLE_TIMEOUT=600\nDB_POOL_MAX_WAITING=9\n"
                            "DB_POOL_ON_DOWN=wait\nDB_POOL_LEAK_AFTER=1.5\n",
                            ENVIRON(NULL));
    hg_pool_settings pool = hg_settings_pool(s);

    assert_int_equal(pool.reset_on_return, HG_RESET_FULL);
    assert_string_equal(find(s, "DB_POOL_RESET_ON_RETURN").value, "full");
    assert_true(pool.use_fifo);
    assert_int_equal(pool.min_idle, 2);
    assert_int_equal(pool.idle_timeout_ms, 600000);
    assert_int_equal(pool.max_waiting, 9);
    assert_true(pool.wait_for_server);
    assert_int_equal(pool.leak_after_ms, 1500);
    hg_settings_free(s);
    s = loaded(state, "", ENVIRON(NULL));
    pool = hg_settings_pool(s);
    assert_int_equal(pool.reset_on_return, HG_RESET_ROLLBACK);
    assert_false(pool.use_fifo || pool.wait_for_server);
    assert_int_equal(pool.idle_timeout_ms, -1);
    hg_settings_free(s);
}

static void a_value_that_is_not_understood_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text, *says;
        int line, column;
    } cases[] = {
        {"DB_POOL_SIZE=ten", "DB_POOL_SIZE is \"ten\", which is not a whole number from 1 to 200",
         1, 14},
        {"\nDB_POOL_SIZE='0'", "DB_POOL_SIZE is \"0\"", 2, 15},
        {"DB_POOL_SIZE=201", "DB_POOL_SIZE", 1, 14},
        {"DB_POOL_SIZE=5.5", "DB_POOL_SIZE", 1, 14},
        {"DB_POOL_SIZE=5 6", "DB_POOL_SIZE", 1, 14},
        {"DB_POOL_SIZE=99999999999999999999", "DB_POOL_SIZE", 1, 14},
        {"DB_POOL_SIZE=\"\\x\"", "DB_POOL_SIZE", 1, 15},
        {"N=x\nDB_POOL_SIZE=${N}", "DB_POOL_SIZE is \"x\"", 2, 0},
        {"DB_MAX_OVERFLOW=-2", "DB_MAX_OVERFLOW", 1, 17},
        {"DB_POOL_TIMEOUT=30s", "DB_POOL_TIMEOUT is \"30s\", which is not a number of seconds", 1,
         17},
        {"DB_POOL_TIMEOUT=-1", "DB_POOL_TIMEOUT", 1, 17},
        {"DB_POOL_TIMEOUT=1e3", "DB_POOL_TIMEOUT", 1, 17},
        {"DB_POOL_TIMEOUT=.", "DB_POOL_TIMEOUT", 1, 17},
        {"DB_POOL_RECYCLE=-0.5", "DB_POOL_RECYCLE", 1, 17},
        {"DB_CONNECT_TIMEOUT=0", "from 0.1 to", 1, 20},
        {"DB_POOL_PRE_PING=maybe", "which is not true or false", 1, 18},
        {"DB_POOL_RESET_ON_RETURN=undo", "which is not one of rollback, commit, none, full", 1, 25},
        {"DB_POOL_ON_DOWN=hope", "which is not one of fail, wait", 1, 17},
        {"DB_SCHEMA_FILE=\"a\\nb\"", "control characters", 1, 0},
        {"DATABASE_URL=mysql://h/d", "DATABASE_URL: the scheme \"mysql\"", 1, 14},
        {"DATABASE_URL='postgresql://u:hu@sh@h/d'", "DATABASE_URL: a raw \"@\"", 1, 32},
        {"DB_POOL_SIZE=postgresql://u:hush@h/d", "DB_POOL_SIZE is \"***\"", 1, 14},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hg_error err = refused(state, cases[i].text, ENVIRON(NULL));

        assert_contains(err.message, cases[i].says);
        assert_non_null(strstr(err.file, "app.env"));
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        assert_string_not_equal(err.hint, "");
        assert_null(strstr(err.message, "hu"));
    }
}

static void a_fault_that_is_in_no_file_names_its_source(void **state)
{
    const struct fixture *f = *state;
    hg_settings_options options = {
        .env_file = f->env_file, .url = "oops", .environ = ENVIRON(NULL)};
    hg_settings *s = NULL;
    hg_error err = refused(state, "", ENVIRON("DB_POOL_SIZE=ten"));

    assert_contains(err.message, "DB_POOL_SIZE (environment) is \"ten\"");
    assert_string_equal(err.file, "");
    err = refused(state, "", ENVIRON("DATABASE_URL=oops"));
    assert_contains(err.message, "DATABASE_URL (environment): this is not a database URL");
    assert_false(hg_settings_load(&options, &s, &err));
    assert_contains(err.message, "--url: this is not a database URL");
}

static void a_mistyped_name_is_refused_when_a_default_would_hide_it(void **state)
{
    hg_error err = refused(state, "A=1\nDB_POOLSIZE=9\n", ENVIRON(NULL));

    assert_contains(err.message, "\"DB_POOLSIZE\" is not a setting");
    assert_contains(err.hint, "DB_POOL_SIZE");
    assert_int_equal(err.line, 2);
    err = refused(state, "DATABASE_URI=sqlite:///x.db\n", ENVIRON(NULL));
    assert_contains(err.hint, "DATABASE_URL");
    err = refused(state, "HEADGATE_READONLY=1\n", ENVIRON(NULL));
    assert_contains(err.hint, "HEADGATE_READ_ONLY");
    err = refused(state, "HEADGATE_WHATEVER=1\n", ENVIRON(NULL));
    assert_contains(err.hint, "headgate config");
}

static void the_applications_own_names_are_left_alone(void **state)
{
    hg_settings *s = loaded(state,
                            "DB_HOST=h\nDB_PASSWORD=x\nDATABASE_URI=anything\nSECRET_KEY=x\n"
                            "DATABASE_URL=sqlite:///x.db\nPOOL_SIZE=3\n",
                            ENVIRON("HEADGATE_SOMETHING=1"));

    assert_string_equal(hg_settings_url_setting(s), "DATABASE_URL");
    hg_settings_free(s);
}

static void keep_line(void *context, enum log_level level, const char *line)
{
    (void)level;
    snprintf(context, 500, "%s", line);
}

static void a_name_that_is_merely_close_is_logged(void **state)
{
    char line[500] = "";
    hg_settings *s;

    log_to(keep_line, line, LOG_WARN);
    s = loaded(state, "DB_POL_SIZES=3\n", ENVIRON(NULL));
    log_to(NULL, NULL, LOG_WARN);
    assert_contains(line, "name=DB_POL_SIZES setting=DB_POOL_SIZE");
    hg_settings_free(s);
}

static void a_named_file_must_exist_and_be_readable_text(void **state)
{
    const struct fixture *f = *state;
    char *missing = temp_path(f->dir, "missing.env");
    hg_settings_options options = {.env_file = missing, .environ = ENVIRON(NULL)};
    hg_settings *s = NULL;
    hg_error err;

    assert_false(hg_settings_load(&options, &s, &err));
    assert_int_equal(err.code, HG_CONFIG);
    assert_contains(err.message, "missing.env");
    options.env_file = f->dir;
    assert_false(hg_settings_load(&options, &s, &err));
    assert_int_equal(err.code, HG_CONFIG);
    assert_contains(err.message, "regular file");
    err = refused(state, "A=\xFF\xFE", ENVIRON(NULL));
    assert_contains(err.message, "UTF-8");
    free(missing);
}

static void the_runtime_folder_is_the_same_for_a_login_and_a_service(void **state)
{
    char expected[64];
    hg_settings *s;

    snprintf(expected, sizeof expected, "/dev/shm/headgate-%lu", (unsigned long)geteuid());
    s = loaded(state, "", ENVIRON("XDG_RUNTIME_DIR=/tmp"));
    assert_string_equal(hg_settings_runtime_dir(s), expected);
    hg_settings_free(s);
    s = loaded(state, "HEADGATE_RUNTIME_DIR=/run/mine", ENVIRON("XDG_RUNTIME_DIR=/tmp"));
    assert_string_equal(hg_settings_runtime_dir(s), "/run/mine");
    hg_settings_free(s);
}

/* Splits "# NAME=value" or "NAME=value"; false: prose. */
static bool split_sample(char *line, char **name, char **value)
{
    *name = line + (strncmp(line, "# ", 2) == 0 ? 2 : 0);
    *value = strchr(*name, '=');
    if (*value == NULL || strspn(*name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != (size_t)(*value - *name)
        || *value == *name)
        return false;
    *(*value)++ = '\0';
    return true;
}

static void the_sample_file_says_what_the_table_says(void **state)
{
    hg_settings *s = loaded(state, "", ENVIRON(NULL));
    struct buf text = BUF_INIT(1 << 16);
    size_t found = 0;
    char *name, *value, *rest = NULL;

    assert_true(file_read(TEST_SOURCE_DIR "/.env.sample", &text, NULL));
    for (char *line = strtok_r(text.bytes, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (!split_sample(line, &name, &value))
            continue;
        if (strcmp(name, "HEADGATE_RUNTIME_DIR") == 0 || strcmp(name, "HEADGATE_STATE_DIR") == 0)
            assert_string_equal(value, ""); /* depends on the user */
        else
            assert_string_equal(value, find(s, name).value);
        found++;
    }
    assert_int_equal(found, hg_settings_count(s));
    buf_release(&text);
    hg_settings_free(s);
}

static void the_sample_file_loads_as_it_is_and_changes_nothing(void **state)
{
    hg_settings_options options = {.env_file = TEST_SOURCE_DIR "/.env.sample",
                                   .environ = ENVIRON(NULL)};
    hg_settings *plain = loaded(state, "", ENVIRON(NULL)), *sample = NULL;

    assert_true(hg_settings_load(&options, &sample, NULL));
    for (size_t i = 0; i < hg_settings_count(plain); i++)
        assert_string_equal(hg_settings_at(plain, i).value, hg_settings_at(sample, i).value);
    hg_settings_free(plain);
    hg_settings_free(sample);
}

static void the_process_environment_is_read_when_no_other_is_given(void **state)
{
    const struct fixture *f = *state;
    hg_settings_options options = {.env_file = f->env_file};
    hg_settings *s = NULL;

    setenv("DB_SCHEMA_FILE", "from-process.sql", 1);
    assert_true(hg_settings_load(&options, &s, NULL));
    unsetenv("DB_SCHEMA_FILE");
    assert_string_equal(hg_settings_schema_file(s), "from-process.sql");
    hg_settings_free(s);
}

static void no_allocation_that_fails_leaks_or_crashes(void **state)
{
    const struct fixture *f = *state;
    hg_settings_options options = {.env_file = f->env_file,
                                   .environ = ENVIRON("DATABASE_URL=postgresql://u:hush@h/d")};
    bool ok = false;
    long n;

    temp_write(f->dir, "app.env",
               "ENV=production\nX=${ENV}\nDATABASE_URL_PROD=postgresql://u:hush@h,i/d\n");
    for (n = 1; !ok; n++) {
        hg_settings *s = NULL;
        hg_error err = {HG_OK};

        alloc_fail_at(n);
        ok = hg_settings_load(&options, &s, &err);
        alloc_fail_at(0);
        assert_int_equal(err.code, ok ? HG_OK : HG_NOMEM);
        hg_settings_free(s);
    }
    assert_in_range(n, 20, 300);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void a_token_is_compared_and_never_shown(void **state)
{
    hg_settings *s =
        loaded(state, "HEADGATE_TOKEN=correct-horse-battery\n", (const char *[]){NULL});

    assert_true(hg_settings_token_set(s));
    assert_true(hg_settings_token_is(s, "correct-horse-battery", 21));
    assert_false(hg_settings_token_is(s, "correct-horse-batterx", 21));
    assert_false(hg_settings_token_is(s, "correct-horse-batter", 20));
    assert_false(hg_settings_token_is(s, "", 0));
    assert_string_equal(find(s, "HEADGATE_TOKEN").value, "***");
    hg_settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(without_any_source_the_defaults_hold),
        test(a_token_is_compared_and_never_shown),
        test(an_option_beats_the_environment_and_that_the_file),
        test(an_empty_value_counts_as_unset_and_still_hides_the_file),
        test(the_environment_has_three_names),
        test(production_has_a_larger_pool_unless_it_is_told),
        test(the_environment_selects_the_database),
        test(the_option_url_overrides_even_a_setting_that_is_broken),
        test(a_url_is_shown_without_its_password),
        test(seconds_may_have_fractions_and_switches_are_written_in_many_ways),
        test(the_mouse_is_left_to_the_terminal_unless_it_is_asked_for),
        test(the_pool_takes_what_its_settings_say),
        test(a_value_that_is_not_understood_is_refused_with_its_place),
        test(a_fault_that_is_in_no_file_names_its_source),
        test(a_mistyped_name_is_refused_when_a_default_would_hide_it),
        test(the_applications_own_names_are_left_alone),
        test(a_name_that_is_merely_close_is_logged),
        test(a_named_file_must_exist_and_be_readable_text),
        test(the_runtime_folder_is_the_same_for_a_login_and_a_service),
        test(the_sample_file_says_what_the_table_says),
        test(the_sample_file_loads_as_it_is_and_changes_nothing),
        test(the_process_environment_is_read_when_no_other_is_given),
        test(no_allocation_that_fails_leaks_or_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
