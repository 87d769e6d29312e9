/*
 * test_frames.c - every golden screen on its way through the terminal: ncurses writes it, an
 * emulator reads it back, and what stands there is the golden text. The screens of one size and
 * locale come one behind the other, so each but the first is written as what differs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "console/terminal.h"
#include "console/view.h"
#include "support/stills_cutover.h"
#include "support/tty.h"

enum { STILLS_MAX = 512 };

static char own_path[512];

/* --- the program on the terminal --- */

static struct terminal *terminal;
static struct theme theme;
static struct canvas canvas;

static int begin(int width, int height, bool utf8)
{
    static const char *const folders[] = {TEST_SOURCE_DIR "/themes", NULL};
    hg_error err = {.code = HG_OK};

    setlocale(LC_ALL, "");
    if (terminal_open(COLOR_AUTO, &terminal, &err) && theme_load("dark", folders, &theme, &err)
        && canvas_init(&canvas, width, height, utf8))
        return 0;
    fprintf(stderr, "%s\n", err.message);
    return 1;
}

/* Draws a scene, and waits for a key. */
static void show(struct scene *s)
{
    struct pollfd fd = {.fd = terminal_fd(terminal), .events = POLLIN};
    uint32_t key;

    view(&s->model, &canvas);
    terminal_draw(terminal, &canvas, &theme);
    while (terminal_flush(terminal) && terminal_pending(terminal))
        continue;
    while (!terminal_key(terminal, &key))
        poll(&fd, 1, -1);
}

static int end(void)
{
    terminal_close(terminal);
    canvas_release(&canvas);
    return 0;
}

/* Those of the cutover, too. */
static const struct still *all_stills(size_t *out_count)
{
    static struct still joined[STILLS_MAX];
    size_t count, more;
    const struct still *still = stills(&count), *cutover = stills_cutover(&more);

    assert_true(count + more <= STILLS_MAX);
    memcpy(joined, still, count * sizeof *joined);
    memcpy(joined + count, cutover, more * sizeof *joined);
    *out_count = count + more;
    return joined;
}

static bool is_like(const struct still *still, int width, int height, bool utf8)
{
    return still->width == width && still->height == height && still->utf8 == utf8;
}

static int show_stills(int width, int height, bool utf8)
{
    size_t count;
    const struct still *still = all_stills(&count);

    if (begin(width, height, utf8) != 0)
        return 1;
    for (size_t i = 0; i < count; i++) {
        struct scene *s;

        if (!is_like(&still[i], width, height, utf8))
            continue;
        s = still_open(&still[i]);
        show(s);
        scene_free(s);
    }
    return end();
}

static void (*const pages[])(struct scene *) = {still_help,
                                                still_log_page,
                                                still_pool_detail,
                                                still_connection_detail,
                                                still_migration_detail,
                                                still_check_detail,
                                                still_failed,
                                                still_waiting};
enum { PAGES = sizeof pages / sizeof *pages };

static struct scene *open_hostile(const char *text, size_t page, bool utf8)
{
    struct scene *s = scene_new(80, 24, utf8, false);

    pages[page](s);
    scene_hostile(s, text);
    scene_deliver(s);
    return s;
}

static int show_hostile(bool utf8)
{
    size_t count;
    const char *const *texts = hostile_texts(&count);

    if (begin(80, 24, utf8) != 0)
        return 1;
    for (size_t i = 0; i < count * PAGES; i++) {
        struct scene *s = open_hostile(texts[i / PAGES], i % PAGES, utf8);

        show(s);
        scene_free(s);
    }
    return end();
}

/* --- who looks at it --- */

static struct tty *start(const char *what, int width, int height, bool utf8)
{
    char size[2][16];
    const char *argv[] = {own_path, what, size[0], size[1], utf8 ? "utf8" : "ascii", NULL};

    snprintf(size[0], sizeof size[0], "%d", width);
    snprintf(size[1], sizeof size[1], "%d", height);
    return tty_start(
        &(struct tty_options){.width = width, .height = height, .locale = utf8 ? "C.UTF-8" : "C"},
        argv);
}

