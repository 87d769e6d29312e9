/*
 * test_needs.c - what the program and the library need at run time is what Amazon Linux 2023 has:
 * glibc 2.34, and no library that has to be built for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { GLIBC_MINOR = 34 };

static const char *const binaries[] = {TEST_HEADGATE, TEST_BINARY_DIR "/libheadgate.so"};

/* The faults of one binary, told on stderr. *out_seen: how many versioned symbols it needs. */
static int count_newer(const char *binary, int *out_seen)
{
    char command[4096], line[1024];
    int minor, faults = 0;
    FILE *symbols;

    snprintf(command, sizeof command, "objdump -T '%s'", binary);
    assert_non_null(symbols = popen(command, "r"));
    while (fgets(line, sizeof line, symbols) != NULL) {
        const char *version = strstr(line, "GLIBC_2.");

        if (version == NULL || sscanf(version, "GLIBC_2.%d", &minor) != 1)
            continue;
        ++*out_seen;
        if (minor > GLIBC_MINOR)
            faults += fprintf(stderr, "%s needs %s", binary, version) > 0;
    }
    assert_int_equal(pclose(symbols), 0);
    return faults;
}

static void no_symbol_is_newer_than_the_oldest_glibc(void **state)
{
    int faults = 0;

    (void)state;
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
        int seen = 0;

        faults += count_newer(binaries[i], &seen);
        assert_true(seen > 10); /* the reader reads */
    }
    assert_int_equal(faults, 0);
}

/* Loaded when a command asks for them, or linked statically: their absence stops nobody else. */
static void only_what_every_command_uses_is_needed_at_the_start(void **state)
{
    static const char *const barred[] = {"libpg_query", "libpq.", "libmicrohttpd", "libcurl"};
    char command[4096], line[1024];

    (void)state;
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
        FILE *headers;
        int seen = 0;

        snprintf(command, sizeof command, "objdump -p '%s'", binaries[i]);
        assert_non_null(headers = popen(command, "r"));
        while (fgets(line, sizeof line, headers) != NULL) {
            if (strstr(line, "NEEDED") == NULL)
                continue;
            seen++;
            for (size_t b = 0; b < sizeof barred / sizeof *barred; b++)
                if (strstr(line, barred[b]) != NULL)
                    fail_msg("%s: %s", binaries[i], line);
        }
        assert_int_equal(pclose(headers), 0);
        assert_true(seen > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_symbol_is_newer_than_the_oldest_glibc),
        cmocka_unit_test(only_what_every_command_uses_is_needed_at_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
