/*
 * test_shapes.c - whole databases of the kinds that there are: each is made in the target and
 * filled, and holds the same afterwards.
 */
#include "copying.h"

#define NUMBERS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "

struct shape {
    const char *name;
    const char *statements[24];
    const char *made; /* tables / foreign keys / other indexes, in the target */
};

static const struct shape shapes[] = {
    {"narrow",
     {"CREATE TABLE events (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, kind INTEGER NOT "
      "NULL, amount INTEGER, ts INTEGER NOT NULL)",
      NUMBERS "20000) INSERT INTO events SELECT i, i * 7919 % 200000, i % 12, CASE WHEN i % 20 "
              "THEN i * 7 - 1000000 END, 1500000000 + i * 30 FROM n",
      "CREATE INDEX events_user ON events (user_id)"},
     "1/0/1"},
    {"wide",
     {"CREATE TABLE shipments (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid CHAR(36) NOT NULL, "
      "customer VARCHAR(80) NOT NULL, country CHAR(2), note TEXT, payload TEXT, qty INTEGER NOT "
      "NULL, weight DOUBLE, lat DOUBLE, price DECIMAL(12,2), created_at DATETIME NOT NULL, "
      "ship_date DATE, ship_time TIME, is_paid BOOLEAN NOT NULL, is_gift BOOLEAN, doc JSON, key "
      "UUID)",
      NUMBERS "3000) INSERT INTO shipments SELECT i, printf('%08x-0000-4000-a000-%012x', i, i), "
              "'amber ' || i, 'DE', CASE WHEN i % 4 THEN substr('café naïve river', 1, i % 16) "
              "END, '{}', i, i / 7.0, i / 3.0 - 90, i / 100.0, datetime(1420070400 + i * 1000, "
              "'unixepoch'), date(1420070400 + i * 1000, 'unixepoch'), time(i * 1000, "
              "'unixepoch'), i & 1, CASE WHEN i & 2 THEN i >> 2 & 1 END, json_object('k', i, 'a', "
              "json_array(1.5, 'x')), printf('%08x-0000-4000-a000-%012x', i, i) FROM n",
      "CREATE UNIQUE INDEX shipments_uuid ON shipments (uuid)",
      "CREATE INDEX shipments_created ON shipments (created_at, customer DESC)"},
     "1/0/2"},
    {"blobs",
     {"CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mime VARCHAR(60), data "
      "BLOB)",
      NUMBERS "800) INSERT INTO files SELECT i, 'file-' || i, 'image/png', randomblob(4096 + i * "
              "15) FROM n"},
     "1/0/0"},
    {"small",
     {"CREATE TABLE t0 (id INTEGER PRIMARY KEY, x REAL)",
      "CREATE TABLE t1 (id INTEGER PRIMARY KEY, x REAL, p INTEGER REFERENCES t0)",
      "CREATE TABLE t2 (id INTEGER PRIMARY KEY, x REAL, p INTEGER REFERENCES t1)",
      "CREATE TABLE t3 (id INTEGER PRIMARY KEY, x REAL, p INTEGER REFERENCES t2)",
      "CREATE TABLE t4 (id INTEGER PRIMARY KEY, x REAL, p INTEGER REFERENCES t3)",
      NUMBERS "100) INSERT INTO t0 SELECT i, i / 3.0 FROM n",
      "INSERT INTO t1 SELECT id, x, id FROM t0", "INSERT INTO t2 SELECT id, x, id FROM t0",
      "INSERT INTO t3 SELECT id, x, id FROM t0", "INSERT INTO t4 SELECT id, x, id FROM t0"},
     "5/4/0"},
    {"a music shop",
     {"CREATE TABLE [Artist] ([ArtistId] INTEGER NOT NULL, [Name] NVARCHAR(120), CONSTRAINT "
      "[PK_Artist] PRIMARY KEY ([ArtistId]))",
      "CREATE TABLE [Album] ([AlbumId] INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, [Title] "
      "NVARCHAR(160) NOT NULL, [ArtistId] INTEGER NOT NULL, FOREIGN KEY ([ArtistId]) REFERENCES "
      "[Artist] ([ArtistId]) ON DELETE NO ACTION ON UPDATE NO ACTION)",
      "CREATE TABLE [Track] ([TrackId] INTEGER PRIMARY KEY NOT NULL, [Name] NVARCHAR(200) NOT "
      "NULL, [AlbumId] INTEGER REFERENCES [Album] ([AlbumId]), [Composer] NVARCHAR(220), "
      "[Milliseconds] INTEGER NOT NULL, [Bytes] INTEGER, [UnitPrice] NUMERIC(10,2) NOT NULL)",
      "CREATE TABLE [Playlist] ([PlaylistId] INTEGER PRIMARY KEY NOT NULL, [Name] NVARCHAR(120))",
      "CREATE TABLE [PlaylistTrack] ([PlaylistId] INTEGER NOT NULL REFERENCES [Playlist] "
      "([PlaylistId]), [TrackId] INTEGER NOT NULL REFERENCES [Track] ([TrackId]), CONSTRAINT "
      "[PK_PlaylistTrack] PRIMARY KEY ([PlaylistId], [TrackId]))",
      "CREATE TABLE [Employee] ([EmployeeId] INTEGER PRIMARY KEY NOT NULL, [LastName] "
      "NVARCHAR(20) NOT NULL, [ReportsTo] INTEGER REFERENCES [Employee] ([EmployeeId]), "
      "[BirthDate] DATETIME)",
      "CREATE TABLE [Invoice] ([InvoiceId] INTEGER PRIMARY KEY NOT NULL, [InvoiceDate] DATETIME "
      "NOT NULL, [BillingCity] NVARCHAR(40), [Total] NUMERIC(10,2) NOT NULL)",
      "CREATE TABLE [InvoiceLine] ([InvoiceLineId] INTEGER PRIMARY KEY NOT NULL, [InvoiceId] "
      "INTEGER NOT NULL REFERENCES [Invoice] ([InvoiceId]), [TrackId] INTEGER NOT NULL REFERENCES "
      "[Track] ([TrackId]), [UnitPrice] NUMERIC(10,2) NOT NULL, [Quantity] INTEGER NOT NULL)",
      NUMBERS "40) INSERT INTO Artist SELECT i, 'Artist ' || i || ' & Søn' FROM n",
      "INSERT INTO Album SELECT ArtistId, 'Album of ' || Name, ArtistId FROM Artist",
      NUMBERS "900) INSERT INTO Track SELECT i, 'Track ' || i, i % 40 + 1, NULL, i * 1000, i * "
              "32000, CASE i % 3 WHEN 0 THEN 1.99 ELSE 0.99 END FROM n",
      "INSERT INTO Playlist VALUES (1, 'Music'), (2, '90’s')",
      "INSERT INTO PlaylistTrack SELECT 1 + TrackId % 2, TrackId FROM Track",
      "INSERT INTO Employee VALUES (1, 'Adams', NULL, '1962-02-18 00:00:00'), (2, 'Edwards', 1, "
      "'1958-12-08 00:00:00')",
      NUMBERS "300) INSERT INTO Invoice SELECT i, datetime(1230768000 + i * 86400, 'unixepoch'), "
              "'Zürich', i / 100.0 FROM n",
      "INSERT INTO InvoiceLine SELECT TrackId, TrackId % 300 + 1, TrackId, UnitPrice, 1 FROM Track",
      "CREATE INDEX [IFK_AlbumArtistId] ON [Album] ([ArtistId])",
      "CREATE INDEX [IFK_TrackAlbumId] ON [Track] ([AlbumId])",
      "CREATE INDEX [IFK_InvoiceLineInvoiceId] ON [InvoiceLine] ([InvoiceId])"},
     "8/7/3"},
};

static void assert_goes_over(const struct shape *shape)
{
    struct sides sides;

    open_sides(&sides);
    in_source(&sides, shape->statements);
    sides.options.mode = HG_COPY_DRY_RUN;
    must_copy(&sides);
    sides.options.mode = HG_COPY_RUN;
    must_copy(&sides);
    for (size_t i = 0; i < sides.result->table_count; i++) {
        const hg_copy_table *table = &sides.result->tables[i];

        if (!table->match || table->rows_read == 0 || table->rows_read != table->target_rows)
            fail_msg("%s: %s", shape->name, table->table);
    }
    assert_target(&sides,
                  "SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = 'public') || '/' || "
                  "(SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated) || "
                  "'/' || (SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
                  "WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisprimary)",
                  shape->made);
    sides.options.mode = HG_COPY_VERIFY;
    must_copy(&sides);
    close_sides(&sides);
}

static void a_database_of_every_shape_is_made_and_filled(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        assert_goes_over(&shapes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_of_every_shape_is_made_and_filled),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
