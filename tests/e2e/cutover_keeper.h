/*
 * cutover_keeper.h - an operator for cutover_shop.h: begins a run, looks at it, answers, waits for
 * what it comes to.
 *
 * Not a header in the usual sense: each test program includes it once.
 */
#ifndef E2E_CUTOVER_KEEPER_H
#define E2E_CUTOVER_KEEPER_H

#include "cutover_shop.h"

/* headgate with a pipe for what is typed; what it says goes to the folder's "said". */
static inline pid_t shop_start(const struct shop *s, const char *const *argv, int *out_stdin)
{
    char *said = temp_path(s->dir, "said"), *dir = temp_path(s->dir, ".");
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int out = open(said, O_WRONLY | O_CREAT | O_APPEND, 0644);

        setsid();
        dup2(ends[0], STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        setenv("HEADGATE_STATE_DIR", "state", 1);
        setenv("HEADGATE_RUNTIME_DIR", "run", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        if (chdir(dir) == 0)
            execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(97);
    }
    close(ends[0]);
    *out_stdin = ends[1];
    free(said);
    free(dir);
    return pid;
}

/* What --status --json says; NULL: no run has been begun. */
static inline json_t *shop_look(const struct shop *s)
{
    struct process_result r = HEADGATE(s, "cutover", "--status", "--json");
    json_t *run = json_loads(r.out, 0, NULL);

    if (r.status == 0 && run == NULL)
        fail_msg("no JSON: %s%s", r.out, r.err);
    if (r.status != 0) {
        json_decref(run);
        run = NULL;
    }
    process_release(&r);
    return run;
}

static inline const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

static inline bool flag_of(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static inline const json_t *step_of(const json_t *run, const char *id)
{
    json_t *step;
    size_t i;

    json_array_foreach(json_object_get(run, "steps"), i,
                       step) if (strcmp(text_of(step, "id"), id) == 0) return step;
    fail_msg("no step %s", id);
    return NULL;
}

/* What the question wants to hear. */
static inline const char *answer_to(const json_t *run)
{
    const char *expected = text_of(run, "expected");

    return expected[0] == '\0' ? "the keeper, by phone" : expected;
}

/* Whether a worker waits at the question of this step. */
static inline bool asks_at(const json_t *run, const char *id)
{
    return flag_of(run, "working") && text_of(run, "question")[0] != '\0'
           && strcmp(text_of(run, "at"), id) == 0;
}

/* Until a run is open: the one before it may be all there is still. */
static inline void await_open(const struct shop *s)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);

    for (bool open = false; !open; moment()) {
        json_t *run = shop_look(s);

        assert_true(hg_deadline_left_ms(by) > 0);
        open = run != NULL && !flag_of(run, "closed");
        json_decref(run);
    }
}

/* Types answers into `in` until the run asks at the step `stop` (NULL: until it is closed). The
 * caller's until json_decref(). */
static inline json_t *shop_answer(const struct shop *s, int in, const char *stop)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    char last[32] = "";

    for (;; moment()) {
        json_t *run = shop_look(s);

        if (hg_deadline_left_ms(by) == 0) {
            char *said = temp_path(s->dir, "said");
            struct buf text = BUF_INIT(1 << 20);

            (void)file_read(said, &text, NULL);
            fail_msg("no end at %s: %s", text_of(run, "at"), text.bytes);
        }
        if (run != NULL && (flag_of(run, "closed") || (stop != NULL && asks_at(run, stop))))
            return run;
        if (run != NULL && in >= 0 && asks_at(run, text_of(run, "at"))
            && strcmp(last, text_of(run, "at")) != 0) {
            snprintf(last, sizeof last, "%s", text_of(run, "at"));
            dprintf(in, "%s\n", answer_to(run));
        }
        json_decref(run);
    }
}

/* Whether a process runs our program: a number alone may be somebody else's by now. */
static inline bool is_headgate(long pid)
{
    char path[64], exe[4096];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%ld/exe", pid);
    n = readlink(path, exe, sizeof exe - 1);
    exe[n < 0 ? 0 : n] = '\0';
    return strcmp(exe, TEST_HEADGATE) == 0;
}

/* Who wrote the journal's last record. */
static inline long writer_of(const struct shop *s, const json_t *run)
{
    struct buf text = BUF_INIT(64 << 20);
    char path[4096];
    json_t *record;
    char *line;
    long pid;

    snprintf(path, sizeof path, "%s/%s/journal.jsonl", s->dir, text_of(run, "dir"));
    if (!file_read(path, &text, NULL) || text.size < 2) {
        buf_release(&text);
        return 0;
    }
    buf_truncate(&text, text.size - 1);
    line = strrchr(text.bytes, '\n');
    record = json_loads(line == NULL ? text.bytes : line + 1, 0, NULL);
    pid = (long)json_integer_value(json_object_get(record, "pid"));
    json_decref(record);
    buf_release(&text);
    return pid;
}

/* The process that works on a run, as far as its journal names it; 0: none. */
static inline pid_t shop_worker(const struct shop *s, const json_t *run)
{
    long pid = flag_of(run, "working") ? writer_of(s, run) : 0;

    return pid > 1 && is_headgate(pid) ? (pid_t)pid : 0;
}

