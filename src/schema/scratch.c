/*
 * scratch.c - makes a database to try things in, and leaves nothing behind.
 * Must not know what is tried in it.
 */
#include "scratch.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "base/vec.h"

enum { CLOSE_MS = 30 * 1000, NAME_SIZE = 64, SCRATCH_SIZE = 4 };

#define PREFIX "headgate_scratch_"

struct scratch {
    enum scratch_kind kind;
    char name[NAME_SIZE];
    char reason[256];
    hg_pool *home; /* PostgreSQL: one connection, which holds the lock */
    hg_conn *home_conn;
    hg_pool *pool; /* to the scratch database; NULL: SCRATCH_SCHEMA */
    bool created;  /* the database is there */
};

/* Names what takes a name as text, by the server's own rules of quoting. $1: the name. */
static const char creation[] =
    "SELECT pg_catalog.format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L"
    " LC_CTYPE %L', $1::text, pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype)"
    " || CASE to_jsonb(d)->>'datlocprovider'"
    "    WHEN 'i' THEN pg_catalog.format(' LOCALE_PROVIDER icu ICU_LOCALE %L',"
    "         coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'))"
    "    WHEN 'b' THEN pg_catalog.format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L',"
    "         to_jsonb(d)->>'datlocale')"
    "    ELSE '' END,"
    " pg_catalog.format('ALTER DATABASE %I SET search_path = %s', $1::text,"
    "    coalesce(nullif(pg_catalog.current_setting('search_path'), ''), '''''')),"
    " pg_catalog.format('CREATE SCHEMA IF NOT EXISTS %I',"
    "    coalesce(pg_catalog.current_schema(), 'public'))"
    " FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()";

/*
 * Those whose lock nobody holds. The lock is taken before the database is made, and pg_locks is
 * read after the snapshot of pg_database was taken: what is in use is never among them. What its
 * maker left running in it, without knowing that nobody listens any more, goes with it.
 */
static const char orphans[] =
    "SELECT pg_catalog.format('DROP DATABASE %I', d.datname)"
    "    || CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 130000"
    "       THEN ' WITH (FORCE)' ELSE '' END"
    " FROM pg_catalog.pg_database AS d"
    " WHERE d.datname ~ '^" PREFIX "[0-9a-f]{16}$'"
    "   AND pg_catalog.pg_has_role(d.datdba, 'MEMBER')"
    "   AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks AS l WHERE l.locktype = 'advisory'"
    "         AND l.objsubid = 1 AND pg_catalog.lpad(pg_catalog.to_hex(l.classid::bigint), 8, '0')"
    "             || pg_catalog.lpad(pg_catalog.to_hex(l.objid::bigint), 8, '0')"
    "             = pg_catalog.right(d.datname::text, 16))";

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not make a scratch database: out of memory");
}

static hg_pool_options pool_options(const struct scratch_options *options, int size)
{
    hg_pool_options pool = {.name = "scratch",
                            .role = "scratch",
                            .settings = hg_pool_settings_for_tool(options->settings)};

    pool.settings.size = size;
    pool.settings.max_overflow = 0;
    pool.settings.recycle_ms = -1;
    pool.settings.statement_timeout_ms = 0; /* a build takes what it takes: deadlines end it */
    return pool;
}

/* --- what was left behind --- */

int scratch_sweep(hg_conn *conn, hg_deadline by)
{
    VEC(char *) drops = VEC_INIT;
    hg_rows *rows = NULL;
    char **drop;
    int count = 0;

    if (hg_conn_query(conn, orphans, NULL, 0, by, &rows, NULL))
        while (hg_rows_next(rows, by, NULL) == HG_ROW)
            if ((drop = VEC_PUSH(&drops)) != NULL)
                *drop = alloc_text(hg_rows_text(rows, 0));
    hg_rows_close(rows);
    VEC_EACH (&drops, drop) {
        hg_error err = {0};

        if (*drop == NULL)
            continue;
        if (hg_conn_execute(conn, *drop, NULL, 0, by, NULL, &err))
            count++;
        else
            log_line(LOG_INFO, "schema", "an orphaned scratch database stays", "statement", *drop,
                     "error", err.message, NULL);
        alloc_free(*drop);
    }
    VEC_RELEASE(&drops);
    return count;
}

