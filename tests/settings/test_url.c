/*
 * test_url.c - what is read from a database URL, what is refused, and that no refusal tells a
 * secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/settings.h>

#include "base/alloc.h"
#include "base/secret.h"
#include "settings/url.h"

/* Everything a URL says, as one line: what a test compares. The password is told on purpose. */
static const char *told(const hg_url *url)
{
    static char line[1024];
    FILE *out = fmemopen(line, sizeof line, "w");

    fprintf(out, "%s", hg_url_kind(url));
    if (hg_url_user(url) != NULL)
        fprintf(out, " user=%s", hg_url_user(url));
    if (hg_url_password_set(url))
        fprintf(out, " password=%s", secret_reveal(url_password(url)));
    for (size_t i = 0; i < hg_url_host_count(url); i++)
        fprintf(out, " host=%s|%d", hg_url_host(url, i), hg_url_port(url, i));
    if (hg_url_path(url) != NULL)
        fprintf(out, " path=%s", hg_url_path(url));
    fprintf(out, " db=%s", hg_url_database(url));
    for (size_t i = 0; i < hg_url_parameter_count(url); i++)
        fprintf(out, " %s=%s", hg_url_parameter_name(url, i), hg_url_parameter_value(url, i));
    fclose(out);
    return line;
}

struct good {
    const char *text, *told;
};

static void assert_told(const struct good *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hg_url *url = NULL;
        hg_error err = {HG_OK};

        if (!hg_url_parse(cases[i].text, &url, &err))
            fail_msg("%s: %s", cases[i].text, err.message);
        assert_string_equal(told(url), cases[i].told);
        hg_url_free(url);
    }
}

static void the_forms_of_sqlalchemy_and_libpq_are_understood(void **state)
{
    // clang-format off
    static const struct good cases[] = {
        {"postgresql://", "postgresql db="},
        {"postgresql:///app", "postgresql db=app"},
        {"postgres://db.internal/app", "postgres host=db.internal|5432 db=app"},
        {"postgresql://u@h", "postgresql user=u host=h|5432 db=u"},
        {"postgresql://u:p@h:6432/app", "postgresql user=u password=p host=h|6432 db=app"},
        {"postgresql://u:@h/app", "postgresql user=u host=h|5432 db=app"},
        {"postgresql+psycopg2://u:p@h/app", "postgresql user=u password=p host=h|5432 db=app"},
        {"postgres+asyncpg://h/app", "postgres host=h|5432 db=app"},
        {"postgresql://h1:1,h2,h3:65535/app", "postgresql host=h1|1 host=h2|5432 host=h3|65535 db=app"},
        {"postgresql://[::1]/app", "postgresql host=::1|5432 db=app"},
        {"postgresql://[2001:db8::5]:99,[fe80::1%25eth0]/app", "postgresql host=2001:db8::5|99 host=fe80::1%eth0|5432 db=app"},
        {"postgresql://%2Fvar%2Frun%2Fpostgresql/app", "postgresql host=/var/run/postgresql|5432 db=app"},
        {"postgresql://%2Frun:5433/app", "postgresql host=/run|5433 db=app"},
        {"postgresql://:5433/app", "postgresql host=|5433 db=app"},
        {"postgresql:///app?host=/var/run/postgresql", "postgresql host=/var/run/postgresql|5432 db=app"},
        {"postgresql:///app?host=/cloudsql/a:b:c", "postgresql host=/cloudsql/a:b:c|5432 db=app"},
        {"postgresql://%C3%BCser:p%40%2F%3A%3f%23%25%20@h/caf%C3%A9", "postgresql user=\xC3\xBCser password=p@/:?#%  host=h|5432 db=caf\xC3\xA9"},
    };
    // clang-format on

    (void)state;
    assert_told(cases, sizeof cases / sizeof *cases);
}

