/*
 * check_fidelity.c - values in a SQLite file that PostgreSQL would not take: what a column holds
 * against what it was declared as.
 *
 * One question a column. The whole file is read for them: a large one as far as the deadline
 * reaches, and is then unknown.
 */
#include "checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/vec.h"

enum { SHOWN_MOST = 1000 /* more rows of one column than that are not counted */ };

struct column {
    char table[256], name[256];
    char type[64]; /* as declared */
};

struct columns {
    struct column *items;
    size_t count, room;
};

/* What a check looks for: columns whose type has one of these parts, rows for which this is true.
 * %s is the column, %d the length in its type. */
struct fidelity {
    const char *types;
    const char *predicate;
    hg_status when_found;
};

// clang-format off
static const struct fidelity
    not_integer = {"int|serial", "typeof(%s) IN ('text', 'blob') OR (typeof(%s) = 'real' AND %s <> CAST(%s AS INTEGER))", HG_FAIL},
    too_long = {"char(|varying(", "typeof(%s) = 'text' AND length(%s) > %d", HG_FAIL},
    out_of_range = {"int|serial", "typeof(%s) = 'integer' AND (%s > 2147483647 OR %s < -2147483648)", HG_FAIL},
    not_boolean = {"bool", "%s IS NOT NULL AND NOT (typeof(%s) = 'integer' AND %s IN (0, 1))", HG_FAIL},
    not_time = {"date|time", "%s IS NOT NULL AND (typeof(%s) <> 'text' OR julianday(%s) IS NULL)", HG_FAIL},
    not_json = {"json", "%s IS NOT NULL AND (typeof(%s) = 'blob' OR NOT json_valid(%s))", HG_WARN},
    not_exact = {"numeric|decimal|money", "typeof(%s) = 'real' AND %s <> round(%s, 10)", HG_WARN},
    not_text = {"char|text|clob", "typeof(%s) = 'text' AND (%s GLOB '*[^ -~]*' OR instr(CAST(%s AS BLOB), x'00') > 0)", HG_FAIL};
// clang-format on

/* 8 bytes wide in PostgreSQL too, or left to be chosen. */
static bool is_wide(const char *type)
{
    return strcasestr(type, "big") != NULL || strcasestr(type, "int8") != NULL
           || strcasestr(type, "unsigned") != NULL;
}

static bool is_of(const char *types, const char *type)
{
    char part[32];

    for (; *types != '\0'; types += *types == '|') {
        size_t n = strcspn(types, "|");

        snprintf(part, sizeof part, "%.*s", (int)n, types);
        if (strcasestr(type, part) != NULL)
            return true;
        types += n;
    }
    return false;
}

/* VARCHAR(80): 80; 0 without one. */
static int length_of(const char *type)
{
    const char *open = strchr(type, '(');
    int n = 0;

    return open != NULL && sscanf(open, "(%d)", &n) == 1 ? n : 0;
}

static bool read_columns(struct check_context *context, struct columns *out, hg_error *err)
{
    static const char question[] =
        "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c"
        " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        " AND t.sql NOT LIKE 'CREATE VIRTUAL%'";
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    if (!hg_conn_query(context->conn, question, NULL, 0, context->by, &rows, err))
        return false;
    while ((step = hg_rows_next(rows, context->by, err)) == HG_ROW) {
        struct column *column = VEC_PUSH(out);

        if (column == NULL) {
            hg_fail(err, HG_NOMEM, "could not read the columns: out of memory");
            step = HG_ERROR;
            break;
        }
        text_copy(column->table, sizeof column->table, hg_rows_text(rows, 0));
        text_copy(column->name, sizeof column->name, hg_rows_text(rows, 1));
        text_copy(column->type, sizeof column->type, hg_rows_text(rows, 2));
    }
    hg_rows_close(rows);
    return step == HG_END;
}

static void put_question(struct buf *sql, const struct fidelity *what, const struct column *column)
{
    char table[600], name[600];

    hg_quote_identifier(column->table, table, sizeof table);
    hg_quote_identifier(column->name, name, sizeof name);
    buf_printf(sql, "SELECT CAST(%s AS BLOB) FROM %s WHERE ", name, table);
    for (const char *c = what->predicate; *c != '\0'; c++)
        if (c[0] == '%' && c[1] == 's') {
            buf_text(sql, name);
            c++;
        } else if (c[0] == '%' && c[1] == 'd') {
            buf_printf(sql, "%d", length_of(column->type));
            c++;
        } else {
            buf_char(sql, *c);
        }
    if (what != &not_text) /* whose rows are only suspicious: each has to be looked at */
        buf_printf(sql, " LIMIT %d", SHOWN_MOST);
}

/* Text of more than ASCII is only suspicious: its bytes decide. */
static bool is_broken(hg_rows *rows)
{
    hg_value value = hg_rows_value(rows, 0);

    return value.type == HG_BLOB
           && (memchr(value.as.bytes.data, '\0', value.as.bytes.size) != NULL
               || !text_valid(value.as.bytes.data, value.as.bytes.size));
}

