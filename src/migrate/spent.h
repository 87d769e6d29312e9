/*
 * spent.h - how long the statements of a step took, as a text that the history keeps. Pure.
 *
 * A line for each form of statement and table: milliseconds in all, rows that the table had before
 * (-1: not known), how many statements, form, table; separated by tabs. A step of more kinds than
 * anybody would compare is cut off.
 */
#ifndef MIGRATE_SPENT_H
#define MIGRATE_SPENT_H

#include <headgate/migrate.h>

struct arena;

struct spent_line {
    double ms;
    int64_t rows, count;
    const char *form, *table; /* in the text */
    size_t form_size, table_size;
};

/* What is known before the last statement has run: where its time belongs, the server puts it. */
struct spent {
    const char *head;
    double open_ms;   /* to which the last statement's time is added */
    const char *tail; /* NULL: everything was known, and is in head */
};

/* ms: of each statement, less than 0: not known. open: the last one is about to run. The step has
 * been explained. In the arena; false: memory ran out. */
bool spent_write(struct arena *arena, const hg_plan_step *step, const double *ms, bool open,
                 struct spent *out);

/* The next line of a text, which is not trusted; false: there is none. */
bool spent_next(const char **text, struct spent_line *out);

/* The table that a statement is counted with: the one that it locks, else the first it uses; NULL:
 * none. */
const hg_plan_table *spent_table(const hg_plan_statement *statement);

/*
 * How long a statement is expected to take that is like those of a line: the table has other rows
 * by now, and of what goes through all of them, the time grows with them.
 */
double spent_expected_ms(const hg_plan_statement *statement, const struct spent_line *line);

#endif