static void parameters_may_say_what_usually_stands_in_the_url(void **state)
{
    // clang-format off
    static const struct good cases[] = {
        {"postgresql://?user=u&password=p%26q&host=h&port=99&dbname=app", "postgresql user=u password=p&q host=h|99 db=app"},
        {"postgresql://x:y@z/w?user=u&password=p&host=h&dbname=app", "postgresql user=u password=p host=h|5432 db=app"},
        {"postgresql:///app?host=a,b&port=1,2", "postgresql host=a|1 host=b|2 db=app"},
        {"postgresql:///app?port=1,&host=a,b", "postgresql host=a|1 host=b|5432 db=app"},
        {"postgresql://a,b/app?port=7", "postgresql host=a|7 host=b|7 db=app"},
        {"postgresql:///app?port=7", "postgresql host=|7 db=app"},
        {"postgresql://u@/app?host=a:1&host=b&host=::1", "postgresql user=u host=a|1 host=b|5432 host=::1|5432 db=app"},
        {"postgresql://h/app?prepared=off", "postgresql host=h|5432 db=app prepared=off"},
        {"postgresql://h/app?sslmode=verify-full&sslrootcert=/etc/ca.pem", "postgresql host=h|5432 db=app sslmode=verify-full sslrootcert=/etc/ca.pem"},
        {"postgresql://h/app?options=-csearch_path%3Dapp&connect_timeout=5", "postgresql host=h|5432 db=app options=-csearch_path=app connect_timeout=5"},
        {"postgresql://h/app?target_session_attrs=read-write", "postgresql host=h|5432 db=app target_session_attrs=read-write"},
    };
    // clang-format on

    (void)state;
    assert_told(cases, sizeof cases / sizeof *cases);
}

static void a_sqlite_url_is_a_path(void **state)
{
    // clang-format off
    static const struct good cases[] = {
        {"sqlite://", "sqlite path=:memory: db=:memory:"},
        {"sqlite:///", "sqlite path=:memory: db=:memory:"},
        {"sqlite:///:memory:", "sqlite path=:memory: db=:memory:"},
        {"sqlite:///app.db", "sqlite path=app.db db=app.db"},
        {"sqlite:///./instance/app.db", "sqlite path=./instance/app.db db=app.db"},
        {"sqlite:////srv/my app/a%20b#1@x.db", "sqlite path=/srv/my app/a%20b#1@x.db db=a%20b#1@x.db"},
        {"sqlite+pysqlite:///app.db?timeout=10", "sqlite path=app.db db=app.db timeout=10"},
    };
    // clang-format on

    (void)state;
    assert_told(cases, sizeof cases / sizeof *cases);
}

struct bad {
    const char *text;
    int column;
    const char *says, *hints; /* parts of message and hint */
};

/* Secrets in the cases below are spelled "hush" and "SeCrEt". */
static void assert_refused(const struct bad *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hg_url *url = NULL;
        hg_error err = {HG_OK};

        if (hg_url_parse(cases[i].text, &url, &err))
            fail_msg("%s was understood", cases[i].text);
        assert_null(url);
        assert_int_equal(err.code, HG_CONFIG);
        if (err.column != cases[i].column || strstr(err.message, cases[i].says) == NULL
            || strstr(err.hint, cases[i].hints) == NULL)
            fail_msg("%s: column %d, %s | %s", cases[i].text, err.column, err.message, err.hint);
        assert_null(strstr(err.message, "hush"));
        assert_null(strstr(err.message, "SeCrEt"));
        assert_null(strstr(err.hint, "hush"));
        assert_null(strstr(err.hint, "SeCrEt"));
        assert_string_equal(err.excerpt, "");
    }
}

