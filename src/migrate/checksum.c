/*
 * checksum.c - SHA-256 of bytes, and of SQL as the engine understands it.
 *
 * The low-level functions of libcrypto, although they are marked as deprecated: EVP looks its
 * algorithms up in tables that it fills first, which costs more at start than all the hashing of a
 * folder.
 */
#define OPENSSL_API_COMPAT 10101
#include "checksum.h"

#include <string.h>

#include <openssl/sha.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(((struct checksum *)0)->state), "room for the state");

static SHA256_CTX *context(struct checksum *c)
{
    return (SHA256_CTX *)(void *)c->state;
}

void checksum_init(struct checksum *c)
{
    memset(c, 0, sizeof *c);
    SHA256_Init(context(c));
}

static void flush(struct checksum *c)
{
    SHA256_Update(context(c), c->pending, c->pending_size);
    c->pending_size = 0;
}

/* Tokens are short: they are gathered, so that the hash function sees whole blocks. */
void checksum_bytes(struct checksum *c, const void *bytes, size_t n)
{
    if (n > sizeof c->pending - c->pending_size)
        flush(c);
    if (n > sizeof c->pending) {
        SHA256_Update(context(c), bytes, n);
        return;
    }
    memcpy(c->pending + c->pending_size, bytes, n);
    c->pending_size += n;
}

void checksum_text(struct checksum *c, const char *text)
{
    checksum_bytes(c, text, strlen(text) + 1);
}

/* A word without regard to its case; longer ones are taken as they are. */
static void add_word(struct checksum *c, const char *word, size_t n)
{
    char lower[64];

    if (n > sizeof lower) {
        checksum_bytes(c, word, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] - 'A' + 'a' : word[i]);
    checksum_bytes(c, lower, n);
}

void checksum_token(struct checksum *c, const char *text, const struct split_token *token)
{
    if (token->kind < LEX_WORD)
        return;
    if (token->ends_statement) {
        if (c->in_statement)
            checksum_bytes(c, ";", 2);
        c->in_statement = false;
        return;
    }
    c->in_statement = true;
    if (token->kind == LEX_WORD)
        add_word(c, text + token->offset, token->size);
    else
        checksum_bytes(c, text + token->offset, token->size);
    if (!token->goes_on)
        checksum_bytes(c, "", 1);
}

void checksum_hex(struct checksum *c, char out[CHECKSUM_DIGITS + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];

    if (c->in_statement)
        checksum_bytes(c, ";", 2);
    flush(c);
    SHA256_Final(digest, context(c));
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[CHECKSUM_DIGITS] = '\0';
}
