/*
 * test_exports.c - libheadgate.so exports what include/headgate declares, all of it and nothing
 * else; no two functions of the program share a name; and C++ can read the headers.
 */
#include <ctype.h>
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

#define HEADERS TEST_SOURCE_DIR "/include/headgate"

static void read_header(const char *name, struct buf *out)
{
    char path[4096];

    assert_true(file_join(path, sizeof path, HEADERS, name));
    assert_true(file_read(path, out, NULL));
}

static void read_declared(struct names *names)
{
    struct file_list headers;

    assert_true(file_list(HEADERS, ".h", &headers, NULL));
    for (size_t i = 0; i < headers.count; i++) {
        struct buf text = BUF_INIT(1 << 20);

        read_header(headers.names[i], &text);
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

/* The next word of a header's code, behind comments, strings and signs. */
static const char *next_word(const char *at)
{
    while (*at != '\0' && !isalpha((unsigned char)*at) && *at != '_') {
        const char *end = strncmp(at, "/*", 2) == 0 ? strstr(at + 2, "*/")
                          : *at == '"'              ? strchr(at + 1, '"')
                                                    : NULL;

        at = end == NULL ? at + 1 : end + (*end == '"' ? 1 : 2);
    }
    return at;
}

/* Words of C++ that C takes for names; the most likely of them. */
static bool is_of_cpp(const char *word, size_t n)
{
    static const char *const words[] = {
        "and",    "catch",   "class",     "constexpr", "delete",   "explicit", "export",
        "friend", "mutable", "namespace", "new",       "not",      "nullptr",  "operator",
        "or",     "private", "protected", "public",    "requires", "template", "this",
        "throw",  "try",     "typeid",    "typename",  "using",    "virtual",
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == n && strncmp(words[i], word, n) == 0)
            return true;
    return false;
}

static int count_words_of_cpp(const char *name, const char *header)
{
    int faults = 0;

    for (const char *at = next_word(header); *at != '\0';) {
        size_t n = 1;

        while (isalnum((unsigned char)at[n]) || at[n] == '_')
            n++;
        if (is_of_cpp(at, n))
            faults += fprintf(stderr, "%s: \"%.*s\" is a word of C++\n", name, (int)n, at) > 0;
        at = next_word(at + n);
    }
    return faults;
}

static void a_program_in_cpp_can_include_the_headers(void **state)
{
    struct file_list headers;
    int faults = 0;

    (void)state;
    assert_int_equal(count_words_of_cpp("a test", "/* new */ int class; char *s = \"this\";"), 1);
    assert_true(file_list(HEADERS, ".h", &headers, NULL));
    for (size_t i = 0; i < headers.count; i++) {
        struct buf text = BUF_INIT(1 << 20);

        read_header(headers.names[i], &text);
        faults += count_words_of_cpp(headers.names[i], text.bytes);
        buf_release(&text);
    }
    file_list_release(&headers);
    assert_int_equal(faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_exports_what_its_headers_declare),
        cmocka_unit_test(no_two_functions_of_the_program_share_a_name),
        cmocka_unit_test(a_program_in_cpp_can_include_the_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