static void a_forgotten_percent_encoding_is_refused_where_it_stands(void **state)
{
    // clang-format off
    static const struct bad cases[] = {
        {"postgresql://u:hush@SeCrEt@h/d", 20, "raw \"@\"", "%40"},
        {"postgresql://u:hush/SeCrEt@h/d", 20, "raw \"/\"", "%2F"},
        {"postgresql://u:hush?SeCrEt@h/d", 20, "raw \"?\"", "%3F"},
        {"postgresql://u:hush#SeCrEt@h/d", 20, "raw \"#\"", "%23"},
        {"postgresql://u:hush:SeCrEt@h/d", 20, "raw \":\"", "%3A"},
        {"postgresql://u:hush SeCrEt@h/d", 20, "raw \" \"", "%20"},
        {"postgresql://u:hu@sh/SeCrEt@h/d", 18, "raw \"@\"", "%40"},
        {"postgresql://u:hush%SeCrEt@h/d", 20, "two hexadecimal digits", "%25"},
        {"postgresql://u:hush%4@h/d", 20, "two hexadecimal digits", "%25"},
        {"postgresql://u:hush%00@h/d", 20, "zero byte", ""},
        {"postgresql://u:hush/d", 16, "port", "user:password@host"},
        {"postgresql://u:p@h/d?user=a@b", 28, "raw \"@\"", "%40"},
        {"postgresql://h/d?password=hush&SeCrEt", 32, "without a name", ""},
        {"postgresql://h/d?password=hush&SeCrEt=1", 32, "a parameter is not known", ""},
        {"postgresql://h/d?password=hu+sh", 29, "raw \"+\"", "%2B"},
        {"postgresql://h/d?sslpassword=hush&x=SeCrEt", 35, "a parameter is not known", ""},
    };
    // clang-format on

    (void)state;
    assert_refused(cases, sizeof cases / sizeof *cases);
}

static void what_is_no_database_url_is_refused(void **state)
{
    // clang-format off
    static const struct bad cases[] = {
        {"", 1, "not a database URL", "postgresql://"},
        {"hush", 1, "not a database URL", "postgresql://"},
        {"u:hush@h/d", 1, "not a database URL", "postgresql://"},
        {"postgresql:/h/d", 1, "not a database URL", "postgresql://"},
        {"jdbc:postgresql://h/d", 1, "JDBC", "jdbc:"},
        {"mysql://u:hush@h/d", 1, "\"mysql\"", "PostgreSQL and SQLite"},
        {"postgre://h/d", 1, "\"postgre\"", "postgres://"},
        {"postgressql://h/d", 1, "\"postgressql\"", "postgresql://"},
        {"PostgreSQL://h/d", 1, "\"PostgreSQL\"", "postgresql://"},
        {"pgsql://h/d", 1, "\"pgsql\"", "postgresql://"},
        {"sqlite3:///app.db", 1, "\"sqlite3\"", "sqlite://"},
        {"postgresql+://h/d", 12, "driver", ""},
        {"postgresql+a.b://h/d", 12, "driver", ""},
        {" postgresql://h/d", 1, "space", ""},
        {"postgresql://h/d ", 17, "space", ""},
        {"postgresql://h\t/d", 15, "control character", ""},
        {"postgresql://h\xC2\x85/d", 15, "control character", ""},
        {"postgresql://h\xFF/d", 15, "not UTF-8", ""},
        {"postgresql://h%1b/d", 14, "control character", ""},
        {"postgresql://%ff/d", 14, "control character", ""},
    };
    // clang-format on

    (void)state;
    assert_refused(cases, sizeof cases / sizeof *cases);
}

static void hosts_ports_and_databases_are_checked(void **state)
{
    // clang-format off
    static const struct bad cases[] = {
        {"postgresql://h:0/d", 16, "port", ""},
        {"postgresql://u@h:65536/d", 18, "port", ""},
        {"postgresql://u@h:99999999999999999999/d", 18, "port", ""},
        {"postgresql://u@h:/d", 18, "port", ""},
        {"postgresql://u@h:5x/d", 18, "port", ""},
        {"postgresql://a,,b/d", 16, "host is missing", ""},
        {"postgresql://a,/d", 15, "host is missing", ""},
        {"postgresql://::1/d", 14, "more than one \":\"", "brackets"},
        {"postgresql://[::1/d", 14, "enclose", ""},
        {"postgresql://[::1]x/d", 14, "enclose", ""},
        {"postgresql://[app]/d", 15, "IPv6", ""},
        {"postgresql://a%2Fb/d", 14, "host's name", ""},
        {"postgresql://h//d", 16, "raw \"/\"", "%2F"},
        {"postgresql:///d?host=a,b&port=1,2,3", 31, "3 ports for 2 hosts", ""},
        {"postgresql:///d?host=a:b:c", 22, "host's name", ""},
        {"sqlite://app.db", 10, "no host", "three slashes"},
        {"sqlite:///instance/", 19, "folder", ""},
        {"sqlite:///..", 12, "folder", ""},
        {"sqlite:///file:app.db?uri=true", 11, "file:", "sqlite:///"},
    };
    // clang-format on

    (void)state;
    assert_refused(cases, sizeof cases / sizeof *cases);
}

