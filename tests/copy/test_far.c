/*
 * test_far.c - values that are larger than memory is for: they arrive as they are, are judged like
 * any other, and the copy stays as small as it is.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "copying.h"
#include "support/process.h"

/* Texts of so many characters of three bytes that pieces end within one, wherever they begin. */
#define NOTE "replace(hex(zeroblob(200000)), '00', '€')"

static void texts_and_bytes_arrive_as_they_are(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides,
              "CREATE TABLE docs (id INTEGER PRIMARY KEY, note TEXT, body BLOB, mixed BLOB, n INT)",
              "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 3) INSERT "
              "INTO docs SELECT i, substr('abc', 1, i) || " NOTE
              ", randomblob(600000 + i), 'a text "
              "of ' || hex(zeroblob(300000)), i FROM n",
              "INSERT INTO docs VALUES (9, 'short', x'00', NULL, NULL)",
              "CREATE TABLE notes (note VARCHAR(300000), rowid TEXT)",
              "INSERT INTO notes SELECT note, id FROM docs");
    must_copy(&sides);
    assert_target(&sides,
                  "SELECT string_agg(length(note) || '/' || octet_length(note) || '/' || "
                  "length(body) || '/' || length(mixed), ' ' ORDER BY id) FROM docs WHERE id < 9",
                  "200000/600000/600000/600010 200001/600001/600001/600010 "
                  "200002/600002/600002/600010 200003/600003/600003/600010");
    assert_int_equal(finding_of(&sides, "docs", "text-as-bytes")->count, 4);
    for (size_t i = 0; i < sides.result->table_count; i++)
        assert_true(sides.result->tables[i].match);
    sides.options.mode = HG_COPY_VERIFY;
    must_copy(&sides);
    in_target(&sides, "UPDATE docs SET body = set_byte(body, 599999, get_byte(body, 599999) # 1) "
                      "WHERE id = 2");
    assert_false(copy_them(&sides));
    assert_int_equal(sides.result->difference_count, 1);
    assert_int_equal(sides.result->differences[0].key, 2);
    assert_string_equal(sides.result->differences[0].columns, "body");
    close_sides(&sides);
}

/* A few blocks of the server hold the rows of much that lies elsewhere: they are cut finely, or
 * shared where that is not fine enough. */
static void each_row_is_read_back_once_however_large_it_is(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE few (id INTEGER PRIMARY KEY, body BLOB)",
              "CREATE TABLE many (id INTEGER PRIMARY KEY, body BLOB)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 75) INSERT "
              "INTO few SELECT i, zeroblob(240000 + i) FROM n",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) "
              "INSERT INTO many SELECT i, zeroblob(60000 + i) FROM n");
    must_copy(&sides);
    for (size_t i = 0; i < sides.result->table_count; i++) {
        assert_true(sides.result->tables[i].match);
        assert_int_equal(sides.result->tables[i].target_rows, sides.result->tables[i].rows_written);
    }
    in_target(&sides, "DELETE FROM few WHERE id = 75; UPDATE many SET body = '' WHERE id = 301");
    sides.options.mode = HG_COPY_VERIFY;
    assert_false(copy_them(&sides));
    assert_int_equal(sides.result->difference_count, 2);
    close_sides(&sides);
}

/* Rows are read again for what they have to be beside one another, and as a whole. */
static void keys_and_conditions_are_looked_at_beside_them(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE docs (id INTEGER PRIMARY KEY, note TEXT, n INT, m INT)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) INSERT "
              "INTO docs SELECT i, " NOTE ", i / 2, -i FROM n");
    in_target(&sides, "CREATE TABLE docs (id bigint PRIMARY KEY, note text CHECK (length(note) > "
                      "200000), n int UNIQUE, m int)");
    assert_false(copy_them(&sides));
    assert_int_equal(problem_of(&sides, "duplicate")->count, 1);
    assert_int_equal(problem_of(&sides, "check")->count, 3);
    in_target(&sides, "ALTER TABLE docs DROP CONSTRAINT docs_note_check, DROP CONSTRAINT "
                      "docs_n_key, ADD CHECK (m > -3)");
    assert_false(copy_them(&sides));
    assert_int_equal(problem_of(&sides, "check")->count, 1);
    close_sides(&sides);
}

/* --- that do not fit --- */

static void open_misfits(struct sides *sides)
{
    open_sides(sides);
    IN_SOURCE(sides, "CREATE TABLE docs (id INTEGER PRIMARY KEY, note TEXT, code TEXT)",
              "INSERT INTO docs VALUES (1, " NOTE " || x'e282' || '-' || " NOTE ", NULL)",
              "INSERT INTO docs VALUES (2, " NOTE " || CAST(x'00' AS TEXT) || 'x', NULL)",
              "INSERT INTO docs VALUES (3, zeroblob(700000), NULL)",
              "INSERT INTO docs VALUES (4, CAST('x' || " NOTE " AS BLOB), NULL)",
              "INSERT INTO docs VALUES (5, 'x', " NOTE ")");
    in_target(sides, "CREATE TABLE docs (id bigint PRIMARY KEY, note text, code varchar(100000))");
}

