/*
 * hints.h - what a schema file says about names: "-- @renamed from=OLD". Pure.
 *
 *     CREATE TABLE customers ( -- @renamed from=accounts
 *         id   bigint PRIMARY KEY,
 *         mail text NOT NULL, -- @renamed from=email
 *         tier text
 *     );
 *     CREATE INDEX customers_mail ON customers (mail); -- @renamed from=accounts_email
 *     CREATE TYPE mood AS ENUM ('sad', 'fine' -- @renamed from=ok
 *     );
 *
 * A hint is about the column or value that began last before it; before the first of them, and
 * behind the statement's parentheses, about what the statement makes; before a statement, about
 * that one.
 */
#ifndef SCHEMA_HINTS_H
#define SCHEMA_HINTS_H

#include <headgate/types.h>

#include "base/vec.h"
#include "model.h"

struct hint {
    enum object_kind kind; /* OBJECT_TABLE, OBJECT_COLUMN, OBJECT_INDEX; OBJECT_TYPE: of a value */
    const char *schema;    /* "": not said */
    const char *owner;     /* of a column its table, of a value its type, as it is called now; "" */
    const char *name;      /* as it is called now */
    const char *old;
    int line;    /* of the hint; 0: not from a file */
    bool denied; /* these two are not the same; name "": the old one is nothing that is there now */
    bool used;   /* it was borne out */
};

struct hints {
    VEC(struct hint) items;
};

/*
 * Appends the hints of a text, which need not be right otherwise. Texts live in the arena; the list
 * is released by the caller. False: memory ran out.
 */
bool hints_read(struct arena *arena, hg_driver dialect, const char *text, size_t size,
                struct hints *hints);

/* Appends what somebody said: "accounts=customers", "customers.email=mail", "customers.email=" for
 * a column that was not renamed. *out_fine false: it cannot be understood. False: memory ran out.
 */
bool hints_say(struct arena *arena, const char *said, struct hints *hints, bool *out_fine);

#endif