static void parameters_are_checked(void **state)
{
    // clang-format off
    static const struct bad cases[] = {
        {"postgresql://h/d?", 17, "parameter is missing", ""},
        {"postgresql://h/d?sslmode=require&", 33, "parameter is missing", ""},
        {"postgresql://h/d?sslmode", 18, "without a name", "?name=value"},
        {"postgresql://h/d?=x", 18, "without a name", "?name=value"},
        {"postgresql://h/d?sslmode=require?x=1", 33, "raw \"?\"", ""},
        {"postgresql://h/d?sslmode=require&sslmode=disable", 34, "given twice", ""},
        {"postgresql://h/d?port=1&port=2", 25, "given twice", ""},
        {"postgresql://h/d?ssl=true", 18, "\"ssl\"", "sslmode=require"},
        {"postgresql://h/d?sslmod=require", 18, "\"sslmod\"", "sslmode?"},
        {"postgresql://h/d?pool_size=5", 18, "\"pool_size\"", "DB_POOL_SIZE"},
        {"postgresql://h/d?zzz=5", 18, "\"zzz\"", "libpq"},
        {"postgresql://h/d?prepared=simple", 27, "\"prepared\"", "unnamed"},
        {"postgresql://h/d?prepareThreshold=0", 18, "\"prepareThreshold\"", "calls it prepared"},
        {"postgresql://h/d?sslmode=on", 26, "\"sslmode\"", "verify-full"},
        {"postgresql://h/d?sslmode=verify", 26, "\"sslmode\"", "verify-full"},
        {"postgresql://h/d?sslmode=", 26, "\"sslmode\"", "verify-full"},
        {"postgresql://h/d?connect_timeout=5s", 34, "\"connect_timeout\"", "number"},
        {"sqlite:///a.db?mode=ro", 16, "\"mode\"", "--read-only"},
        {"sqlite:///a.db?sslmode=require", 16, "\"sslmode\"", "path"},
    };
    // clang-format on

    (void)state;
    assert_refused(cases, sizeof cases / sizeof *cases);
}

static void a_redacted_url_is_the_url_without_its_secrets(void **state)
{
    // clang-format off
    static const struct good cases[] = {
        {"postgresql://app:hush@db.internal:5432/app", "postgresql://app:***@db.internal:5432/app"},
        {"postgresql://app@db.internal/app", "postgresql://app@db.internal/app"},
        {"postgresql://app:@h/app", "postgresql://app@h/app"},
        {"postgresql://h/app?password=", "postgresql://h/app?password="},
        {"postgresql+psycopg2://h1,h2:1/app?password=hush&sslmode=require&sslpassword=hush", "postgresql+psycopg2://h1,h2:1/app?password=***&sslmode=require&sslpassword=***"},
        {"postgresql://%C3%BC:%20hush@[::1]/a%2Fb", "postgresql://%C3%BC:***@[::1]/a%2Fb"},
        {"sqlite:///./instance/app.db?timeout=3", "sqlite:///./instance/app.db?timeout=3"},
    };
    // clang-format on

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hg_url *url = NULL;

        assert_true(hg_url_parse(cases[i].text, &url, NULL));
        assert_string_equal(hg_url_redacted(url), cases[i].told);
        hg_url_free(url);
    }
}

static void a_secret_parameter_is_kept_for_the_driver_alone(void **state)
{
    hg_url *url = NULL;

    (void)state;
    assert_true(hg_url_parse("postgresql://h/d?sslmode=require&sslpassword=hu%20sh", &url, NULL));
    assert_string_equal(hg_url_parameter_value(url, 1), "***");
    assert_string_equal(secret_reveal(url_parameter_secret(url, 1)), "hu sh");
    assert_null(url_parameter_secret(url, 0));
    hg_url_free(url);
}

