/*
 * test_source.c - the rules of the house that a machine can check: who may include what, which
 * calls belong to one room, how long a function may be, what a file begins with.
 *
 * The table of floors is the law; doc/architecture.md shows it to people and is compared with it.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"

// clang-format off
static const struct room {
    const char *name;
    const char *rooms;     /* whose headers it may include, or single ones of them */
    const char *libraries; /* headers of libraries; "h@file.c": in that file alone */
} rooms[] = {
    {"base",     "",                                         ""},
    {"settings", "base",                                     ""},
    {"sql",      "base",                                     "pg_query.h"},
    {"driver",   "settings base",                            "sqlite3.h libpq-fe.h"},
    {"pool",     "driver settings base",                     ""},
    {"schema",   "pool driver sql base",                     ""},
    {"migrate",  "schema sql pool driver base",              "openssl/sha.h openssl/evp.h"},
    {"copy",     "schema pool driver base",                  "xxhash.h"},
    {"checks",   "migrate schema sql pool driver settings base", "curl/curl.h jansson.h"},
    {"cutover",  "checks copy migrate schema pool base",     "jansson.h"},
    {"ops",      "base",                                     "jansson.h"},
    {"console",  "ops base",                                 "curses.h@terminal.c curses.h@terminal_keys.c curses.h@terminal_kind.c curses.h@terminal_rescue.c jansson.h@theme.c"},
    {"cli",      "ops base console/console.h console/theme.h serve/serve.h", ""},
    {"serve",    "ops base",                                 "microhttpd.h"},
    {".",        "cli console",                              ""},
};

/* The C library and the kernel: everything else in <> is a library that has to be named above. */
static const char system_headers[] =
    "arpa/inet.h assert.h ctype.h dirent.h dlfcn.h endian.h errno.h execinfo.h fcntl.h ftw.h grp.h inttypes.h langinfo.h libgen.h "
    "limits.h linux/futex.h linux/magic.h locale.h malloc.h math.h netdb.h netinet/in.h netinet/tcp.h poll.h pthread.h pwd.h regex.h "
    "sched.h semaphore.h signal.h spawn.h "
    "stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h sys/eventfd.h sys/file.h "
    "sys/epoll.h sys/ioctl.h sys/mman.h sys/prctl.h sys/random.h sys/resource.h sys/signalfd.h sys/socket.h sys/stat.h sys/statfs.h "
    "sys/statvfs.h sys/syscall.h sys/sysmacros.h sys/time.h sys/timerfd.h sys/types.h sys/un.h sys/utsname.h sys/vfs.h sys/wait.h "
    "termios.h time.h unistd.h wchar.h wctype.h";

#define LIBRARY "base settings sql driver pool schema migrate copy checks cutover"
#define ALL     LIBRARY " ops console cli serve ."

static const struct ban {
    const char *calls;  /* functions */
    const char *banned; /* rooms where they must not be called */
    const char *except; /* "room/file.c" where they may, or "" */
    const char *because;
} bans[] = {
    {"getenv secure_getenv", "base sql driver pool schema migrate copy checks cutover ops console cli serve .", "",
     "what the environment says is a setting"},
    {"malloc calloc realloc aligned_alloc strdup strndup asprintf vasprintf", ALL, "base/alloc.c",
     "alloc.h is the only door to memory, so that a test can close it"},
    {"printf vprintf fprintf vfprintf puts putchar fputs putc fputc perror", LIBRARY, "",
     "the library never prints"},
    {"exit _exit _Exit quick_exit abort", LIBRARY, "",
     "the library never ends its program"},
    {"strcpy strcat sprintf vsprintf gets strtok", ALL, "",
     "they do not know how much room there is"},
    {"secret_reveal", "sql pool schema migrate copy checks cutover ops console cli serve .", "",
     "a password is told to a driver alone"},
};
// clang-format on

enum { ROOMS = sizeof rooms / sizeof *rooms, BANS = sizeof bans / sizeof *bans };
enum { FUNCTION_LINES = 80 };

/* Whether a list of words has this one. */
static bool lists(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = list; (at = strstr(at, word)) != NULL; at++)
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Where a word stands by itself, or NULL. */
static const char *word_in(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        if (!is_word(at == text ? ' ' : at[-1]) && !is_word(at[n]))
            return at;
    return NULL;
}

/* One source file while it is looked at. */
struct source {
    const char *room; /* "." for main.c */
    const char *name;
    char *text;
};

static int faults;

