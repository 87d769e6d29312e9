/*
 * opener.c - the threads that open connections. They belong to the pool and not to a caller: one
 * that gives up waiting does not cancel the connect, so that a server which answers more slowly
 * than callers wait is reached all the same. They start when somebody waits and end when nobody
 * does.
 */
#include "pool_state.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"
#include "retry.h"
#include "sweep.h"

#define NS_PER_MS INT64_C(1000000)

enum { WORKERS_MOST = 2 };

static const int64_t worker_idle_ns = 2000 * NS_PER_MS; /* how long a thread stays without work */
static const int64_t spare_pause_ns = 1000 * NS_PER_MS; /* until the next one for nobody */
static const int64_t refused_ns = 5000 * NS_PER_MS;     /* until the next try after a "no" to us */

static double luck(void)
{
    return (double)rand_below(1 << 20) / (1 << 20);
}

/* Nobody waits for these: after a failure the next try has time. */
int pool_spare_wanted(const hg_pool *pool)
{
    int missing = pool->options.settings.min_idle;

    if (missing == 0 || pool->open >= pool->size || clock_now_ns() < pool->spare_ns)
        return 0;
    for (unsigned i = 0; i < pool_slot_count(pool); i++)
        missing -= slot_state(&pool->slots[i]) == HG_SLOT_IDLE;
    if (missing > pool->size - pool->open)
        missing = pool->size - pool->open;
    return missing > 0 ? missing : 0;
}

/* How many connects should begin, whenever they may. */
static int wanted(const hg_pool *pool)
{
    bool head_is_served = pool->first != NULL && atomic_load(&pool->first->word) == WAITER_LOOK;
    struct sweep_demand demand = {
        .waiting = pool->waiting - head_is_served + pool_renews(pool) + pool_spare_wanted(pool),
        .growth = pool->growth,
        .open = pool->open,
        .opening = pool->opening,
        .limit = pool->limit,
        .failures = pool->failures,
    };

    if (atomic_load(&pool->closed) || atomic_load(&pool->paused))
        return 0;
    return sweep_connects(&demand);
}

static struct slot *claim_empty(hg_pool *pool)
{
    for (unsigned i = 0; i < pool_slot_count(pool); i++) {
        struct slot *slot = &pool->slots[i];

        if (slot_state(slot) == HG_SLOT_EMPTY) {
            slot_set(slot, HG_SLOT_OPENING);
            slot->phase = PHASE_BUSY;
            pool->opening++;
            pool->growth -= pool->growth > 0;
            return slot;
        }
    }
    return NULL;
}

/* Waits for something to open; NULL: the thread may end. */
static struct slot *next_slot(hg_pool *pool)
{
    int64_t end_ns = clock_now_ns() + worker_idle_ns;
    bool in_time = true;

    while (in_time && !atomic_load(&pool->closed)) {
        int64_t now_ns = clock_now_ns();

        if (wanted(pool) == 0) {
            in_time = condition_wait(&pool->work, &pool->lock, end_ns);
        } else if (pool->retry_ns > now_ns) {
            condition_wait(&pool->work, &pool->lock, pool->retry_ns);
            end_ns = now_ns + worker_idle_ns;
        } else {
            return claim_empty(pool);
        }
    }
    return NULL;
}

/* Has the program prepare a new connection; closes it when that fails. */
static bool prepare(const hg_pool *pool, hg_conn *conn, hg_deadline by, hg_error *err)
{
    const hg_pool_options *options = &pool->options;
    bool ignored;

    if (options->on_connect == NULL
        || (options->on_connect(conn, options->on_connect_context, by, err)
            && pool->driver->reset(conn, HG_RESET_ROLLBACK, by, &ignored, err)))
        return true;
    if (err->code == HG_OK)
        hg_fail(err, HG_FAILED, "the program refused it");
    hg_error_context(err, "the connection could not be prepared");
    pool->driver->close(conn);
    return false;
}

static void note_phase(void *slot, hg_connect_phase phase)
{
    telemetry_enter_phase(((struct slot *)slot)->shared, phase, clock_now_ns());
}

