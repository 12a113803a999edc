/* An allocator to preload into a process that loads test programs: it forgets nothing.

   LD_PRELOAD=watch.so WATCH_FOLDER=out WATCH_LIBRARY=_suite.so COMMAND

   Blocks that code of a library whose path contains WATCH_LIBRARY allocates are watched, be it with the help
   of others (strdup, the constructor of a foreign object), through at most OTHERS functions. A released block is filled and never handed out again, so that each later release and write shows.
   Each process that loads such a library writes out/PID.tsv, a row per event:

       kind  mark  size  content  allocated-at  released-at  again-at

   A kind is live (never released), double (released again), write (written after its release) or foreign
   (a string that is released though nothing allocated it: another library's, or the middle of a block). A place
   is a list of LIBRARY+OFFSET, innermost first, separated by blanks; a copy of the library is out/LIBRARY.
   The mark is what the program last gave to watch_mark() before the allocation (before the release, if nothing
   allocated the block). The content is the first bytes at the end or the release, in hexadecimal digits.
   Functions without unwind tables have their callers read off the stack: whatever looks like a return address.

   The release of strings (tml_str_free) ignores pointers that it does not know, which hides double drops. Its
   first bytes are replaced by a jump to release_string below, on x86-64 only. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#define FRAMES 12
#define OTHERS 4
#define OURS 3 /* functions of this file that are open */
#define SLOTS (1u << 22)
#define LIBRARIES 64
#define FILL 0xA5
#define CONTENT 32

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

struct place { void *frames[FRAMES]; };
struct block {
    unsigned char *start, content[CONTENT];
    size_t size;
    int64_t mark;
    struct place made, released;
    bool is_live;
};
struct library { uintptr_t start, code_start, code_end; void (*release)(void *); };

static struct block *blocks; /* open addressing by start */
static uint32_t used[SLOTS], used_count; /* which of them are used, in the order of their allocation */
static struct library libraries[LIBRARIES];
static int library_count;
static FILE *report;
static int64_t mark;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool is_inside; /* of this allocator: what it allocates is nobody's */

void watch_mark(int64_t value) { mark = value; }

static struct library *library_of(const void *address) {
    for (int i = 0; i < library_count; i++)
        if ((uintptr_t)address > libraries[i].code_start + 8 && (uintptr_t)address < libraries[i].code_end)
            return &libraries[i];
    return NULL;
}

static bool add_frame(struct place *place, const void *address) {
    if (!library_of(address)) return false;
    for (int i = 0; i < FRAMES; i++)
        if (!place->frames[i]) {
            place->frames[i] = (void *)address;
            break;
        }
    return true;
}

