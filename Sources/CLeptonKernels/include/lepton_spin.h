/* lepton_spin.h - what a thread does while it waits for another in a loop. */
#ifndef LEPTON_SPIN_H
#define LEPTON_SPIN_H

/** Tells the processor that this is a waiting loop, so that it saves power and leaves execution units alone. */
static inline void lepton_spin_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif /* LEPTON_SPIN_H */