static bool open_connection(const hg_pool *pool, struct slot *slot, hg_conn **out_conn,
                            hg_error *err)
{
    const hg_pool_settings *settings = &pool->options.settings;
    int64_t limit_ms = settings->connect_timeout_ms;
    char host[64] = "", application[64]; /* 64: what PostgreSQL keeps of it */
    struct driver_options options = {
        .application_name = application,
        .statement_timeout_ms = settings->statement_timeout_ms,
        .lock_timeout_ms = settings->lock_timeout_ms,
        .read_only = pool->options.read_only,
        .may_create = pool->options.may_create,
        .on_phase = note_phase,
        .on_phase_context = slot,
    };
    hg_deadline by = limit_ms > 0 ? hg_deadline_in_ms(limit_ms) : hg_deadline_never();

    gethostname(host, sizeof host - 1);
    snprintf(application, sizeof application, "headgate/%.20s@%.24s:%d", pool->role, host,
             (int)getpid());
    return pool->driver->open(pool->url, &options, by, out_conn, err)
           && prepare(pool, *out_conn, by, err);
}

/* Under the lock: nobody can be served any more, as the connect shows that began then. */
static void begin_outage(hg_pool *pool, int64_t began_ns)
{
    struct telemetry_head *head = pool->telemetry.head;

    if (pool->open > 0 || pool->opening > 0 || atomic_load(&head->down_ns) != 0)
        return;
    atomic_store(&head->down_ns, began_ns);
    telemetry_count(&head->outages);
    pool_note(pool, HG_POOL_EVENT_DOWN, NULL, "");
}

/* Under the lock: a connect has succeeded. */
static void end_outage(hg_pool *pool, int64_t now_ns)
{
    struct telemetry_head *head = pool->telemetry.head;
    int64_t down_ns = atomic_load(&head->down_ns);
    char after[32];

    if (down_ns == 0)
        return;
    atomic_store(&head->down_before_ns, atomic_load(&head->down_before_ns) + now_ns - down_ns);
    atomic_store(&head->down_ns, 0);
    snprintf(after, sizeof after, "after %.1f s", (double)(now_ns - down_ns) / 1e9);
    pool_note(pool, HG_POOL_EVENT_UP, NULL, after);
}

/* Under the lock: the slot has a connection. */
static void note_success(hg_pool *pool, struct slot *slot, hg_conn *conn)
{
    struct telemetry_slot *shared = slot->shared;
    int64_t now_ns = clock_now_ns();

    pool->open++;
    pool->failures = 0;
    slot->answered_ns = 0;
    slot->expires_ns = sweep_expiry(now_ns, pool->options.settings.recycle_ms, luck());
    slot->phase = PHASE_IDLE;
    atomic_store(&slot->conn, conn);
    atomic_store(&shared->opened_ns, now_ns);
    atomic_store(&shared->since_ns, now_ns);
    atomic_store(&shared->backend_pid, pool->driver->backend_pid(conn));
    telemetry_set_address(shared, pool->driver->descriptor(conn));
    atomic_store(&shared->checkouts_before, atomic_load(&shared->checkouts));
    telemetry_count(&shared->connects);
    pool_note(pool, HG_POOL_EVENT_CONNECTED, slot, "");
    end_outage(pool, now_ns);
    pool_watch(pool, slot, conn);
    slot_set(slot, HG_SLOT_IDLE);
}

/*
 * Under the lock: the connect failed. Who waits hears of it at once when nothing else can serve
 * them: the caller for whom it was begun, or, when the server said no to us, everybody, because
 * asking again would only lock the account. Otherwise the next try comes after a pause.
 */
static void note_failure(hg_pool *pool, struct slot *slot, const hg_error *err, int64_t began_ns)
{
    int64_t took_ns = clock_now_ns() - began_ns;
    bool retryable = hg_code_retryable(err->code);
    bool hopeless = pool->open == 0 && pool->opening == 0
                    && (!retryable || !pool->options.settings.wait_for_server);

    pool->failures++;
    pool->growth = 0;
    pool->connect_error = *err;
    telemetry_set_error(pool->telemetry.head, err);
    pool_note(pool, HG_POOL_EVENT_CONNECT_FAILED, NULL, err->message);
    begin_outage(pool, began_ns);
    telemetry_count(&slot->shared->connect_failures);
    slot_set(slot, HG_SLOT_EMPTY);
    pool->spare_ns = clock_now_ns() + spare_pause_ns;
    pool->retry_ns = 0;
    if (hopeless)
        pool_fail_waiters(pool, retryable ? 1 : pool->waiting);
    else if (retryable)
        pool->retry_ns = clock_now_ns() + retry_connect_pause_ns(pool->failures, took_ns, luck());
    else
        pool->retry_ns = clock_now_ns() + refused_ns;
}

