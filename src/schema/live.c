/*
 * live.c - the schema of a database that is in use: as a dump, and against a file.
 * Must not know who asks and how the answer is shown.
 */
#include <headgate/schema.h>

#include <string.h>

#include "base/file.h"
#include "scratch.h"
#include "side.h"

enum { FILE_LIMIT = 64 << 20, LINE_LIMIT = 1 << 20, CONNECT_MS = 30 * 1000, WAIT_MS = 60 * 1000 };

/* Where a side lives. scratch NULL: in the pool's database. */
struct place {
    hg_pool *pool;
    struct scratch *scratch;
    struct side side;
};

struct comparison {
    hg_pool *pool;
    const char *file; /* of the wanted side */
    const hg_observer *observer;
    hg_deadline by;
    struct place live, wanted, image; /* image: live once more, in a scratch database */
    struct model *from;               /* the model that stands for live */
    struct diff diff;
};

struct whole {
    hg_schema_diff public; /* first: it is what the caller has */
    struct arena arena;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare schemas: out of memory");
}

const char *hg_schema_verb_name(hg_schema_verb verb)
{
    static const char *const names[] = {"add", "drop", "alter"};

    return (unsigned)verb < sizeof names / sizeof *names ? names[verb] : "unknown";
}

const char *hg_schema_phase_name(hg_schema_phase phase)
{
    static const char *const names[] = {"before", "main", "after"};

    return (unsigned)phase < sizeof names / sizeof *names ? names[phase] : "unknown";
}

/* --- places --- */

static void attach(const struct comparison *c, struct place *place)
{
    place->side.by = c->by;
    if (c->observer != NULL)
        hg_conn_set_interrupt(place->side.conn, c->observer->cancelled, c->observer->context);
}

static bool open_live(struct comparison *c, hg_error *err)
{
    c->live.pool = c->pool;
    if (!hg_pool_checkout(c->pool, "schema", c->by, &c->live.side.conn, err))
        return false;
    attach(c, &c->live);
    return true;
}

static bool open_scratch(struct comparison *c, struct place *place, hg_error *err)
{
    const struct scratch_options options = {
        .url = hg_pool_url(c->pool),
        .settings = {.timeout_ms = WAIT_MS, .connect_timeout_ms = CONNECT_MS},
        .own_database = true};

    if (!scratch_open(&options, c->by, &place->scratch, err)
        || !scratch_take(place->scratch, c->by, &place->side.conn, err))
        return false;
    attach(c, place);
    return true;
}

static void close_place(struct place *place)
{
    hg_conn *conn = place->side.conn;

    side_release(&place->side);
    if (conn != NULL)
        hg_conn_set_interrupt(conn, NULL, NULL);
    if (place->scratch != NULL)
        scratch_give(place->scratch, conn);
    else if (conn != NULL)
        hg_pool_return(place->pool, conn);
    scratch_close(place->scratch);
}

static void close_all(struct comparison *c)
{
    close_place(&c->live);
    close_place(&c->wanted);
    close_place(&c->image);
}

/* --- the wanted side --- */

/* What the database says about a statement, in contrast to what becomes of a connection. */
static bool is_verdict(const hg_error *err)
{
    return err->code == HG_SQL || err->code == HG_CONSTRAINT || err->code == HG_PRIVILEGE
           || err->code == HG_UNSUPPORTED;
}

static bool load(struct place *place, const char *path, hg_error *err)
{
    struct buf text = BUF_INIT(FILE_LIMIT);
    bool ok;

    if (!file_exists(path)) {
        hg_fail(err, HG_USAGE, "there is no schema file \"%s\"", path);
        hg_error_hint(err, "Name it with --schema or in DB_SCHEMA_FILE; headgate schema dump "
                           "writes one from the database.");
        return false;
    }
    ok = file_read(path, &text, err);
    if (ok) {
        const struct side_text file = {path, text.bytes, text.size};

        ok = side_load(&place->side, &file, err);
        if (!ok && is_verdict(err))
            err->code = HG_FILE;
    }
    buf_release(&text);
    return ok;
}

