/*
 * orders.c - a program that uses libheadgate: the pool of its environment, a transaction with
 * retry, rows.
 *
 *     cc orders.c $(pkg-config --cflags --libs headgate) -o orders
 *     DATABASE_URL=sqlite:///orders.db ./orders 3
 *
 * Every run places so many orders and prints how many there are.
 */
#include <stdio.h>
#include <stdlib.h>

#include <headgate/headgate.h>

/* What the transaction does; it may be done again from the start, so it changes nothing outside the
 * database. */
static bool place_orders(hg_session *session, void *context, hg_error *err)
{
    hg_conn *conn = hg_session_conn(session);
    hg_deadline by = hg_deadline_in_ms(5000);

    for (int i = 1; i <= *(const int *)context; i++) {
        hg_value values[] = {hg_integer(100 * i), hg_text("open")};

        if (!hg_conn_execute(conn, "INSERT INTO orders (cents, state) VALUES ($1, $2)", values, 2,
                             by, NULL, err))
            return false;
    }
    return true;
}

static bool count_orders(hg_pool *pool, hg_error *err)
{
    hg_deadline by = hg_deadline_in_ms(5000);
    hg_session *session = NULL;
    hg_rows *rows = NULL;
    bool ok = hg_session_open(pool, "count orders", by, &session, err)
              && hg_conn_query(hg_session_conn(session), "SELECT count(*), sum(cents) FROM orders",
                               NULL, 0, by, &rows, err)
              && hg_rows_next(rows, by, err) == HG_ROW;

    if (ok)
        printf("%lld orders, %lld cents\n", (long long)hg_rows_integer(rows, 0),
               (long long)hg_rows_integer(rows, 1));
    hg_rows_close(rows);
    hg_session_close(session);
    return ok;
}

static bool make_table(hg_session *session, void *context, hg_error *err)
{
    (void)context;
    return hg_conn_execute(
        hg_session_conn(session),
        "CREATE TABLE IF NOT EXISTS orders (cents integer NOT NULL, state text NOT NULL)", NULL, 0,
        hg_deadline_in_ms(5000), NULL, err);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    hg_deadline by = hg_deadline_in_ms(10000);
    hg_pool *pool = NULL;
    hg_error err = {0};
    bool ok = hg_engine(&pool, &err)
              && hg_session_run(pool, "make table", 3, by, make_table, NULL, &err)
              && hg_session_run(pool, "place orders", 3, by, place_orders, &count, &err)
              && count_orders(pool, &err);

    if (!ok)
        fprintf(stderr, "orders: %s\n", err.message);
    hg_engine_dispose(by);
    return ok ? 0 : 1;
}
