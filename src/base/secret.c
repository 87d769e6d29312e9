/*
 * secret.c - the registry of living secrets.
 */
#include "secret.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"

enum { SEARCHED_FROM = 3 };

struct secret {
    struct secret *next, **link;
    char *plain;
    char *encoded; /* percent-encoded as in a URL; NULL when it looks the same */
    size_t size;
};

static pthread_mutex_t registry_lock =
    PTHREAD_MUTEX_INITIALIZER; /* innermost: nothing is locked under it */
static struct secret *registry;

static void hold(void)
{
    pthread_mutex_lock(&registry_lock);
}

static void let_go(void)
{
    pthread_mutex_unlock(&registry_lock);
}

/* A forked child may make errors, whoever was making one when it was made. */
__attribute__((constructor)) static void mind_forks(void)
{
    pthread_atfork(hold, let_go, let_go);
}

static char *percent_encode(const char *bytes, size_t n)
{
    char *out = alloc_zero(n * 3 + 1, 1), *to = out;

    for (size_t i = 0; out != NULL && i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
            || (c != '\0' && strchr("-._~", c) != NULL))
            *to++ = (char)c;
        else
            to += snprintf(to, 4, "%%%02X", c);
    }
    return out;
}

static void wipe_free(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    alloc_free(text);
}

/* Longest first: a secret that begins like a shorter one must not lose only that beginning. */
static void enlist(struct secret *s)
{
    pthread_mutex_lock(&registry_lock);
    s->link = &registry;
    while (*s->link != NULL && (*s->link)->size > s->size)
        s->link = &(*s->link)->next;
    s->next = *s->link;
    if (s->next != NULL)
        s->next->link = &s->next;
    *s->link = s;
    pthread_mutex_unlock(&registry_lock);
}

struct secret *secret_new(const char *bytes, size_t n)
{
    struct secret *s = alloc_zero(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->plain = alloc_text_n(bytes, n);
    s->encoded = percent_encode(bytes, n);
    if (s->plain == NULL || s->encoded == NULL) {
        wipe_free(s->plain);
        wipe_free(s->encoded);
        alloc_free(s);
        return NULL;
    }
    if (strcmp(s->plain, s->encoded) == 0) {
        wipe_free(s->encoded);
        s->encoded = NULL;
    }
    s->size = n;
    enlist(s);
    return s;
}

void secret_free(struct secret *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&registry_lock);
    *s->link = s->next;
    if (s->next != NULL)
        s->next->link = s->link;
    pthread_mutex_unlock(&registry_lock);
    wipe_free(s->plain);
    wipe_free(s->encoded);
    alloc_free(s);
}

const char *secret_reveal(const struct secret *s)
{
    return s->plain;
}

static void replace_all(char *text, size_t room, const char *needle)
{
    size_t n = strlen(needle);
    char *at = text;

    if (n < SEARCHED_FROM)
        return;
    while ((at = strstr(at, needle)) != NULL) {
        size_t behind = strlen(at + n);

        if ((size_t)(at - text) + 3 + behind + 1 > room)
            behind = room - (size_t)(at - text) - 4;
        memmove(at + 3, at + n, behind);
        at[3 + behind] = '\0';
        memcpy(at, "***", 3);
        at += 3;
    }
}

void secret_scrub(char *text, size_t room)
{
    if (room < 8)
        return;
    pthread_mutex_lock(&registry_lock);
    for (const struct secret *s = registry; s != NULL; s = s->next) {
        replace_all(text, room, s->plain);
        if (s->encoded != NULL)
            replace_all(text, room, s->encoded);
    }
    pthread_mutex_unlock(&registry_lock);
}

bool secret_equals(const struct secret *secret, const char *bytes, size_t n)
{
    volatile unsigned char different = n != secret->size;

    for (size_t i = 0; i < n; i++)
        different |= (unsigned char)(bytes[i] ^ secret->plain[i % secret->size]);
    return different == 0;
}
