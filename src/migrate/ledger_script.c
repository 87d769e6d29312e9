/*
 * ledger_script.c - what a step changes in the ledger, as statements without parameters that travel
 * with the migration's own. Pure.
 *
 * The statement that nearly every step ends with costs the server more to read and plan than to
 * carry out. Where there are many steps it is prepared once, and each of them only names it.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "ledger.h"

void ledger_literal(struct buf *out, const char *text)
{
    if (text == NULL) {
        buf_text(out, "NULL");
        return;
    }
    buf_text(out, "E'");
    while (*text != '\0') {
        size_t n = strcspn(text, "'\\");

        buf_bytes(out, text, n);
        text += n;
        if (*text == '\0')
            break;
        buf_char(out, *text);
        buf_char(out, *text++);
    }
    buf_char(out, '\'');
}

/* What is written of a step, as the statements below call it; first the parameters of the prepared
 * statement, in their order. */
#define PARAMETERS(WORD)               \
    WORD(ADDS, "adds")                 \
    WORD(REMOVES, "removes")           \
    WORD(REVISION, "revision")         \
    WORD(DIRECTION, "direction")       \
    WORD(FILE, "file")                 \
    WORD(MESSAGE, "message")           \
    WORD(REVISES, "revises")           \
    WORD(CHECKSUM, "checksum")         \
    WORD(RAW_CHECKSUM, "raw_checksum") \
    WORD(DOWN_SECTION, "down_section") \
    WORD(STATEMENTS, "statements")     \
    WORD(DONE, "done")                 \
    WORD(STARTED, "started")           \
    WORD(FINISHED, "finished")         \
    WORD(DURATION, "duration")         \
    WORD(LOCK_WAIT, "lock_wait")       \
    WORD(RETRIES, "retries")           \
    WORD(WORK, "work")                 \
    WORD(SPENT_HEAD, "spent_head")     \
    WORD(SPENT_OPEN, "spent_open")     \
    WORD(SPENT_TAIL, "spent_tail")

/* And what is the same for all steps of a run. */
#define CONSTANTS(WORD)        \
    WORD(OPERATOR, "operator") \
    WORD(OS_USER, "os_user")   \
    WORD(HOST, "host")         \
    WORD(VERSION, "version")   \
    WORD(PID, "pid")           \
    WORD(RELEASE, "release")   \
    WORD(VERSIONS, "versions") \
    WORD(HISTORY, "history")   \
    WORD(LATER, "later")       \
    WORD(GONE, "gone")

#define WORD_NUMBER(NAME, TEXT) WORD_##NAME,
#define WORD_TEXT(NAME, TEXT)   TEXT,

enum word { PARAMETERS(WORD_NUMBER) CONSTANTS(WORD_NUMBER) WORD_COUNT };

enum { PARAMETER_COUNT = WORD_SPENT_TAIL + 1, WORDS_LIMIT = 1 << 30 };

static const char *const names[WORD_COUNT] = {PARAMETERS(WORD_TEXT) CONSTANTS(WORD_TEXT)};

struct words {
    struct buf text; /* one behind the other */
    size_t end[WORD_COUNT];
};

/* --- the statement --- */

/* One revision that takes another's place, which is nearly all there is, in one go. */
static const char swap_sql[] = "gone AS (UPDATE {versions} SET version_num = {adds} WHERE "
                               "version_num = {removes} RETURNING 1), ";

static const char leave_sql[] =
    "gone AS (DELETE FROM {versions} WHERE version_num IN ({removes}) RETURNING 1), ";

/* outcome may not be null: where the rows that leave were not there, nothing can be written. */
static const char outcome_sql[] =
    "CASE (SELECT pg_catalog.count(*) FROM gone) WHEN {gone} THEN 'ok' END";

/*
 * The server adds the time that passed until it came here: since the round trip began, or since the
 * ledger of another step was written in it, which headgate.mark remembers.
 */
static const char span_sql[] =
    "moment AS (SELECT pg_catalog.date_part('epoch', pg_catalog.statement_timestamp()) AS sent,"
    " pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) AS ended), "
    "span AS (SELECT sent, ended, greatest(sent, coalesce(nullif("
    "pg_catalog.current_setting('headgate.mark', true), ''), '0')::pg_catalog.float8) AS begun,"
    " pg_catalog.set_config('headgate.mark', ended::pg_catalog.text, true) FROM moment)\n";