/* --- PostgreSQL --- */

/* Takes the lock whose number becomes the name. */
static bool take_name(struct scratch *s, hg_deadline by, hg_error *err)
{
    uint64_t number = rand_u64();
    hg_value key = hg_integer((int64_t)number);

    snprintf(s->name, sizeof s->name, PREFIX "%016llx", (unsigned long long)number);
    return hg_conn_execute(s->home_conn, "SELECT pg_catalog.pg_advisory_lock($1::bigint)", &key, 1,
                           by, NULL, err);
}

/* What has to run: to create the database, to set its search_path, to create its default schema. */
struct recipe {
    char *create, *search_path, *schema;
};

static void recipe_release(struct recipe *recipe)
{
    alloc_free(recipe->create);
    alloc_free(recipe->search_path);
    alloc_free(recipe->schema);
}

static bool read_recipe(struct scratch *s, hg_deadline by, struct recipe *out, hg_error *err)
{
    hg_value name = hg_text(s->name);
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(s->home_conn, creation, &name, 1, by, &rows, err)
              && hg_rows_next(rows, by, err) == HG_ROW;

    if (ok) {
        out->create = alloc_text(hg_rows_text(rows, 0));
        out->search_path = alloc_text(hg_rows_text(rows, 1));
        out->schema = alloc_text(hg_rows_text(rows, 2));
        ok = (out->create != NULL && out->search_path != NULL && out->schema != NULL)
             || no_memory(err);
    }
    hg_rows_close(rows);
    return ok;
}

static bool open_database(struct scratch *s, const struct scratch_options *options,
                          const char *schema, hg_deadline by, hg_error *err)
{
    hg_pool_options pool = pool_options(options, SCRATCH_SIZE);
    hg_conn *conn = NULL;
    hg_url *url = NULL;
    bool ok = hg_url_with_database(options->url, s->name, &url, err)
              && hg_pool_open(url, &pool, &s->pool, err)
              && hg_pool_checkout(s->pool, "scratch", by, &conn, err)
              && hg_conn_execute(conn, schema, NULL, 0, by, NULL, err);

    if (conn != NULL)
        hg_pool_return(s->pool, conn);
    hg_url_free(url);
    return ok;
}

static bool make_database(struct scratch *s, const struct scratch_options *options, hg_deadline by,
                          hg_error *err)
{
    struct recipe recipe = {0};
    bool ok = take_name(s, by, err) && read_recipe(s, by, &recipe, err)
              && hg_conn_execute(s->home_conn, recipe.create, NULL, 0, by, NULL, err);

    s->kind = SCRATCH_DATABASE;
    s->created = ok;
    ok = ok && hg_conn_execute(s->home_conn, recipe.search_path, NULL, 0, by, NULL, err)
         && open_database(s, options, recipe.schema, by, err);
    recipe_release(&recipe);
    return ok;
}

static void drop_database(struct scratch *s)
{
    hg_deadline by = hg_deadline_in_ms(CLOSE_MS);
    char sql[NAME_SIZE + 64];
    hg_error err = {0};

    hg_pool_close(s->pool, by);
    s->pool = NULL;
    if (!s->created)
        return;
    s->created = false;
    snprintf(sql, sizeof sql, "DROP DATABASE %s%s", s->name,
             hg_conn_server_version_number(s->home_conn) >= 130000 ? " WITH (FORCE)" : "");
    if (!hg_conn_execute(s->home_conn, sql, NULL, 0, by, NULL, &err))
        log_line(LOG_WARN, "schema", "the scratch database could not be dropped", "name", s->name,
                 "error", err.message, NULL);
}

