/*
 * pace.c - a debt of rows that time pays off.
 *
 * A debt, and not moments at which rows are due: what is owed at ten rows a second is paid in no
 * time once it may be ten thousand, and the other way round nobody has rows in hand.
 */
#include "pace.h"

#include <time.h>

#include "base/clock.h"

enum {
    ROWS_MOST = 1024, /* between two looks at the rate */
    LOOKS_A_SECOND = 20,
    NAP_MS = 20
};

void pace_init(struct pace *pace, const hg_copy_options *options)
{
    *pace = (struct pace){
        .rate = options->rate, .context = options->rate_context, .settled_ns = clock_now_ns()};
    pthread_mutex_init(&pace->lock, NULL);
}

void pace_release(struct pace *pace)
{
    pthread_mutex_destroy(&pace->lock);
}

/* Adds rows to what is owed, takes off what time has paid. Whether anything is left. */
static bool is_owed(struct pace *pace, int64_t rows, int64_t rate)
{
    int64_t now = clock_now_ns();
    bool owed;

    pthread_mutex_lock(&pace->lock);
    pace->owed -= (double)(now - pace->settled_ns) / 1e9 * (double)rate;
    pace->settled_ns = now;
    if (pace->owed < 0 || rate <= 0)
        pace->owed = 0;
    pace->owed += rate > 0 ? (double)rows : 0;
    owed = pace->owed > 0;
    pthread_mutex_unlock(&pace->lock);
    return owed;
}

static int64_t rows_until_next_look(int64_t rate)
{
    int64_t rows = rate / LOOKS_A_SECOND;

    return rate <= 0 || rows > ROWS_MOST ? ROWS_MOST : rows < 1 ? 1 : rows;
}

void pace_settle(struct pace *pace, struct hand *hand)
{
    const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    int64_t rows = hand->rows, rate;

    hand->rows = 0;
    hand->rows_free = INT64_MAX;
    if (pace->rate == NULL)
        return;
    rate = pace->rate(pace->context);
    while (is_owed(pace, rows, rate) && !crew_stopping(hand->crew)) {
        nanosleep(&nap, NULL);
        rows = 0;
        rate = pace->rate(pace->context);
    }
    hand->rows_free = rows_until_next_look(rate);
}
