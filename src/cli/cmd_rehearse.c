/*
 * cmd_rehearse.c - the pending migrations on a scratch copy: up, down, and up again.
 */

#include "base/text.h"
#include "cli.h"
#include "ops/json_migrate.h"

enum { FOUND_DIFFERENCES = 1 };

static void put_phase(struct buf *out, const char *name, double ms)
{
    char took[32];

    if (ms >= 0)
        buf_printf(out, "%-9s %s\n", name, cli_duration(ms, took, sizeof took));
}

static void put_rehearsal(struct buf *out, const hg_rehearsal *r)
{
    if (r->migrations == 0) {
        buf_text(out, "nothing is pending\n");
        return;
    }
    buf_printf(out, "%zu migration%s on ", r->migrations, r->migrations == 1 ? "" : "s");
    text_show(out, r->place);
    buf_printf(out, r->replayed > 0 ? ", after %zu that are applied\n" : "\n", r->replayed);
    put_phase(out, "up", r->up_ms);
    put_phase(out, "down", r->down_ms);
    put_phase(out, "up again", r->up_again_ms);
    for (size_t i = 0; i < r->difference_count; i++) {
        text_show(out, r->differences[i].revision);
        buf_text(out, r->differences[i].second_up ? ", after up again: " : ", after down: ");
        text_show(out, r->differences[i].what);
        buf_char(out, '\n');
    }
    if (r->irreversible[0] != '\0') {
        buf_text(out, "not rolled back, being irreversible: ");
        text_show(out, r->irreversible);
        buf_char(out, '\n');
    }
    if (r->difference_count == 0 && r->down_ms >= 0)
        buf_text(out, "after each down the schema is what it was, and after up again the same\n");
}

int cmd_rehearse(const struct cli *cli)
{
    struct buf out = BUF_INIT(64 << 20);
    struct ops ops = {0};
    hg_rehearsal *rehearsal = NULL;
    hg_error err = {0};
    hg_observer observer = cli_observer(cli);
    hg_migrate_options options;
    int status = 0;

    if (!cli_open(cli, false, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    options = ops_migrate_options(&ops, HG_MIGRATE_UP, cli->argument);
    if (!hg_rehearse(ops.pool, &options, &observer, &rehearsal, &err)) {
        status = cli_fail(cli, &err);
    } else {
        if (cli->json)
            json_rehearsal(&out, rehearsal);
        else
            put_rehearsal(&out, rehearsal);
        cli_print(&out);
        status = rehearsal->difference_count > 0 ? FOUND_DIFFERENCES : 0;
    }
    hg_rehearsal_free(rehearsal);
    ops_close(&ops);
    buf_release(&out);
    return status;
}
