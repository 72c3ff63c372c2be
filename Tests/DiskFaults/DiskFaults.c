// A disk that fails: loaded before the C library (LD_PRELOAD), it lets calls on database files fail
// while the file that DISK_FAULT names says which, as in "sync 5" or "write 28", the number
// being errno's.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Whether the descriptor is of a database or its log; what readers share of them is no file to lose.
static int is_database(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, ".sqlite") != NULL && strstr(path, "-shm") == NULL;
}

// The error that the call is to fail with; 0 when it is not to.
static int fault(const char *call, int descriptor) {
    const char *path = getenv("DISK_FAULT");
    if (path == NULL) return 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[32], name[16] = "";
    int code = 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return 0;
    text[length] = 0;
    if (sscanf(text, "%15s %d", name, &code) != 2 || strcmp(name, call) != 0) return 0;
    return is_database(descriptor) ? code : 0;
}

static int sync_or_fail(const char *name, int descriptor) {
    int code = fault("sync", descriptor);
    if (code != 0) {
        errno = code;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(descriptor);
}

int fsync(int descriptor) { return sync_or_fail("fsync", descriptor); }
int fdatasync(int descriptor) { return sync_or_fail("fdatasync", descriptor); }

typedef ssize_t (*place_writer)(int, const void *, size_t, off_t);

// As of a disk that fills up: half of it is written before the call that fails.
static ssize_t place_or_fail(
    const char *name, int descriptor, const void *bytes, size_t count, off_t offset) {
    place_writer real = (place_writer)dlsym(RTLD_NEXT, name);
    int code = fault("write", descriptor);
    if (code == 0) return real(descriptor, bytes, count, offset);
    if (count > 1) return real(descriptor, bytes, count / 2, offset);
    errno = code;
    return -1;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return place_or_fail("pwrite", descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    return place_or_fail("pwrite64", descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    ssize_t (*real)(int, const void *, size_t) =
        (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    int code = fault("write", descriptor);
    if (code == 0) return real(descriptor, bytes, count);
    if (count > 1) return real(descriptor, bytes, count / 2);
    errno = code;
    return -1;
}