static bool count_rows(struct check_context *context, const struct fidelity *what,
                       const struct column *column, size_t *out, hg_error *err)
{
    struct buf sql = BUF_INIT(8192);
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    put_question(&sql, what, column);
    if (buf_failed(&sql))
        hg_fail(err, HG_NOMEM, "could not ask about a column: out of memory");
    else if (hg_conn_query(context->conn, sql.bytes, NULL, 0, context->by, &rows, err))
        while ((step = hg_rows_next(rows, context->by, err)) == HG_ROW)
            *out += what != &not_text || is_broken(rows);
    hg_rows_close(rows);
    buf_release(&sql);
    return step == HG_END;
}

static bool asks_about(const struct fidelity *what, const struct column *column)
{
    if (!is_of(what->types, column->type))
        return false;
    if (what == &too_long)
        return length_of(column->type) > 0;
    return what != &out_of_range || !is_wide(column->type);
}

static void compare(struct check_context *context, const struct fidelity *what,
                    hg_check_result *result)
{
    struct columns columns = {0};
    const struct column *column;
    size_t asked = 0, bad = 0;
    hg_error err = {0};
    bool ok = read_columns(context, &columns, &err);

    VEC_EACH (&columns, column) {
        size_t rows = 0;

        if (!ok || !asks_about(what, column))
            continue;
        ok = count_rows(context, what, column, &rows, &err);
        asked++;
        bad += rows > 0;
        if (rows > 0)
            check_evidence(context, result, "%s.%s %s: %zu%s rows", column->table, column->name,
                           column->type, rows, rows == SHOWN_MOST ? " or more" : "");
    }
    VEC_RELEASE(&columns);
    if (!ok && bad == 0)
        check_say_error(result, &err);
    else if (asked == 0)
        check_say(result, HG_SKIP, "no column of that kind");
    else if (bad > 0)
        check_say(result, what->when_found, "%zu of %zu columns", bad, asked);
    else
        check_say(result, HG_PASS, "%zu columns looked at", asked);
}

static void check_integers(struct check_context *context, hg_check_result *result)
{
    compare(context, &not_integer, result);
}

static void check_texts(struct check_context *context, hg_check_result *result)
{
    compare(context, &not_text, result);
}

static void check_lengths(struct check_context *context, hg_check_result *result)
{
    compare(context, &too_long, result);
}

static void check_ranges(struct check_context *context, hg_check_result *result)
{
    compare(context, &out_of_range, result);
}

static void check_booleans(struct check_context *context, hg_check_result *result)
{
    compare(context, &not_boolean, result);
}

static void check_times(struct check_context *context, hg_check_result *result)
{
    compare(context, &not_time, result);
}

static void check_json(struct check_context *context, hg_check_result *result)
{
    compare(context, &not_json, result);
}

static void check_decimals(struct check_context *context, hg_check_result *result)
{
    compare(context, &not_exact, result);
}

/* What is one value there is two in PostgreSQL, so that its unique index lets in what SQLite's kept
 * out. */
static const char twins[] =
    "SELECT DISTINCT 1, t.name || '.' || x.name || ' is unique without regard to case'"
    " FROM sqlite_schema t, pragma_index_list(t.name) l, pragma_index_xinfo(l.name) x"
    " WHERE t.type = 'table' AND l.\"unique\" AND x.key AND upper(x.coll) = 'NOCASE'";

#define S ON_SQLITE | CONNECTED

// clang-format off
static const struct check rows[] = {
    {"fidelity.integers", "FID001", "Integer columns hold integers", CRITICAL, S, check_integers,
     .code = "not_integer", .hint = "PostgreSQL refuses the rows: correct them, or declare the column otherwise."},
    {"fidelity.texts", "FID002", "Texts are UTF-8 without NUL", CRITICAL, S, check_texts,
     .code = "not_utf8", .hint = "PostgreSQL refuses the rows: correct them before the copy."},
    {"fidelity.lengths", "FID003", "Texts are as short as declared", CRITICAL, S, check_lengths,
     .code = "too_long", .hint = "Shorten the texts, or widen the column."},
    {"fidelity.ranges", "FID004", "Integers fit into four bytes", CRITICAL, S, check_ranges,
     .code = "out_of_range", .hint = "Declare the column BIGINT: PostgreSQL's integer has four bytes."},
    {"fidelity.booleans", "FID005", "Booleans are 0 or 1", MAJOR, S, check_booleans,
     .code = "not_boolean", .hint = "Correct the rows: nothing else is a boolean in PostgreSQL."},
    {"fidelity.times", "FID006", "Times can be read", MAJOR, S, check_times,
     .code = "not_time", .hint = "Write them as YYYY-MM-DD HH:MM:SS; mixed forms cannot be copied."},
    {"fidelity.twins", "FID007", "Unique means the same there", MAJOR, S, NULL,
     {twins, MEASURE_COUNT, 0, NAN, "columns"}, "case_twins", "Make the index on lower(column), or use the type citext."},
    {"fidelity.json", "FID008", "JSON can be read", MINOR, S, check_json,
     .code = "not_json", .hint = "Correct the rows, or declare the column TEXT."},
    {"fidelity.decimals", "FID008", "Decimals are exact", MINOR, S, check_decimals,
     .code = "not_exact", .hint = "SQLite kept them as floating point: compare the sums after the copy."},
};
// clang-format on

const struct check_table fidelity_checks = {rows, sizeof rows / sizeof *rows};
