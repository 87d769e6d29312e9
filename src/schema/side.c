/*
 * side.c - loads, reads, compares and changes scratch databases.
 * Must not know where the texts come from and what becomes of the difference.
 */
#include "side.h"

#include <string.h>

#include "portable.h"
#include "sql/head.h"
#include "sql/split.h"
#include "tokens.h"

enum { STATEMENT_LIMIT = 64 << 20, BUILD_STATEMENTS = 200 };

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare schemas: out of memory");
}

void side_release(struct side *side)
{
    model_free(side->model);
    side->model = NULL;
}

bool side_read(struct side *side, hg_error *err)
{
    struct model *model = NULL;

    if (!schema_read(side->conn, &side->read, side->by, &model, err))
        return false;
    model_free(side->model);
    side->model = model;
    side->second = false;
    return true;
}

static bool execute(struct side *side, const char *sql, hg_error *err)
{
    return hg_conn_execute(side->conn, sql, NULL, 0, side->by, NULL, err);
}

/* --- loading --- */

/* Overwrites the word CONCURRENTLY of a statement with spaces. */
static void blank_concurrently(hg_driver dialect, char *sql, size_t size)
{
    struct lex_token token;

    for (size_t at = 0; (token = lex_token(dialect, sql, size, at)).kind != LEX_END;
         at = token.offset + token.size)
        if (token.kind == LEX_WORD && lex_is(sql + token.offset, token.size, "concurrently"))
            memset(sql + token.offset, ' ', token.size);
}

/* What pg_dump writes for psql alone; a server knows nothing of it. */
static void blank_restrict(char *text)
{
    for (char *line = text; line != NULL && *line != '\0';) {
        size_t n = strcspn(line, "\n");

        if (strncmp(line, "\\restrict ", 10) == 0 || strncmp(line, "\\unrestrict ", 12) == 0)
            memset(line, ' ', n);
        line += n + (line[n] == '\n');
    }
}

/* Remarks that are ours, "-- @renamed from=x", or that a migration file would take for its own:
 * SQLite keeps the text of a table with its comments. */
static void blank_remarks(hg_driver dialect, char *text, size_t size)
{
    struct lex_token token;

    for (size_t at = 0; (token = lex_token(dialect, text, size, at)).kind != LEX_END;
         at = token.offset + token.size) {
        size_t word = token.offset + 2;

        if (token.kind != LEX_LINE_COMMENT)
            continue;
        while (word < token.offset + token.size && (text[word] == ' ' || text[word] == '\t'))
            word++;
        if (text[word] == '@' || lex_is(text + word, strcspn(text + word, ":\n"), "migrate"))
            memset(text + token.offset, ' ', token.size);
    }
}

/* The byte of the statement that the error's column points at. */
static size_t fault_offset(const char *sql, size_t size, int column)
{
    size_t at = 0;

    for (int i = 1; i < column && at < size; i++)
        for (at++; at < size && ((unsigned char)sql[at] & 0xC0) == 0x80;)
            at++;
    return at;
}

static void place(const struct side_text *text, const struct split_statement *statement,
                  hg_error *err)
{
    size_t offset = statement->offset;
    size_t line_start;
    int line = statement->line;

    if (err->column > 0)
        offset += fault_offset(text->text + offset, statement->size, err->column);
    for (size_t i = statement->offset; i < offset; i++)
        line += text->text[i] == '\n';
    for (line_start = offset; line_start > 0 && text->text[line_start - 1] != '\n';)
        line_start--;
    hg_error_place(err, text->path, line, split_column(text->text, line_start, offset));
    hg_error_excerpt(err, text->text, text->size, offset);
}

/* A file on its way into a database. */
struct loading {
    struct side *side;
    const struct side_text *text;
    struct portable portable;
};

/* The place of a fault in a statement that was translated: its line, for columns have moved. */
static void place_translated(const struct side_text *text, const struct split_statement *statement,
                             const struct buf *sql, hg_error *err)
{
    size_t fault = err->column > 0 ? fault_offset(sql->bytes, sql->size, err->column) : 0;
    size_t offset = statement->offset;
    int line = statement->line;

    for (size_t i = 0; i < fault && i < sql->size; i++)
        if (sql->bytes[i] == '\n') {
            offset += strcspn(text->text + offset, "\n") + 1;
            line++;
        }
    hg_error_place(err, text->path, line, 1);
    hg_error_excerpt(err, text->text, text->size, offset);
    if (err->hint[0] == '\0')
        hg_error_hint(err, "Put what only PostgreSQL understands between -- @postgresql and "
                           "-- @end.");
}

