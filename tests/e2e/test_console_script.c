/*
 * test_console_script.c - the console without a terminal: keys from a script, screens as text, and
 * recordings of what was shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"
#include "support/tty.h"

/* A project in a folder of its own on an empty database. */
struct project {
    char *dir;
    char url[512];
};

static struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make()};

    temp_write(p.dir, "migrations/0001_accounts.sql",
               "-- migrate:up\nCREATE TABLE accounts (id integer PRIMARY KEY);\n"
               "-- migrate:down\nDROP TABLE accounts;\n");
    snprintf(p.url, sizeof p.url, "DATABASE_URL=sqlite:///app.db");
    if (postgres) {
        char *database = postgres_database(), *url = postgres_url_text(database);

        snprintf(p.url, sizeof p.url, "DATABASE_URL=%s", url);
        free(url);
        free(database);
    }
    return p;
}

static struct process_result play(const struct project *p, const char *script)
{
    temp_write(p->dir, "script", script);
    return headgate_run(p->dir, p->url, "--script", "script", NULL);
}

static void apply(bool postgres)
{
    struct project p = project_make(postgres);
    struct process_result r = headgate_run(p.dir, p.url, "init", NULL), again = {0};

    assert_int_equal(r.status, 0);
    process_release(&r);
    r = play(&p,
             "until \"1 pending\"\nkeys A\nuntil \"y apply\"\nkeys y\n"
             "until \"DONE\" within 60\nprint It ran\nkeys Esc\nuntil \"1 applied, 0 pending\"\n");
    if (r.status != 0)
        fail_msg("%s%s", r.err, r.out);
    assert_int_equal(strncmp(r.out, "It ran\n [development]", 21), 0);
    assert_non_null(strstr(r.out, "0001"));
    assert_string_equal(r.err, "");
    again = headgate_run(p.dir, p.url, "current", NULL);
    assert_non_null(strstr(again.out, "0001"));
    process_release(&again);
    process_release(&r);
    temp_dir_remove(p.dir);
}

static void a_script_applies_on_sqlite(void **state)
{
    (void)state;
    apply(false);
}

static void a_script_applies_on_postgresql(void **state)
{
    (void)state;
    apply(true);
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void screens_have_the_size_that_is_asked_for(void **state)
{
    struct project p = project_make(false);
    struct process_result r;

    (void)state;
    temp_write(p.dir, "script", "print\n");
    r = headgate_run(p.dir, p.url, "--script", "script", "--size", "40x10", NULL);
    assert_int_equal(r.status, 0);
    assert_int_equal(count_lines(r.out), 10);
    process_release(&r);
    r = play(&p, "print\nsize 132x43\nprint\n");
    assert_int_equal(r.status, 0);
    assert_int_equal(count_lines(r.out), 24 + 43);
    process_release(&r);
    temp_dir_remove(p.dir);
}

static void a_text_that_does_not_come_ends_it_with_the_line_and_the_screen(void **state)
{
    struct project p = project_make(false);
    struct process_result r = play(&p, "print\nuntil \"no such text\" within 0.2\nkeys A\n");

    (void)state;
    assert_int_equal(r.status, 1);
    assert_non_null(
        strstr(r.err, "script:2: the screen did not show \"no such text\" within 0.2 s"));
    assert_non_null(strstr(r.err, "[development]"));
    process_release(&r);
    temp_dir_remove(p.dir);
}

static void what_cannot_be_understood_is_refused_before_anything_is_done(void **state)
{
    struct project p = project_make(false);
    struct process_result r = play(&p, "print\nkeys Entre\n");

    (void)state;
    assert_int_equal(r.status, 2);
    assert_string_equal(r.out, "");
    assert_non_null(strstr(r.err, "script:2: no key is called \"Entre\": did you mean Enter?"));
    process_release(&r);
    r = headgate_run(p.dir, p.url, "--script", "script", "--size", "80", NULL);
    assert_int_equal(r.status, 2);
    process_release(&r);
    r = headgate_run(p.dir, p.url, "--size", "80x24", NULL);
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "--script"));
    process_release(&r);
    r = headgate_run(p.dir, p.url, "status", "--script", "script", NULL);
    assert_int_equal(r.status, 2);
    process_release(&r);
    r = headgate_run(p.dir, p.url, "--script", "not-there", NULL);
    assert_int_equal(r.status, 1);
    process_release(&r);
    temp_dir_remove(p.dir);
}

