/* Tells a generated program which path to take, and writes down what it does on the way. To be preloaded
   together with watch_heap.c, whose blocks it marks with the number of the path, from 1.

   JUDGE_PATHS is a file with a line of digits for each path: its answers. JUDGE_TRACE gets a row per event:
   path, "asked", "number" or "text", and the value. */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern void watch_mark(int64_t mark);

static FILE *paths;
static int trace; /* without a buffer, which would be a block of the program's */
static char answers[65536], *next_answer;
static int64_t path;

/* Whether there is another path, which then begins. */
int64_t judge_next_path(void) {
    if (!paths) {
        paths = fopen(getenv("JUDGE_PATHS"), "r");
        trace = open(getenv("JUDGE_TRACE"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (!paths || trace < 0) abort();
    }
    if (!fgets(answers, sizeof answers, paths)) return 0;
    next_answer = answers;
    watch_mark(++path);
    return 1;
}

/* The next answer of this path; 0 when the program asks more than expected. */
int64_t judge_answer(int64_t question) {
    dprintf(trace, "%ld\tasked\t%ld\n", (long)path, (long)question);
    return *next_answer >= '0' ? *next_answer++ - '0' : 0;
}

void judge_number(int64_t number) { dprintf(trace, "%ld\tnumber\t%ld\n", (long)path, (long)number); }

void judge_text(const char *text) {
    dprintf(trace, "%ld\ttext\t", (long)path);
    for (; text && *text; text++) dprintf(trace, "%02x", (unsigned char)*text);
    dprintf(trace, "\n");
}
