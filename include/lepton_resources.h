/*
 * lepton_resources.h - the client, what it requests, and the account of what was used. A part of lepton.h, which
 * includes it, and whose conventions hold here.
 */
#ifndef LEPTON_RESOURCES_H
#define LEPTON_RESOURCES_H

#ifndef LEPTON_H
#error "include lepton.h, which includes this"
#endif

/* ----------------------------------------------------------------- client */

/** The entry point: owns an allocator, a store and a meter. */
typedef struct lepton_client lepton_client;
/** What was granted for a request. */
typedef struct lepton_allocation lepton_allocation;

/** How to create a client. */
typedef struct lepton_client_options {
    size_t struct_size;
    int32_t nodes;                 /**< compute nodes to simulate; 0: one node that is this machine */
    int32_t cores_per_node;        /**< 0: 1 when `nodes` is given, else the machine's cores */
    int64_t memory_per_node;       /**< bytes; 0: the machine's memory shared evenly */
    int64_t storage_bytes;         /**< 0: free disk of the store's folder (of the working folder without a store) */
    const char *store_path;        /**< folder for datasets and parameters, created if absent; NULL: in memory */
    const char *price_list;        /**< PriceList JSON; NULL: the default list (see docs/accounting.md) */
    const char *queues;            /**< JSON list of queues beside "default", such as
                                  [{"name": "a", "weight": 2, "quota": {"cores": 4}, "borrowing": {"cores": 2}}]; a
                                  resource that a quota does not name is not limited; NULL: none */
    int32_t accelerators_per_node; /**< that nodes are declared to have; >= 0 */
    int32_t reserved;              /**< zero */
} lepton_client_options;

/** Fills in the defaults above. Threads: concurrent. Since 0.1. */
LEPTON_API void lepton_client_options_init_sized(lepton_client_options *options, size_t struct_size);
#define lepton_client_options_init(options) lepton_client_options_init_sized((options), sizeof *(options))

/** Creates a client.
 *  @param options NULL for defaults.
 *  Ownership: `*out` is the caller's. Errors: INVALID_ARGUMENT, IO, PERMISSION_DENIED, CORRUPT_DATA (price list).
 *  Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_create(const lepton_client_options *options, lepton_client **out,
                                              lepton_error **error);

/** Adds a reference. Errors: INVALID_HANDLE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_retain(lepton_client *client, lepton_error **error);

/** Drops one reference; the last one releases the client's allocations. NULL is accepted. Since 0.1. */
LEPTON_API void lepton_client_release(lepton_client *client);

/** What a job asks for: all of it is granted, or nothing. */
typedef struct lepton_resource_request {
    size_t struct_size;
    int32_t nodes;           /**< compute nodes, >= 1 */
    int32_t cores_per_node;  /**< >= 1 */
    int64_t memory_per_node; /**< bytes, >= 0 */
    int64_t storage_bytes;   /**< shared storage, >= 0 */
    double lease_seconds;    /**< > 0; infinity: until closed */
    const char *labels;      /**< JSON object of strings for the bill; may be NULL */
    int32_t min_nodes;       /**< 1 ... nodes: start, and go on, with so many; 0: start with `nodes` and no fewer */
    int32_t max_nodes;       /**< >= nodes: the job may grow to so many by itself; 0: it does not */
    int32_t accelerators_per_node; /**< >= 0 */
    int32_t priority;              /**< -1000 ... 1000: higher ones are served first and may make lower ones give way */
    const char *queue;             /**< NULL: "default" */
    const char *tenant;            /**< who pays; tenants that name no queue share fairly; may be NULL */
    const char *idempotency_key;   /**< repeated with the same key, a request gets the same allocation; may be NULL */
} lepton_resource_request;

/** One node, one core, no memory or storage reservation, no end of lease. Threads: concurrent. Since 0.1. */
LEPTON_API void lepton_resource_request_init_sized(lepton_resource_request *request, size_t struct_size);
#define lepton_resource_request_init(request) lepton_resource_request_init_sized((request), sizeof *(request))

/** Requests resources: granted at once, or refused. Nobody else has to give way for it.
 *  Ownership: `*out` is the caller's; it keeps the client alive.
 *  Errors: INVALID_ARGUMENT; RESOURCE_EXHAUSTED names the resource, the amount asked and the amount free; NOT_FOUND
 *  (queue). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_allocate(lepton_client *client, const lepton_resource_request *request,
                                                lepton_allocation **out, lepton_error **error);

/** Puts a request into its queue. The allocation is LEPTON_ALLOCATION_PENDING until its turn comes.
 *  Ownership: `*out` is the caller's; it keeps the client alive; releasing it gives the place in the queue up.
 *  Errors: as lepton_client_allocate; RESOURCE_EXHAUSTED only when the request could never be granted.
 *  Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_submit(lepton_client *client, const lepton_resource_request *request,
                                              lepton_allocation **out, lepton_error **error);

typedef enum lepton_allocation_state {
    LEPTON_ALLOCATION_PENDING = 0,
    LEPTON_ALLOCATION_ACTIVE = 1,
    LEPTON_ALLOCATION_DRAINING = 2,
    LEPTON_ALLOCATION_RELEASED = 3,
    LEPTON_ALLOCATION_EXPIRED = 4,
    LEPTON_ALLOCATION_FAILED = 5
} lepton_allocation_state;

typedef struct lepton_allocation_info {
    size_t struct_size; /**< set by the caller: the size it knows */
    int32_t state;      /**< a lepton_allocation_state */
    int32_t nodes;
    int32_t cores_per_node;
    int32_t reserved;
    int64_t memory_per_node; /**< bytes */
    int64_t storage_bytes;
    double lease_remaining; /**< seconds; infinity without an end, 0 once over */
    char id[40];            /**< NUL-terminated */
} lepton_allocation_info;

