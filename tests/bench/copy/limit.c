/*
 * limit.c - the least that a copy from SQLite to PostgreSQL costs: rows straight into binary COPY
 * on several connections, then keys, indexes and foreign keys. Checks nothing, records nothing, and
 * ends at the first value that is not what its column was declared as.
 *
 *   limit FILE CONNINFO STREAMS    copies, and prints the seconds that it took
 *   limit before FILE              the statements that make the tables, for who copies otherwise
 *   limit after FILE               those for after the rows
 *   limit dump FILE FOLDER         the rows as files for the server's own COPY
 *   limit encode FILE              reads and encodes, for nobody
 */
#include <endian.h>
#include <libpq-fe.h>
#include <math.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    TABLES_MAX = 1024,
    COLUMNS_MAX = 64,
    STEPS_MAX = 8192,
    CHUNKS_MAX = 1 << 16,
    NAME = 64,
    SQL = 4096,
    SEND = 256 << 10,
    CHUNKS_A_TABLE = 32,
    ROWS_A_CHUNK = 5000
};

enum type { INT8, FLOAT8, TEXT, MOMENT, DATE, BOOL, NUMERIC, BYTEA };
static const char *const type_names[] = {"bigint", "double precision", "text",    "timestamptz",
                                         "date",   "boolean",          "numeric", "bytea"};

struct column {
    char name[NAME];
    enum type type;
    int precision, scale, not_null, key;
};

struct table {
    char name[NAME], select[SQL], columns[SQL];
    struct column column[COLUMNS_MAX];
    int count, identity;
    int64_t lo, hi;
    int chunks_left, indexes_left, keys_left;
};

enum step_kind { INDEX, ATTACH, REFERENCE, SEQUENCE };

/* What comes after the rows. */
struct step {
    enum step_kind kind;
    int table, other;
    char sql[SQL];
    int begun, done;
};

struct chunk {
    int table;
    int64_t lo, hi;
};

struct image {
    unsigned char *bytes;
    size_t size, room;
};

static struct table tables[TABLES_MAX];
static struct step steps[STEPS_MAX];
static struct chunk chunks[CHUNKS_MAX];
static int table_count, step_count, chunk_count, next_chunk, steps_left;
static const char *path, *conninfo;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards steps, chunks, what is left */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* --- the source --- */

static sqlite3 *open_file(void)
{
    sqlite3 *db;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        die(path, sqlite3_errmsg(db));
    return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(db));
    return stmt;
}

static const char *text(sqlite3_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt, column);
}

static enum type type_of(const char *declared, struct column *c)
{
    static const struct {
        const char *part;
        enum type type;
    } parts[] = {{"BOOL", BOOL},  {"DATETIME", MOMENT}, {"DATE", DATE},
                 {"INT", INT8},   {"CHAR", TEXT},       {"TEXT", TEXT},
                 {"BLOB", BYTEA}, {"REAL", FLOAT8},     {"DOUB", FLOAT8}};

    if (strchr(declared, '(') != NULL)
        sscanf(strchr(declared, '('), "(%d,%d", &c->precision, &c->scale);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcasestr(declared, parts[i].part) != NULL)
            return parts[i].type;
    return NUMERIC;
}

static void read_columns(sqlite3 *db, struct table *t)
{
    char sql[SQL];
    sqlite3_stmt *stmt;

    snprintf(sql, sizeof sql, "SELECT name, type, \"notnull\", pk FROM pragma_table_info('%s')",
             t->name);
    for (stmt = prepare(db, sql); sqlite3_step(stmt) == SQLITE_ROW;) {
        struct column *c = &t->column[t->count++];

        snprintf(c->name, sizeof c->name, "%s", text(stmt, 0));
        c->type = type_of(text(stmt, 1), c);
        c->not_null = sqlite3_column_int(stmt, 2);
        c->key = sqlite3_column_int(stmt, 3);
        snprintf(t->columns + strlen(t->columns), sizeof t->columns - strlen(t->columns),
                 "%s\"%s\"", t->count > 1 ? "," : "", c->name);
    }
    sqlite3_finalize(stmt);
    snprintf(t->select, sizeof t->select,
             "SELECT %.2000s FROM \"%s\" WHERE rowid BETWEEN ?1 AND ?2", t->columns, t->name);
}

