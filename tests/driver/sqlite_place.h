/*
 * sqlite_place.h - a folder for each test of the SQLite engine, and a database's place in it.
 */
#ifndef DRIVER_SQLITE_PLACE_H
#define DRIVER_SQLITE_PLACE_H

#include "drive.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/temp.h"

/* One folder a test, with the URL of a file in it that is not there yet. */
struct place {
    struct engine engine;
    char *dir, *path;
};

static inline hg_url *url_of(const char *path)
{
    char text[4200];
    hg_url *url = NULL;
    hg_error err = {0};

    snprintf(text, sizeof text, "sqlite:///%s", path);
    if (!hg_url_parse(text, &url, &err))
        fail_msg("%s: %s", text, err.message);
    return url;
}

static inline int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    place->dir = temp_dir_make();
    place->path = temp_path(place->dir, "app.db");
    place->engine = (struct engine){.driver = &driver_sqlite, .url = url_of(place->path)};
    *state = place;
    return 0;
}

static inline int teardown(void **state)
{
    struct place *place = *state;

    hg_url_free(place->engine.url);
    temp_dir_remove(place->dir);
    free(place->path);
    free(place);
    return 0;
}

static inline void assert_field(hg_conn *conn, const char *sql, const char *expected)
{
    hg_rows *rows = NULL;

    assert_true(hg_conn_query(conn, sql, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_string_equal(hg_rows_text(rows, 0), expected);
    hg_rows_close(rows);
}

#define SQLITE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
