/*
 * test_python.c - what Alembic's revision files say about themselves, in every way that its
 * templates and its users write it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "migrate/python.h"

static struct arena arena = ARENA_INIT;

static int forget(void **state)
{
    (void)state;
    alloc_fail_at(0);
    arena_release(&arena);
    return 0;
}

static struct python_revision read_text(const char *text)
{
    struct python_revision found;
    hg_error err = {0};

    if (!python_read("versions/x.py", text, strlen(text), &arena, &found, &err))
        fail_msg("%s (line %d)", err.message, err.line);
    return found;
}

/* "a b": the names, separated by blanks. */
static const char *joined(const struct python_names *names)
{
    static char out[256];
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < names->count; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", i == 0 ? "" : " ", names->items[i]);
    return out;
}

static void a_file_of_the_old_template_is_understood(void **state)
{
    struct python_revision r =
        read_text("\"\"\"add accounts\n\nRevision ID: 27c6a30d7c24\nRevises: ae1027a6acf\n"
                  "Create Date: 2011-11-08 11:40:27.089406\n\n\"\"\"\n\n"
                  "# revision identifiers, used by Alembic.\n"
                  "revision = '27c6a30d7c24'\ndown_revision = 'ae1027a6acf'\n"
                  "branch_labels = None\ndepends_on = None\n\n"
                  "from alembic import op\n\ndef upgrade():\n    revision = 'not this'\n"
                  "    op.execute('''\nrevision = \"nor this\"\n''')\n");

    (void)state;
    assert_string_equal(r.revision, "27c6a30d7c24");
    assert_string_equal(joined(&r.down_revision), "ae1027a6acf");
    assert_string_equal(r.message, "add accounts");
    assert_true(r.created == 20111108114027LL);
    assert_int_equal(r.depends_on.count + r.branch_labels.count, 0);
}

static void values_may_be_annotated_continued_and_of_every_shape(void **state)
{
    static const struct {
        const char *text, *down;
    } cases[] = {
        {"down_revision: Union[str, None] = 'a'", "a"},
        {"down_revision: Union[\n    str,\n    None,\n] = \"a\"  # why", "a"},
        {"down_revision = ('a', 'b')", "a b"},
        {"down_revision = (\n    'a',  # one\n    'b',\n)", "a b"},
        {"down_revision = ['a', \"b\"]", "a b"},
        {"down_revision = ('a' 'b')", "ab"},
        {"down_revision = \\\n    r'a'", "a"},
        {"down_revision = u'a'", "a"},
        {"down_revision = '''a'''", "a"},
        {"down_revision = None", ""},
        {"down_revision: None = None", ""},
        {"down_revision = ()", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        struct python_revision r;

        snprintf(text, sizeof text, "revision: str = 'x'\n%s\ndepends_on = ('c',)\n",
                 cases[i].text);
        r = read_text(text);
        assert_string_equal(r.revision, "x");
        assert_string_equal(joined(&r.down_revision), cases[i].down);
        assert_string_equal(joined(&r.depends_on), "c");
    }
}

static void what_is_no_revision_is_told_apart(void **state)
{
    (void)state;
    assert_null(read_text("").revision);
    assert_null(read_text("import os\n\ndef revision():\n    pass\n").revision);
    assert_null(read_text("revision == 'x'\n").revision);
    assert_null(read_text("if True:\n    revision = 'x'\n").revision);
    assert_null(read_text("'not closed\n").revision);
    assert_string_equal(read_text("\xEF\xBB\xBF").message, "");
}

static void a_value_that_only_python_knows_is_refused_with_its_place(void **state)
{
    static const char *const texts[] = {
        "revision = 'x'\ndown_revision = PARENT\n",
        "revision = 'x'\ndown_revision = 'a' + SUFFIX\n",
        "revision = 'x'\ndown_revision = ('a', f())\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct python_revision found;
        hg_error err = {0};

        assert_false(
            python_read("versions/x.py", texts[i], strlen(texts[i]), &arena, &found, &err));
        assert_int_equal(err.code, HG_FILE);
        assert_int_equal(err.line, 2);
        assert_non_null(strstr(err.message, "down_revision"));
        assert_string_equal(err.file, "versions/x.py");
    }
}

static void every_allocation_that_fails_is_told(void **state)
{
    static const char text[] = "\"\"\"m\"\"\"\nrevision = 'x'\ndown_revision = ('a', 'b')\n";
    struct python_revision found;
    hg_error err = {0};
    long n = 0;

    (void)state;
    do {
        alloc_fail_at(++n);
        err = (hg_error){0};
        if (!python_read("x.py", text, sizeof text - 1, &arena, &found, &err))
            assert_int_equal(err.code, HG_NOMEM);
        arena_release(&arena);
    } while (alloc_failed());
    assert_true(n > 3);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_of_the_old_template_is_understood),
        TEST(values_may_be_annotated_continued_and_of_every_shape),
        TEST(what_is_no_revision_is_told_apart),
        TEST(a_value_that_only_python_knows_is_refused_with_its_place),
        TEST(every_allocation_that_fails_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
