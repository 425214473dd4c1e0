/*
 * lepton_allocator.h - a program that grants resources itself: its own scheduler in the place of the library's. A part of
 * lepton.h, which includes it, and whose conventions hold here.
 */
#ifndef LEPTON_ALLOCATOR_H
#define LEPTON_ALLOCATOR_H

#ifndef LEPTON_H
#error "include lepton.h, which includes this"
#endif

/* -------------------------------------------------------------- allocator */

/** An amount of every resource. */
typedef struct lepton_resource_shape {
    int64_t cores;
    int64_t memory_bytes;
    int64_t storage_bytes;
    int64_t accelerators;
} lepton_resource_shape;

/** What an allocator answers to a request. The library sets struct_size, zero elsewhere. */
typedef struct lepton_grant {
    size_t struct_size;
    char id[40];   /**< 1 to 36 bytes and a NUL: what the grant is called from now on; unique for the allocator */
    int32_t nodes; /**< compute nodes granted, each as large as the request says; min_nodes ... nodes of the request */
    int32_t reserved;
    double lease_seconds; /**< > 0; infinity: no end; may be shorter than requested */
    char reason[200];     /**< of a refusal, for people; may be empty */
} lepton_grant;

/** The program's own allocator. Every function is called from any thread, also several at once, and never while the
 *  library holds a lock; it must not use the allocation that it is serving. */
typedef struct lepton_allocator {
    size_t struct_size;
    void *context; /**< handed to every function */

    /** Tells everything that could be granted if nothing were, and what is granted now. Required. */
    void (*capacity)(void *context, lepton_resource_shape *total, lepton_resource_shape *allocated);

    /** Answers at once. Return LEPTON_OK with `*out` filled in, or the status of the refusal, such as
     *  LEPTON_RESOURCE_EXHAUSTED, with `out->reason`. `request` is valid during the call. Required. */
    lepton_status (*grant)(void *context, const lepton_resource_request *request, lepton_grant *out);

    /** Takes a grant back. An unknown `id` is no error: releases may cross with the end of a lease. Required. */
    void (*release)(void *context, const char *id);

    /** Moves the end of a lease to `seconds` from now. Return LEPTON_OK, or the status of the refusal. NULL: leases are
     *  not renewed. */
    lepton_status (*renew)(void *context, const char *id, double seconds);

    /** Gives a grant more nodes, or takes some away. Return LEPTON_OK, or the status of the refusal, when the grant must
     *  be as it was. NULL: allocations are not resized. */
    lepton_status (*resize)(void *context, const char *id, int32_t nodes);

    /** Called once, when the client and its allocations are gone; nothing is called after it. NULL: nothing to do. */
    void (*destroy)(void *context);
} lepton_allocator;

/** Creates a client whose resources the program grants itself. Requests do not wait: lepton_client_submit gets
 *  NOT_SUPPORTED.
 *  @param options NULL for defaults; store_path and price_list as for lepton_client_create, cores_per_node is what a fit
 *  without an allocation asks for on each node (0: 1), everything else zero.
 *  @param allocator copied.
 *  Ownership: `*out` is the caller's; `context` belongs to the library from success to `destroy`.
 *  Errors: INVALID_ARGUMENT, IO, PERMISSION_DENIED, CORRUPT_DATA (price list). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_create_with_allocator(const lepton_client_options *options,
                                                             const lepton_allocator *allocator, lepton_client **out,
                                                             lepton_error **error);

#endif /* LEPTON_ALLOCATOR_H */
