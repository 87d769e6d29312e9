/*
 * list.h - the lists of the console: what a row is called, what its cells say, how it is found,
 * ordered and told in full. Update orders and filters by it, view draws by it. Pure.
 */
#ifndef CONSOLE_LIST_H
#define CONSOLE_LIST_H

#include "base/buf.h"
#include "document.h"
#include "model.h"
#include "widget.h"

enum { LIST_AS_IT_COMES = -1, LIST_COLUMNS_MAX = 12 };

/* What a list is sorted by: a text, or where that is NULL a number. */
struct sort_value {
    const char *text;
    double number;
};

struct list {
    const char *title;    /* "CONNECTIONS" */
    const char *one;      /* "CONNECTION": of the page about a row */
    const char *row_says; /* what is copied of a row: "its backend" */
    const struct column *columns;
    size_t column_count;
    int order; /* the column that it is sorted by at first */

    size_t (*count)(const struct model *m);
    /* As it comes: what stands behind all others, as pools of processes that are gone. NULL: none.
     */
    bool (*behind)(const struct model *m, size_t row);
    /* What a row is followed by when others come and go. */
    void (*key)(const struct model *m, size_t row, char *out, size_t size);
    void (*cell)(const struct model *m, size_t row, size_t column, struct table_cell *out);
    struct sort_value (*value)(const struct model *m, size_t row, size_t column);
    /* The end of the rule above it: returns its role. */
    enum role (*note)(const struct model *m, char *out, size_t size);
    const char *(*empty)(const struct model *m);
    void (*detail)(const struct model *m, size_t row, struct document *d);
    void (*copy)(const struct model *m, size_t row, struct buf *out);
};

const struct list *list_of(const struct model *m, enum pane pane);

/* After news, another order or filter: which rows are shown, in which order. */
void list_arrange(struct model *m, enum pane pane);

/* Whether this of all rows passes a filter. */
bool list_passes(const struct model *m, enum pane pane, size_t row, const char *filter);

/* The rows that are shown, in their order, with all columns and nothing cut off. Secrets are
 * removed, and what could drive a terminal or a spreadsheet is made harmless. */
enum list_format { LIST_PLAIN, LIST_CSV, LIST_JSON };
void list_write(const struct model *m, enum pane pane, enum list_format format, struct buf *out);

/* The next column that it can be sorted by, after `order`; behind the last comes as it comes. */
int list_next_order(const struct list *list, int order);

/* Whether the next larger row stands above: numbers are shown with the largest first. */
bool list_descends(const struct list *list, const struct looking *looking);

extern const struct list list_pools, list_connections, list_sessions, list_files, list_migrations,
    list_checks, list_readiness, list_steps, list_journal, list_log;

/* Why the migrations cannot be read; nothing when they can. */
void list_migrations_trouble(const struct model *m, struct document *d);

/* For lists whose rows have details. */
__attribute__((format(printf, 3, 4))) void list_field(struct document *d, const char *label,
                                                      const char *format, ...);
/* "4211 worker-3, idle/txn for 3m": the session of that process, as far as it is known. */
void list_session_says(const struct model *m, int64_t pid, char *out, size_t size);
/* What a backend is doing, who blocks it and whom it blocks, as the server tells it. */
void list_session_detail(const struct model *m, const hg_server_session *s, struct document *d);

/* A pool's past in `columns` eighths, for a cell of a table. */
const char *list_spark(const struct model *m, const hg_pool_snapshot *pool, int columns, char *out,
                       size_t size);

#endif
