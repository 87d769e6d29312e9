/*
 * view_pages.c - help, log, and what is known about one row.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "view.h"

enum { KEY_COLUMN = 12 };

void view_help(const struct model *m, struct document *d)
{
    const char *group = "";
    size_t count;
    const struct key_row *row = keys_rows(&count);

    for (; count > 0; count--, row++) {
        const char *refusal = model_refusal(m, row->command);

        if (row->group == NULL)
            continue;
        if (strcmp(group, row->group) != 0) {
            if (d->lines.count > 0)
                document_blank(d);
            document_text(d, 0, ROLE_TITLE, row->group);
            group = row->group;
        }
        document_item(d, KEY_COLUMN, refusal == NULL ? ROLE_KEY : ROLE_DIM, row->name,
                      refusal == NULL ? ROLE_TEXT : ROLE_DIM, row->help);
        if (refusal != NULL)
            document_text(d, KEY_COLUMN, ROLE_WARN, refusal);
    }
    document_blank(d);
    document_text(d, 0, ROLE_DIM,
                  "What changes the database shows its plan first and asks; Enter alone never "
                  "confirms. Colours never stand alone: OK, WARN and FAIL are always spelled.");
}

void view_log(const struct model *m, struct document *d)
{
    const struct note *note;
    char when[FORMAT_ROOM];

    for (size_t age = 0; (note = model_note(m, age)) != NULL; age++)
        document_item(d, 10, ROLE_DIM, format_moment(note->wall_ms, when), note->role, note->text);
    if (m->note_count == 0)
        document_text(d, 0, ROLE_DIM, "Nothing has happened yet.");
}

__attribute__((format(printf, 3, 4))) static void field(struct document *d, const char *label,
                                                        const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    document_field(d, label, text);
}

static void pool_detail(const hg_pool_snapshot *p, struct document *d)
{
    char a[FORMAT_ROOM], b[FORMAT_ROOM], c[FORMAT_ROOM];

    field(d, "process", "%s, pid %lld%s", p->process, (long long)p->pid,
          p->alive ? "" : ": it is gone, these are its last words");
    document_field(d, "role", p->role);
    document_field(d, "database", p->database);
    field(d, "started", "%s", format_date(p->started_ms, a));
    field(d, "size", "%d, overflow %d", p->size, p->max_overflow);
    field(d, "connections", "%d in use, %d idle, %d opening, %d beyond the size", p->in_use,
          p->idle, p->opening, p->overflow);
    field(d, "waiting", "%d", p->waiting);
    field(d, "wait", "p50 %s, p99 %s, max %s", format_took(p->wait_p50_ms, a),
          format_took(p->wait_p99_ms, b), format_took(p->wait_max_ms, c));
    field(d, "checkouts", "%llu, %llu timed out", (unsigned long long)p->checkouts,
          (unsigned long long)p->timeouts);
    field(d, "connects", "%llu, %llu failed", (unsigned long long)p->connects,
          (unsigned long long)p->connect_failures);
    field(d, "closed", "%llu found dead, %llu by age", (unsigned long long)p->closed_stale,
          (unsigned long long)p->closed[HG_CLOSE_RECYCLE]);
    field(d, "returned", "%llu with a transaction open", (unsigned long long)p->resets_open);
    if (p->last_error[0] != '\0')
        field(d, "last error", "%s at %s UTC", p->last_error, format_moment(p->last_error_ms, a));
}

static void connection_detail(const struct model *m, size_t row, struct document *d)
{
    const hg_pool_connection *order[HG_POOL_SLOTS_MAX], *c;
    char text[FORMAT_ROOM];

    model_connections(m, order);
    c = order[row];
    field(d, "slot", "%d%s", c->slot, c->overflow ? ", beyond the pool's size" : "");
    document_field(d, "state", view_slot_word(c));
    field(d, "open for", "%s", format_ago(c->age_ms, text));
    if (c->held_ms >= 0)
        field(d, "held for", "%s", format_age(c->held_ms, text));
    if (c->holder_tid != 0)
        field(d, "holder", "%s, thread %lld", c->holder, (long long)c->holder_tid);
    if (c->backend_pid != 0)
        field(d, "backend", "%lld", (long long)c->backend_pid);
    field(d, "checkouts", "%llu", (unsigned long long)c->checkouts);
}

static void parents_of(const hg_revision *r, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < r->revises_count && used < size; i++)
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", r->revises[i]);
}

static void migration_detail(const hg_revision *r, struct document *d)
{
    char text[FORMAT_ROOM], parents[256];

    parents_of(r, parents, sizeof parents);
    document_field(d, "revision", r->revision);
    document_field(d, "message", r->message);
    document_item(d, 14, ROLE_DIM, "state", view_revision_role(r), view_revision_word(r));
    document_field(d, "revises", parents);
    document_field(d, "file", r->file);
    if (r->applied_ms > 0)
        field(d, "applied", "%s UTC", format_date(r->applied_ms, text));
    document_field(d, "by", r->applied_by);
    if (r->duration_ms >= 0)
        field(d, "took", "%s", format_took(r->duration_ms, text));
    if (r->checksum_known)
        document_field(d, "checksum",
                       r->checksum_ok ? "the file is the one that was applied"
                                      : "the file is not the one that was applied");
    document_field(d, "down",
                   r->irreversible ? "it says that it cannot be rolled back"
                   : r->has_down   ? "it can be rolled back"
                                   : "it has no down section");
}

static void check_detail(const hg_check_result *check, struct document *d)
{
    char text[FORMAT_ROOM];

    document_item(d, 14, ROLE_DIM, "state", view_status_role(check->status),
                  view_status_word(check->status));
    document_field(d, "check", check->title);
    document_field(d, "observed", check->observed);
    document_field(d, "hint", check->hint);
    field(d, "took", "%s", format_took(check->duration_ms, text));
}

void view_detail_title(const struct model *m, struct page_title *out)
{
    static const char *const titles[PANE_COUNT] = {"POOL", "CONNECTION", "MIGRATION", "CHECK"};

    *out = (struct page_title){.title = ""};
    snprintf(out->title, sizeof out->title, "%s", titles[m->focus]);
    snprintf(out->subject, sizeof out->subject, "%s", m->selected[m->focus].key);
}

void view_detail(const struct model *m, struct document *d)
{
    size_t row = m->selected[m->focus].index;

    if (row >= model_rows(m, m->focus)) {
        document_text(d, 0, ROLE_DIM, "It is gone.");
        return;
    }
    switch (m->focus) {
    case PANE_POOLS:
        pool_detail(model_pool(m), d);
        break;
    case PANE_CONNECTIONS:
        connection_detail(m, row, d);
        break;
    case PANE_MIGRATIONS:
        migration_detail(&model_history(m)->revisions[row], d);
        break;
    case PANE_CHECKS:
        check_detail(&model_readiness(m)->checks[row], d);
        break;
    case PANE_COUNT:
        break;
    }
}
