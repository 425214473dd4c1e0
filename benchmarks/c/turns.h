/* turns.h - how a benchmark program takes turns with the others, and what all of them need. */
#ifndef TURNS_H
#define TURNS_H

#include <stddef.h>
#include <stdint.h>

/** Does one piece of work and returns how many samples it was. */
typedef size_t (*work_fn)(void *context);

/** Works once to warm up and prints "ready". Then, for every line with a number of seconds on standard input, works
 *  until these are over and prints "<samples> <seconds>". Returns at the end of the input. */
void take_turns(work_fn work, void *context);

/** Zeroed memory on a cache line; ends the program when there is none. */
float *floats(size_t count);

/** xorshift64* (Vigna, 2016), for data whose values do not matter. */
uint64_t random_next(void);

/** Numbers between -scale and scale. */
void fill_random(float *to, size_t count, float scale);

/** Ends the program with a message. */
void fail(const char *message);

/** A whole number of at least 1; ends the program when `text` is not one. */
size_t count_argument(const char *text);

#endif
