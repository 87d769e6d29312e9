/*
 * view_overview.c - the dashboard, and the state in one line for where there is no room for it.
 */
#include <stdio.h>
#include <string.h>

#include "view.h"

void view_overview(const struct model *m, struct area screen, const struct layout *layout)
{
    static const enum pane lists[] = {PANE_CONNECTIONS, PANE_MIGRATIONS, PANE_CHECKS};
    struct rect r = layout->panes[PANE_POOLS];
    struct area pools = area_part(screen, r.x, r.y, r.width, r.height);

    if (r.height > 0 && layout->form == FORM_SMALL && model_focus(m) != PANE_POOLS)
        view_pools_small(m, pools);
    else if (r.height > 0)
        view_pools(m, pools, layout);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        r = layout->panes[lists[i]];
        if (r.height > 0)
            view_list(m, area_part(screen, r.x, r.y, r.width, r.height), lists[i], layout);
    }
}

/* The state in as few words as it can be said, a fact a row, or all in one. */
void view_line(const struct model *m, struct area screen)
{
    const hg_pool_snapshot *pool = model_pool(m);
    const hg_history *history = model_history(m);
    const hg_readiness *readiness = model_readiness(m);
    char facts[6][64] = {""};
    int x = 0, y = 0;

    snprintf(facts[0], sizeof facts[0], "%s", m->facts.production ? "PRODUCTION" : m->facts.env);
    if (pool != NULL)
        snprintf(facts[1], sizeof facts[1], "pool %d/%d%s", pool->in_use, view_capacity(pool),
                 pool->waiting > 0 ? " waiting!" : "");
    if (history != NULL)
        snprintf(facts[2], sizeof facts[2], "%zu pending", history->pending_count);
    if (readiness != NULL)
        snprintf(facts[3], sizeof facts[3], "%s",
                 readiness->status == HG_FAIL ? "NOT READY" : "ready");
    if (model_still_wall_ms(m) != 0)
        snprintf(facts[4], sizeof facts[4], "PAUSED");
    snprintf(facts[5], sizeof facts[5], "(40x10 shows more)");
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        enum role role = i == 0 && m->facts.production ? ROLE_ENV_PROD : ROLE_TEXT;

        if (facts[i][0] == '\0')
            continue;
        if (x > 0 && x + (int)strlen(facts[i]) > screen.width && y + 1 < screen.height) {
            x = 0;
            y++;
        }
        x += area_put_cut(screen, x, y, screen.width - x, role, facts[i]) + 1;
    }
}