struct walk { struct place *place; uintptr_t frame; bool is_watched; int others; };

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *data) {
    struct walk *walk = data;
    walk->frame = _Unwind_GetCFA(context);
    walk->is_watched = add_frame(walk->place, (void *)_Unwind_GetIP(context));
    walk->others += !walk->is_watched;
    bool is_far = !walk->place->frames[0] && walk->others > OURS + OTHERS;
    return is_far || walk->place->frames[FRAMES - 1] ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static uintptr_t stack_end(void) {
    static __thread uintptr_t end;
    pthread_attr_t attributes;
    void *start;
    size_t size;
    if (!end && !pthread_getattr_np(pthread_self(), &attributes)) {
        pthread_attr_getstack(&attributes, &start, &size);
        pthread_attr_destroy(&attributes);
        end = (uintptr_t)start + size;
    }
    return end;
}

static bool is_after_a_call(const unsigned char *address) {
    return address[-5] == 0xE8 || (address[-6] == 0xFF && address[-5] == 0x15) ||
           (address[-2] == 0xFF && (address[-1] & 0xF8) == 0xD0);
}

static bool is_watched_from(struct place *place) {
    struct walk walk = {place, 0, false, 0};
    *place = (struct place){{0}};
    _Unwind_Backtrace(step, &walk);
    uintptr_t end = walk.is_watched ? stack_end() : 0;
    for (uintptr_t *word = (uintptr_t *)walk.frame; end && word < (uintptr_t *)end && !place->frames[FRAMES - 1]; word++)
        if (library_of((void *)*word) && is_after_a_call((void *)*word)) add_frame(place, (void *)*word);
    return place->frames[0] != NULL;
}

static struct block *slot_of(const void *start) {
    size_t at = ((uintptr_t)start >> 4) * 0x9E3779B97F4A7C15u >> 42;
    while (blocks[at].start && blocks[at].start != start) at = (at + 1) % SLOTS;
    return &blocks[at];
}

static void write_place(const struct place *place) {
    fputc('\t', report);
    for (int i = 0; place && i < FRAMES && place->frames[i]; i++) {
        struct library *library = library_of(place->frames[i]);
        uintptr_t call = (uintptr_t)place->frames[i] - 1 - library->start;
        fprintf(report, "%s%d+%#lx", i ? " " : "", (int)(library - libraries), call);
    }
}

static void keep_content(struct block *block) {
    memcpy(block->content, block->start, block->size < CONTENT ? block->size : CONTENT);
}

static void write_event(const char *kind, const struct block *block, const struct place *again) {
    if (!report) return;
    fprintf(report, "%s\t%ld\t%zu\t", kind, (long)(block ? block->mark : mark), block ? block->size : 0);
    for (size_t i = 0; block && i < block->size && i < CONTENT; i++) fprintf(report, "%02x", block->content[i]);
    write_place(block ? &block->made : NULL);
    write_place(block && !block->is_live ? &block->released : NULL);
    write_place(again);
    fputc('\n', report);
}

static void enter(void) { is_inside = true; pthread_mutex_lock(&lock); }
static void leave(void) { pthread_mutex_unlock(&lock); is_inside = false; }

static void note(void *start, size_t size) {
    if (!library_count || is_inside || !start) return;
    struct place place;
    enter();
    if (is_watched_from(&place)) {
        struct block *block = slot_of(start);
        if (!block->start) used[used_count++] = (uint32_t)(block - blocks);
        *block = (struct block){start, {0}, size, mark, place, {{0}}, true};
    }
    leave();
}

/* Whether the block is one of ours, which must then never reach the C library. */
static bool forget(void *start) {
    if (!library_count || is_inside || !start) return false;
    enter();
    struct block *block = slot_of(start);
    bool is_ours = block->start != NULL;
    if (is_ours) {
        struct place place;
        is_watched_from(&place);
        if (block->is_live) {
            block->is_live = false;
            block->released = place;
            keep_content(block);
            memset(start, FILL, block->size);
        } else write_event("double", block, &place);
    }
    leave();
    return is_ours;
}

void *malloc(size_t size) {
    void *start = __libc_malloc(size);
    note(start, size);
    return start;
}

void *calloc(size_t count, size_t size) {
    void *start = __libc_calloc(count, size);
    note(start, count * size);
    return start;
}

void free(void *start) {
    if (!forget(start)) __libc_free(start);
}

void *realloc(void *start, size_t size) {
    if (!library_count || is_inside || !start) {
        void *moved = __libc_realloc(start, size);
        if (!start) note(moved, size);
        return moved;
    }
    enter();
    struct block *block = slot_of(start);
    size_t old = block->start ? block->size : 0;
    bool is_ours = block->start != NULL;
    leave();
    if (!is_ours) {
        void *moved = __libc_realloc(start, size);
        note(moved, size);
        return moved;
    }
    void *moved = malloc(size);
    if (moved) memcpy(moved, start, old < size ? old : size), free(start);
    return moved;
}

static void release_string(void *start) {
    struct place place;
    if (!start) return;
    enter();
    bool is_watched = is_watched_from(&place);
    struct library *library = is_watched ? library_of(place.frames[0]) : &libraries[library_count - 1];
    struct block *block = slot_of(start);
    bool is_live = block->start && block->is_live;
    Dl_info image;
    if (block->start && !is_live) write_event("double", block, &place);
    else if (!block->start && !dladdr(start, &image)) write_event("foreign", NULL, &place);
    leave();
    if (is_live) library->release(start);
}

static void replace(void *function, void *by) {
#ifdef __x86_64__
    unsigned char jump[12] = {0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xE0}; /* movabs rax, by; jmp rax */
    memcpy(jump + 2, &by, sizeof by);
    uintptr_t page = (uintptr_t)function & ~(uintptr_t)4095;
    mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC);
    memcpy(function, jump, sizeof jump);
    mprotect((void *)page, 8192, PROT_READ | PROT_EXEC);
#else
    (void)function, (void)by;
#endif
}

