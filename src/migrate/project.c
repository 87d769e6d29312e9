/*
 * project.c - files and ledger brought together.
 */
#include "project.h"

#include <string.h>

#include "base/arena.h"
#include "base/vec.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare files and ledger: out of memory");
}

/* A file without headers that was applied behind others whose files are gone. */
struct gap {
    size_t file;
    const char *revises; /* the last of those */
};

/* What is being put together. */
struct maker {
    struct arena *arena;
    const struct ledger *ledger;
    struct graph files;             /* the files alone */
    VEC(struct graph_node) unknown; /* revisions that no file has */
    bool *seen;                     /* of each entry: it is among them */
    VEC(struct gap) gaps;
};

/* Cuts "a,b" as the history keeps it into names. */
static bool cut_names(struct arena *arena, const char *text, struct graph_node *node)
{
    size_t room = 1, n = 0;
    const char **names;

    for (const char *c = text; *c != '\0'; c++)
        room += *c == ',';
    names = arena_alloc(arena, room, sizeof *names);
    for (const char *at = text; names != NULL && *at != '\0';) {
        size_t size = strcspn(at, ",");

        names[n] = arena_text_n(arena, at, size);
        if (names[n++] == NULL)
            return false;
        at += size + (at[size] == ',');
    }
    node->revises = names;
    node->revises_count = n;
    return names != NULL;
}

/* Adds a revision that no file has, unless some file has it or it is there already. */
static bool add_unknown(struct maker *m, const char *revision, bool in_ledger)
{
    const struct ledger_entry *entry = ledger_find(m->ledger, revision);
    struct graph_node *node;
    size_t file;

    if (graph_has(&m->files, revision, &file) || (entry == NULL && !in_ledger))
        return true;
    if (entry != NULL && m->seen[entry - m->ledger->entries])
        return true;
    node = VEC_PUSH(&m->unknown);
    if (node == NULL)
        return false;
    node->revision = revision;
    node->rootless = entry == NULL;
    if (entry == NULL)
        return true;
    m->seen[entry - m->ledger->entries] = true;
    return cut_names(m->arena, entry->revises, node);
}

/* Whether the history leads from a revision, over others that no file has, to `before`. */
static bool leads_to(const struct maker *m, const char *revision, const char *before)
{
    size_t file, left = m->ledger->entry_count; /* a history that was tampered with may go round */

    for (; left > 0 && revision[0] != '\0' && !graph_has(&m->files, revision, &file); left--) {
        const struct ledger_entry *entry = ledger_find(m->ledger, revision);

        if (entry == NULL || !entry->applied)
            return false;
        revision = entry->revises;
    }
    return strcmp(revision, before) == 0;
}

/* Without headers a file comes behind the one before it, and closes up when that is taken away;
 * what was applied in between is still applied. */
static bool find_gaps(struct maker *m, const struct migration_file *files, size_t file_count)
{
    for (size_t i = 0; i < file_count; i++) {
        const struct ledger_entry *entry = ledger_find(m->ledger, files[i].revision);
        const char *before = i == 0 ? "" : files[i - 1].revision;
        struct gap *gap;
        size_t file;

        if (files[i].revises_given || entry == NULL || !entry->applied
            || strcmp(entry->revises, before) == 0 || graph_has(&m->files, entry->revises, &file)
            || !leads_to(m, entry->revises, before))
            continue;
        gap = VEC_PUSH(&m->gaps);
        if (gap == NULL || !add_unknown(m, entry->revises, false))
            return false;
        *gap = (struct gap){i, entry->revises};
    }
    return true;
}

/* Follows the history from the current revisions down to the first file on each way. */
static bool find_unknown(struct maker *m, const struct migration_file *files, size_t file_count)
{
    m->seen = arena_alloc(m->arena, m->ledger->entry_count + 1, sizeof *m->seen);
    if (m->seen == NULL)
        return false;
    for (size_t i = 0; i < m->ledger->current_count; i++)
        if (!add_unknown(m, m->ledger->current[i], true))
            return false;
    if (!find_gaps(m, files, file_count))
        return false;
    for (size_t i = 0; i < m->unknown.count; i++)
        for (size_t p = 0; p < m->unknown.items[i].revises_count; p++)
            if (!add_unknown(m, m->unknown.items[i].revises[p], false))
                return false;
    return true;
}

static struct graph_node *make_nodes(struct arena *arena, const struct migration_file *files,
                                     size_t file_count, size_t room)
{
    struct graph_node *nodes = arena_alloc(arena, room + 1, sizeof *nodes);

    for (size_t i = 0; nodes != NULL && i < file_count; i++) {
        const struct migration_file *file = &files[i];

        nodes[i] = (struct graph_node){.revision = file->revision,
                                       .file = file->path,
                                       .revises = file->revises,
                                       .revises_count = file->revises_count,
                                       .depends_on = file->depends_on,
                                       .depends_on_count = file->depends_on_count};
        if (!file->revises_given && i > 0) { /* the file before it */
            nodes[i].revises = &files[i - 1].revision;
            nodes[i].revises_count = 1;
        }
    }
    return nodes;
}

