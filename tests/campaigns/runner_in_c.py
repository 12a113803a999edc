"""Programs in C that stand for what TML's compiler makes of test files."""

from __future__ import annotations

import platform
import shutil
import sys

CAN_RUN = sys.platform == "linux" and platform.machine() == "x86_64" and shutil.which("cc")
"""Whether they can be compiled and watched here."""

RUNNER = r"""
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **arguments) {
    void *suite = dlopen(arguments[1], RTLD_NOW);
    int (*test)(void) = (int (*)(void))dlsym(suite, "test");
    int failed = count < 2 || test();
    printf("test result: %s. %d passed; %d failed\n", failed ? "FAILED" : "ok", !failed, failed);
    return failed;
}
"""
"""What loads a test library, as the compiler's runner does."""

RUNTIME = r"""
#include <stdlib.h>
#include <string.h>
static void *known[64];
static int count;
void *mem_alloc(size_t size) { return known[count++] = malloc(size); }
void mem_free(void *block) { free(block); }
void tml_str_free(char *string) {
    for (int i = 0; i < count; i++)
        if (string && known[i] == string) known[i] = NULL, free(string);
}
char *make_string(void) { return strcpy(mem_alloc(4), "abc"); }
"""
"""A small runtime; like the compiler's, it ignores the release of a string that it does not know."""