__attribute__((format(printf, 3, 4))) static void blame(const struct source *s, const char *at,
                                                        const char *format, ...)
{
    int line = 1;
    va_list args;

    for (const char *c = s->text; c < at; c++)
        line += *c == '\n';
    fprintf(stderr, "src/%s/%s:%d: ", s->room, s->name, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    faults++;
}

typedef void rule(const struct source *s);

static void look_at_file(const char *room, const char *dir, const char *name, rule *check)
{
    struct buf text = BUF_INIT(1 << 22);
    char path[4096];
    struct source s = {room, name, NULL};

    assert_true(file_join(path, sizeof path, dir, name));
    assert_true(file_read(path, &text, NULL));
    s.text = buf_take(&text);
    assert_non_null(s.text);
    check(&s);
    free(s.text);
}

/* Applies a rule to every source file, and fails when it blamed any. */
static void look_at_all(rule *check)
{
    static const char *const suffixes[] = {".c", ".h"};

    faults = 0;
    for (size_t i = 0; i < 2 * ROOMS; i++) {
        const struct room *room = &rooms[i / 2];
        struct file_list list;
        char dir[4096];

        snprintf(dir, sizeof dir, "%s/src/%s", TEST_SOURCE_DIR, room->name);
        if (!file_exists(dir))
            continue;
        assert_true(file_list(dir, suffixes[i % 2], &list, NULL));
        for (size_t j = 0; j < list.count; j++)
            look_at_file(room->name, dir, list.names[j], check);
        file_list_release(&list);
    }
    assert_int_equal(faults, 0);
}

/* Overwrites comments, and the insides of texts, with spaces; lines stay where they are. */
static void blank(char *text)
{
    enum { CODE, COMMENT, LINE_COMMENT, QUOTED } state = CODE;
    char quote = '"';

    for (char *c = text; *c != '\0'; c++) {
        char now = *c, next = c[1];
        bool both = false; /* this and the next one */

        if (state == CODE && now == '/' && (next == '*' || next == '/')) {
            state = next == '*' ? COMMENT : LINE_COMMENT;
            both = true;
        } else if (state == COMMENT && now == '*' && next == '/') {
            state = CODE;
            both = true;
        } else if (state == CODE && (now == '"' || now == '\'')) {
            state = QUOTED;
            quote = now;
        } else if (state == QUOTED && now == quote) {
            state = CODE;
        } else if (state == QUOTED && now == '\\' && next != '\0' && next != '\n') {
            both = true;
        } else if (state == LINE_COMMENT && now == '\n') {
            state = CODE;
        } else if (state != CODE && now != '\n') {
            *c = ' ';
        }
        if (both) {
            *c++ = ' ';
            *c = ' ';
        }
    }
}

static const struct room *room_of(const char *name)
{
    for (size_t i = 0; i < ROOMS; i++)
        if (strcmp(rooms[i].name, name) == 0)
            return &rooms[i];
    fail_msg("src/%s is not in the table of floors", name);
    return NULL;
}

static void check_own_include(const struct source *s, const char *at, const char *header)
{
    const struct room *room = room_of(s->room);
    char first[64];

    if (strchr(header, '/') == NULL)
        return; /* of its own room */
    snprintf(first, sizeof first, "%.*s", (int)strcspn(header, "/"), header);
    if (!lists(room->rooms, first) && !lists(room->rooms, header))
        blame(s, at, "%s/ must not include \"%s\"", s->room, header);
}

static void check_system_include(const struct source *s, const char *at, const char *header)
{
    const struct room *room = room_of(s->room);
    char in_file[200];

    snprintf(in_file, sizeof in_file, "%s@%s", header, s->name);
    if (strncmp(header, "headgate/", 9) != 0 && !lists(system_headers, header)
        && !lists(room->libraries, header) && !lists(room->libraries, in_file))
        blame(s, at, "<%s> is not for %s/", header, s->room);
}

static void check_includes(const struct source *s)
{
    const char *at = s->text;

    while ((at = strstr(at, "#include ")) != NULL) {
        bool line_start = at == s->text || at[-1] == '\n';
        char open = at[9], header[128];

        snprintf(header, sizeof header, "%.*s", (int)strcspn(at + 10, "\">\n"), at + 10);
        if (line_start && open == '"')
            check_own_include(s, at, header);
        else if (line_start)
            check_system_include(s, at, header);
        at += 9;
    }
}

static void a_file_includes_only_what_stands_below_it(void **state)
{
    (void)state;
    look_at_all(check_includes);
}

/* Where `name` is called as a function, or NULL. */
static const char *call_of(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = text; (at = strstr(at, name)) != NULL; at++)
        if (at[n] == '(' && (at == text || (!is_word(at[-1]) && at[-1] != '>' && at[-1] != '.')))
            return at;
    return NULL;
}

