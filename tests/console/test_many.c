/*
 * test_many.c - lists of many rows: a key and a frame touch the rows in view and no others.
 *
 * The rows lie in pages of their own, and those that are not in view cannot be read while keys are
 * pressed and the screen is drawn: whoever walks through all of them does not survive it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "console/view.h"
#include "console/widget.h"
#include "support/scene.h"

enum { SESSIONS = 10000, MIGRATIONS = 5000, POOLS = 500, KEYS = 40 };

/* An array in pages that nothing else lies in. */
struct fenced {
    char *start;
    size_t item, count, bytes;
};

static struct fenced fenced_make(size_t item, size_t count)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct fenced f = {.item = item, .count = count};

    f.bytes = (item * count + page - 1) / page * page;
    f.start = mmap(NULL, f.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(f.start != MAP_FAILED);
    return f;
}

/* Only rows from..to can be read from now on. */
static void fence(const struct fenced *f, size_t from, size_t to)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t first = from * f->item / page * page, last;

    to = to < f->count ? to : f->count;
    last = (to * f->item + page - 1) / page * page;
    assert_int_equal(mprotect(f->start, f->bytes, PROT_NONE), 0);
    assert_int_equal(mprotect(f->start + first, last - first, PROT_READ | PROT_WRITE), 0);
}

static void unfence(const struct fenced *f)
{
    assert_int_equal(mprotect(f->start, f->bytes, PROT_READ | PROT_WRITE), 0);
}

/* Down and down again, with a frame after each key. */
static void press_and_draw(struct scene *s)
{
    for (int i = 0; i < KEYS; i++) {
        char *screen;

        scene_key(s, i % 10 == 9 ? KEYS_PAGE_DOWN : 'j');
        screen = scene_screen(s, false);
        assert_non_null(screen);
        free(screen);
    }
}

static void thousands_of_migrations(void **state)
{
    struct fenced f = fenced_make(sizeof(hg_revision), MIGRATIONS);
    hg_revision *revisions = (hg_revision *)(void *)f.start;
    static char names[MIGRATIONS][8];
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_busy(s);
    for (size_t i = 0; i < MIGRATIONS; i++) {
        snprintf(names[i], sizeof names[i], "%05zu", i);
        revisions[i] = (hg_revision){.revision = names[i],
                                     .message = "add something",
                                     .file = "",
                                     .state = HG_REVISION_APPLIED,
                                     .applied_by = "ana",
                                     .release = "",
                                     .checksum_ok = true};
    }
    s->history.revisions = revisions;
    s->history.revision_count = MIGRATIONS;
    scene_deliver(s);
    scene_key(s, '4');
    scene_key(s, 'g');
    fence(&f, 0, 200);
    press_and_draw(s);
    assert_true(s->model.lists[PANE_MIGRATIONS].index > KEYS);
    unfence(&f);
    scene_key(s, 'G');
    assert_int_equal(s->model.lists[PANE_MIGRATIONS].index, MIGRATIONS - 1);
    scene_free(s);
    munmap(f.start, f.bytes);
}

/* Where the pane below the list is not in view: who waits for a session is asked of all others. */
static void thousands_of_sessions(void **state)
{
    struct fenced f = fenced_make(sizeof(hg_server_session), SESSIONS);
    hg_server_session *sessions = (hg_server_session *)(void *)f.start;
    struct scene *s = scene_new(40, 10, true, true);

    (void)state;
    scene_busy(s);
    scene_deliver(s);
    scene_key(s, '3');
    scene_deliver_sessions(s);
    for (size_t i = 0; i < SESSIONS; i++)
        sessions[i] = (hg_server_session){.pid = (int64_t)(1000 + i),
                                          .visible = true,
                                          .application = "api-1",
                                          .state = "idle",
                                          .query = "COMMIT"};
    s->server.sessions = sessions;
    s->server.session_count = SESSIONS;
    s->seen.order = NULL;
    s->seen.holders = NULL;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->seen}, 5);
    scene_key(s, 'g');
    fence(&f, 0, 200);
    press_and_draw(s);
    assert_true(s->model.lists[PANE_SESSIONS].index > KEYS);
    unfence(&f);
    scene_free(s);
    munmap(f.start, f.bytes);
}

static void hundreds_of_pools(void **state)
{
    struct fenced f = fenced_make(sizeof(hg_pool_snapshot), POOLS);
    hg_pool_snapshot *pools = (hg_pool_snapshot *)(void *)f.start;
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_busy(s);
    for (size_t i = 0; i < POOLS; i++) {
        pools[i] = s->snapshots[1];
        pools[i].pid = (int64_t)(5000 + i);
    }
    s->pools.pools.pools = pools;
    s->pools.pools.count = POOLS;
    scene_deliver(s);
    scene_key(s, '2');
    scene_key(s, 'g');
    fence(&f, 0, 160); /* a hundred rows are looked at for the width of a column */
    press_and_draw(s);
    assert_true(s->model.lists[PANE_POOLS].index > KEYS);
    unfence(&f);
    scene_free(s);
    munmap(f.start, f.bytes);
}

/* Of more pools than can be remembered those that are keep their past. */
static void many_pools_do_not_take_each_others_past(void **state)
{
    static hg_pool_snapshot pools[POOLS_REMEMBERED + 8];
    enum { COUNT = sizeof pools / sizeof *pools };
    struct scene *s = scene_new(80, 24, true, false);
    const struct pool_past *past;

    (void)state;
    scene_busy(s);
    for (size_t i = 0; i < COUNT; i++) {
        pools[i] = s->snapshots[1];
        pools[i].pid = (int64_t)(5000 + i);
    }
    s->pools.pools.pools = pools;
    s->pools.pools.count = COUNT;
    scene_deliver(s);
    for (int i = 0; i < 20; i++)
        scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, SAMPLE_MS);
    past = model_past(&s->model, &pools[0]);
    assert_non_null(past);
    assert_int_equal(past->in_use[(past->newest - 10) % SAMPLES], 0);
    scene_free(s);
}

static size_t cells_asked;

static void count_cell(const void *context, size_t row, size_t column, struct table_cell *out)
{
    (void)context;
    (void)row;
    (void)column;
    cells_asked++;
    out->text = "x";
}

static void a_table_asks_for_the_cells_in_view_alone(void **state)
{
    static const struct column columns[] = {{"A", 4}, {"B", 8, .grows = true}};
    const struct table table = {.columns = columns,
                                .column_count = 2,
                                .row_count = SESSIONS,
                                .top = 5000,
                                .selected = 5003,
                                .head = true,
                                .sorted = -1,
                                .empty = "",
                                .cell = count_cell};
    struct canvas c;

    (void)state;
    assert_true(canvas_init(&c, 80, 21, true));
    widget_table(area_of(&c), &table);
    assert_int_equal(cells_asked, 2 * 20);
    canvas_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_of_migrations),
        cmocka_unit_test(thousands_of_sessions),
        cmocka_unit_test(hundreds_of_pools),
        cmocka_unit_test(many_pools_do_not_take_each_others_past),
        cmocka_unit_test(a_table_asks_for_the_cells_in_view_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
