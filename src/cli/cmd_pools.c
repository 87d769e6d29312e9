/*
 * cmd_pools.c - the pools of every process on this host, from what they publish; the database is
 * not asked.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cli.h"
#include "ops/json.h"
#include "table.h"

enum { COLUMNS = 5 };

static const char *milliseconds(struct arena *arena, int64_t ms)
{
    char text[32];

    return ms < 0 ? NULL : arena_text(arena, cli_duration((double)ms, text, sizeof text));
}

static void put_connections(struct buf *out, const hg_pool_snapshot *pool)
{
    static const struct table_column columns[COLUMNS] = {{"  STATE", ALIGN_LEFT},
                                                         {"HELD", ALIGN_RIGHT},
                                                         {"AGE", ALIGN_RIGHT},
                                                         {"BACKEND", ALIGN_RIGHT},
                                                         {"HOLDER", ALIGN_LEFT}};
    struct arena arena = ARENA_INIT;
    const char **cells = arena_alloc(&arena, pool->connection_count * COLUMNS + 1, sizeof *cells);

    for (size_t i = 0; cells != NULL && i < pool->connection_count; i++) {
        const hg_pool_connection *c = &pool->connections[i];
        const char **row = cells + i * COLUMNS;

        row[0] = arena_printf(&arena, "  %s%s", hg_slot_state_name(c->state),
                              c->overflow ? ", overflow" : "");
        row[1] = milliseconds(&arena, c->held_ms);
        row[2] = milliseconds(&arena, c->age_ms);
        row[3] =
            c->backend_pid > 0 ? arena_printf(&arena, "%lld", (long long)c->backend_pid) : NULL;
        row[4] = c->holder[0] == '\0' ? NULL : c->holder;
    }
    if (cells != NULL && pool->connection_count > 0)
        table_print(out, columns, COLUMNS, cells, pool->connection_count);
    arena_release(&arena);
}

static void put_pool(struct buf *out, const hg_pool_snapshot *pool)
{
    char process[64], name[64], database[256], overflow[16] = "no limit";

    if (pool->max_overflow >= 0)
        snprintf(overflow, sizeof overflow, "%d", pool->max_overflow);
    buf_printf(out, "%s %lld, pool %s%s: %s\n",
               text_visible_copy(process, sizeof process, pool->process), (long long)pool->pid,
               text_visible_copy(name, sizeof name, pool->name), pool->alive ? "" : " (dead)",
               text_visible_copy(database, sizeof database, pool->database));
    buf_printf(out, "  size %d, max overflow %s: %d in use, %d idle, %d overflow, %d waiting\n",
               pool->size, overflow, pool->in_use, pool->idle, pool->overflow, pool->waiting);
    buf_printf(out, "  %llu checkouts, %llu timeouts, wait p50 %.1f ms, p99 %.1f ms, max %.1f ms\n",
               (unsigned long long)pool->checkouts, (unsigned long long)pool->timeouts,
               pool->wait_p50_ms, pool->wait_p99_ms, pool->wait_max_ms);
    if (pool->last_error[0] != '\0')
        buf_printf(out, "  last error: %s\n",
                   text_visible_copy(database, sizeof database, pool->last_error));
    put_connections(out, pool);
}

int cmd_pools(const struct cli *cli)
{
    struct buf out = BUF_INIT(64 << 20);
    hg_settings *settings = NULL;
    hg_pool_list list = {0};
    hg_error err = {0};
    int status = 0;

    if (!hg_settings_load(&cli->settings, &settings, &err))
        return cli_fail(cli, &err);
    if (!hg_pool_list_read(hg_settings_runtime_dir(settings), &list, &err)) {
        status = cli_fail(cli, &err);
    } else {
        if (cli->json)
            json_pools(&out, &list);
        else if (list.count == 0)
            buf_text(&out, "no process of this user publishes a pool on this host\n");
        for (size_t i = 0; !cli->json && i < list.count; i++)
            put_pool(&out, &list.pools[i]);
        cli_print(&out);
    }
    hg_pool_list_release(&list);
    hg_settings_free(settings);
    buf_release(&out);
    return status;
}