static void read_tables(void)
{
    sqlite3 *db = open_file();
    sqlite3_stmt *stmt = prepare(db, "SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_schema "
                                     "WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");

    while (sqlite3_step(stmt) == SQLITE_ROW) {
        struct table *t = &tables[table_count++];
        char sql[SQL];
        sqlite3_stmt *ends;

        snprintf(t->name, sizeof t->name, "%s", text(stmt, 0));
        t->identity = sqlite3_column_int(stmt, 1);
        read_columns(db, t);
        snprintf(sql, sizeof sql, "SELECT min(rowid), max(rowid) FROM \"%s\"", t->name);
        ends = prepare(db, sql);
        sqlite3_step(ends);
        t->lo = sqlite3_column_int64(ends, 0);
        t->hi = sqlite3_column_int64(ends, 1);
        sqlite3_finalize(ends);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

/* --- statements --- */

static void write_table(const struct table *t, char *out, size_t size)
{
    int n = snprintf(out, size, "CREATE TABLE \"%s\" (", t->name);

    for (int i = 0; i < t->count; i++) {
        const struct column *c = &t->column[i];

        n += snprintf(out + n, size - (size_t)n, "%s\"%s\" %s", i > 0 ? ", " : "", c->name,
                      type_names[c->type]);
        if (c->type == NUMERIC && c->precision > 0)
            n += snprintf(out + n, size - (size_t)n, "(%d,%d)", c->precision, c->scale);
        n += snprintf(out + n, size - (size_t)n, "%s%s", c->not_null || c->key ? " NOT NULL" : "",
                      c->key && t->identity ? " GENERATED BY DEFAULT AS IDENTITY" : "");
    }
    snprintf(out + n, size - (size_t)n, ")");
}

static struct step *add_step(enum step_kind kind, int table, int other)
{
    struct step *step = &steps[step_count++];

    step->kind = kind;
    step->table = table;
    step->other = other;
    tables[table].indexes_left += kind == INDEX;
    tables[table].keys_left += kind == ATTACH;
    return step;
}

static int find(const char *name)
{
    for (int i = 0; i < table_count; i++)
        if (strcasecmp(tables[i].name, name) == 0)
            return i;
    return -1;
}

static void add_key(int number)
{
    const struct table *t = &tables[number];
    char key[SQL] = "";

    for (int n = 1; n <= t->count; n++)
        for (int i = 0; i < t->count; i++)
            if (t->column[i].key == n)
                snprintf(key + strlen(key), sizeof key - strlen(key), "%s\"%s\"",
                         key[0] == '\0' ? "" : ",", t->column[i].name);
    if (key[0] == '\0')
        return;
    snprintf(add_step(INDEX, number, number)->sql, SQL,
             "CREATE UNIQUE INDEX \"%s_pkey\" ON \"%s\" (%.900s)", t->name, t->name, key);
    snprintf(add_step(ATTACH, number, number)->sql, SQL,
             "ALTER TABLE \"%s\" ADD CONSTRAINT \"%s_pkey\" PRIMARY KEY USING INDEX \"%s_pkey\"",
             t->name, t->name, t->name);
    if (t->identity)
        snprintf(add_step(SEQUENCE, number, number)->sql, SQL,
                 "SELECT setval(pg_get_serial_sequence('\"%s\"', '%s'), %lld)", t->name,
                 t->column[0].name, (long long)t->hi);
}

static void add_steps(sqlite3 *db, int number)
{
    const struct table *t = &tables[number];
    char sql[SQL];
    sqlite3_stmt *stmt;

    add_key(number);
    snprintf(sql, sizeof sql,
             "SELECT l.name, l.\"unique\", (SELECT group_concat('\"' || name || '\"') FROM "
             "pragma_index_info(l.name)) FROM pragma_index_list('%s') l WHERE l.origin <> 'pk'",
             t->name);
    for (stmt = prepare(db, sql); sqlite3_step(stmt) == SQLITE_ROW;)
        snprintf(add_step(INDEX, number, number)->sql, SQL, "CREATE %sINDEX \"%s\" ON \"%s\" (%s)",
                 sqlite3_column_int(stmt, 1) ? "UNIQUE " : "", text(stmt, 0), t->name,
                 text(stmt, 2));
    sqlite3_finalize(stmt);
    snprintf(sql, sizeof sql,
             "SELECT \"table\", \"from\", \"to\" FROM pragma_foreign_key_list('%s')", t->name);
    for (stmt = prepare(db, sql); sqlite3_step(stmt) == SQLITE_ROW;)
        snprintf(add_step(REFERENCE, number, find(text(stmt, 0)))->sql, SQL,
                 "ALTER TABLE \"%s\" ADD FOREIGN KEY (\"%s\") REFERENCES \"%s\" (\"%s\")", t->name,
                 text(stmt, 1), text(stmt, 0), text(stmt, 2));
    sqlite3_finalize(stmt);
}

/* --- values --- */

static void need(struct image *image, size_t more)
{
    if (image->size + more <= image->room)
        return;
    image->room = (image->size + more) * 2;
    image->bytes = realloc(image->bytes, image->room);
    if (image->bytes == NULL)
        die("limit", "out of memory");
}

static void put16(struct image *image, uint16_t value)
{
    value = htobe16(value);
    memcpy(image->bytes + image->size, &value, sizeof value);
    image->size += sizeof value;
}

static void put32(struct image *image, uint32_t value)
{
    value = htobe32(value);
    memcpy(image->bytes + image->size, &value, sizeof value);
    image->size += sizeof value;
}

static void put64(struct image *image, uint64_t value)
{
    put32(image, 8);
    value = htobe64(value);
    memcpy(image->bytes + image->size, &value, sizeof value);
    image->size += sizeof value;
}

static void put_bytes(struct image *image, const void *bytes, int size)
{
    need(image, (size_t)size + 64);
    put32(image, (uint32_t)size);
    if (size > 0)
        memcpy(image->bytes + image->size, bytes, (size_t)size);
    image->size += (size_t)size;
}

/* Groups of four decimal digits, as PostgreSQL's numeric is sent; value: scaled to a whole number.
 */
static void put_numeric(struct image *image, int64_t value, int scale)
{
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    int pad = (4 - scale % 4) % 4, count = 0, low = 0;
    uint16_t digits[8];

    for (int i = 0; i < pad; i++)
        left *= 10;
    for (; left > 0; left /= 10000)
        digits[count++] = (uint16_t)(left % 10000);
    while (low < count && digits[low] == 0)
        low++;
    put32(image, (uint32_t)(8 + 2 * (count - low)));
    put16(image, (uint16_t)(count - low));
    put16(image, (uint16_t)(count > low ? count - 1 - (scale + pad) / 4 : 0));
    put16(image, value < 0 ? 0x4000 : 0);
    put16(image, (uint16_t)scale);
    for (int i = count - 1; i >= low; i--)
        put16(image, digits[i]);
}

static int64_t days(int year, int month, int day)
{
    int y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468
           - 10957;
}

static int two(const char *at)
{
    return (at[0] - '0') * 10 + at[1] - '0';
}

static void put_moment(struct image *image, const char *at, int size, bool date)
{
    int64_t day = days(two(at) * 100 + two(at + 2), two(at + 5), two(at + 8)), seconds = 0;

    if (date) {
        put32(image, 4);
        put32(image, (uint32_t)day);
        return;
    }
    if (size >= 19)
        seconds = (two(at + 11) * 60 + two(at + 14)) * 60 + two(at + 17);
    put64(image, (uint64_t)((day * 86400 + seconds) * 1000000));
}

static void put_number(struct image *image, const struct column *c, sqlite3_stmt *stmt, int i)
{
    static const double powers[] = {1, 10, 100, 1000, 10000};
    double real = sqlite3_column_double(stmt, i);
    uint64_t bits;

    if (c->type == FLOAT8) {
        memcpy(&bits, &real, sizeof bits);
        put64(image, bits);
    } else {
        put_numeric(image, llround(real * powers[c->scale]), c->scale);
    }
}

static void put_value(struct image *image, const struct column *c, sqlite3_stmt *stmt, int i)
{
    static const int classes[] = {
        [INT8] = SQLITE_INTEGER, [TEXT] = SQLITE_TEXT,    [MOMENT] = SQLITE_TEXT,
        [DATE] = SQLITE_TEXT,    [BOOL] = SQLITE_INTEGER, [BYTEA] = SQLITE_BLOB};
    int class = sqlite3_column_type(stmt, i);

    if (class == SQLITE_NULL) {
        put32(image, UINT32_MAX);
        return;
    }
    if (c->type != FLOAT8 && c->type != NUMERIC && class != classes[c->type])
        die(c->name, "a value of another type");
    if (c->type == INT8) {
        put64(image, (uint64_t)sqlite3_column_int64(stmt, i));
    } else if (c->type == BOOL) {
        put32(image, 1);
        image->bytes[image->size++] = sqlite3_column_int(stmt, i) != 0;
    } else if (c->type == TEXT) {
        const void *bytes = sqlite3_column_text(stmt, i);

        put_bytes(image, bytes, sqlite3_column_bytes(stmt, i));
    } else if (c->type == BYTEA) {
        const void *bytes = sqlite3_column_blob(stmt, i);

        put_bytes(image, bytes, sqlite3_column_bytes(stmt, i));
    } else if (c->type == MOMENT || c->type == DATE) {
        put_moment(image, text(stmt, i), sqlite3_column_bytes(stmt, i), c->type == DATE);
    } else {
        put_number(image, c, stmt, i);
    }
}

/* --- rows --- */

/* Calls sink() for every full buffer of a range's rows. */
static void encode(sqlite3 *db, const struct chunk *chunk, struct image *image,
                   void (*sink)(void *to, struct image *image), void *to)
{
    const struct table *t = &tables[chunk->table];
    sqlite3_stmt *stmt = prepare(db, t->select);

    sqlite3_bind_int64(stmt, 1, chunk->lo);
    sqlite3_bind_int64(stmt, 2, chunk->hi);
    image->size = 0;
    need(image, SEND * 2);
    memcpy(image->bytes, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    image->size = 19;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        need(image, 2 + (size_t)t->count * 64);
        put16(image, (uint16_t)t->count);
        for (int i = 0; i < t->count; i++)
            put_value(image, &t->column[i], stmt, i);
        if (image->size >= SEND)
            sink(to, image);
    }
    sqlite3_finalize(stmt);
    need(image, 2);
    put16(image, UINT16_MAX);
    sink(to, image);
}

static void into_server(void *to, struct image *image)
{
    if (PQputCopyData(to, (char *)image->bytes, (int)image->size) != 1)
        die("COPY", PQerrorMessage(to));
    image->size = 0;
}

static void into_file(void *to, struct image *image)
{
    if (fwrite(image->bytes, 1, image->size, to) != image->size)
        die("file", "could not be written");
    image->size = 0;
}

static void into_nothing(void *to, struct image *image)
{
    (void)to;
    image->size = 0;
}

static void execute(PGconn *pg, const char *sql)
{
    PGresult *result = PQexec(pg, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN)
        die(sql, PQerrorMessage(pg));
    PQclear(result);
}

static void copy_chunk(PGconn *pg, sqlite3 *db, const struct chunk *chunk, struct image *image)
{
    const struct table *t = &tables[chunk->table];
    char sql[2 * SQL];
    PGresult *result;

    snprintf(sql, sizeof sql, "COPY \"%s\" (%s) FROM STDIN (FORMAT binary)", t->name, t->columns);
    execute(pg, sql);
    encode(db, chunk, image, into_server, pg);
    if (PQputCopyEnd(pg, NULL) != 1)
        die(t->name, PQerrorMessage(pg));
    while ((result = PQgetResult(pg)) != NULL) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            die(t->name, PQerrorMessage(pg));
        PQclear(result);
    }
}

/* --- several at once --- */

static PGconn *connect_server(void)
{
    PGconn *pg = PQconnectdb(conninfo);

    if (PQstatus(pg) != CONNECTION_OK)
        die(conninfo, PQerrorMessage(pg));
    execute(pg, "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET "
                "client_min_messages = warning; SET timezone = 'UTC'; SET "
                "max_parallel_maintenance_workers = 0");
    return pg;
}

/* Under the lock. */
static bool is_ready(const struct step *step)
{
    const struct table *t = &tables[step->table], *o = &tables[step->other];

    if (step->begun || t->chunks_left > 0)
        return false;
    if (step->kind == REFERENCE) {
        for (int i = 0; i < step_count; i++) /* ALTER TABLE locks both of its tables */
            if (steps[i].kind == REFERENCE && steps[i].begun && !steps[i].done
                && (steps[i].table == step->table || steps[i].table == step->other
                    || steps[i].other == step->table))
                return false;
        return o->chunks_left + t->indexes_left + o->indexes_left + t->keys_left + o->keys_left
               == 0;
    }
    return step->kind == INDEX || t->indexes_left == 0;
}

/* Under the lock: the step of the largest table. */
static struct step *next_step(void)
{
    struct step *best = NULL;

    for (int i = 0; i < step_count; i++)
        if (is_ready(&steps[i])
            && (best == NULL
                || tables[steps[i].table].hi - tables[steps[i].table].lo
                       > tables[best->table].hi - tables[best->table].lo))
            best = &steps[i];
    return best;
}

/* Under the lock, which is let go meanwhile. */
static void run_step(PGconn *pg, struct step *step)
{
    step->begun = 1;
    pthread_mutex_unlock(&lock);
    execute(pg, step->sql);
    pthread_mutex_lock(&lock);
    step->done = 1;
    steps_left--;
    tables[step->table].indexes_left -= step->kind == INDEX;
    tables[step->table].keys_left -= step->kind == ATTACH;
}

static void *labour(void *unused)
{
    PGconn *pg = connect_server();
    sqlite3 *db = open_file();
    struct image image = {NULL, 0, 0};

    pthread_mutex_lock(&lock);
    for (;;) {
        struct step *step;

        if (next_chunk < chunk_count) {
            const struct chunk *chunk = &chunks[next_chunk++];

            pthread_mutex_unlock(&lock);
            copy_chunk(pg, db, chunk, &image);
            pthread_mutex_lock(&lock);
            tables[chunk->table].chunks_left--;
        } else if ((step = next_step()) != NULL) {
            run_step(pg, step);
        } else if (steps_left == 0) {
            break;
        } else {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    sqlite3_close(db);
    PQfinish(pg);
    free(image.bytes);
    return unused;
}

static int larger_first(const void *a, const void *b)
{
    const struct table *x = a, *y = b;

    return x->hi - x->lo < y->hi - y->lo ? 1 : -1;
}

static void cut(void)
{
    for (int i = 0; i < table_count; i++) {
        struct table *t = &tables[i];
        int64_t rows = t->hi - t->lo + 1, count = rows / ROWS_A_CHUNK, step;

        count = count < 1 ? 1 : count > CHUNKS_A_TABLE ? CHUNKS_A_TABLE : count;
        step = (rows + count - 1) / count;
        for (int64_t lo = t->lo; lo <= t->hi; lo += step, t->chunks_left++)
            chunks[chunk_count++] =
                (struct chunk){i, lo, lo + step - 1 < t->hi ? lo + step - 1 : t->hi};
    }
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void copy(int streams)
{
    pthread_t threads[64];
    double begun = now();
    PGconn *pg = connect_server();
    char sql[SQL];

    for (int i = 0; i < table_count; i++) {
        write_table(&tables[i], sql, sizeof sql);
        execute(pg, sql);
    }
    cut();
    steps_left = step_count;
    for (int i = 0; i < streams; i++)
        pthread_create(&threads[i], NULL, labour, NULL);
    for (int i = 0; i < streams; i++)
        pthread_join(threads[i], NULL);
    execute(pg, "SET synchronous_commit = on; CREATE TABLE done (); DROP TABLE done");
    PQfinish(pg);
    printf("%.3f\n", now() - begun);
}

/* folder: NULL: nobody gets them. */
static void dump(const char *folder)
{
    sqlite3 *db = open_file();
    struct image image = {NULL, 0, 0};

    for (int i = 0; i < table_count; i++) {
        const struct chunk all = {i, INT64_MIN, INT64_MAX};
        char name[2 * SQL];
        FILE *file;

        if (folder == NULL) {
            encode(db, &all, &image, into_nothing, NULL);
            continue;
        }
        snprintf(name, sizeof name, "%s/%s", folder, tables[i].name);
        file = fopen(name, "w");
        if (file == NULL)
            die(name, "could not be created");
        encode(db, &all, &image, into_file, file);
        fclose(file);
    }
    sqlite3_close(db);
    free(image.bytes);
}

int main(int argc, char **argv)
{
    bool named = argc > 1
                 && (strcmp(argv[1], "before") == 0 || strcmp(argv[1], "after") == 0
                     || strcmp(argv[1], "dump") == 0 || strcmp(argv[1], "encode") == 0);
    sqlite3 *db;
    char sql[SQL];

    if (argc < 3 || (argc < 4 && (!named || argv[1][0] == 'd')))
        die("usage", "see the head of limit.c");
    path = argv[named ? 2 : 1];
    read_tables();
    qsort(tables, (size_t)table_count, sizeof *tables, larger_first);
    db = open_file();
    for (int i = 0; i < table_count; i++)
        add_steps(db, i);
    sqlite3_close(db);
    conninfo = argv[2];
    if (!named)
        copy(atoi(argv[3]));
    else if (argv[1][0] == 'd' || argv[1][0] == 'e')
        dump(argv[1][0] == 'd' ? argv[3] : NULL);
    for (int i = 0; named && argv[1][0] == 'b' && i < table_count; i++) {
        write_table(&tables[i], sql, sizeof sql);
        printf("%s;\n", sql);
    }
    for (int kind = INDEX; named && argv[1][0] == 'a' && kind <= SEQUENCE; kind++)
        for (int i = 0; i < step_count; i++)
            if (steps[i].kind == (enum step_kind)kind)
                printf("%s;\n", steps[i].sql);
    return 0;
}
