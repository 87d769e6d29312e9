/*
 * steer.h - what one process may ask of another one's pool, and how: a message each way over a
 * socket beside the pool's page.
 *
 *   steer.c      the pool's side, carried out by its housekeeper
 *   steer_ask.c  the asker's side
 *
 * The socket lies in a folder that only its user may enter, and both sides look who the other one
 * is: nobody but that user can ask, or answer. Callers of the pool never meet any of it.
 */
#ifndef POOL_STEER_H
#define POOL_STEER_H

#include <stdint.h>
#include <sys/un.h>

#include <headgate/pool.h>

#define STEER_MAGIC "HGSTEER1"

struct steer_request {
    char magic[8];
    uint32_t kind; /* enum hg_pool_order_kind */
    int32_t number;
    int64_t by_ns; /* CLOCK_MONOTONIC: void from then on */
};

struct steer_answer {
    char magic[8];
    int32_t code; /* enum hg_code; HG_OK: done */
    int32_t reserved;
    char message[400]; /* what was done, or why not */
};

/* The address of a pool's socket in an open folder, however long that folder's path is; page: the
 * name of the pool's page. */
void steer_address(int folder, const char *page, struct sockaddr_un *out);

/* Its name in the folder, in size bytes. */
void steer_name(const char *page, char *out, size_t size);

/* Makes the socket of a page that has a name; -1: it cannot be made, which is logged. */
int steer_listen(int folder, const char *page, const char *pool_name);

/* Somebody has come: hears, carries out and answers. In the housekeeper, without the lock. */
void steer_hear(hg_pool *pool, int listener);

#endif
