#define _GNU_SOURCE
#include "lepton_system.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifdef __APPLE__
#include <crt_externs.h>
#define OWN_ENVIRONMENT (*_NSGetEnviron())
#else
extern char **environ;
#define OWN_ENVIRONMENT environ
#endif

/* Above the numbers that a worker finds its descriptors at, so that setting them up never overwrites one. */
enum { FIRST_FREE = 64, FIRST_HANDED = 3 };

/* The same file under a high number, closed in started programs. Takes the descriptor. */
static int moved_up(int descriptor) {
    if (descriptor < 0) return -errno;
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_FREE);
    int failure = errno;
    close(descriptor);
    return moved < 0 ? -failure : moved;
}

int leptonsys_shared_memory(size_t bytes) {
    if (bytes > (size_t)LLONG_MAX) return -ENOMEM;
#ifdef __linux__
    /* Not shm_open: its file system is small in containers, and a page that it has no room for is a fatal signal. */
    int file = moved_up(memfd_create("lepton", MFD_CLOEXEC));
#else
    char name[] = "/tmp/lepton-XXXXXX";
    int created = mkstemp(name);
    if (created >= 0) unlink(name);
    int file = moved_up(created);
#endif
    if (file < 0) return file;
    if (ftruncate(file, (off_t)bytes) != 0) {
        int failure = errno;
        close(file);
        return -failure;
    }
    return file;
}

int leptonsys_socket_pair(int sockets[2], int send_seconds) {
    int made[2];
#ifdef __linux__
    int status = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made);
#else
    int status = socketpair(AF_UNIX, SOCK_STREAM, 0, made);
#endif
    if (status != 0) return -errno;
    struct timeval limit = {.tv_sec = send_seconds, .tv_usec = 0};
    for (int end = 0; end < 2; end++) {
        sockets[end] = moved_up(made[end]);
        if (sockets[end] < 0) {
            close(end == 0 ? made[1] : sockets[0]);
            return sockets[end];
        }
        setsockopt(sockets[end], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
#ifdef SO_NOSIGPIPE
        int yes = 1;
        setsockopt(sockets[end], SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
#endif
    }
    return 0;
}

int leptonsys_send(int socket, const void *bytes, size_t count) {
#ifdef MSG_NOSIGNAL
    const int flags = MSG_NOSIGNAL;
#else
    const int flags = 0;
#endif
    const char *next = bytes;
    while (count > 0) {
        ssize_t sent = send(socket, next, count, flags);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return -errno;
        next += sent;
        count -= (size_t)sent;
    }
    return 0;
}

ssize_t leptonsys_receive(int socket, void *bytes, size_t count, int waits) {
    while (1) {
        ssize_t received = recv(socket, bytes, count, waits ? 0 : MSG_DONTWAIT);
        if (received >= 0) return received;
        if (errno == EWOULDBLOCK) return -EAGAIN;
        if (errno != EINTR) return -errno;
    }
}

/* Standard input and output are nobody's; what a worker dies of may be read on standard error. */
static int describe_descriptors(posix_spawn_file_actions_t *actions, const int *descriptors, int count) {
    int failure = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (failure == 0) failure = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    for (int index = 0; index < count && failure == 0; index++)
        failure = posix_spawn_file_actions_adddup2(actions, descriptors[index], FIRST_HANDED + index);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    /* What the host has open without the mark that closes it would otherwise stay open as long as the worker. */
    if (failure == 0) failure = posix_spawn_file_actions_addclosefrom_np(actions, FIRST_HANDED + count);
#endif
    return failure;
}

/* A host may block or ignore signals; what it starts begins as programs do. In a group of its own, so that an interrupt
 * from the terminal is the host's to handle. */
static int describe_signals(posix_spawnattr_t *attributes) {
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGCHLD);
    int failure = posix_spawnattr_setsigmask(attributes, &none);
    if (failure == 0) failure = posix_spawnattr_setsigdefault(attributes, &usual);
    if (failure == 0) failure = posix_spawnattr_setpgroup(attributes, 0);
    const short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    if (failure == 0) failure = posix_spawnattr_setflags(attributes, flags);
    return failure;
}

int leptonsys_spawn(const char *path, const char *const *arguments, const int *descriptors, int count, pid_t *process) {
    char *list[8] = {(char *)path};
    for (int index = 0; index < 6 && arguments[index]; index++)
        list[index + 1] = (char *)arguments[index];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0) return -failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0) {
        failure = describe_descriptors(&actions, descriptors, count);
        if (failure == 0) failure = describe_signals(&attributes);
        if (failure == 0) failure = posix_spawn(process, path, &actions, &attributes, list, OWN_ENVIRONMENT);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return -failure;
}

/* An address in this file's part of the library. */
static const char marker = 0;

int leptonsys_own_path(char *path, size_t capacity) {
    Dl_info info;
    char resolved[PATH_MAX];
    if (!dladdr(&marker, &info) || !info.dli_fname) return -ENOENT;
#ifdef __linux__
    /* A program's own name is what it was called with; the system knows where it is. */
    if (!strchr(info.dli_fname, '/')) {
        ssize_t length = readlink("/proc/self/exe", resolved, sizeof resolved - 1);
        if (length < 0) return -errno;
        resolved[length] = 0;
    } else
#endif
        if (!realpath(info.dli_fname, resolved))
        return -errno;
    size_t length = strlen(resolved) + 1;
    if (length > capacity) return -ENAMETOOLONG;
    memcpy(path, resolved, length);
    return 0;
}