static void production_is_as_guarded_as_on_a_terminal(void **state)
{
    struct project p = project_make(false);
    const char *const environment[] = {"ENV=production", "DATABASE_URL_PROD=sqlite:///app.db",
                                       NULL};
    const char *const argv[] = {TEST_HEADGATE, "--script", "script", NULL};
    struct process_result r;

    (void)state;
    temp_write(p.dir, "script",
               "until \"[PRODUCTION]\"\nkeys A\nuntil \"production is guarded\"\n"
               "keys y Enter\nprint\n");
    r = process_run(p.dir, environment, argv);
    assert_int_equal(r.status, 0);
    assert_null(strstr(r.out, "DONE"));
    process_release(&r);
    temp_dir_remove(p.dir);
}

static void a_change_that_still_runs_at_the_end_goes_on_and_that_is_said(void **state)
{
    struct project p = project_make(true);
    struct process_result r;

    (void)state;
    temp_write(p.dir, "migrations/0002_long.sql",
               "-- migrate:up\nSELECT pg_sleep(3);\n-- migrate:down\nSELECT 1;\n");
    r = play(&p, "until \"2 pending\"\nkeys A\nuntil \"y apply\"\nkeys y\nuntil \"pg_sleep\"\n");
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.err, "ended while a change was running: it goes on by itself"));
    process_release(&r);
    r = headgate_run(p.dir, p.url, "up", "--attach", NULL);
    assert_int_equal(r.status, 0);
    process_release(&r);
    r = headgate_run(p.dir, p.url, "current", NULL);
    assert_non_null(strstr(r.out, "0002"));
    process_release(&r);
    temp_dir_remove(p.dir);
}

/* What a player would send to its terminal, in the file "played". */
static json_t *unpack(const struct project *p, size_t *out_events)
{
    char *path = temp_path(p->dir, "rec.cast"), *played = temp_path(p->dir, "played");
    FILE *in = fopen(path, "r"), *out = fopen(played, "w");
    char *line = NULL;
    size_t room = 0;
    json_t *head = NULL;
    double before = 0;

    assert_non_null(in);
    assert_non_null(out);
    for (*out_events = 0; getline(&line, &room, in) > 0; ++*out_events) {
        json_t *event = json_loads(line, 0, NULL);

        assert_non_null(event);
        if (head == NULL) {
            head = event;
            continue;
        }
        assert_int_equal(json_array_size(event), 3);
        assert_true(json_real_value(json_array_get(event, 0)) >= before);
        before = json_real_value(json_array_get(event, 0));
        if (strcmp(json_string_value(json_array_get(event, 1)), "o") == 0)
            fputs(json_string_value(json_array_get(event, 2)), out);
        json_decref(event);
    }
    fputs("\033[24;80H", out);
    free(line);
    fclose(in);
    fclose(out);
    free(path);
    free(played);
    return head;
}

static void a_recording_plays_what_was_shown(void **state)
{
    enum { A_MINUTE = 60 * 1000 / 50 };
    struct project p = project_make(false);
    const char *const argv[] = {"/bin/sh", "-c", "cat played; sleep 60", NULL};
    struct process_result r;
    char *screen, *path;
    struct stat file;
    struct tty *t;
    json_t *head;
    size_t events;

    (void)state;
    r = headgate_run(p.dir, p.url, "up", NULL);
    process_release(&r);
    temp_write(p.dir, "script",
               "until \"1 applied\"\nkeys 4\nuntil \"CREATE TABLE\"\nkeys - - - - - 6 ?\n"
               "until \"HELP\"\nkeys Esc\ntype /read\ngone \"HELP\"\nprint\n");
    r = headgate_run(p.dir, p.url, "--script", "script", "--record", "rec.cast", NULL);
    assert_int_equal(r.status, 0);
    head = unpack(&p, &events);
    assert_int_equal(json_integer_value(json_object_get(head, "version")), 2);
    assert_int_equal(json_integer_value(json_object_get(head, "width")), 80);
    assert_int_equal(json_integer_value(json_object_get(head, "height")), 24);
    json_decref(head);
    assert_in_range(events, 4, 200);
    path = temp_path(p.dir, "rec.cast");
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    free(path);

    t = tty_start(&(struct tty_options){.directory = p.dir}, argv);
    screen = strchr(r.out, '\n') + 1; /* below the clock */
    for (int i = 0; i < A_MINUTE; i++) {
        char *shown = tty_dump_below(t, false);
        bool same = strncmp(shown, screen, strlen(screen)) == 0;

        free(shown);
        if (same)
            break;
        tty_listen(t, 50);
        if (i == A_MINUTE - 1)
            fail_msg("played: %s\nbut was: %s", tty_dump_below(t, false), screen);
    }
    tty_free(t);
    process_release(&r);
    temp_dir_remove(p.dir);
}

