/*
 * limit.c - the least that a console on a database can cost: ncurses, one question a second, and a
 * mark that the arrows move.
 *
 *     limit FILE                     cc limit.c -lncursesw -lsqlite3
 *     limit "host=/run user=app"     cc -DPOSTGRES limit.c -lncursesw -lpq
 *
 * It shows one number, waits for its answers, and looks at nothing else.
 */
#include <curses.h>
#include <locale.h>
#include <stdio.h>
#include <time.h>

#ifdef POSTGRES
#include <libpq-fe.h>

static PGconn *database;

static bool begin(const char *where)
{
    database = PQconnectdb(where);
    return PQstatus(database) == CONNECTION_OK;
}

static void ask(char *out, size_t size)
{
    PGresult *result = PQexec(database, "SELECT count(*) FROM pg_stat_activity");

    snprintf(out, size, "%s", PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "?");
    PQclear(result);
}
#else
#include <sqlite3.h>

static sqlite3 *database;
static sqlite3_stmt *question;

static bool begin(const char *where)
{
    return sqlite3_open(where, &database) == SQLITE_OK
           && sqlite3_prepare_v2(database, "SELECT count(*) FROM sqlite_schema", -1, &question,
                                 NULL)
                  == SQLITE_OK;
}

static void ask(char *out, size_t size)
{
    snprintf(out, size, "%d",
             sqlite3_step(question) == SQLITE_ROW ? sqlite3_column_int(question, 0) : -1);
    sqlite3_reset(question);
}
#endif

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void start_screen(void)
{
    initscr();
    start_color();
    use_default_colors();
    noecho();
    keypad(stdscr, TRUE);
    for (int y = 0; y < 20; y++)
        mvprintw(y, 2, "row %d", y);
    mvprintw(21, 2, "READINESS");
}

int main(int argc, char **argv)
{
    double next = now_ms();
    int key = ERR, y = 5;
    char answer[32];

    setlocale(LC_ALL, "");
    if (argc != 2 || !begin(argv[1]))
        return 2;
    start_screen();
    while (key != 'q') {
        if (now_ms() >= next) {
            ask(answer, sizeof answer);
            mvprintw(21, 20, "%s  ", answer);
            next += 1000;
        }
        mvaddch(y, 0, ' ');
        y += key == KEY_DOWN ? 1 : key == KEY_UP ? -1 : 0;
        mvaddch(y, 0, '>');
        refresh();
        timeout(next > now_ms() ? (int)(next - now_ms()) + 1 : 0);
        key = getch();
    }
    endwin();
    return 0;
}
