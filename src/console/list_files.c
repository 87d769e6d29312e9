/*
 * list_files.c - who uses a SQLite database: the processes that have its files open, and which of
 * them holds the write lock.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"

enum { FILE_PID, FILE_NAME, FILE_LOCK, FILE_OPEN, FILE_COLUMNS };

/* clang-format off */
static const struct column columns[FILE_COLUMNS] = {
    [FILE_PID]  = {"PID", 8, .right = true, .sorts = true},
    [FILE_NAME] = {"PROCESS", 14, .grows = true, .sorts = true},
    [FILE_LOCK] = {"LOCK", 10, .sorts = true},
    [FILE_OPEN] = {"HAS OPEN", 20, .drop = 1, .sorts = true},
};
/* clang-format on */

static const hg_file_process *process_at(const struct model *m, size_t row)
{
    return &model_sessions(m)->processes[row];
}

static size_t count(const struct model *m)
{
    const hg_sessions *sessions = model_sessions(m);

    return sessions == NULL ? 0 : sessions->process_count;
}

static void key(const struct model *m, size_t row, char *out, size_t size)
{
    snprintf(out, size, "%lld", (long long)process_at(m, row)->pid);
}

static void files_of(const hg_file_process *p, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s%s", p->database ? "database" : "", p->wal ? " wal" : "",
             p->index ? " shm" : "", p->journal ? " journal" : "");
}

static void cell(const struct model *m, size_t row, size_t column, struct table_cell *out)
{
    const hg_file_process *p = process_at(m, row);

    out->text = out->scratch;
    out->role = ROLE_TEXT;
    if (column == FILE_PID && p->pid > 0) {
        snprintf(out->scratch, sizeof out->scratch, "%lld", (long long)p->pid);
    } else if (column == FILE_PID) {
        out->text = "-";
    } else if (column == FILE_NAME) {
        snprintf(out->scratch, sizeof out->scratch, "%s%s", p->name == NULL ? "unknown" : p->name,
                 p->own ? " (this console)" : "");
    } else if (column == FILE_LOCK) {
        out->text = hg_file_lock_name(p->lock);
        out->role = p->lock == HG_FILE_WRITES     ? ROLE_WARN
                    : p->lock == HG_FILE_UNLOCKED ? ROLE_DIM
                                                  : ROLE_CONN_USED;
    } else {
        files_of(p, out->scratch, sizeof out->scratch);
        out->role = ROLE_DIM;
    }
}

static struct sort_value value(const struct model *m, size_t row, size_t column)
{
    const hg_file_process *p = process_at(m, row);

    return (struct sort_value){column == FILE_NAME   ? (p->name == NULL ? "" : p->name)
                               : column == FILE_LOCK ? hg_file_lock_name(p->lock)
                                                     : NULL,
                               column == FILE_PID ? (double)p->pid
                                                  : p->database + p->wal + p->index + p->journal};
}

static enum role note(const struct model *m, char *out, size_t size)
{
    const hg_sessions *sessions = model_sessions(m);
    bool writes = false;

    for (size_t i = 0; sessions != NULL && i < sessions->process_count; i++)
        writes = writes || sessions->processes[i].lock == HG_FILE_WRITES;
    snprintf(out, size, "%s", sessions == NULL ? "" : writes ? "being written" : "nobody writes");
    return writes ? ROLE_WARN : ROLE_OK;
}

static const char *empty(const struct model *m)
{
    return m->sessions == NULL ? "looking for processes" : "no process has it open";
}

/* What the pools of the process have out, and who has it. */
static void pools_of(const struct model *m, int64_t pid, struct document *d)
{
    size_t count;
    const hg_pool_snapshot *pools = model_pools(m, &count);

    for (size_t i = 0; i < count; i++) {
        const hg_pool_snapshot *p = &pools[i];

        if (p->pid != pid)
            continue;
        list_field(d, "pool", "%s, %d of %zu connections in use", p->name, p->in_use,
                   p->connection_count);
        for (size_t j = 0; j < p->connection_count; j++) {
            const hg_pool_connection *c = &p->connections[j];
            char held[FORMAT_ROOM];

            if (c->held_ms >= 0)
                list_field(d, "holder", "%s, for %s",
                           c->holder[0] == '\0' ? "not named" : c->holder,
                           format_age(c->held_ms, held));
        }
    }
}

static void detail(const struct model *m, size_t row, struct document *d)
{
    static const char *const meanings[] = {
        [HG_FILE_UNLOCKED] = "it has the file open and keeps nobody waiting",
        [HG_FILE_READS] = "it reads, or has the file open in WAL mode",
        [HG_FILE_CHECKPOINTS] = "it moves the WAL into the database; others go on",
        [HG_FILE_WRITES] = "it writes: nobody else can until it commits",
    };
    const hg_file_process *p = process_at(m, row);
    char files[64];

    files_of(p, files, sizeof files);
    if (p->pid > 0)
        list_field(d, "process", "%s, pid %lld%s", p->name == NULL ? "unknown" : p->name,
                   (long long)p->pid, p->own ? ", this console" : "");
    else
        document_field(d, "process", "one that the kernel does not name");
    list_field(d, "lock", "%s: %s", hg_file_lock_name(p->lock), meanings[p->lock]);
    document_field(d, "has open", files);
    document_field(d, "database", model_sessions(m)->path == NULL ? "" : model_sessions(m)->path);
    if (p->pid > 0)
        pools_of(m, p->pid, d);
}

static void copy(const struct model *m, size_t row, struct buf *out)
{
    buf_printf(out, "%lld", (long long)process_at(m, row)->pid);
}

const struct list list_files = {
    .title = "PROCESSES",
    .one = "PROCESS",
    .row_says = "pid",
    .columns = columns,
    .column_count = FILE_COLUMNS,
    .order = LIST_AS_IT_COMES,
    .count = count,
    .key = key,
    .cell = cell,
    .value = value,
    .note = note,
    .empty = empty,
    .detail = detail,
    .copy = copy,
};
