/*
 * test_cut.c - of a schema that is too large to be copied: what statements may touch, with what
 * that needs and what depends on it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "migrate/cut.h"

/*
 * A table "child" refers to "parent", which refers to "grand"; "view" reads parent; "part1" and
 * "part2" are partitions of "whole"; "domain" is the type of a column of "user table".
 */
static const struct {
    enum object_kind kind;
    const char *table, *name;
    uint64_t tag, needs[2];
    const char *references;
} objects[] = {
    {OBJECT_TYPE, "", "domain", 1, {0}, NULL},
    {OBJECT_FUNCTION, "", "stamp(integer, text)", 2, {0}, NULL},
    {OBJECT_TABLE, "", "grand", 10, {0}, NULL},
    {OBJECT_COLUMN, "grand", "id", 11, {0}, NULL},
    {OBJECT_TABLE, "", "parent", 20, {0}, NULL},
    {OBJECT_COLUMN, "parent", "id", 21, {0}, NULL},
    {OBJECT_CONSTRAINT, "parent", "parent_pk", 22, {21}, NULL},
    {OBJECT_CONSTRAINT, "parent", "parent_grand", 23, {21, 11}, "grand"},
    {OBJECT_TABLE, "", "child", 30, {0}, NULL},
    {OBJECT_COLUMN, "child", "parent", 31, {0}, NULL},
    {OBJECT_INDEX, "child", "child_parent", 32, {31}, NULL},
    {OBJECT_CONSTRAINT, "child", "child_parent_key", 33, {31, 22}, "parent"},
    {OBJECT_TRIGGER, "child", "child_stamp", 34, {2}, NULL},
    {OBJECT_VIEW, "", "view", 40, {21}, NULL},
    {OBJECT_TABLE, "", "whole", 50, {0}, NULL},
    {OBJECT_TABLE, "", "part1", 51, {50}, NULL},
    {OBJECT_TABLE, "", "part2", 52, {50}, NULL},
    {OBJECT_TABLE, "", "user table", 60, {0}, NULL},
    {OBJECT_COLUMN, "user table", "email", 61, {1}, NULL},
};

static struct model *make_model(void)
{
    struct model_maker maker = {.model = model_new(HG_POSTGRESQL, 150000, "public")};

    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        struct object *o =
            model_add(&maker, objects[i].kind, "", objects[i].table, objects[i].name);

        assert_non_null(o);
        o->tag = objects[i].tag;
        assert_true(model_fact(&maker, o, FACT_REFERENCES, objects[i].references));
        for (size_t k = 0; k < 2 && objects[i].needs[k] != 0; k++)
            assert_true(model_need(&maker, objects[i].tag, objects[i].needs[k]));
    }
    assert_true(model_finish(&maker, NULL));
    return maker.model;
}

/* The names of what is kept, by kind. */
static const char *kept_by(const struct model *model, const char *sql)
{
    static char text[512];
    struct script_statement statement = {.sql = sql, .size = strlen(sql)};
    const struct script script = {.statements = &statement, .count = 1};
    struct buf out = BUF_INIT(sizeof text - 1);
    struct arena arena = ARENA_INIT;
    const bool *kept = cut_make(&arena, model, &script, 1);

    assert_non_null(kept);
    for (size_t i = 0; i < model->count; i++)
        if (kept[i])
            buf_printf(&out, "%s%s", out.size == 0 ? "" : ", ", model->objects[i].name);
    assert_false(buf_failed(&out));
    memcpy(text, out.size == 0 ? "" : out.bytes, out.size + 1);
    buf_release(&out);
    arena_release(&arena);
    return text;
}

static void what_a_statement_may_touch_is_kept(void **state)
{
    static const struct {
        const char *sql, *kept;
    } cases[] = {
        {"SELECT 1", ""},
        {"ALTER TABLE grand ADD c int", "grand, parent, id, id, parent_grand, parent_pk"},
        {"ALTER TABLE public.Child DROP x",
         "stamp(integer, text), child, parent, parent, id, child_parent_key, parent_pk, "
         "child_parent, child_stamp"},
        {"DROP TABLE parent", "child, grand, parent, parent, id, id, child_parent_key, "
                              "parent_grand, parent_pk, child_parent, view"},
        {"DROP TABLE part1", "part1, part2, whole"},
        {"ALTER TABLE whole ADD c int", "part1, part2, whole"},
        {"ALTER DOMAIN domain ADD CHECK (VALUE > 0)", "domain, user table, email"},
        {"UPDATE \"user table\" SET email = ''", "domain, user table, email"},
        {"DROP INDEX child_parent", "child, parent, child_parent"},
        {"SELECT 'whole' /* whole */", ""},
        {"DROP SCHEMA elsewhere",
         "domain, stamp(integer, text), child, grand, parent, part1, part2, user table, whole, "
         "parent, id, id, email, child_parent_key, parent_grand, parent_pk, child_parent, view, "
         "child_stamp"},
    };
    struct model *model = make_model();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strcmp(kept_by(model, cases[i].sql), cases[i].kept) != 0)
            fail_msg("%s\n  keeps    %s\n  expected %s", cases[i].sql, kept_by(model, cases[i].sql),
                     cases[i].kept);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_statement_may_touch_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
