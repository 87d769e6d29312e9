/*
 * test_hazards.c - doc/hazards.md is the table of hazards, with the statements that have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/hazard.h>

#include "base/buf.h"
#include "base/file.h"
#include "sql/form.h"

static const char page_path[] = TEST_SOURCE_DIR "/doc/hazards.md";

/* Which versions a row speaks of: " (before PostgreSQL 12)". */
static void put_versions(struct buf *out, const struct form *form)
{
    const int bounds[] = {form->since, form->until};
    static const char *const words[] = {"from", "before"};

    for (size_t i = 0; i < 2; i++)
        if (bounds[i] > 0 && form_is_sqlite(form->id))
            buf_printf(out, " (%s SQLite 3.%d)", words[i], bounds[i] / 1000 % 1000);
        else if (bounds[i] > 0)
            buf_printf(out, " (%s PostgreSQL %d)", words[i], bounds[i] / 10000);
}

static void put_forms(struct buf *out, const char *id)
{
    size_t count, found = 0;
    const struct form *forms = form_all(&count);

    for (size_t i = 0; i < count; i++) {
        if (forms[i].hazard == NULL || strcmp(forms[i].hazard, id) != 0)
            continue;
        buf_printf(out, "%s`%s`%s", found++ == 0 ? "" : ", ", forms[i].text,
                   form_is_sqlite(forms[i].id) ? " in SQLite" : "");
        put_versions(out, &forms[i]);
    }
    if (found == 0)
        buf_text(out, "any, by what stands around it");
}

static void put_hazards(struct buf *out)
{
    size_t count;
    const hg_hazard *hazards = hg_hazards_all(&count);

    buf_text(out,
             "# Hazards\n\n"
             "What `headgate lint` and `headgate up --plan` warn of. A danger refuses a run in "
             "production until it is accepted by its name, with\n`headgate up --accept ID` or "
             "beside the statement, with the reason: `-- headgate:accept ID reason`. A warning "
             "refuses nothing. What the same\nplan has created has no hazards: nobody uses it "
             "yet.\n\n"
             "Made from the tables in `src/sql/hazard.c` and `src/sql/form.c`: change it there, "
             "then run `test_rules_hazards` with\n`UPDATE_GOLDEN=1`.\n\n"
             "| hazard | severity | statements | what happens | what to write instead |\n"
             "| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "| `%s` | %s | ", hazards[i].id, hg_severity_name(hazards[i].severity));
        put_forms(out, hazards[i].id);
        buf_printf(out, " | %s | %s |\n", hazards[i].message, hazards[i].safer);
    }
}

static void the_page_of_hazards_is_the_table_of_hazards(void **state)
{
    struct buf expected = BUF_INIT(1 << 18), page = BUF_INIT(1 << 18);

    (void)state;
    put_hazards(&expected);
    assert_false(buf_failed(&expected));
    if (getenv("UPDATE_GOLDEN") != NULL)
        assert_true(file_write(page_path, expected.bytes, expected.size, 0644, NULL));
    assert_true(file_read(page_path, &page, NULL));
    assert_string_equal(page.bytes, expected.bytes);
    buf_release(&expected);
    buf_release(&page);
}

static void every_hazard_of_a_statement_is_in_the_table(void **state)
{
    size_t form_count, hazard_count, known;
    const struct form *forms = form_all(&form_count);
    const hg_hazard *hazards = hg_hazards_all(&hazard_count);

    (void)state;
    for (size_t i = 0; i < form_count; i++) {
        if (forms[i].hazard == NULL)
            continue;
        for (known = 0; known < hazard_count; known++)
            if (strcmp(hazards[known].id, forms[i].hazard) == 0)
                break;
        if (known == hazard_count)
            fail_msg("%s has the hazard \"%s\", which is none", forms[i].text, forms[i].hazard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_of_hazards_is_the_table_of_hazards),
        cmocka_unit_test(every_hazard_of_a_statement_is_in_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