static void what_is_wrong_with_them_is_found_like_anything_else(void **state)
{
    struct sides sides;
    const hg_copy_finding *finding;

    (void)state;
    open_misfits(&sides);
    sides.options.mode = HG_COPY_DRY_RUN;
    assert_false(copy_them(&sides));
    finding = finding_of(&sides, "docs", "text-utf8");
    assert_int_equal(finding->count, 1);
    assert_int_equal(finding->samples[0].rowid, 1);
    assert_string_equal(finding->samples[0].storage, "text");
    assert_non_null(strstr(finding->samples[0].value, "\\u{20ac}\\u{20ac}"));
    assert_int_equal(finding_of(&sides, "docs", "text-nul")->samples[0].rowid, 2);
    finding = finding_of(&sides, "docs", "text-blob");
    assert_int_equal(finding->count, 2);
    assert_string_equal(finding->samples[0].storage, "blob");
    assert_memory_equal(finding->samples[0].value, "x'0000", 6);
    assert_int_equal(finding_of(&sides, "docs", "text-length")->samples[0].rowid, 5);
    close_sides(&sides);
}

static void rules_are_for_them_too(void **state)
{
    static const char *const rules[] = {
        "docs.note@text-nul truncate",
        "docs.note@text-utf8 reject",
        "docs.note@text-blob cast utf8",
        "docs.note@text-blob null",
        "docs.code truncate",
    };
    char *rejects;
    struct buf file = BUF_INIT(16 << 20);
    struct sides sides;

    (void)state;
    open_misfits(&sides);
    rejects = temp_path(sides.dir, "rejects");
    sides.options.rules = rules;
    sides.options.rule_count = sizeof rules / sizeof *rules;
    sides.options.rejects_file = rejects;
    must_copy(&sides);
    assert_target(&sides,
                  "SELECT string_agg(id || ':' || coalesce(length(note), 0) || ':' || "
                  "coalesce(length(code), 0), ' ' ORDER BY id) FROM docs",
                  "2:200000:0 3:0:0 4:200001:0 5:1:100000");
    assert_true(file_read(rejects, &file, NULL));
    assert_true(file.size > 2 * 1200000); /* all of it, in hexadecimal digits */
    buf_release(&file);
    free(rejects);
    close_sides(&sides);
}

/* All of a value is read before any of it is sent. */
static void a_damaged_page_within_one_stops_the_copy_before_anything_is_made(void **state)
{
    struct sides sides;
    int fd;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "PRAGMA journal_mode = DELETE",
              "CREATE TABLE docs (id INTEGER PRIMARY KEY, body BLOB)",
              "INSERT INTO docs VALUES (1, zeroblob(700000))");
    fd = open(sides.path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\xff\xff\xff\xff", 4, 100 * 4096), 4); /* which page is next */
    close(fd);
    assert_false(copy_them(&sides));
    assert_non_null(strstr(sides.err.message, "malformed"));
    assert_target(&sides, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "0");
    close_sides(&sides);
}

/* --- memory --- */

/* Runs headgate; the most memory, in KiB, that it has had. */
static long run_copy(const struct sides *sides)
{
    char *url = postgres_url_text(sides->database);
    const char *const argv[] = {TEST_HEADGATE, "copy",       "--yes", "--sqlite",
                                sides->path,   "--postgres", url,     NULL};
    struct rusage usage;
    int status = -1;
    pid_t child = process_start(sides->dir, NULL, argv);

    assert_int_equal(wait4(child, &status, 0, &usage), child);
    free(url);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return usage.ru_maxrss;
}

static void memory_does_not_grow_with_them(void **state)
{
    struct sides sides;
    long resident_kib;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE docs (id INTEGER PRIMARY KEY, note TEXT, body BLOB)",
              "INSERT INTO docs VALUES (1, 'a', zeroblob(48000000))",
              "INSERT INTO docs VALUES (2, replace(hex(zeroblob(12000000)), '00', 'ä'), NULL)",
              "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT "
              "INTO docs SELECT i, NULL, zeroblob(i * 100000) FROM n");
    resident_kib = run_copy(&sides);
    assert_target(&sides, "SELECT count(*) || ' ' || max(length(body)) FROM docs", "20 48000000");
    close_sides(&sides);
    if (TEST_SANITIZE[0] != '\0')
        skip(); /* a sanitizer's memory is its own */
    assert_in_range(resident_kib, 1000, 32 << 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_bytes_arrive_as_they_are),
        cmocka_unit_test(each_row_is_read_back_once_however_large_it_is),
        cmocka_unit_test(keys_and_conditions_are_looked_at_beside_them),
        cmocka_unit_test(what_is_wrong_with_them_is_found_like_anything_else),
        cmocka_unit_test(rules_are_for_them_too),
        cmocka_unit_test(a_damaged_page_within_one_stops_the_copy_before_anything_is_made),
        cmocka_unit_test(memory_does_not_grow_with_them),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
