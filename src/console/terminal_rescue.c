/*
 * terminal_rescue.c - gives the terminal back when the program dies: bytes that were put together
 * before, written by a signal handler.
 */
#include <curses.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "terminal_parts.h"

static struct {
    char bytes[256];
    size_t size;
    int tty;
    struct termios before;
} rescue;

static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static void on_death(int number)
{
    ssize_t ignored = write(rescue.tty, rescue.bytes, rescue.size);

    (void)ignored;
    tcsetattr(rescue.tty, TCSANOW, &rescue.before);
    raise(number); /* the handler is gone (SA_RESETHAND): now it dies of it */
}

static void rescue_put(const char *bytes)
{
    memcpy(rescue.bytes + rescue.size, bytes, strlen(bytes));
    rescue.size += strlen(bytes);
}

/* Adds a capability without its padding, "$<5>". */
static void rescue_add(const char *name)
{
    const char *s = tigetstr((char *)name);

    if (s == NULL || s == (char *)-1)
        return;
    for (; *s != '\0' && rescue.size < sizeof rescue.bytes; s++) {
        if (s[0] == '$' && s[1] == '<' && strchr(s, '>') != NULL)
            s = strchr(s, '>');
        else
            rescue.bytes[rescue.size++] = *s;
    }
}

void terminal_rescue(const struct terminal *t)
{
    struct sigaction action = {.sa_handler = on_death, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

    rescue.size = 0;
    rescue.tty = t->tty;
    rescue.before = t->before;
    if (t->ansi)
        rescue_put(PASTE_OFF);
    if (t->strings) {
        rescue_put(FOCUS_OFF);
        rescue_put(MOUSE_OFF);
    }
    rescue_add("sgr0");
    rescue_add("rmkx");
    rescue_add("cnorm");
    rescue_add("rmcup");
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        sigaction(deadly[i], &action, NULL);
}

void terminal_rescue_end(void)
{
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        signal(deadly[i], SIG_DFL);
}