static void a_recording_never_takes_the_place_of_a_file(void **state)
{
    struct project p = project_make(false);
    struct process_result r;

    (void)state;
    temp_write(p.dir, "script", "print\n");
    temp_write(p.dir, "mine", "precious");
    r = headgate_run(p.dir, p.url, "--script", "script", "--record", "mine", NULL);
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.err, "could not record to \"mine\""));
    assert_string_equal(r.out, "");
    process_release(&r);
    temp_dir_remove(p.dir);
}

/* A description with one capability, the cursor's place, whose text lies far behind the file's end;
 * one that ends in its head; and none at all. */
static void write_descriptions(const struct project *p)
{
    static const unsigned char far[] = {0x1a, 1,    8,   0, 0,    0,    0,    0,
                                        0xff, 0x7f, 4,   0, 'x',  'f',  'a',  'r',
                                        '|',  'x',  'x', 0, 0xfb, 0xff, 0xff, 0x7f};
    char *path;
    FILE *file;

    temp_write(p->dir, "terminfo/x/xshort", "\x1a\x01\x08");
    temp_write(p->dir, "terminfo/x/xtext", "this is not a description of a terminal");
    temp_write(p->dir, "terminfo/x/xfar", "");
    path = temp_path(p->dir, "terminfo/x/xfar");
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(far, 1, sizeof far, file), sizeof far);
    fclose(file);
    free(path);
}

static void a_terminal_that_cannot_show_it_gets_the_plain_status(void **state)
{
    static const char *const kinds[] = {"dumb", "no-such-terminal", "", "xshort", "xtext", "xfar"};
    struct project p = project_make(false);
    const char *const environment[] = {p.url, "TERMINFO=terminfo", NULL};
    const char *const argv[] = {TEST_HEADGATE, NULL};
    struct process_result r = headgate_run(p.dir, p.url, "up", NULL);

    (void)state;
    process_release(&r);
    write_descriptions(&p);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct tty *t = tty_start(
            &(struct tty_options){
                .term = kinds[i], .width = 120, .directory = p.dir, .environment = environment},
            argv);

        assert_int_equal(tty_wait_end(t), 0);
        assert_true(tty_shows(t, "could not open the console: "));
        assert_true(tty_shows(t, "This is headgate status instead"));
        assert_true(tty_shows(t, "current     0001"));
        assert_true(tty_modes_restored(t));
        tty_free(t);
    }
    temp_dir_remove(p.dir);
}

/* Terminals with more or fewer colours than usual, and one that is written to in a way of its own,
 * made by ncurses' own compiler. */
static void compile_descriptions(const struct project *p)
{
    const char *const argv[] = {"/usr/bin/tic", "-x", "-o", "terminfo", "colours.src", NULL};
    struct process_result r;

    temp_write(p->dir, "terminfo/x/.keep", "");
    temp_write(p->dir, "colours.src",
               "xterm-16c|sixteen colours,\n"
               "\tcolors#16, pairs#256,\n"
               "\tsetaf=\\E[%?%p1%{8}%<%t3%p1%d%e9%p1%{8}%-%d%;m,\n"
               "\tsetab=\\E[%?%p1%{8}%<%t4%p1%d%e10%p1%{8}%-%d%;m, use=xterm-256color,\n"
               "xterm-other|bold in other words,\n"
               "\tbold=\\E[01m, use=xterm-256color,\n"
               "xterm-rgb|all colours,\n"
               "\tRGB, colors#0x1000000, pairs#0x7FFFF,\n"
               "\tsetaf=\\E[%?%p1%{8}%<%t3%p1%d%e38;2;%p1%{65536}%/%d;%p1%{256}%/"
               "%{255}%&%d;%p1%{255}%&%dm,\n"
               "\tsetab=\\E[%?%p1%{8}%<%t4%p1%d%e48;2;%p1%{65536}%/%d;%p1%{256}%/"
               "%{255}%&%d;%p1%{255}%&%dm,\n"
               "\tuse=xterm-256color,\n");
    r = process_run(p->dir, (const char *const[]){NULL}, argv);
    if (r.status != 0)
        fail_msg("%s", r.err);
    process_release(&r);
}

