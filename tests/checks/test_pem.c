/*
 * test_pem.c - the end of a certificate is found, and whatever is none is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "checks/pem.h"
#include "support/certificate.h"
#include "support/temp.h"

/* Valid and expired, one behind the other. */
static struct buf make_bundle(void)
{
    struct buf text = BUF_INIT(1 << 20);
    char *dir = temp_dir_make();
    char good[4096], key[4096], expired[4096];

    snprintf(good, sizeof good, "%s/good.pem", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    snprintf(expired, sizeof expired, "%s/expired.pem", dir);
    certificate_make(good, key);
    certificate_make_expired(expired, key);
    assert_true(file_read(good, &text, NULL));
    assert_true(file_read(expired, &text, NULL));
    temp_dir_remove(dir);
    return text;
}

static void the_first_end_of_a_bundle_counts(void **state)
{
    struct buf text = make_bundle();
    const char *second = strstr(text.bytes + 10, "-----BEGIN");
    struct pem_bundle both, first;

    (void)state;
    assert_non_null(second);
    assert_true(pem_read(text.bytes, (size_t)(second - text.bytes), &first));
    assert_int_equal(first.count, 1);
    assert_true(first.ends_s > clock_wall_ms() / 1000);
    assert_true(pem_read(text.bytes, text.size, &both));
    assert_int_equal(both.count, 2);
    assert_true(both.ends_s < clock_wall_ms() / 1000);
    assert_true(both.ends_s > clock_wall_ms() / 1000 - 5 * 24 * 3600);
    buf_release(&text);
}

static void a_part_of_a_certificate_is_none(void **state)
{
    struct buf text = make_bundle();
    const char *second = strstr(text.bytes + 10, "-----BEGIN");
    size_t whole = (size_t)(second - text.bytes);
    struct pem_bundle bundle;

    (void)state;
    for (size_t n = 0; n + 2 < whole; n += 3) {
        char *part = malloc(n + 1); /* of its own size, so that a byte too many is noticed */

        memcpy(part, text.bytes, n);
        assert_false(pem_read(part, n, &bundle));
        free(part);
    }
    buf_release(&text);
}

/* Whatever the bytes are, reading ends, and stays within them. */
static void noise_is_read_to_its_end(void **state)
{
    struct buf text = make_bundle();
    struct pem_bundle bundle;
    unsigned seed = 7;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        char *copy = malloc(text.size);

        memcpy(copy, text.bytes, text.size);
        for (int j = 0; j < 4; j++)
            copy[(size_t)rand_r(&seed) % text.size] = (char)('A' + rand_r(&seed) % 26);
        if (pem_read(copy, text.size, &bundle))
            assert_true(bundle.count == 1 || bundle.count == 2);
        free(copy);
    }
    assert_false(
        pem_read("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", 58, &bundle));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_end_of_a_bundle_counts),
        cmocka_unit_test(a_part_of_a_certificate_is_none),
        cmocka_unit_test(noise_is_read_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