static const char insert_sql[] =
    "INSERT INTO {history} (outcome, revision, direction, file, message, revises, checksum, "
    "raw_checksum, down_section, statements, statements_done, started_at, finished_at, "
    "duration_ms, lock_wait_ms, retries, operator, os_user, host, headgate_version, "
    "backend_pid{later}) SELECT ";

#define MOMENT(SECONDS)                                                              \
    "pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.to_timestamp(" SECONDS \
    ")), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

// clang-format off
static const char event_sql[] =
    ", {revision}, {direction}, {file}, {message}, {revises}, {checksum}, {raw_checksum}, "
    "{down_section}, {statements}, {done}, "
    MOMENT("{started} + begun - sent") ", " MOMENT("{finished} + ended - sent")
    ", {duration} + 1000 * (ended - begun), {lock_wait}, {retries}, {operator}, {os_user}, {host}, "
    "{version}, {pid}";
// clang-format on

/* The columns that the history may not have, in their order. What the last statement takes, the
 * server adds, where it is not known. */
static const char *const later_sql[LEDGER_LATER_COUNT] = {
    ", {release}",
    ", {work}",
    (", coalesce({spent_head}::pg_catalog.text || pg_catalog.round(({spent_open} + 1000 * "
     "(ended - begun))::pg_catalog.numeric, 3) || {spent_tail}::pg_catalog.text, {spent_head})"),
};

static void put_word(struct buf *out, const struct words *words, size_t i)
{
    size_t from = i == 0 ? 0 : words->end[i - 1];

    buf_bytes(out, words->text.bytes + from, words->end[i] - from);
}

/* Copies a piece of the statement with its words in their places. */
static void put(struct buf *out, const char *sql, const struct words *words)
{
    for (const char *brace; (brace = strchr(sql, '{')) != NULL;) {
        size_t n = strcspn(++brace, "}"), i = 0;

        buf_bytes(out, sql, (size_t)(brace - 1 - sql));
        while (strncmp(names[i], brace, n) != 0 || names[i][n] != '\0')
            i++;
        put_word(out, words, i);
        sql = brace + n + 1;
    }
    buf_text(out, sql);
}

static void put_event(struct buf *out, const struct ledger_place *place, const char *move,
                      const struct words *words)
{
    buf_text(out, "WITH ");
    put(out, move, words);
    put(out, span_sql, words);
    put(out, insert_sql, words);
    put(out, move[0] == '\0' ? "'ok'" : outcome_sql, words);
    put(out, event_sql, words);
    for (int i = 0; i < place->later; i++)
        put(out, later_sql[i], words);
    buf_text(out, " FROM span");
}

/* --- its words --- */

static void end_word(struct words *w, enum word word)
{
    w->end[word] = w->text.size;
}

static void add_text(struct words *w, enum word word, const char *text)
{
    ledger_literal(&w->text, text);
    end_word(w, word);
}

static void add_number(struct words *w, enum word word, int64_t number)
{
    buf_printf(&w->text, "%lld", (long long)number);
    end_word(w, word);
}

static void add_real(struct words *w, enum word word, double number)
{
    buf_printf(&w->text, "%.3f", number);
    end_word(w, word);
}

static void add_list(struct words *w, enum word word, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_text(&w->text, i == 0 ? "" : ", ");
        ledger_literal(&w->text, texts[i]);
    }
    end_word(w, word);
}

static void add_parameters(struct words *w, const struct ledger_event *event,
                           const struct ledger_change *change)
{
    add_list(w, WORD_ADDS, change->adds, change->add_count);
    add_list(w, WORD_REMOVES, change->removes, change->remove_count);
    add_text(w, WORD_REVISION, event->revision);
    add_text(w, WORD_DIRECTION, event->direction);
    add_text(w, WORD_FILE, event->file);
    add_text(w, WORD_MESSAGE, event->message);
    add_text(w, WORD_REVISES, event->revises);
    add_text(w, WORD_CHECKSUM, event->checksum);
    add_text(w, WORD_RAW_CHECKSUM, event->raw_checksum);
    add_text(w, WORD_DOWN_SECTION, event->down_section);
    add_number(w, WORD_STATEMENTS, event->statements);
    add_number(w, WORD_DONE, event->statements_done);
    add_real(w, WORD_STARTED, (double)event->started_ms / 1000);
    add_real(w, WORD_FINISHED, (double)event->finished_ms / 1000);
    add_real(w, WORD_DURATION, event->duration_ms);
    add_number(w, WORD_LOCK_WAIT, event->lock_wait_ms);
    add_number(w, WORD_RETRIES, event->retries);
    add_text(w, WORD_WORK, event->work);
    add_text(w, WORD_SPENT_HEAD, event->spent.head);
    add_real(w, WORD_SPENT_OPEN, event->spent.open_ms);
    add_text(w, WORD_SPENT_TAIL, event->spent.tail);
}

