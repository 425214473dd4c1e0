/*
 * lepton_system.h - what the nodes need of the operating system and Swift cannot name: functions with a variable
 * number of arguments, extensions of one system, global variables.
 *
 * Every function returns a negative errno where it fails. No signal handler is installed, and every file descriptor
 * is closed in the programs that the process starts, but for those that are handed to a worker on purpose.
 */
#ifndef LEPTON_SYSTEM_H
#define LEPTON_SYSTEM_H

#include <stddef.h>
#include <sys/types.h>

/** A file without a name, of `bytes` bytes of zeros, that processes can map; untouched pages take no memory.
 *  Returns its descriptor. */
int leptonsys_shared_memory(size_t bytes);

/** Two sockets that are connected: a stream in both directions. A write into one whose other end does not read gives
 *  up after `send_seconds`. */
int leptonsys_socket_pair(int sockets[2], int send_seconds);

/** Writes all bytes, without the signal that a broken line would raise. Returns 0. */
int leptonsys_send(int socket, const void *bytes, size_t count);

/** Reads up to `count` bytes, without waiting when `waits` is 0. Returns how many; 0: the other end is closed;
 *  -EAGAIN: nothing is there yet. */
ssize_t leptonsys_receive(int socket, void *bytes, size_t count, int waits);

/** Starts a program as `path arguments[0] arguments[1] ...` (ended by NULL) with this process's environment, whose
 *  descriptors are 3, 4, ... for `descriptors` and, beside standard error, nothing else of ours. Returns 0. */
int leptonsys_spawn(const char *path, const char *const *arguments, const int *descriptors, int count, pid_t *process);

/** The path of the file that this function was loaded from: the library, or the program it was linked into. */
int leptonsys_own_path(char *path, size_t capacity);

#endif /* LEPTON_SYSTEM_H */