/* The largest number of a colour in a dump; -1: there is none. More than any number: one that is
 * told by its red, green and blue. */
static int largest_color(const char *dump)
{
    enum { TOLD = 1 << 24 };
    int largest = -1;

    for (const char *at = dump; (at = strstr(at, "fg=")) != NULL; at += 3) {
        int color = at[3] == '#' ? TOLD : atoi(at + 3);

        largest = color > largest ? color : largest;
    }
    return largest;
}

/* Each kind gets the colours that it has, and no more. */
static void colours_are_those_that_the_terminal_has(void **state)
{
    static const struct {
        const char *term, *setting;
        int least, most;
    } cases[] = {
        {"xterm", "NO_COLOR=", 0, 7},
        {"xterm-16c", "NO_COLOR=", 8, 15},
        {"xterm-256color", "NO_COLOR=", 16, 255},
        {"xterm-other", "NO_COLOR=", 16, 255}, /* drawn on by ncurses */
        {"xterm-rgb", "NO_COLOR=", 1 << 24, 1 << 24},
        {"xterm-256color", "NO_COLOR=1", -1, -1},
        {"xterm-rgb", "NO_COLOR=1", -1, -1},
    };
    const char *const argv[] = {TEST_HEADGATE, NULL};
    struct project p = project_make(false);

    (void)state;
    compile_descriptions(&p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const environment[] = {p.url, "TERMINFO=terminfo", cases[i].setting, NULL};
        struct tty *t = tty_start(&(struct tty_options){.term = cases[i].term,
                                                        .directory = p.dir,
                                                        .environment = environment},
                                  argv);
        char *dump;
        int largest;

        assert_true(tty_wait(t, "NOT READY"));
        dump = tty_dump(t, true);
        largest = largest_color(dump);
        if (largest < cases[i].least || largest > cases[i].most)
            fail_msg("%s, %s: colour %d", cases[i].term, cases[i].setting, largest);
        free(dump);
        tty_type(t, "q");
        assert_int_equal(tty_wait_end(t), 0);
        tty_free(t);
    }
    temp_dir_remove(p.dir);
}

static void the_mouse_is_taken_when_the_setting_says_so(void **state)
{
    static const char *const settings[] = {"HEADGATE_MOUSE=", "HEADGATE_MOUSE=on"};
    const char *const argv[] = {TEST_HEADGATE, NULL};
    struct project p = project_make(false);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *const environment[] = {p.url, settings[i], NULL};
        struct tty *t =
            tty_start(&(struct tty_options){.directory = p.dir, .environment = environment}, argv);
        const char *bytes;
        size_t size;

        assert_true(tty_wait(t, "NOT READY"));
        bytes = tty_bytes(t, &size);
        assert_int_equal(memmem(bytes, size, "\033[?1000h", 8) != NULL, i == 1);
        tty_type(t, "q");
        assert_int_equal(tty_wait_end(t), 0);
        tty_free(t);
    }
    temp_dir_remove(p.dir);
}

static void without_a_terminal_it_is_refused_with_a_hint(void **state)
{
    struct project p = project_make(false);
    struct process_result r = headgate_run(p.dir, p.url, NULL);

    (void)state;
    assert_int_equal(r.status, 1);
    assert_string_equal(r.out, "");
    assert_non_null(strstr(r.err, "input or output is not a terminal"));
    assert_non_null(strstr(r.err, "headgate status"));
    process_release(&r);
    temp_dir_remove(p.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_applies_on_sqlite),
        cmocka_unit_test(a_script_applies_on_postgresql),
        cmocka_unit_test(screens_have_the_size_that_is_asked_for),
        cmocka_unit_test(a_text_that_does_not_come_ends_it_with_the_line_and_the_screen),
        cmocka_unit_test(what_cannot_be_understood_is_refused_before_anything_is_done),
        cmocka_unit_test(production_is_as_guarded_as_on_a_terminal),
        cmocka_unit_test(a_change_that_still_runs_at_the_end_goes_on_and_that_is_said),
        cmocka_unit_test(a_recording_plays_what_was_shown),
        cmocka_unit_test(a_recording_never_takes_the_place_of_a_file),
        cmocka_unit_test(a_terminal_that_cannot_show_it_gets_the_plain_status),
        cmocka_unit_test(colours_are_those_that_the_terminal_has),
        cmocka_unit_test(the_mouse_is_taken_when_the_setting_says_so),
        cmocka_unit_test(without_a_terminal_it_is_refused_with_a_hint),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
