/*
 * mirror.c - dbmate's version table, kept in step with ours.
 */
#include "mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare the version tables: out of memory");
}

static bool has_mirror(const struct prepared *p)
{
    return p->ledger.exists && p->ledger.mirror[0] != '\0';
}

const char *mirror_version(struct prepared *p, size_t node)
{
    const char *path = p->project.graph.nodes[node].file, *name;
    size_t digits;

    if (path == NULL)
        return prepared_revision(p, node);
    name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    digits = strspn(name, "0123456789");
    return digits == 0 ? prepared_revision(p, node) : arena_text_n(&p->arena, name, digits);
}

bool mirror_write(struct run *run, size_t node, bool applied, hg_error *err)
{
    struct prepared *p = run->prepared;
    const char *version;

    if (!has_mirror(p))
        return true;
    version = mirror_version(p, node);
    if (version == NULL)
        return no_memory(err);
    return ledger_mirror(run->conn, p->ledger.mirror, version, applied,
                         hg_deadline_in_ms(RUN_QUERY_MS), err);
}

struct versioned {
    const char *version;
    size_t node;
};

static int by_version(const void *a, const void *b)
{
    return strcmp(((const struct versioned *)a)->version, ((const struct versioned *)b)->version);
}

/* The files by what dbmate calls them. */
static struct versioned *sort_files(struct prepared *p)
{
    struct versioned *list = arena_alloc(&p->arena, p->folder.count + 1, sizeof *list);

    for (size_t i = 0; list != NULL && i < p->folder.count; i++) {
        list[i] = (struct versioned){mirror_version(p, i), i};
        if (list[i].version == NULL)
            return NULL;
    }
    if (list != NULL && p->folder.count > 1)
        qsort(list, p->folder.count, sizeof *list, by_version);
    return list;
}

/* Marks the files that the table names. */
static bool read_mirror(hg_conn *conn, const struct prepared *p, hg_deadline by,
                        const struct versioned *list, bool *named, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    char sql[800];

    snprintf(sql, sizeof sql, "SELECT version FROM %s", p->ledger.mirror);
    if (hg_conn_query(conn, sql, NULL, 0, by, &rows, err))
        while ((step = hg_rows_next(rows, by, err)) == HG_ROW) {
            const struct versioned wanted = {hg_rows_text(rows, 0), 0};
            const struct versioned *found =
                bsearch(&wanted, list, p->folder.count, sizeof *list, by_version);

            if (found != NULL)
                named[found->node] = true;
        }
    hg_rows_close(rows);
    return step == HG_END;
}

bool mirror_check(hg_conn *conn, struct prepared *p, hg_deadline by, hg_error *err)
{
    struct versioned *list;
    bool *named;

    if (!has_mirror(p))
        return true;
    list = sort_files(p);
    named = arena_alloc(&p->arena, p->folder.count + 1, sizeof *named);
    if (list == NULL || named == NULL)
        return no_memory(err);
    if (!read_mirror(conn, p, by, list, named, err))
        return false;
    for (size_t i = 0; i < p->folder.count; i++) {
        if (named[i] == p->project.applied[i])
            continue;
        hg_fail(err, HG_DRIFT, "dbmate has %s \"%s\" since", named[i] ? "applied" : "rolled back",
                prepared_revision(p, i));
        hg_error_hint(err, "headgate import dbmate takes over what it did.");
        return false;
    }
    return true;
}