/* Waits for the screen, compares all of it, and lets the next one come. */
static void assert_shows(struct tty *t, const char *name, const char *screen)
{
    char *first = strndup(screen, strcspn(screen, "\n")), *shown;

    tty_wait(t, first);
    tty_wait_same(t, strchr(screen, '\n') + 1, false);
    free(first);
    shown = tty_dump(t, false);
    if (strcmp(shown, screen) != 0) {
        fprintf(stderr, "%s was to be\n%sand the terminal shows\n%s", name, screen, shown);
        fail();
    }
    free(shown);
    tty_type(t, "n");
}

/* Sequences of the terminal, cursor movements and printable characters: nothing else, and nothing
 * that a terminal keeps for itself, as titles and clipboards. */
static void assert_only_what_draws(struct tty *t, bool utf8)
{
    size_t size, n;
    const char *bytes = tty_bytes(t, &size);
    uint32_t code = 0;

    for (size_t i = 0; i < size; i += n) {
        n = text_decode(bytes + i, size - i, &code);
        if (code == '\033') {
            n = 1 + strspn(bytes + i + 1, "[(?0123456789;");
            assert_true(i + n < size && bytes[i + n] >= '0' && bytes[i + n] <= '~');
            assert_int_not_equal(bytes[i + n], ']');
            n++;
        } else if (strchr("\r\n\b\017", (int)code) == NULL) {
            assert_true(n > 0 && text_char_width(code) >= 0 && (utf8 || code < 0x80));
        }
    }
    assert_int_equal(tty_unknown(t), 0);
}

/* The rows of a golden screen, without the roles below them. */
static char *golden_text(const struct still *still)
{
    struct buf text = BUF_INIT(1 << 20);
    char path[512], *end;

    snprintf(path, sizeof path, "%s/tests/golden/%s.txt", TEST_SOURCE_DIR, still->name);
    if (!file_read(path, &text, NULL))
        fail_msg("%s cannot be read", path);
    end = text.bytes;
    for (int row = 0; row < still->height; row++)
        end = strchr(end, '\n') + 1;
    *end = '\0';
    return buf_take(&text);
}

static void end_of(struct tty *t, bool utf8)
{
    assert_int_equal(tty_wait_end(t), 0);
    assert_only_what_draws(t, utf8);
    tty_free(t);
}

/* All stills of this one's size and locale. */
static void look_at_those_like(const struct still *first, const struct still *still, size_t count)
{
    struct tty *t = start("--stills", first->width, first->height, first->utf8);

    for (size_t i = 0; i < count; i++)
        if (is_like(&still[i], first->width, first->height, first->utf8)) {
            char *golden = golden_text(&still[i]);

            assert_shows(t, still[i].name, golden);
            free(golden);
        }
    end_of(t, first->utf8);
}

static void the_terminal_shows_every_screen_as_it_was_looked_at(void **state)
{
    size_t count, seen;
    const struct still *still = all_stills(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (seen = 0; !is_like(&still[seen], still[i].width, still[i].height, still[i].utf8);)
            seen++;
        if (seen == i)
            look_at_those_like(&still[i], still, count);
    }
}

static void no_text_from_outside_reaches_the_terminal_raw(void **state)
{
    size_t count;
    const char *const *texts = hostile_texts(&count);

    (void)state;
    for (int utf8 = 0; utf8 < 2; utf8++) {
        struct tty *t = start("--hostile", 80, 24, utf8);

        setlocale(LC_ALL, utf8 ? "C.UTF-8" : "C");
        for (size_t i = 0; i < count * PAGES; i++) {
            struct scene *s = open_hostile(texts[i / PAGES], i % PAGES, utf8);
            char *screen = scene_screen(s, false);

            assert_shows(t, texts[i / PAGES], screen);
            free(screen);
            scene_free(s);
        }
        end_of(t, utf8);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_terminal_shows_every_screen_as_it_was_looked_at),
        cmocka_unit_test(no_text_from_outside_reaches_the_terminal_raw),
    };
    bool utf8 = argc == 5 && strcmp(argv[4], "utf8") == 0;

    if (readlink("/proc/self/exe", own_path, sizeof own_path - 1) < 0)
        return 99;
    if (argc == 5 && strcmp(argv[1], "--stills") == 0)
        return show_stills(atoi(argv[2]), atoi(argv[3]), utf8);
    if (argc == 5 && strcmp(argv[1], "--hostile") == 0)
        return show_hostile(utf8);
    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
