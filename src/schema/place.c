/*
 * place.c - scratch databases and live ones behind one face.
 * Must not know what is compared, and why.
 */
#include "place.h"

#include "base/file.h"

enum { FILE_LIMIT = 64 << 20, CONNECT_MS = 30 * 1000, WAIT_MS = 60 * 1000 };

static void attach(struct place *place, const struct place_terms *terms)
{
    place->side.by = terms->by;
    place->side.read.privileges = terms->privileges;
    if (terms->observer != NULL)
        hg_conn_set_interrupt(place->side.conn, terms->observer->cancelled,
                              terms->observer->context);
}

bool place_open_live(struct place *place, hg_pool *pool, const struct place_terms *terms,
                     hg_error *err)
{
    place->pool = pool;
    if (!hg_pool_checkout(pool, "schema", terms->by, &place->side.conn, err))
        return false;
    attach(place, terms);
    return true;
}

bool place_make(struct place *place, const struct place_terms *terms, hg_error *err)
{
    const struct scratch_options options = {
        .url = terms->home,
        .settings = {.timeout_ms = WAIT_MS, .connect_timeout_ms = CONNECT_MS},
        .own_database = true};

    if (!scratch_open(&options, terms->by, &place->scratch, err)) {
        if (err != NULL && err->code == HG_PRIVILEGE) {
            err->hint[0] = '\0'; /* the server's speaks of any privilege */
            hg_error_hint(err,
                          "Name a server where one may be made, of the same version: --scratch "
                          "postgresql://localhost/postgres. Or grant the role CREATEDB.");
        }
        return false;
    }
    place->pool = scratch_pool(place->scratch);
    return true;
}

bool place_take(struct place *place, const struct place_terms *terms, hg_error *err)
{
    if (!scratch_take(place->scratch, terms->by, &place->side.conn, err))
        return false;
    attach(place, terms);
    return true;
}

bool place_open(struct place *place, const struct place_terms *terms, hg_error *err)
{
    return place_make(place, terms, err) && place_take(place, terms, err);
}

void place_close(struct place *place)
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
    buf_release(&place->text);
    *place = (struct place){0};
}

bool place_is_verdict(const hg_error *err)
{
    return err->code == HG_SQL || err->code == HG_CONSTRAINT || err->code == HG_PRIVILEGE
           || err->code == HG_UNSUPPORTED;
}

bool place_load(struct place *place, const char *path, hg_error *err)
{
    bool ok;

    if (!file_exists(path)) {
        hg_fail(err, HG_USAGE, "there is no schema file \"%s\"", path);
        hg_error_hint(err, "Name it with --schema or in DB_SCHEMA_FILE; headgate schema dump "
                           "writes one from the database.");
        return false;
    }
    place->text = BUF_INIT(FILE_LIMIT);
    ok = file_read(path, &place->text, err);
    if (ok) {
        const struct side_text file = {path, place->text.bytes, place->text.size};

        ok = side_load(&place->side, &file, err);
        if (!ok && place_is_verdict(err))
            err->code = HG_FILE;
    }
    return ok;
}