static void add_markers(struct words *w)
{
    for (int i = 0; i < PARAMETER_COUNT; i++) {
        buf_printf(&w->text, "$%d", i + 1);
        end_word(w, (enum word)i);
    }
}

static void add_constants(struct words *w, const struct ledger_place *place,
                          const struct ledger_author *author, size_t gone)
{
    const char *const plain[] = {place->versions, place->history, ledger_later_names(place)};

    add_text(w, WORD_OPERATOR, author->operator_name);
    add_text(w, WORD_OS_USER, author->os_user);
    add_text(w, WORD_HOST, author->host);
    add_text(w, WORD_VERSION, hg_version());
    add_number(w, WORD_PID, author->backend_pid);
    add_text(w, WORD_RELEASE, author->release);
    for (int i = 0; i < 3; i++) {
        buf_text(&w->text, plain[i]);
        end_word(w, (enum word)(WORD_VERSIONS + i));
    }
    add_number(w, WORD_GONE, (int64_t)gone);
}

/* --- the script --- */

#define PREPARED_NAME "headgate_ledger"

bool ledger_prepare(struct buf *out, const struct ledger_place *place,
                    const struct ledger_author *author)
{
    struct words words = {.text = BUF_INIT(WORDS_LIMIT)};
    bool ok;

    add_markers(&words);
    add_constants(&words, place, author, 1);
    buf_text(out, "PREPARE " PREPARED_NAME " AS ");
    put_event(out, place, swap_sql, &words);
    ok = !buf_failed(&words.text) && !buf_failed(out);
    buf_release(&words.text);
    return ok;
}

const char ledger_is_prepared[] =
    "SELECT 1 FROM pg_catalog.pg_prepared_statements WHERE name = '" PREPARED_NAME "'";

static void put_execute(struct buf *out, const struct words *words)
{
    buf_text(out, "EXECUTE " PREPARED_NAME " (");
    for (size_t i = 0; i < PARAMETER_COUNT; i++) {
        buf_text(out, i == 0 ? "" : ", ");
        put_word(out, words, i);
    }
    buf_char(out, ')');
}

static void put_mirror(struct buf *out, const struct ledger_change *change)
{
    buf_printf(out,
               change->applied ? "INSERT INTO %s (version) VALUES ("
                               : "DELETE FROM %s WHERE version IN (",
               change->mirror);
    ledger_literal(out, change->mirrored);
    buf_text(out, change->applied ? ") ON CONFLICT DO NOTHING;\n" : ");\n");
}

bool ledger_script(struct buf *out, const struct ledger_place *place,
                   const struct ledger_author *author, const struct ledger_event *event,
                   const struct ledger_change *change, bool prepared, size_t *count)
{
    struct words words = {.text = BUF_INIT(WORDS_LIMIT)};
    bool swap = change->remove_count == 1 && change->add_count == 1, ok;

    add_parameters(&words, event, change);
    add_constants(&words, place, author, change->remove_count);
    if (swap && prepared)
        put_execute(out, &words);
    else
        put_event(out, place, swap ? swap_sql : change->remove_count > 0 ? leave_sql : "", &words);
    buf_text(out, ";\n");
    for (size_t i = 0; !swap && i < change->add_count; i++) {
        buf_printf(out, "INSERT INTO %s VALUES (", place->versions);
        ledger_literal(out, change->adds[i]);
        buf_text(out, ");\n");
    }
    if (change->mirror != NULL)
        put_mirror(out, change);
    *count += 1 + (swap ? 0 : change->add_count) + (change->mirror != NULL);
    ok = !buf_failed(&words.text) && !buf_failed(out);
    buf_release(&words.text);
    return ok;
}

void ledger_explain(hg_error *err)
{
    if (strcmp(err->sqlstate, "23502") != 0 && strcmp(err->sqlstate, "23505") != 0) {
        hg_error_context(err, "could not write the ledger");
        return;
    }
    err->sqlstate[0] = '\0';
    err->hint[0] = '\0';
    hg_fail(err, HG_DRIFT, "the version table was changed by somebody else meanwhile");
    hg_error_hint(err, "Look at headgate history, then run the command again.");
}
