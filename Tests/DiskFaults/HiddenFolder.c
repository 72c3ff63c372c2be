// Hides a folder from a program (LD_PRELOAD): no path below what HIDDEN_FOLDER names is there.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_hidden(const char *path) {
    const char *folder = getenv("HIDDEN_FOLDER");
    if (folder == NULL || path == NULL) return 0;
    size_t length = strlen(folder);
    if (strncmp(path, folder, length) != 0 || (path[length] != '/' && path[length] != 0)) return 0;
    errno = ENOENT;
    return 1;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE(flags) \
        if (is_hidden(path)) return -1; \
        return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPEN_AT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        MODE(flags) \
        if (is_hidden(path)) return -1; \
        return ((int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name))( \
            folder, path, flags, mode); \
    }
OPEN_AT(openat)
OPEN_AT(openat64)

#define STREAM(name) \
    FILE *name(const char *path, const char *mode) { \
        if (is_hidden(path)) return NULL; \
        return ((FILE *(*)(const char *, const char *))dlsym(RTLD_NEXT, #name))(path, mode); \
    }
STREAM(fopen)
STREAM(fopen64)

DIR *opendir(const char *path) {
    if (is_hidden(path)) return NULL;
    return ((DIR *(*)(const char *))dlsym(RTLD_NEXT, "opendir"))(path);
}

int access(const char *path, int mode) {
    if (is_hidden(path)) return -1;
    return ((int (*)(const char *, int))dlsym(RTLD_NEXT, "access"))(path, mode);
}

#define STATUS(name, kind) \
    int name(const char *path, struct kind *status) { \
        if (is_hidden(path)) return -1; \
        return ((int (*)(const char *, struct kind *))dlsym(RTLD_NEXT, #name))(path, status); \
    }
STATUS(stat, stat)
STATUS(lstat, stat)
STATUS(stat64, stat64)
STATUS(lstat64, stat64)