static bool load_translated(struct loading *l, const struct split_statement *statement,
                            hg_error *err)
{
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);
    bool ok = portable_statement(&l->portable, l->text->text, statement->offset, statement->size,
                                 &sql, err);

    if (!ok) {
        place(l->text, statement, err);
    } else if (sql.size > 0) {
        ok = execute(l->side, sql.bytes, err);
        if (!ok)
            place_translated(l->text, statement, &sql, err);
    }
    buf_release(&sql);
    return ok;
}

static bool load_as_it_is(struct loading *l, const struct split_statement *statement, hg_error *err)
{
    char *sql = alloc_text_n(l->text->text + statement->offset, statement->size);
    bool ok;

    if (sql == NULL)
        return no_memory(err);
    blank_concurrently(hg_conn_driver(l->side->conn), sql, statement->size);
    ok = execute(l->side, sql, err);
    if (!ok)
        place(l->text, statement, err);
    alloc_free(sql);
    return ok;
}

static bool load_statement(struct loading *l, const struct split_statement *statement,
                           hg_error *err)
{
    hg_driver dialect = hg_conn_driver(l->side->conn);
    enum head_kind kind = head_kind(dialect, l->text->text, statement);

    if (kind == HEAD_BEGIN || kind == HEAD_FINISH)
        return true;
    if (kind == HEAD_COPY_ROWS) {
        hg_fail(err, HG_FILE, "a schema has no rows: COPY ... FROM stdin cannot be part of it");
        place(l->text, statement, err);
        return false;
    }
    return portable_applies(&l->portable, dialect, statement->offset)
               ? load_translated(l, statement, err)
               : load_as_it_is(l, statement, err);
}

static bool load_all(struct loading *l, hg_error *err)
{
    const struct side_text *text = l->text;
    struct split_statement statement;
    enum split_answer answer;
    struct split split;

    split_init(&split, hg_conn_driver(l->side->conn), text->text, text->size, 0, 1);
    while ((answer = split_next(&split, &statement, err)) == SPLIT_STATEMENT)
        if (!load_statement(l, &statement, err))
            return false;
    if (answer == SPLIT_FAULT)
        hg_error_place(err, text->path, err->line, err->column);
    return answer == SPLIT_END;
}

/* Takes out what is not for this engine, then runs the rest. bytes: the text, to be changed. */
static bool load_text(struct side *side, const struct side_text *text, char *bytes, hg_error *err)
{
    const struct side_text blanked = {text->path, bytes, text->size};
    struct loading l = {.side = side, .text = &blanked};
    hg_driver dialect = hg_conn_driver(side->conn);
    bool ok;

    blank_restrict(bytes);
    ok = portable_guards(&l.portable, dialect, bytes, text->size, err);
    if (ok) {
        blank_remarks(dialect, bytes, text->size);
        ok = load_all(&l, err);
    } else if (err->code == HG_FILE) {
        hg_error_place(err, text->path, err->line, err->column);
    }
    portable_release(&l.portable);
    return ok;
}

/* What the session's search_path is; in the arena. */
static const char *search_path(struct side *side, struct arena *arena)
{
    const char *path = NULL;
    hg_rows *rows = NULL;

    if (hg_conn_query(side->conn, "SHOW search_path", NULL, 0, side->by, &rows, NULL)
        && hg_rows_next(rows, side->by, NULL) == HG_ROW)
        path = arena_text(arena, hg_rows_text(rows, 0));
    hg_rows_close(rows);
    return path;
}

bool side_load(struct side *side, const struct side_text *text, hg_error *err)
{
    struct arena arena = ARENA_INIT;
    hg_error unheard = {0};
    const char *path =
        hg_conn_driver(side->conn) == HG_POSTGRESQL ? search_path(side, &arena) : NULL;
    char *bytes = arena_text_n(&arena, text->text, text->size);
    bool ok = bytes != NULL || no_memory(err);

    err = err == NULL ? &unheard : err;
    ok = ok && load_text(side, text, bytes, err);
    if (ok && path != NULL) {
        hg_value value = hg_text(path);

        ok = hg_conn_execute(side->conn,
                             "SELECT pg_catalog.set_config('search_path', $1::text, false)", &value,
                             1, side->by, NULL, err);
    }
    arena_release(&arena);
    return ok;
}

/* --- running what was written --- */

bool side_run_statement(struct side *side, const struct written_statement *statement, hg_error *err)
{
    char *sql = alloc_text(statement->sql);
    bool ok = sql != NULL || no_memory(err);

    if (ok && statement->phase == PHASE_AFTER)
        blank_concurrently(hg_conn_driver(side->conn), sql, strlen(sql));
    ok = ok && execute(side, sql, err);
    if (!ok)
        hg_error_context(err, "%.200s", statement->sql);
    alloc_free(sql);
    return ok;
}

