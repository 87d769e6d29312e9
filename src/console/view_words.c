/*
 * view_words.c - the one word and the one role for each state of a thing, on every screen.
 */
#include <stdio.h>

#include "format.h"
#include "view.h"

/* clang-format off */
static const struct {
    const char *word;
    enum role role;
} statuses[] = {
    [HG_PASS]    = {"OK",   ROLE_OK},
    [HG_SKIP]    = {"skip", ROLE_DIM},
    [HG_WARN]    = {"WARN", ROLE_WARN},
    [HG_UNKNOWN] = {"?",    ROLE_UNKNOWN},
    [HG_FAIL]    = {"FAIL", ROLE_FAIL},
}, slots[] = {
    [HG_SLOT_EMPTY]     = {"empty",     ROLE_CONN_IDLE},
    [HG_SLOT_OPENING]   = {"opening",   ROLE_CONN_CHANGING},
    [HG_SLOT_IDLE]      = {"idle",      ROLE_CONN_IDLE},
    [HG_SLOT_IN_USE]    = {"in use",    ROLE_CONN_USED},
    [HG_SLOT_CHECKING]  = {"checking",  ROLE_CONN_CHANGING},
    [HG_SLOT_RESETTING] = {"resetting", ROLE_CONN_CHANGING},
    [HG_SLOT_CLOSING]   = {"closing",   ROLE_CONN_CHANGING},
}, revisions[] = {
    [HG_REVISION_PENDING] = {"PENDING", ROLE_MIG_PENDING},
    [HG_REVISION_APPLIED] = {"applied", ROLE_MIG_APPLIED},
    [HG_REVISION_MISSING] = {"MISSING", ROLE_MIG_BROKEN},
};
/* clang-format on */

const struct change_words *view_change_words(hg_migrate_kind kind)
{
    static const struct change_words words[] = {
        [HG_MIGRATE_UP] = {"apply", "applied", "APPLY"},
        [HG_MIGRATE_DOWN] = {"roll back", "rolled back", "ROLL BACK"},
        [HG_MIGRATE_RESET] = {"reset", "reset", "RESET"},
    };

    return &words[kind];
}

const char *view_plural(size_t n)
{
    return n == 1 ? "" : "s";
}

const char *view_bar(const struct model *m, int64_t done, int64_t total, int columns, char *out,
                     size_t size)
{
    int filled = total <= 0 ? 0 : done >= total ? columns : (int)(done * columns / total);
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; i < columns && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s",
                                 glyph(m->utf8, i < filled ? GLYPH_DONE : GLYPH_TODO));
    return out;
}

const char *view_status_word(hg_status status)
{
    return statuses[status].word;
}

enum role view_status_role(hg_status status)
{
    return statuses[status].role;
}

/* A connection in use beyond the pool's size is called by that. */
static bool is_overflow(const hg_pool_connection *c)
{
    return c->overflow && c->state == HG_SLOT_IN_USE;
}

const char *view_slot_word(const hg_pool_connection *c)
{
    return is_overflow(c) ? "overflow" : slots[c->state].word;
}

enum role view_slot_role(const hg_pool_connection *c)
{
    return is_overflow(c) ? ROLE_POOL_OVERFLOW : slots[c->state].role;
}

static bool is_edited(const hg_revision *r)
{
    return r->state == HG_REVISION_APPLIED && r->checksum_known && !r->checksum_ok;
}

const char *view_revision_word(const hg_revision *r)
{
    return is_edited(r) ? "EDITED" : revisions[r->state].word;
}

enum role view_revision_role(const hg_revision *r)
{
    return is_edited(r) ? ROLE_MIG_BROKEN : revisions[r->state].role;
}

void view_stale(const struct model *m, int64_t known_wall_ms, char *out, size_t size)
{
    char since[FORMAT_ROOM];

    out[0] = '\0';
    if (!model_db_answers(m) && known_wall_ms > 0)
        snprintf(out, size, "as of %s", format_moment(known_wall_ms, since));
}