/* --- comparing --- */

/* A model without anything in it. */
static struct model *empty_like(const struct model *model, hg_error *err)
{
    struct model_maker maker = {
        .model = model_new(model->driver, model->version, model->default_schema)};

    if (maker.model == NULL)
        no_memory(err);
    else if (!model_finish(&maker, err)) {
        model_free(maker.model);
        maker.model = NULL;
    }
    return maker.model;
}

static bool write_whole(struct arena *arena, const struct model *empty, const struct model *model,
                        struct diff *out_diff, struct written *out_written, hg_error *err)
{
    return (diff_make(arena, empty, model, false, out_diff) || no_memory(err))
           && write_changes(arena, empty, model, out_diff, WRITE_DUMP, out_written, err);
}

/* Builds the live schema in the image. *out_true: it is live, but for the wording of texts. */
static bool build_image(struct comparison *c, struct arena *arena, bool *out_true, hg_error *err)
{
    struct model *empty = empty_like(c->live.side.model, err);
    struct written written;
    struct diff diff;
    bool ok = empty != NULL && open_scratch(c, &c->image, err)
              && write_whole(arena, empty, c->live.side.model, &diff, &written, err);

    *out_true = false;
    if (ok && side_run(&c->image.side, &written, err)) {
        ok = side_read(&c->image.side, err)
             && (diff_make(arena, c->live.side.model, c->image.side.model, false, &diff)
                 || no_memory(err));
        *out_true = ok && diff_is_wording(&diff);
    } else if (ok) {
        ok = is_verdict(err); /* then the first comparison stands */
    }
    model_free(empty);
    return ok;
}

/*
 * A server words its own text anew when it reads it, so a live database and a file that was dumped
 * from it differ in texts that mean the same. Nothing may be tried in the live database: a copy of
 * it without rows takes its place.
 */
static bool settle_wording(struct comparison *c, struct arena *arena, hg_error *err)
{
    bool same = false;

    if (!diff_has_wording(&c->diff))
        return true;
    if (!build_image(c, arena, &same, err))
        return false;
    if (!same)
        return true;
    c->from = c->image.side.model;
    if (!sides_compare(arena, &c->image.side, true, &c->wanted.side, true, &c->diff, err))
        return false;
    c->from = c->image.side.model;
    return true;
}

static bool compare(struct comparison *c, struct arena *arena, hg_error *err)
{
    if (!open_live(c, err) || !side_read(&c->live.side, err) || !open_scratch(c, &c->wanted, err)
        || !load(&c->wanted, c->file, err) || !side_read(&c->wanted.side, err)
        || !sides_compare(arena, &c->live.side, false, &c->wanted.side, true, &c->diff, err))
        return false;
    c->from = c->live.side.model;
    return c->from->driver != HG_POSTGRESQL || settle_wording(c, arena, err);
}

/* --- the answer --- */

static const char *keep(struct arena *arena, struct buf *text)
{
    const char *kept = buf_failed(text) ? NULL : arena_text_n(arena, text->bytes, text->size);

    buf_release(text);
    return kept;
}

static bool tell_change(struct arena *arena, const struct change *change, hg_schema_change *out)
{
    static const hg_schema_verb verbs[] = {
        [CHANGE_ADD] = HG_SCHEMA_ADD, [CHANGE_DROP] = HG_SCHEMA_DROP, HG_SCHEMA_ALTER};
    const struct object *object = change->to == NULL ? change->from : change->to;
    struct buf name = BUF_INIT(LINE_LIMIT), what = BUF_INIT(LINE_LIMIT);

    object_tell(object, &name);
    change_tell_facts(change, &what);
    *out = (hg_schema_change){.verb = verbs[change->verb],
                              .kind = arena_text(arena, object_tell_kind(object)),
                              .object = keep(arena, &name),
                              .what = keep(arena, &what)};
    return out->kind != NULL && out->object != NULL && out->what != NULL;
}

