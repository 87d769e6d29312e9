/*
 * test_errors.c - doc/errors.md is the table of codes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <headgate/error.h>

#include "base/buf.h"
#include "base/file.h"

static const char page_path[] = TEST_SOURCE_DIR "/doc/errors.md";

static void put_errors(struct buf *out)
{
#define CONSTANT(name, exit_status, retryable, meaning) #name,
    static const char *const constants[] = {HG_CODE_TABLE(CONSTANT)};
#undef CONSTANT

    buf_text(out, "# Error codes\n\n"
                  "Made from `HG_CODE_TABLE` in `include/headgate/error.h`: change it there, then "
                  "run `test_rules_errors` with\n`UPDATE_GOLDEN=1`.\n\n"
                  "| constant | in JSON and logs | exit status | may be tried again as it is | "
                  "meaning |\n| --- | --- | --- | --- | --- |\n");
    for (int i = 0; i < HG_CODE_COUNT; i++)
        buf_printf(out, "| `%s` | `%s` | %d | %s | %s |\n", constants[i], hg_code_name((hg_code)i),
                   hg_code_exit_status((hg_code)i), hg_code_retryable((hg_code)i) ? "yes" : "no",
                   hg_code_meaning((hg_code)i));
}

static void the_page_of_errors_is_the_table_of_codes(void **state)
{
    struct buf expected = BUF_INIT(1 << 16), page = BUF_INIT(1 << 16);

    (void)state;
    put_errors(&expected);
    if (getenv("UPDATE_GOLDEN") != NULL)
        assert_true(file_write(page_path, expected.bytes, expected.size, 0644, NULL));
    assert_true(file_read(page_path, &page, NULL));
    assert_string_equal(page.bytes, expected.bytes);
    buf_release(&expected);
    buf_release(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_of_errors_is_the_table_of_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
