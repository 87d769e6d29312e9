/*
 * fuzz_migration.c - any bytes as a migration file, and its sections as statements. The first byte
 * says for which engine.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/content.h"
#include "fuzz.h"
#include "migrate/file.h"
#include "sql/split.h"

static void check_fault(const hg_error *err, const char *text, size_t size)
{
    int lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    assert(err->code == HG_FILE && err->message[0] != '\0');
    assert(err->line <= lines);
}

/* Statements lie in order, inside the section, and hold neither its end nor each other. */
static void check_section(hg_driver dialect, const char *text, const struct file_section *section)
{
    struct split split;
    struct split_statement s;
    size_t before = section->from;
    enum split_answer answer;
    hg_error err = {0};

    assert(section->from <= section->to);
    split_init(&split, dialect, text, section->to, section->from, section->line);
    while ((answer = split_next(&split, &s, &err)) == SPLIT_STATEMENT) {
        assert(s.size > 0 && s.offset >= before && s.offset + s.size <= section->to);
        assert(s.line >= section->line && s.column >= 1);
        before = s.offset + s.size;
    }
    if (answer == SPLIT_FAULT)
        check_fault(&err, text, section->to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hg_driver dialect = size > 0 && data[0] == 's' ? HG_SQLITE : HG_POSTGRESQL;
    struct arena arena = ARENA_INIT;
    struct content text = CONTENT_INIT(1 << 24);
    struct file_source source = {.path = "0001_fuzz.sql", .dialect = dialect};
    struct migration_file file;
    hg_error err = {0};

    if (size > 0)
        assert(content_take(&text, (const char *)data + 1, size - 1));
    source.text = text.bytes;
    source.size = text.size;
    if (file_parse(&source, &arena, &file, &err)) {
        assert(file.revision != NULL && file.up.present && err.code == HG_OK);
        assert(file_blank(&text, &file));
        check_section(dialect, text.bytes, &file.up);
        if (file.down.present)
            check_section(dialect, text.bytes, &file.down);
    } else {
        check_fault(&err, source.text, source.size);
        assert(strcmp(err.file, source.path) == 0);
    }
    content_release(&text);
    arena_release(&arena);
    return 0;
}