/** Describes an allocation as it is now.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_allocation_get_info(lepton_allocation *allocation, lepton_allocation_info *out,
                                                    lepton_error **error);

/** Extends the lease to `seconds` from now. Errors: INVALID_HANDLE, INVALID_ARGUMENT, TIMED_OUT (already over),
 *  INVALID_STATE (closed). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_allocation_renew(lepton_allocation *allocation, double seconds, lepton_error **error);

/** Gives the job more nodes, or takes some away. A fit that runs on them goes on with the new number from its next step;
 *  its result does not depend on it.
 *  @param nodes between the request's min_nodes and max_nodes, where it has them.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, TIMED_OUT and INVALID_STATE as lepton_allocation_renew,
 *  NOT_SUPPORTED (a host's allocator that cannot). The allocation is then as it was. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_allocation_resize(lepton_allocation *allocation, int32_t nodes, lepton_error **error);

/** Waits until the allocation is active. @param seconds the longest wait; infinity for any. @param cancel may be NULL.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, TIMED_OUT (it still waits, or its lease is over), CANCELLED, INVALID_STATE (it
 *  was closed). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_allocation_wait(lepton_allocation *allocation, double seconds, lepton_cancel *cancel,
                                                lepton_error **error);

typedef enum lepton_allocation_event_kind {
    LEPTON_ALLOCATION_STATE_CHANGED = 0,
    LEPTON_ALLOCATION_RESIZED = 1,
    LEPTON_ALLOCATION_RENEWED = 2,
    LEPTON_ALLOCATION_NODES_LOST = 3
} lepton_allocation_event_kind;

/** Something that happened to an allocation. */
typedef struct lepton_allocation_event {
    size_t struct_size; /**< set by the caller, or by the library for a callback */
    int64_t sequence;   /**< 1, 2, 3, ... within an allocation */
    int32_t kind;       /**< a lepton_allocation_event_kind */
    int32_t state;      /**< afterwards */
    int32_t nodes;      /**< compute nodes afterwards */
    int32_t reserved;
    int64_t time_ns;  /**< nanoseconds since 1970-01-01 UTC */
    char reason[168]; /**< for people; NUL-terminated, may be cut off */
} lepton_allocation_event;

/** Waits for the first event after number `after` (0: the first of all; the latest 1024 are kept).
 *  @param seconds the longest wait; 0 only looks, infinity waits for any time.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, TIMED_OUT (none in that time), NOT_FOUND (the allocation has ended: there
 *  will be no more). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_allocation_next_event(lepton_allocation *allocation, int64_t after, double seconds,
                                                      lepton_allocation_event *out, lepton_error **error);

/** Told of an event, which is valid during the call. Return 0 to go on; anything else ends the subscription. */
typedef int32_t (*lepton_allocation_event_fn)(const lepton_allocation_event *event, void *context);

/** Calls `function` for each event, those that happened already first, on a thread that the library starts for it, until
 *  the allocation's last event or until `function` ends it. @param finished called once after that, on the same thread;
 *  what `context` points to must stay until then; may be NULL. The subscription does not keep the allocation.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, RESOURCE_EXHAUSTED (no thread): nothing is called then.
 *  Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_allocation_subscribe(lepton_allocation *allocation, lepton_allocation_event_fn function,
                                                     void (*finished)(void *context), void *context,
                                                     lepton_error **error);

/** Gives the resources back now and ends the charge. Closing twice is no error.
 *  Errors: INVALID_HANDLE, INVALID_STATE (a fit is running on it). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_allocation_close(lepton_allocation *allocation, lepton_error **error);

/** Drops one reference; the last one closes the allocation. NULL is accepted. Since 0.1. */
LEPTON_API void lepton_allocation_release(lepton_allocation *allocation);

/** Utilisation of the client's pool. Each ratio is allocated / capacity in 0 ... 1. */
typedef struct lepton_utilization {
    size_t struct_size; /**< set by the caller */
    double cores_total, cores_allocated;
    double memory_total, memory_allocated;   /**< bytes */
    double storage_total, storage_allocated; /**< bytes */
    double cores, memory, storage;           /**< ratios */
    double dominant_share;                   /**< the largest ratio (Ghodsi et al., NSDI 2011) */
    double mean;                             /**< the article's formula: mean of the compute and storage ratios */
} lepton_utilization;

/** Utilisation now. Errors: INVALID_HANDLE, INVALID_ARGUMENT. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_utilization(lepton_client *client, lepton_utilization *out,
                                                   lepton_error **error);

typedef enum lepton_report_format { LEPTON_REPORT_JSON = 0, LEPTON_REPORT_TEXT = 1 } lepton_report_format;

/** Usage and cost so far: records per allocation, totals and the bill, as JSON or as a table for people.
 *  Size-query form. Errors: INVALID_HANDLE, INVALID_ARGUMENT. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_usage(lepton_client *client, lepton_report_format format, char *buffer,
                                             size_t capacity, size_t *length, lepton_error **error);

#include "lepton_allocator.h"
#include "lepton_nodes.h"
#include "lepton_store.h"

#endif /* LEPTON_RESOURCES_H */
