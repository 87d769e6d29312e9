/*
 * published.h - a pool that publishes itself in a folder of its test's own, and what is read there.
 */
#ifndef POOL_PUBLISHED_H
#define POOL_PUBLISHED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "support/callers.h"
#include "support/fake_driver.h"
#include "support/temp.h"

static char *folder;

static inline int begin(void **state)
{
    (void)state;
    fake_reset();
    setenv("TMPDIR", "/dev/shm", 1); /* pools publish themselves in memory only */
    folder = temp_dir_make();
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    log_to(NULL, NULL, LOG_ERROR);
    temp_dir_remove(folder);
    return 0;
}

static inline hg_pool *published_pool(int size, const char *name)
{
    hg_pool_options options = pool_of(size, 2);

    options.runtime_dir = folder;
    options.name = name;
    options.role = "test";
    return fake_pool(&options);
}

static inline hg_pool_list read_list(void)
{
    hg_pool_list list;
    hg_error err = {HG_OK};

    if (!hg_pool_list_read(folder, &list, &err))
        fail_msg("%s", err.message);
    return list;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
