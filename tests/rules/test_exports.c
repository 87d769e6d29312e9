/*
 * test_exports.c - libheadgate.so exports what include/headgate declares, all of it and nothing
 * else; and no two functions of the program share a name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"

struct names {
    char **items;
    size_t count, room;
};

static void add(struct names *names, const char *start, size_t n)
{
    char **name = VEC_PUSH(names);

    assert_non_null(name);
    *name = alloc_text_n(start, n);
    assert_non_null(*name);
}

static bool has(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

static void release(struct names *names)
{
    char **name;

    VEC_EACH (names, name)
        alloc_free(*name);
    VEC_RELEASE(names);
}

/* The function that each HG_API in a header declares: the word before the parenthesis. */
static void add_declared(struct names *names, const char *header)
{
    for (const char *at = header; (at = strstr(at, "\nHG_API ")) != NULL;) {
        const char *open = strchr(at, '('), *start = open;

        assert_non_null(open);
        while (start > at && strchr(" *\n", start[-1]) == NULL)
            start--;
        add(names, start, (size_t)(open - start));
        at = open;
    }
}

static void read_declared(struct names *names)
{
    static const char dir[] = TEST_SOURCE_DIR "/include/headgate";
    struct file_list headers;

    assert_true(file_list(dir, ".h", &headers, NULL));
    for (size_t i = 0; i < headers.count; i++) {
        struct buf text = BUF_INIT(1 << 20);
        char path[4096];

        assert_true(file_join(path, sizeof path, dir, headers.names[i]));
        assert_true(file_read(path, &text, NULL));
        add_declared(names, text.bytes);
        buf_release(&text);
    }
    file_list_release(&headers);
}

static void read_exported(struct names *names)
{
    FILE *nm = popen("nm --dynamic --defined-only '" TEST_BINARY_DIR "/libheadgate.so'", "r");
    char line[300], name[200];

    assert_non_null(nm);
    while (fgets(line, sizeof line, nm) != NULL)
        if (sscanf(line, "%*s %*s %199s", name) == 1)
            add(names, name, strlen(name));
    assert_int_equal(pclose(nm), 0);
}

static void the_library_exports_what_its_headers_declare(void **state)
{
    struct names declared = {0}, exported = {0};
    int faults = 0;

    (void)state;
    read_declared(&declared);
    read_exported(&exported);
    assert_true(has(&declared, "hg_pool_checkout")); /* the reader reads */
    for (size_t i = 0; i < declared.count; i++)
        if (!has(&exported, declared.items[i]))
            faults += fprintf(stderr, "%s() is declared, not exported\n", declared.items[i]) > 0;
    for (size_t i = 0; i < exported.count; i++)
        if (!has(&declared, exported.items[i]))
            faults += fprintf(stderr, "%s is exported, not declared\n", exported.items[i]) > 0;
    release(&declared);
    release(&exported);
    assert_int_equal(faults, 0);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A linker takes the first of two functions from its archives, and says nothing. */
static void no_two_functions_of_the_program_share_a_name(void **state)
{
    FILE *nm = popen("nm --extern-only --defined-only '" TEST_BINARY_DIR
                     "/libheadgate.a' '" TEST_BINARY_DIR "/libfront.a'",
                     "r");
    struct names names = {0};
    char line[300], kind, name[200];
    int faults = 0;

    (void)state;
    assert_non_null(nm);
    while (fgets(line, sizeof line, nm) != NULL)
        if (sscanf(line, "%*s %c %199s", &kind, name) == 2 && kind == 'T')
            add(&names, name, strlen(name));
    assert_int_equal(pclose(nm), 0);
    assert_true(has(&names, "cli_main") && has(&names, "hg_pool_checkout")); /* both were read */
    qsort(names.items, names.count, sizeof *names.items, compare);
    for (size_t i = 1; i < names.count; i++)
        if (strcmp(names.items[i - 1], names.items[i]) == 0)
            faults += fprintf(stderr, "%s() is defined twice\n", names.items[i]) > 0;
    release(&names);
    assert_int_equal(faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_exports_what_its_headers_declare),
        cmocka_unit_test(no_two_functions_of_the_program_share_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