static void copy(const char *from, const char *to) {
    char buffer[65536];
    ssize_t count;
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    while ((count = read(in, buffer, sizeof buffer)) > 0)
        if (write(out, buffer, (size_t)count) < 0) break;
    close(in), close(out);
}

static int find_code(struct dl_phdr_info *image, size_t size, void *data) {
    struct library *library = data;
    (void)size;
    for (int i = 0; image->dlpi_addr == library->start && i < image->dlpi_phnum; i++)
        if (image->dlpi_phdr[i].p_type == PT_LOAD && image->dlpi_phdr[i].p_flags & PF_X) {
            library->code_start = image->dlpi_addr + image->dlpi_phdr[i].p_vaddr;
            library->code_end = library->code_start + image->dlpi_phdr[i].p_memsz;
        }
    return 0;
}

static void watch(void *handle, const char *path) {
    const char *folder = getenv("WATCH_FOLDER");
    struct link_map *map;
    char name[4096];
    if (!folder || library_count == LIBRARIES || dlinfo(handle, RTLD_DI_LINKMAP, &map)) return;
    if (!blocks) {
        blocks = mmap(NULL, SLOTS * sizeof *blocks, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        snprintf(name, sizeof name, "%s/%d.tsv", folder, getpid());
        report = fopen(name, "w");
        if (report) setlinebuf(report);
    }
    snprintf(name, sizeof name, "%s/%d", folder, library_count);
    copy(path, name);
    struct library *library = &libraries[library_count];
    *library = (struct library){map->l_addr, 0, 0, (void (*)(void *))dlsym(handle, "mem_free")};
    dl_iterate_phdr(find_code, library);
    void *release = dlsym(handle, "tml_str_free");
    if (release && library->release) replace(release, (void *)release_string);
    library_count++;
}

void *dlopen(const char *path, int flags) {
    static void *(*real)(const char *, int);
    const char *wanted = getenv("WATCH_LIBRARY");
    if (!real) real = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    void *handle = real(path, flags);
    if (handle && path && wanted && strstr(path, wanted)) {
        is_inside = true;
        watch(handle, path);
        is_inside = false;
    }
    return handle;
}

/* What is watched stays loaded: its addresses are in the report. */
int dlclose(void *handle) {
    (void)handle;
    return 0;
}

static bool is_written(const struct block *block) {
    for (size_t i = 0; i < block->size; i++)
        if (block->start[i] != FILL) return true;
    return false;
}

static void finish(void) {
    if (!report) return;
    is_inside = true;
    for (size_t i = 0; i < used_count; i++) {
        struct block *block = &blocks[used[i]];
        if (block->is_live) keep_content(block), write_event("live", block, NULL);
        else if (is_written(block)) write_event("write", block, NULL);
    }
    fclose(report);
    report = NULL;
}

__attribute__((destructor)) static void at_exit(void) { finish(); }

void _exit(int status) {
    finish();
    static void (*real)(int);
    real = (void (*)(int))dlsym(RTLD_NEXT, "_exit");
    real(status);
    __builtin_unreachable();
}