bool side_run_phase(struct side *side, const struct written *written, enum write_phase phase,
                    hg_error *err)
{
    bool own = !hg_conn_in_transaction(side->conn), ok;

    if (own && !hg_conn_begin(side->conn, side->by, err))
        return false;
    ok = true;
    for (size_t i = 0; ok && i < written->count; i++)
        if (written->statements[i].phase == phase)
            ok = side_run_statement(side, &written->statements[i], err);
    if (own)
        ok = ok ? hg_conn_commit(side->conn, side->by, err)
                : (hg_conn_rollback(side->conn, side->by, NULL), false);
    return ok;
}

bool side_build(struct side *side, const struct written *whole, hg_error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < whole->count; i++) {
        bool first = i % BUILD_STATEMENTS == 0;
        bool last = (i + 1) % BUILD_STATEMENTS == 0 || i + 1 == whole->count;

        ok = (!first || hg_conn_begin(side->conn, side->by, err))
             && side_run_statement(side, &whole->statements[i], err)
             && (!last || hg_conn_commit(side->conn, side->by, err));
    }
    if (!ok && hg_conn_in_transaction(side->conn))
        (void)hg_conn_rollback(side->conn, side->by, NULL);
    return ok;
}

/* A rebuild wants foreign keys off, and names in views and triggers left alone. */
static bool set_pragmas(struct side *side, bool rebuild, hg_error *err)
{
    return execute(side, rebuild ? "PRAGMA foreign_keys = OFF" : "PRAGMA foreign_keys = ON", err)
           && execute(
               side, rebuild ? "PRAGMA legacy_alter_table = ON" : "PRAGMA legacy_alter_table = OFF",
               err);
}

bool side_run(struct side *side, const struct written *written, hg_error *err)
{
    bool ok = !written->rebuilds || set_pragmas(side, true, err);

    for (int phase = 0; ok && phase < PHASES; phase++)
        if (written->of_phase[phase] > 0)
            ok = side_run_phase(side, written, (enum write_phase)phase, err);
    if (written->rebuilds)
        ok = set_pragmas(side, false, ok ? err : NULL) && ok;
    return ok;
}

/* --- comparing --- */

/* The changes of one side's own objects to themselves: what makes them anew. */
static bool pick_texts(struct arena *arena, const struct diff *diff, bool from, struct diff *out)
{
    *out = (struct diff){.changes = arena_alloc(arena, diff->count + 1, sizeof *out->changes)};
    if (out->changes == NULL)
        return false;
    for (size_t i = 0; i < diff->count; i++) {
        const struct change *change = &diff->changes[i];
        const struct object *object = from ? change->from : change->to;
        uint32_t facts = change->wording;

        if (facts != 0)
            out->changes[out->count++] =
                (struct change){CHANGE_ALTER, object->kind, object, object, facts, facts, false};
    }
    return true;
}

static bool rewrite_and_read(struct side *side, const struct written *written, hg_error *err)
{
    for (size_t i = 0; i < written->count; i++)
        if (!side_run_statement(side, &written->statements[i], err))
            return false;
    return side_read(side, err);
}

/* Makes the objects whose texts differ anew, reads, and takes it back. What fails changes nothing:
 * then the first reading stands. */
static bool second_round(struct arena *arena, struct side *side, bool from, const struct diff *diff,
                         hg_error *err)
{
    bool inside = hg_conn_in_transaction(side->conn);
    hg_error ignored = {0};
    struct written written;
    struct diff own;

    if (!pick_texts(arena, diff, from, &own))
        return no_memory(err);
    if (own.count == 0)
        return true;
    if (!write_changes(arena, side->model, side->model, &own, WRITE_TRANSACTION, &written, err))
        return false;
    if (!(inside ? execute(side, "SAVEPOINT headgate_round", err)
                 : hg_conn_begin(side->conn, side->by, err)))
        return false;
    side->second = rewrite_and_read(side, &written, &ignored);
    return inside ? execute(side, "ROLLBACK TO SAVEPOINT headgate_round", err)
                        && execute(side, "RELEASE SAVEPOINT headgate_round", err)
                  : hg_conn_rollback(side->conn, side->by, err);
}

bool sides_compare(struct arena *arena, struct side *from, bool try_from, struct side *to,
                   bool try_to, struct diff *out_diff, hg_error *err)
{
    struct diff diff;

    if ((from->second && !side_read(from, err)) || (to->second && !side_read(to, err)))
        return false; /* a round is of the texts that differ now: both begin with their first */
    if (!diff_make(arena, from->model, to->model, from->read.privileges, &diff))
        return no_memory(err);
    if (from->model->driver == HG_POSTGRESQL && diff_has_wording(&diff)) {
        struct diff first = diff;

        if ((try_from && !second_round(arena, from, true, &first, err))
            || (try_to && !second_round(arena, to, false, &first, err)))
            return false;
        if (!diff_make(arena, from->model, to->model, from->read.privileges, &diff))
            return no_memory(err);
    }
    *out_diff = diff;
    return true;
}
