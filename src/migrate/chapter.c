/*
 * chapter.c - steps that were found → the text of migration files.
 */
#include <string.h>

#include "chapter.h"
#include "sql/hazard.h"

/* How long a lock may keep others waiting where the file opens its transaction itself. */
#define LOCK_TIMEOUT "2s"

static const char *keep(struct arena *arena, struct buf *text)
{
    const char *kept = buf_failed(text) ? NULL : arena_text_n(arena, text->bytes, text->size);

    buf_release(text);
    return kept;
}

const char *chapter_message(struct arena *arena, const struct chapters *chapters, size_t i,
                            const char *message)
{
    static const char *const suffixes[] = {[EVOLVE_RENAMES] = " (names)",
                                           [EVOLVE_VALUES] = " (values)",
                                           [EVOLVE_MAIN] = "",
                                           [EVOLVE_ONLINE] = " (online)"};
    const struct chapter *chapter = &chapters->items[i];
    const struct evolve_step *step =
        chapter->postgres == NULL ? chapter->sqlite : chapter->postgres;
    const char *suffix = suffixes[step->kind];

    if (step->part > 0)
        return arena_printf(arena, "%s (part %d)", message, step->part);
    if (chapters->count == 1)
        suffix = "";
    else if (i > 0 && chapter->postgres == NULL && chapters->items[i - 1].sqlite == NULL)
        suffix = " (sqlite)"; /* what did not fit into the file before */
    return arena_printf(arena, "%s%s", message, suffix);
}

/* --- statements --- */

/* What is lost, on one line. */
static void put_loss(struct buf *out, const char *loses)
{
    buf_text(out, "-- loses data: ");
    for (; *loses != '\0'; loses++)
        buf_char(out, (unsigned char)*loses < ' ' || *loses == 0x7F ? ' ' : *loses);
    buf_char(out, '\n');
}

/* Why nobody should do it beside an application that runs, and what to do instead; or why it only
 * looks so. */
static void put_hazards(struct buf *out, const struct written_statement *s)
{
    const hg_hazard *hazard = s->danger == NULL ? NULL : hazard_find(s->danger);

    if (hazard != NULL)
        buf_printf(out, "-- danger %s: %s\n", hazard->id, hazard->message);
    if (hazard != NULL && hazard->safer[0] != '\0')
        buf_printf(out, "-- instead: %s\n", hazard->safer);
    if (s->accept != NULL)
        buf_printf(out, "-- headgate:accept %s\n", s->accept);
}

static void put_phase(struct buf *out, const struct written *written, enum write_phase phase)
{
    for (size_t i = 0; i < written->count; i++) {
        const struct written_statement *s = &written->statements[i];

        if (s->phase != phase)
            continue;
        if (s->loses != NULL)
            put_loss(out, s->loses);
        put_hazards(out, s);
        buf_printf(out, "%s;\n", s->sql);
    }
}

/* Whether one transaction can hold all of it. */
static bool is_transaction(const struct written *written)
{
    return written->count == written->of_phase[PHASE_MAIN];
}

/*
 * What no transaction can hold is run statement by statement; what belongs together among it has
 * one of its own, and gives up on a lock rather than make everybody wait.
 */
static void put_statements(struct buf *out, const struct written *written, bool values)
{
    bool own = !values && !is_transaction(written) && written->of_phase[PHASE_MAIN] > 1;

    put_phase(out, written, PHASE_BEFORE);
    if (own)
        buf_text(out, "BEGIN;\nSET LOCAL lock_timeout = '" LOCK_TIMEOUT "';\n");
    put_phase(out, written, PHASE_MAIN);
    if (own)
        buf_text(out, "COMMIT;\n");
    put_phase(out, written, PHASE_AFTER);
}

/* --- sections --- */

/* One engine's statements; none where it has nothing to do. */
static const char *body(struct arena *arena, const struct written *written, bool values)
{
    struct buf out = BUF_INIT(DRAFT_LIMIT);

    if (written != NULL)
        put_statements(&out, written, values);
    return out.size == 0 && !buf_failed(&out) ? "" : keep(arena, &out);
}

static void put_options(struct buf *out, const struct written *postgres,
                        const struct written *sqlite, bool values)
{
    if (postgres != NULL && !values && !is_transaction(postgres))
        buf_text(out, " transaction:false");
    if (sqlite != NULL && sqlite->rebuilds)
        buf_text(out, " rebuild:true");
    buf_char(out, '\n');
}

static void put_guarded(struct buf *out, const char *guard, const char *statements)
{
    if (statements[0] != '\0')
        buf_printf(out, "-- @%s\n%s", guard, statements);
}

static const char *section(struct arena *arena, const struct written *postgres,
                           const struct written *sqlite, bool both, bool values, const char *end)
{
    struct buf out = BUF_INIT(DRAFT_LIMIT);
    const char *a = body(arena, postgres, values), *b = body(arena, sqlite, values);

    if (a == NULL || b == NULL)
        return NULL;
    put_options(&out, postgres, sqlite, values);
    if (!both || strcmp(a, b) == 0) {
        buf_text(&out, postgres == NULL ? b : a);
    } else {
        put_guarded(&out, "postgresql", a);
        put_guarded(&out, "sqlite", b);
        buf_text(&out, "-- @end\n");
    }
    buf_text(&out, end);
    return keep(arena, &out);
}

bool chapter_write(struct arena *arena, const struct chapters *chapters, size_t i,
                   struct draft_file *file)
{
    const struct evolve_step *postgres = chapters->items[i].postgres;
    const struct evolve_step *sqlite = chapters->items[i].sqlite;
    bool values = postgres != NULL && postgres->kind == EVOLVE_VALUES;

    file->up = section(arena, postgres == NULL ? NULL : &postgres->up,
                       sqlite == NULL ? NULL : &sqlite->up, chapters->both, values, "\n");
    file->down = section(arena, postgres == NULL ? NULL : &postgres->down,
                         sqlite == NULL ? NULL : &sqlite->down, chapters->both, false, "");
    return file->up != NULL && file->down != NULL;
}
