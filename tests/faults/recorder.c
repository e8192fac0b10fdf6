/* Writes down what a process does to the files of one folder, in order: loaded by LD_PRELOAD.

   One record per call: its name, the path, offset and length in text, then the bytes. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int record = -1;

static void put(const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t done = syscall(SYS_write, record, bytes, count);
        if (done <= 0) abort();
        bytes += done;
        count -= (size_t)done;
    }
}

static void note(const char *what, int fd, off_t offset, size_t count, const void *bytes) {
    const char *folder = getenv("RECORD_FOLDER"), *file = getenv("RECORD_FILE");
    char link[64], path[4096], head[4300];
    if (!folder || !file) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    if (strncmp(path, folder, strlen(folder)) != 0) return;
    pthread_mutex_lock(&lock);
    if (record < 0) record = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int size = snprintf(head, sizeof head, "%s %lld %zu %s\n", what, (long long)offset, count, path + strlen(folder));
    put(head, (size_t)size);
    if (bytes) put(bytes, count);
    pthread_mutex_unlock(&lock);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, count, offset);
    if (done > 0) note("write", fd, offset, (size_t)done, bytes);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return pwrite64(fd, bytes, count, offset); }

ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t done = syscall(SYS_write, fd, bytes, count);
    if (done > 0) note("append", fd, 0, (size_t)done, bytes);
    return done;
}

int ftruncate64(int fd, off64_t size) {
    int failed = (int)syscall(SYS_ftruncate, fd, size);
    if (!failed) note("cut", fd, size, 0, NULL);
    return failed;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int fsync(int fd) {
    int failed = (int)syscall(SYS_fsync, fd);
    if (!failed) note("sync", fd, 0, 0, NULL);
    return failed;
}

int fdatasync(int fd) {
    int failed = (int)syscall(SYS_fdatasync, fd);
    if (!failed) note("sync", fd, 0, 0, NULL);
    return failed;
}
