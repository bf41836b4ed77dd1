/* texts.c - labels.tsv and captions.tsv of a folder: a line per file, "FILE TAB TEXT", # in front of a comment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sets.h"

enum { longest_text = 1000 };
static const off_t most_bytes = 64 << 20;

typedef struct table {
    const char *path;
    int count;
    char *const *files; /* [count], sorted */
    char **texts;       /* [count] */
    size_t line;
} table;

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static orw_status take_line(table *t, char *line, size_t length) {
    if (length > 0 && line[length - 1] == '\n') line[--length] = '\0';
    if (length > 0 && line[length - 1] == '\r') line[--length] = '\0';
    if (length == 0 || *line == '#') return ORW_OK;
    char *text = strchr(line, '\t');
    bool good = text && text > line && text[1] && strlen(text + 1) <= longest_text && strlen(line) == length;
    for (const char *c = text; good && *++c;) good = (unsigned char)*c >= 0x20 && *c != 0x7f;
    if (!good)
        return orw_error(ORW_ERR_INPUT,
                         "%s: line %zu: expected a file, a tab and 1 to %d bytes of text without control characters",
                         t->path, t->line, longest_text);
    *text++ = '\0';
    const char *file = line;
    char *const *found = bsearch(&file, t->files, (size_t)t->count, sizeof *t->files, compare);
    if (!found)
        return orw_error(ORW_ERR_INPUT, "%s: line %zu: '%.200s' is no PNG or JPEG file of the folder", t->path, t->line,
                         file);
    char **place = &t->texts[found - t->files];
    if (*place) return orw_error(ORW_ERR_INPUT, "%s: line %zu: '%.200s' stands there twice", t->path, t->line, file);
    *place = strdup(text);
    return *place ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "%s: no memory for a line", t->path);
}

static orw_status read_lines(table *t, FILE *file) {
    struct stat about;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    orw_status status = ORW_OK;
    if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode) || about.st_size > most_bytes)
        return orw_error(ORW_ERR_INPUT, "%s: expected a plain file of at most %lld bytes", t->path,
                         (long long)most_bytes);
    while (status == ORW_OK && (length = getline(&line, &capacity, file)) >= 0) {
        t->line++;
        status = take_line(t, line, (size_t)length);
    }
    if (status == ORW_OK && ferror(file))
        status = orw_error(ORW_ERR_INPUT, "%s: cannot be read: %s", t->path, strerror(errno));
    free(line);
    for (int i = 0; i < t->count && status == ORW_OK; i++)
        if (!t->texts[i]) status = orw_error(ORW_ERR_INPUT, "%s: no line for '%s'", t->path, t->files[i]);
    return status;
}

orw_status orw_table_of_texts(const char *path, int count, char *const *files, char **texts) {
    table t = {.path = path, .count = count, .files = files, .texts = texts};
    FILE *file = orw_open_plain(path);
    if (!file) return ORW_ERR_INPUT;
    orw_status status = read_lines(&t, file);
    fclose(file);
    return status;
}