/* Begins a run whose terminal leaves at the first question; what it said. */
static inline void begin_and_leave(const struct shop *s)
{
    struct process_result r = HEADGATE(s, "cutover", "--runbook", "shop.json");

    assert_non_null(strstr(r.err, "goes on without this terminal"));
    assert_status(r, 130);
}

static inline bool has_record(const struct shop *s, const char *event, const char *text)
{
    json_t *run = shop_look(s), *record;
    bool found = false;
    size_t i;

    json_array_foreach(json_object_get(run, "records"), i, record) found =
        found
        || (strcmp(text_of(record, "event"), event) == 0
            && strstr(text_of(record, "text"), text) != NULL);
    json_decref(run);
    return found;
}

static inline void await_record(const struct shop *s, const char *event, const char *text)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);

    while (!has_record(s, event, text)) {
        if (hg_deadline_left_ms(by) == 0)
            fail_msg("no %s with \"%s\" in the journal", event, text);
        moment();
    }
}

static inline void await_step(const struct shop *s, const char *id)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);

    for (bool there = false; !there; moment()) {
        json_t *run = shop_look(s);

        assert_true(hg_deadline_left_ms(by) > 0);
        there = asks_at(run, id);
        json_decref(run);
    }
}

static inline void await_state(const struct shop *s, const char *id, const char *state)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);

    for (bool there = false; !there; moment()) {
        json_t *run = shop_look(s);

        assert_true(hg_deadline_left_ms(by) > 0);
        there = strcmp(text_of(step_of(run, id), "state"), state) == 0;
        json_decref(run);
    }
}

static inline void abort_run(const struct shop *s)
{
    json_t *run = shop_look(s);

    assert_status(HEADGATE(s, "cutover", "--abort", "--confirm", text_of(run, "run")), 0);
    json_decref(run);
}

static inline void answer_run(const struct shop *s, const char *id)
{
    json_t *run;

    await_step(s, id);
    run = shop_look(s);
    assert_status(HEADGATE(s, "cutover", "--answer", answer_to(run)), 0);
    json_decref(run);
}

/* Until the terminal says this. */
static inline void await_said(const struct shop *s, const char *text)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    char *path = temp_path(s->dir, "said");

    for (bool there = false; !there; moment()) {
        struct buf said = BUF_INIT(1 << 20);

        (void)file_read(path, &said, NULL);
        there = strstr(said.bytes, text) != NULL;
        if (hg_deadline_left_ms(by) == 0)
            fail_msg("it does not say \"%s\": %s", text, said.bytes);
        buf_release(&said);
    }
    free(path);
}

/* Changes the first place of the journal where `from` stands. */
static inline void edit_journal(const struct shop *s, const char *from, const char *to)
{
    struct buf text = BUF_INIT(1 << 20);
    json_t *run = shop_look(s);
    struct buf path = BUF_INIT(1 << 12);
    char *at;

    buf_printf(&path, "%s/%s/journal.jsonl", s->dir, text_of(run, "dir"));
    assert_true(file_read(path.bytes, &text, NULL));
    at = strstr(text.bytes, from);
    assert_non_null(at);
    memcpy(at, to, strlen(to));
    assert_true(file_write(path.bytes, text.bytes, text.size, 0600, NULL));
    buf_release(&path);
    buf_release(&text);
    json_decref(run);
}

/* Until no process works on the run any more. */
static inline void await_nobody(const struct shop *s)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);

    for (bool working = true; working; moment()) {
        json_t *run = shop_look(s);

        assert_true(hg_deadline_left_ms(by) > 0);
        working = flag_of(run, "working");
        json_decref(run);
    }
}

/* The .env file; allocated with malloc(). */
static inline char *read_env(const struct shop *s)
{
    struct buf text = BUF_INIT(1 << 16);
    char *path = temp_path(s->dir, ".env");

    assert_true(file_read(path, &text, NULL));
    free(path);
    return buf_take(&text);
}

/* --- patience --- */

/* Who watches is of no account: it leaves at the first question, the worker stays. */
static pid_t watcher;

static inline void start_watcher(const struct shop *s, const char *const *argv)
{
    if (watcher > 0) {
        kill(watcher, SIGKILL);
        process_wait(watcher);
    }
    watcher = process_start(s->dir, shop_environ, argv);
}
#define WATCH(s, ...) \
    start_watcher((s), (const char *const[]){TEST_HEADGATE, "cutover", __VA_ARGS__, NULL})

static inline void end_watcher(void)
{
    if (watcher > 0)
        process_wait(watcher);
    watcher = 0;
}

/* One look at the run and what a patient operator does then. */
static inline void attend(const struct shop *s, const json_t *run)
{
    if (!flag_of(run, "working")) {
        WATCH(s, "--resume");
        (void)poll(NULL, 0, 5 * MOMENT_MS);
    } else if (asks_at(run, text_of(run, "at"))) {
        struct process_result r = HEADGATE(s, "cutover", "--answer", answer_to(run));

        process_release(&r);
    }
    if (flag_of(run, "working") && text_of(run, "at")[0] != '\0'
        && strcmp(text_of(step_of(run, text_of(run, "at")), "state"), "failed") == 0) {
        struct process_result r = HEADGATE(s, "cutover", "--continue");

        process_release(&r);
    }
}

#endif