static void a_port_that_was_not_written_is_not_given(void **state)
{
    hg_url *url = NULL;

    (void)state;
    assert_true(hg_url_parse("postgresql://a,b:5432/d", &url, NULL));
    assert_false(url_port_given(url, 0));
    assert_true(url_port_given(url, 1));
    hg_url_free(url);
}

static void a_url_that_was_understood_guards_its_password_in_errors(void **state)
{
    hg_url *url = NULL;
    hg_error err;

    (void)state;
    assert_true(hg_url_parse("postgresql://u:hu%40sh@h/d", &url, NULL));
    hg_fail(&err, HG_AUTH, "server said: hu@sh and hu%%40sh");
    assert_string_equal(err.message, "server said: *** and ***");
    hg_url_free(url);
}

static void another_database_of_the_same_server_keeps_all_else(void **state)
{
    hg_url *url = NULL, *other = NULL, *none = NULL;
    hg_error err = {HG_OK};

    (void)state;
    assert_true(
        hg_url_parse("postgresql+asyncpg://app:s3cret@a:1,b/main?sslmode=require", &url, &err));
    assert_true(hg_url_with_database(url, "odd name/%", &other, &err));
    hg_url_free(url); /* the copy stands on its own */
    assert_string_equal(told(other), "postgresql user=app password=s3cret host=a|1 host=b|5432 "
                                     "db=odd name/% sslmode=require");
    assert_string_equal(hg_url_redacted(other), "postgresql://app:***@a:1,b:5432/odd name/%");
    hg_url_free(other);
    assert_true(hg_url_parse("sqlite:///app.db", &url, &err));
    assert_false(hg_url_with_database(url, "other", &none, &err));
    assert_int_equal(err.code, HG_MISUSE);
    hg_url_free(url);
}

static void a_files_name_means_itself_in_every_byte(void **state)
{
    static const struct good cases[] = {
        {"app.db", "sqlite path=app.db db=app.db"},
        {"/srv/100%25 a?b#c.db", "sqlite path=/srv/100%25 a?b#c.db db=100%25 a?b#c.db"},
    };
    hg_url *url = NULL;
    hg_error err = {HG_OK};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(hg_url_of_file(cases[i].text, &url, &err));
        assert_string_equal(told(url), cases[i].told);
        hg_url_free(url);
    }
    assert_false(hg_url_of_file("", &url, &err));
    assert_int_equal(err.code, HG_CONFIG);
    assert_false(hg_url_of_file("instance/", &url, &err));
    assert_int_equal(err.code, HG_CONFIG);
}

static void no_allocation_that_fails_leaks_or_crashes(void **state)
{
    static const char text[] =
        "postgresql+x://u:hush@a:1,[::1]/d?sslmode=require&sslpassword=hush&port=1,2";
    bool ok = false;
    long n;

    (void)state;
    for (n = 1; !ok; n++) {
        hg_url *url = NULL;
        hg_error err = {HG_OK};

        alloc_fail_at(n);
        ok = hg_url_parse(text, &url, &err);
        alloc_fail_at(0);
        assert_int_equal(err.code, ok ? HG_OK : HG_NOMEM);
        hg_url_free(url);
    }
    assert_in_range(n, 5, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forms_of_sqlalchemy_and_libpq_are_understood),
        cmocka_unit_test(parameters_may_say_what_usually_stands_in_the_url),
        cmocka_unit_test(a_sqlite_url_is_a_path),
        cmocka_unit_test(a_forgotten_percent_encoding_is_refused_where_it_stands),
        cmocka_unit_test(what_is_no_database_url_is_refused),
        cmocka_unit_test(hosts_ports_and_databases_are_checked),
        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(a_redacted_url_is_the_url_without_its_secrets),
        cmocka_unit_test(a_secret_parameter_is_kept_for_the_driver_alone),
        cmocka_unit_test(a_port_that_was_not_written_is_not_given),
        cmocka_unit_test(a_url_that_was_understood_guards_its_password_in_errors),
        cmocka_unit_test(another_database_of_the_same_server_keeps_all_else),
        cmocka_unit_test(a_files_name_means_itself_in_every_byte),
        cmocka_unit_test(no_allocation_that_fails_leaks_or_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