static bool tell_statements(struct arena *arena, const struct written *written, hg_schema_diff *out)
{
    static const hg_schema_phase phases[] = {[PHASE_BEFORE] = HG_SCHEMA_BEFORE,
                                             [PHASE_MAIN] = HG_SCHEMA_MAIN,
                                             [PHASE_AFTER] = HG_SCHEMA_AFTER};

    out->statements = arena_alloc(arena, written->count + 1, sizeof *out->statements);
    if (out->statements == NULL)
        return false;
    for (size_t i = 0; i < written->count; i++) {
        const struct written_statement *s = &written->statements[i];

        out->statements[out->statement_count++] =
            (hg_schema_statement){phases[s->phase], s->sql, s->loses == NULL ? "" : s->loses};
    }
    out->impossible = written->impossible;
    out->impossible_count = written->impossible_count;
    out->rebuilds = written->rebuilds;
    return true;
}

static bool tell(struct whole *whole, const struct diff *diff, const struct written *written,
                 hg_error *err)
{
    hg_schema_diff *out = &whole->public;

    out->changes = arena_alloc(&whole->arena, diff->apart + 1, sizeof *out->changes);
    if (out->changes == NULL)
        return no_memory(err);
    for (size_t i = 0; i < diff->count; i++)
        if (!diff->changes[i].inside
            && !tell_change(&whole->arena, &diff->changes[i], &out->changes[out->change_count++]))
            return no_memory(err);
    return tell_statements(&whole->arena, written, out) || no_memory(err);
}

/* --- all of it --- */

static bool diff_into(struct comparison *c, struct whole *whole, hg_error *err)
{
    struct written written;

    return compare(c, &whole->arena, err)
           && write_changes(&whole->arena, c->from, c->wanted.side.model, &c->diff, WRITE_ONLINE,
                            &written, err)
           && tell(whole, &c->diff, &written, err);
}

static bool dump_into(struct comparison *c, struct whole *whole, hg_error *err)
{
    struct model *empty = NULL;
    struct written written;
    bool ok = open_live(c, err) && side_read(&c->live.side, err)
              && (empty = empty_like(c->live.side.model, err)) != NULL
              && write_whole(&whole->arena, empty, c->live.side.model, &c->diff, &written, err)
              && tell(whole, &c->diff, &written, err);

    model_free(empty);
    return ok;
}

static bool make(struct comparison *c,
                 bool (*into)(struct comparison *, struct whole *, hg_error *),
                 hg_schema_diff **out, hg_error *err)
{
    struct whole *whole = alloc_zero(1, sizeof *whole);
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    ok = whole == NULL ? no_memory(err) : into(c, whole, err);
    close_all(c);
    if (ok)
        *out = &whole->public;
    else
        hg_schema_diff_free(whole == NULL ? NULL : &whole->public);
    return ok;
}

bool hg_schema_diff_make(hg_pool *pool, const char *file, hg_deadline by,
                         const hg_observer *observer, hg_schema_diff **out_diff, hg_error *err)
{
    struct comparison c = {.pool = pool, .file = file, .observer = observer, .by = by};

    return make(&c, diff_into, out_diff, err);
}

bool hg_schema_dump_make(hg_pool *pool, hg_deadline by, const hg_observer *observer,
                         hg_schema_diff **out_dump, hg_error *err)
{
    struct comparison c = {.pool = pool, .observer = observer, .by = by};

    return make(&c, dump_into, out_dump, err);
}

void hg_schema_diff_free(hg_schema_diff *diff)
{
    struct whole *whole = (struct whole *)diff;

    if (whole == NULL)
        return;
    arena_release(&whole->arena);
    alloc_free(whole);
}
