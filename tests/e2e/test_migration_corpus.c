/*
 * test_migration_corpus.c - awkward SQL as a folder of migrations ends as it does when the engine's
 * own shell runs it: psql, which also says how many statements it saw, and sqlite3. The files are
 * in tests/migrate/corpus; each writes into the table "outcome" what it has seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

/* The same files twice: as migrations on one database, by the shell on another. */
struct pair {
    char *dir, *folder; /* the project; the corpus */
    char *ours, *theirs;
    struct file_list files;
    bool postgres;
};

static struct process_result must_run(const struct pair *p, const char *const *argv)
{
    struct process_result r = process_run(p->dir, (const char *const[]){NULL}, argv);

    if (r.status != 0)
        fail_msg("%s %s: exit %d\n%s%s", argv[0], argv[1], r.status, r.out, r.err);
    return r;
}
#define MUST_RUN(p, ...) must_run((p), (const char *const[]){__VA_ARGS__, NULL})

static void write_migration(const struct pair *p, const char *name)
{
    struct buf text = BUF_INIT(1 << 20);
    char *from = temp_path(p->folder, name), to[128];

    snprintf(to, sizeof to, "migrations/%s", name);
    buf_text(&text, "-- migrate:up\n");
    assert_true(file_read(from, &text, NULL));
    buf_text(&text, "\n-- migrate:down\n");
    temp_write(p->dir, to, text.bytes);
    buf_release(&text);
    free(from);
}

static void begin(struct pair *p, bool postgres)
{
    *p = (struct pair){.dir = temp_dir_make(), .postgres = postgres};
    p->folder =
        temp_path(TEST_SOURCE_DIR "/tests/migrate/corpus", postgres ? "postgresql" : "sqlite");
    p->ours = postgres ? postgres_database() : strdup("ours.db");
    p->theirs = postgres ? postgres_database() : strdup("theirs.db");
    assert_true(file_list(p->folder, ".sql", &p->files, NULL));
    assert_in_range(p->files.count, 2, 100);
    for (size_t i = 0; i < p->files.count; i++)
        write_migration(p, p->files.names[i]);
}

static void end(struct pair *p)
{
    file_list_release(&p->files);
    temp_dir_remove(p->dir);
    free(p->folder);
    free(p->ours);
    free(p->theirs);
}

static char *url_of(const struct pair *p, const char *database)
{
    char url[128];

    if (p->postgres)
        return postgres_url_text(database);
    snprintf(url, sizeof url, "sqlite:///%s", database);
    return strdup(url);
}

/* psql tells each statement that ended in a line. */
static long count_lines(const char *text)
{
    long lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* Runs one file of the corpus in the engine's own shell, in one transaction; how many statements
 * it says it was, -1: it does not say. */
static long run_theirs(const struct pair *p, const char *name)
{
    char *path = temp_path(p->folder, name), *url = url_of(p, p->theirs), read[512];
    struct process_result r;
    long statements;

    snprintf(read, sizeof read, ".read %s", path);
    r = p->postgres
            ? MUST_RUN(p, "psql", "-X", "-1", "-v", "ON_ERROR_STOP=1", "-f", path, "-d", url)
            : MUST_RUN(p, "sqlite3", "-bail", p->theirs, "BEGIN", read, "COMMIT");
    statements = p->postgres ? count_lines(r.out) : -1;
    process_release(&r);
    free(path);
    free(url);
    return statements;
}

static json_t *run_ours(const struct pair *p)
{
    char *url = url_of(p, p->ours);
    struct process_result r;
    json_t *root;

    r = MUST_RUN(p, TEST_HEADGATE, "--url", url, "init", "-q");
    process_release(&r);
    r = MUST_RUN(p, TEST_HEADGATE, "--url", url, "up", "--json");
    root = json_loads(r.out, 0, NULL);
    assert_non_null(root);
    process_release(&r);
    free(url);
    return root;
}

static char *schema_of(const struct pair *p, const char *database)
{
    char *url = url_of(p, database), *text;
    struct process_result r = MUST_RUN(p, TEST_HEADGATE, "--url", url, "schema", "dump");

    text = strdup(r.out);
    process_release(&r);
    free(url);
    return text;
}

static char *outcome_of(const struct pair *p, const char *database)
{
    struct process_result r;
    char *text;

    if (p->postgres)
        return postgres_ask(database, "SELECT string_agg(what, E'\\n' ORDER BY what) FROM outcome");
    r = MUST_RUN(p, "sqlite3", database, "SELECT what FROM outcome ORDER BY what");
    text = strdup(r.out);
    process_release(&r);
    return text;
}

static void compare(const struct pair *p, char *(*told)(const struct pair *p, const char *database))
{
    char *ours = told(p, p->ours), *theirs = told(p, p->theirs);

    assert_true(strlen(ours) > 0);
    assert_string_equal(ours, theirs);
    free(ours);
    free(theirs);
}

static void ends_as_in_its_shell(bool postgres)
{
    struct pair p;
    json_t *root;

    begin(&p, postgres);
    root = run_ours(&p);
    assert_int_equal(json_array_size(json_object_get(root, "applied")), p.files.count);
    for (size_t i = 0; i < p.files.count; i++) {
        json_t *step = json_array_get(json_object_get(root, "applied"), i);
        long ours = (long)json_integer_value(json_object_get(step, "statements"));
        long theirs = run_theirs(&p, p.files.names[i]);

        if (theirs >= 0 && ours != theirs)
            fail_msg("%s: %ld statements, and %ld for the shell", p.files.names[i], ours, theirs);
    }
    compare(&p, outcome_of);
    compare(&p, schema_of);
    json_decref(root);
    end(&p);
}

static void awkward_files_end_as_in_psql(void **state)
{
    (void)state;
    ends_as_in_its_shell(true);
}

static void awkward_files_end_as_in_sqlite3(void **state)
{
    (void)state;
    ends_as_in_its_shell(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(awkward_files_end_as_in_psql),
        cmocka_unit_test(awkward_files_end_as_in_sqlite3),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