static bool make_schema(struct scratch *s, hg_deadline by, hg_error *err)
{
    char create[NAME_SIZE + 64], path[NAME_SIZE + 64];

    s->kind = SCRATCH_SCHEMA;
    snprintf(create, sizeof create, "CREATE SCHEMA %s", s->name);
    snprintf(path, sizeof path, "SET LOCAL search_path = %s", s->name);
    return hg_conn_begin(s->home_conn, by, err)
           && hg_conn_execute(s->home_conn, create, NULL, 0, by, NULL, err)
           && hg_conn_execute(s->home_conn, path, NULL, 0, by, NULL, err);
}

/* What means that this role, or the way it is connected, can have no database of its own here. */
static bool may_fall_back(const struct scratch *s, const hg_error *cause)
{
    return !hg_conn_lost(s->home_conn)
           && (cause->code == HG_PRIVILEGE || cause->code == HG_NO_DATABASE
               || cause->code == HG_AUTH || cause->code == HG_UNSUPPORTED);
}

static bool open_postgres(struct scratch *s, const struct scratch_options *options, hg_deadline by,
                          hg_error *err)
{
    hg_pool_options pool = pool_options(options, 1);
    hg_error cause = {0};

    if (!hg_pool_open(options->url, &pool, &s->home, err)
        || !hg_pool_checkout(s->home, "scratch", by, &s->home_conn, err))
        return false;
    (void)scratch_sweep(s->home_conn, by);
    if (make_database(s, options, by, &cause))
        return true;
    drop_database(s);
    if (!may_fall_back(s, &cause) || options->own_database) {
        if (err != NULL)
            *err = cause;
        hg_error_context(err, "could not make a scratch database%s",
                         cause.code == HG_PRIVILEGE ? " (the role needs CREATEDB)" : "");
        return false;
    }
    text_copy(s->reason, sizeof s->reason, cause.message);
    return make_schema(s, by, err);
}

/* --- SQLite --- */

static bool open_memory(struct scratch *s, const struct scratch_options *options, hg_error *err)
{
    hg_pool_options pool = pool_options(options, 1);
    hg_url *url = NULL;
    bool ok =
        hg_url_parse("sqlite:///:memory:", &url, err) && hg_pool_open(url, &pool, &s->pool, err);

    s->kind = SCRATCH_MEMORY;
    snprintf(s->name, sizeof s->name, ":memory:");
    hg_url_free(url);
    return ok;
}

/* --- both --- */

bool scratch_open(const struct scratch_options *options, hg_deadline by,
                  struct scratch **out_scratch, hg_error *err)
{
    struct scratch *s = alloc_zero(1, sizeof *s);
    bool ok;

    if (s == NULL)
        return no_memory(err);
    ok = hg_url_driver(options->url) == HG_SQLITE ? open_memory(s, options, err)
                                                  : open_postgres(s, options, by, err);
    if (ok)
        *out_scratch = s;
    else
        scratch_close(s);
    return ok;
}

void scratch_close(struct scratch *s)
{
    hg_deadline by = hg_deadline_in_ms(CLOSE_MS);

    if (s == NULL)
        return;
    if (s->home_conn != NULL) {
        if (s->kind == SCRATCH_SCHEMA && !hg_conn_lost(s->home_conn))
            (void)hg_conn_rollback(s->home_conn, by, NULL);
        drop_database(s);
        hg_pool_discard(s->home, s->home_conn); /* the lock goes with it */
    }
    hg_pool_close(s->pool, by);
    hg_pool_close(s->home, by);
    alloc_free(s);
}

enum scratch_kind scratch_kind(const struct scratch *s)
{
    return s->kind;
}

const char *scratch_name(const struct scratch *s)
{
    return s->name;
}

const char *scratch_reason(const struct scratch *s)
{
    return s->reason;
}

hg_pool *scratch_pool(struct scratch *s)
{
    return s->pool;
}

bool scratch_take(struct scratch *s, hg_deadline by, hg_conn **out_conn, hg_error *err)
{
    if (s->pool != NULL)
        return hg_pool_checkout(s->pool, "scratch", by, out_conn, err);
    *out_conn = s->home_conn;
    return true;
}

void scratch_give(struct scratch *s, hg_conn *conn)
{
    if (s->pool != NULL && conn != NULL)
        hg_pool_return(s->pool, conn);
}