/* The graph of the files, or, where the database knows more, of both. */
static bool make_graph(struct maker *m, const struct migration_file *files, size_t file_count,
                       struct graph *out, hg_error *err)
{
    struct graph_node *nodes = make_nodes(m->arena, files, file_count, file_count);
    struct gap *gap;

    if (nodes == NULL)
        return no_memory(err);
    if (!graph_build(m->arena, nodes, file_count, &m->files, err))
        return false;
    if (!find_unknown(m, files, file_count))
        return no_memory(err);
    *out = m->files;
    if (m->unknown.count == 0)
        return true;
    nodes = make_nodes(m->arena, files, file_count, file_count + m->unknown.count);
    if (nodes == NULL)
        return no_memory(err);
    memcpy(nodes + file_count, m->unknown.items, m->unknown.count * sizeof *nodes);
    VEC_EACH (&m->gaps, gap) {
        nodes[gap->file].settled = true;
        if (!cut_names(m->arena, gap->revises, &nodes[gap->file]))
            return no_memory(err);
    }
    return graph_build(m->arena, nodes, file_count + m->unknown.count, out, err);
}

bool project_make(struct arena *arena, const struct migration_file *files, size_t file_count,
                  const struct ledger *ledger, struct project *out_project, hg_error *err)
{
    struct maker m = {.arena = arena, .ledger = ledger};
    struct project p = {.files = files, .file_count = file_count, .ledger = ledger};
    bool ok = make_graph(&m, files, file_count, &p.graph, err);

    VEC_RELEASE(&m.unknown);
    VEC_RELEASE(&m.gaps);
    if (!ok)
        return false;
    p.entries = arena_alloc(arena, p.graph.count + 1, sizeof *p.entries);
    p.applied = arena_alloc(arena, p.graph.count + 1, sizeof *p.applied);
    p.current = arena_alloc(arena, p.graph.count + 1, sizeof *p.current);
    if (p.entries == NULL || p.applied == NULL || p.current == NULL)
        return no_memory(err);
    for (size_t i = 0; i < p.graph.count; i++)
        p.entries[i] = ledger_find(ledger, p.graph.nodes[i].revision);
    for (size_t i = 0; i < ledger->current_count; i++) {
        size_t node;

        if (!graph_has(&p.graph, ledger->current[i], &node))
            continue; /* cannot be: every current revision has a node */
        p.current[node] = true;
        graph_mark_ancestors(&p.graph, node, p.applied);
    }
    *out_project = p;
    return true;
}

/* What was applied for a node whose file can be held against it, or NULL. */
static const struct ledger_entry *applied_from(const struct project *project, size_t node)
{
    const struct ledger_entry *entry = project->entries[node];

    return node < project->file_count && !project->files[node].python && entry != NULL
                   && entry->applied
               ? entry
               : NULL;
}

static bool differs(const char *then, const char *now)
{
    return then[0] != '\0' && strcmp(then, now) != 0;
}

bool project_edited(const struct project *project, size_t node)
{
    const struct ledger_entry *entry = applied_from(project, node);

    return entry != NULL && differs(entry->checksum, project->files[node].up.checksum);
}

bool project_reformatted(const struct project *project, size_t node)
{
    const struct ledger_entry *entry = applied_from(project, node);

    return entry != NULL && entry->checksum[0] != '\0' && !project_edited(project, node)
           && differs(entry->raw_checksum, project->files[node].up.raw_checksum);
}

/* Whether a name stands in "a,b". */
static bool listed(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = list; *at != '\0';) {
        size_t size = strcspn(at, ",");

        if (size == n && memcmp(at, name, n) == 0)
            return true;
        at += size + (at[size] == ',');
    }
    return false;
}

bool project_check_order(const struct project *project, hg_error *err)
{
    for (size_t i = 0; i < project->file_count; i++) {
        const struct graph_node *node = &project->graph.nodes[i];
        const struct ledger_entry *entry = project->entries[i];

        if (!project->applied[i] || entry == NULL || !entry->applied)
            continue;
        for (size_t p = 0; p < node->revised_count; p++) {
            const struct graph_node *parent = &project->graph.nodes[node->parents[p]];
            const struct ledger_entry *below = project->entries[node->parents[p]];

            if (listed(entry->revises, parent->revision) || (below != NULL && below->applied))
                continue;
            hg_fail(err, HG_DRIFT,
                    "revision \"%s\" was put before \"%s\", which is applied already, and was "
                    "never run itself",
                    parent->revision, node->revision);
            hg_error_place(err, parent->file, 0, 0);
            hg_error_hint(err, "Rename the file so that it sorts behind the last one, or give it "
                               "headers that say what it revises.");
            return false;
        }
    }
    return true;
}