static void check_calls(const struct source *s)
{
    char path[300];

    blank(s->text);
    snprintf(path, sizeof path, "%s/%s", s->room, s->name);
    for (size_t i = 0; i < BANS; i++) {
        const char *next = bans[i].calls;

        if (!lists(bans[i].banned, s->room) || lists(bans[i].except, path))
            continue;
        while (*next != '\0') {
            char name[40];
            const char *at;

            snprintf(name, sizeof name, "%.*s", (int)strcspn(next, " "), next);
            next += strlen(name) + (next[strlen(name)] == ' ');
            at = call_of(s->text, name);
            if (at != NULL)
                blame(s, at, "%s(): %s", name, bans[i].because);
        }
    }
}

static void a_call_that_belongs_to_one_room_is_made_nowhere_else(void **state)
{
    (void)state;
    look_at_all(check_calls);
}

static void check_lengths(const struct source *s)
{
    const char *open = NULL;
    int lines = 0;

    blank(s->text);
    for (const char *line = s->text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');

        lines++;
        if (line[0] == '{') {
            open = line;
            lines = 1;
        } else if (line[0] == '}' && open != NULL) {
            if (lines > FUNCTION_LINES)
                blame(s, open, "a function of %d lines", lines);
            open = NULL;
        }
        line = end == NULL ? NULL : end + 1;
    }
}

static void no_function_is_longer_than_a_screen_or_two(void **state)
{
    (void)state;
    look_at_all(check_lengths);
}

static void check_head(const struct source *s)
{
    char head[200];

    snprintf(head, sizeof head, "/*\n * %s - ", s->name);
    if (strncmp(s->text, head, strlen(head)) != 0)
        blame(s, s->text, "the file does not begin with what it is for");
    if (word_in(s->text, "TODO") != NULL || word_in(s->text, "FIXME") != NULL)
        blame(s, s->text, "something is left to be done");
}

static void every_file_says_at_its_head_what_it_is_for(void **state)
{
    (void)state;
    look_at_all(check_head);
}

/* The cell of a table's row that starts at `row`; false: there are not so many. */
static bool cell(const char *row, int number, char *out, size_t size)
{
    const char *end = row + strcspn(row, "\n"), *at = row;

    for (; number >= 0 && at != NULL && at < end; number--)
        at = memchr(at, '|', (size_t)(end - at)) == NULL ? NULL : strchr(at, '|') + 1;
    if (at == NULL || at >= end)
        return false;
    snprintf(out, size, "%.*s", (int)strcspn(at, "|\n"), at);
    return true;
}

static void compare_row(const struct room *room, const char *may_include)
{
    for (size_t i = 0; i < ROOMS; i++) {
        bool allowed = lists(room->rooms, rooms[i].name) || strstr(room->rooms, rooms[i].name);
        char dir[4096];

        snprintf(dir, sizeof dir, "%s/src/%s", TEST_SOURCE_DIR, rooms[i].name);
        if (strcmp(rooms[i].name, ".") == 0 || !file_exists(dir))
            continue;
        if ((word_in(may_include, rooms[i].name) != NULL) != allowed) {
            fprintf(stderr, "doc/architecture.md: %s/ %s include %s/\n", room->name,
                    allowed ? "may" : "must not", rooms[i].name);
            faults++;
        }
    }
}

static void the_architecture_shows_the_floors_as_they_are(void **state)
{
    struct buf text = BUF_INIT(1 << 20);

    (void)state;
    faults = 0;
    assert_true(file_read(TEST_SOURCE_DIR "/doc/architecture.md", &text, NULL));
    for (size_t i = 0; i < ROOMS; i++) {
        char dir[4096], name[80], may_include[400];
        const char *row;

        snprintf(dir, sizeof dir, "%s/src/%s", TEST_SOURCE_DIR, rooms[i].name);
        if (strcmp(rooms[i].name, ".") == 0 || !file_exists(dir))
            continue;
        snprintf(name, sizeof name, "| `%s/` |", rooms[i].name);
        row = strstr(text.bytes, name);
        if (row == NULL || !cell(row, 2, may_include, sizeof may_include))
            fail_msg("doc/architecture.md has no row for %s/", rooms[i].name);
        compare_row(&rooms[i], may_include);
    }
    buf_release(&text);
    assert_int_equal(faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_includes_only_what_stands_below_it),
        cmocka_unit_test(a_call_that_belongs_to_one_room_is_made_nowhere_else),
        cmocka_unit_test(no_function_is_longer_than_a_screen_or_two),
        cmocka_unit_test(every_file_says_at_its_head_what_it_is_for),
        cmocka_unit_test(the_architecture_shows_the_floors_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