static void open_slot(hg_pool *pool, struct slot *slot)
{
    int64_t began_ns = clock_now_ns();
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};
    struct slot *old;
    bool ok, news;

    atomic_store(&slot->generation, atomic_load(&pool->generation));
    telemetry_begin_connect(slot->shared, began_ns);
    if (slot->loans == NULL)
        slot->loans = loans_take(slot);
    ok = slot->loans == NULL ? hg_fail(&err, HG_NOMEM, "could not connect: out of memory")
                             : open_connection(pool, slot, &conn, &err);
    note_phase(slot, HG_CONNECT_SETUP); /* and the last one has ended */
    pthread_mutex_lock(&pool->lock);
    pool->opening--;
    pool->ahead = false;
    news = ok == (pool->failures > 0); /* not every try of an outage is worth a line */
    if (ok)
        note_success(pool, slot, conn);
    else
        note_failure(pool, slot, &err, began_ns);
    old = pool_end_renewal(pool, ok);
    if (pool->filling)
        pthread_cond_broadcast(&pool->quiet);
    pool_unlock(pool);
    if (news)
        log_line(ok ? LOG_INFO : LOG_WARN, "pool",
                 ok ? "connects succeed again" : "a connect failed", "pool", pool->name, "code",
                 hg_code_name(err.code), "cause", err.message, NULL);
    pool_replace(pool, old);
    pool_capacity_freed(pool);
}

static void *work(void *context)
{
    hg_pool *pool = context;
    struct slot *slot;

    pthread_setname_np(pthread_self(), "headgate-pool");
    pthread_mutex_lock(&pool->lock);
    while ((slot = next_slot(pool)) != NULL) {
        pthread_mutex_unlock(&pool->lock);
        open_slot(pool, slot);
        pthread_mutex_lock(&pool->lock);
    }
    pool_thread_ends(pool);
    pool->workers--;
    pool_settle_close(pool);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

void pool_thread_ends(const hg_pool *pool)
{
    if (pool->driver->thread_ends != NULL)
        pool->driver->thread_ends();
}

bool pool_start_thread(void *(*run)(void *pool), hg_pool *pool)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    bool ok;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    ok = pthread_create(&thread, &attributes, run, pool) == 0;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static bool start_worker(hg_pool *pool)
{
    bool ok = pool_start_thread(work, pool);

    pool->workers += ok;
    return ok;
}

/* Under the lock: whether those that are kept ready are there, or will not come. */
static bool filled(const hg_pool *pool, bool *out_ok)
{
    int most = pool->options.settings.min_idle;

    *out_ok = pool->open >= (most < pool->size ? most : pool->size);
    return *out_ok || (pool->failures > 0 && !pool->options.settings.wait_for_server)
           || atomic_load(&pool->closed);
}

bool pool_fill(hg_pool *pool, hg_deadline by, hg_error *err)
{
    bool ok, in_time = true;

    pthread_mutex_lock(&pool->lock);
    pool->filling = true;
    pool_start_connects(pool);
    while (!filled(pool, &ok) && in_time)
        in_time = condition_wait(&pool->quiet, &pool->lock, by.at_ns);
    pool->filling = false;
    if (!ok && pool->failures > 0 && err != NULL)
        *err = pool->connect_error;
    else if (!ok)
        hg_fail(err, HG_TIMEOUT, "the first connections could not be opened in time");
    pthread_mutex_unlock(&pool->lock);
    return ok;
}

/*
 * The engine's library is loaded by the caller: thirty libraries that are mapped and relocated while
 * another thread of the process is at work interrupt the other processor for every page, and take
 * three times as long, of which the caller would wait for most.
 */
void hg_pool_warm(hg_pool *pool)
{
    if (pool->driver->library_version != NULL)
        (void)pool->driver->library_version();
    pthread_mutex_lock(&pool->lock);
    if (pool->open + pool->opening + pool->growth == 0) {
        pool->growth = 1;
        pool->ahead = true;
        pool_start_connects(pool);
    }
    pthread_mutex_unlock(&pool->lock);
}

void pool_start_connects(hg_pool *pool)
{
    int connects = wanted(pool);
    bool ok = true;

    if (connects == 0)
        return;
    pthread_cond_broadcast(&pool->work);
    while (ok && pool->workers - pool->opening < connects && pool->workers < WORKERS_MOST)
        ok = start_worker(pool);
    if (pool->workers == 0) {
        hg_fail(&pool->connect_error, HG_NOMEM, "no thread could be started to connect");
        pool_fail_waiters(pool, pool->waiting);
    }
}
