/*
 * test_typemap.c - declared types of SQLite, as people write them, and what they become.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "copy/typemap.h"

// clang-format off
static const struct {
    const char *declared;
    struct values_seen seen;
    const char *becomes;
} types[] = {
    {"INTEGER",              {0},                              "bigint"},
    {"int",                  {0},                              "bigint"},
    {"UNSIGNED BIG INT",     {0},                              "bigint"},
    {"MEDIUMINT(9)",         {0},                              "bigint"},
    {"TINYINT",              {0},                              "bigint"},
    {"TINYINT(1)",           {.integers = 2},                  "boolean"},
    {"BOOLEAN",              {.integers = 5},                  "boolean"},
    {"bool",                 {.integers = 5, .not_truth = 1},  "smallint"},
    {"BIT",                  {0},                              "boolean"},
    {"REAL",                 {0},                              "double precision"},
    {"DOUBLE PRECISION",     {0},                              "double precision"},
    {"float",                {0},                              "double precision"},
    {"NUMERIC",              {0},                              "numeric"},
    {"DECIMAL(10,2)",        {0},                              "numeric(10,2)"},
    {"DECIMAL( 12 , 4 )",    {0},                              "numeric(12,4)"},
    {"NUMBER(5)",            {0},                              "numeric(5,0)"},
    {"DECIMAL(2,5)",         {0},                              "numeric"},
    {"money",                {0},                              "numeric"},
    {"VARCHAR(80)",          {0},                              "text"},
    {"CHAR(36)",             {0},                              "text"},
    {"NVARCHAR(20)",         {0},                              "text"},
    {"CLOB",                 {0},                              "text"},
    {"STRING",               {0},                              "text"},
    {"BLOB",                 {0},                              "bytea"},
    {"VARBINARY(16)",        {0},                              "bytea"},
    {"POINT",                {0},                              "bytea"},
    {"DATE",                 {0},                              "date"},
    {"DATETIME",             {0},                              "timestamp with time zone"},
    {"TIMESTAMP(3)",         {0},                              "timestamp with time zone"},
    {"TIME",                 {0},                              "time"},
    {"UUID",                 {0},                              "uuid"},
    {"JSON",                 {0},                              "jsonb"},
    {"",                     {.integers = 3},                  "bigint"},
    {"",                     {.reals = 3},                     "double precision"},
    {"",                     {.integers = 3, .reals = 1},      "numeric"},
    {"",                     {.integers = 3, .texts = 1},      "text"},
    {"",                     {.blobs = 2},                     "bytea"},
    {"",                     {.blobs = 2, .texts = 1},         "text"},
    {"",                     {0},                              "text"},
    {"ip_address",           {.texts = 9},                     "text"},
    {"ip_address",           {.integers = 9},                  "bigint"},
};
// clang-format on

static void a_declared_type_becomes_what_its_values_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct made_type made = typemap(types[i].declared, &types[i].seen);

        if (strcmp(made.sql, types[i].becomes) != 0)
            fail_msg("\"%s\": %s instead of %s", types[i].declared, made.sql, types[i].becomes);
    }
}

// clang-format off
static const struct {
    const char *wish;
    const char *becomes; /* NULL: there is no such type */
} wishes[] = {
    {"integer",                    "integer"},
    {"INT4",                       "integer"},
    {"varchar(80)",                "character varying(80)"},
    {"character varying ( 80 )",   "character varying(80)"},
    {"numeric(12, 2)",             "numeric(12,2)"},
    {"timestamp",                  "timestamp"},
    {"timestamptz",                "timestamp with time zone"},
    {"json",                       "json"},
    {"text collate C",             "text COLLATE \"C\""},
    {"varchar(9) COLLATE \"de-x-icu\"", "character varying(9) COLLATE \"de-x-icu\""},
    {"text collate \"a\"b\"",     NULL},
    {"bigint collate C",           NULL},
    {"text(80)",                   NULL},
    {"varchar(0)",                 NULL},
    {"varchar(80",                 NULL},
    {"numeric(0)",                 NULL},
    {"point",                      NULL},
    {"text; DROP TABLE t",         NULL},
    {"",                           NULL},
};
// clang-format on

static void a_type_that_is_wished_for_is_one_that_values_can_be_sent_as(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        struct made_type made;
        bool is_one = typemap_parse(wishes[i].wish, &made);

        if (is_one != (wishes[i].becomes != NULL)
            || (is_one && strcmp(made.sql, wishes[i].becomes) != 0))
            fail_msg("\"%s\": %s", wishes[i].wish, is_one ? made.sql : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_declared_type_becomes_what_its_values_fit),
        cmocka_unit_test(a_type_that_is_wished_for_is_one_that_values_can_be_sent_as),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
