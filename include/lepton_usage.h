/*
 * lepton_usage.h - reports of usage, budgets, and estimates. A part of lepton.h, which includes it, and whose conventions
 * hold here. What is charged, and how: docs/accounting.md.
 */
#ifndef LEPTON_USAGE_H
#define LEPTON_USAGE_H

#ifndef LEPTON_H
#error "include lepton.h, which includes this"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Usage and cost, as a query asks for them.
 *  @param query JSON, every key of which may be left out; NULL is {}:
 *    {"scope": "client" | "ledger", "format": "json" | "text" | "focus", "tenant": "...", "job": "...",
 *     "from": "2026-11-01", "before": "2026-12-01T00:00:00Z", "account": "..."}
 *    "ledger" is what all processes wrote to the ledger in the client's store; "focus" is CSV in the columns of FinOps
 *    FOCUS 1.2; "account" is its BillingAccountId.
 *  Size-query form. (Usage goes on between two calls: a buffer may be too small then, and is asked for again.)
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, CORRUPT_DATA (the query is no JSON; the ledger was damaged and has been begun
 *  anew), INVALID_STATE (no store), IO, PERMISSION_DENIED. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_report(lepton_client *client, const char *query, char *buffer, size_t capacity,
                                              size_t *length, lepton_error **error);

/** Waits until everything used so far is in the ledger; nothing to do for a client without a store.
 *  Errors: INVALID_HANDLE, IO (a full disk; it is tried again later), CORRUPT_DATA (the ledger was damaged: it was set
 *  aside under the name that the message gives, and a new one begun). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_flush_ledger(lepton_client *client, lepton_error **error);

/** Called once when a budget's threshold is reached, on the thread that noticed it, which waits.
 *  @param status JSON as lepton_client_budget gives it; valid during the call. */
typedef void (*lepton_budget_fn)(const char *status, void *context);

/** Limits what may be spent through a client.
 *  When the limit is reached, a running fit ends with RESOURCE_EXHAUSTED, whose argument is "budget", and the weights of
 *  its last complete step (in the store too, for a fit with `store_name`); its allocation is given back, and new requests
 *  are refused in the same way. The spending may pass the limit by what the next second costs.
 *  @param budget JSON {"limit": "1.50", "warn_at": 0.8, "tenant": "...", "period": "total" | "month"}, of which only the
 *    limit, in the currency of the price list, is needed. NULL takes the budget away.
 *  @param warning may be NULL. `context` is passed to it and must live as long as the client.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, CORRUPT_DATA; as lepton_client_report for the ledger, whose spending counts.
 *  Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_set_budget(lepton_client *client, const char *budget, lepton_budget_fn warning,
                                                  void *context, lepton_error **error);

/** How the budget stands: {"limit": "1.50", "spent": "0.310000000", "currency": "USD", "fraction": 0.20667, "exceeded":
 *  false, ...}, or null without one. Size-query form. Errors: INVALID_HANDLE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_budget(lepton_client *client, char *buffer, size_t capacity, size_t *length,
                                              lepton_error **error);

/** What a fit is expected to take. */
typedef struct lepton_estimate {
    size_t struct_size;      /**< set by the caller */
    double seconds;          /**< from the call to its return */
    double seconds_per_step; /**< of a training step */
    int64_t steps;           /**< training steps of all epochs */
    int64_t memory_bytes;    /**< parameters, optimizer, activations, gradients, converted data */
    int64_t cores;           /**< on how many it was estimated */
    char cost[48];           /**< decimal, NUL-terminated */
    char currency[8];        /**< ISO 4217 code, NUL-terminated */
} lepton_estimate;

/** Estimates a fit before it starts, from a few steps (a quarter of a second at most) of a copy of the model. The model
 *  and its random numbers stay as they are, and nothing is charged. The report tells later how far off it was.
 *  @param request on what the fit is to run; NULL: the options' allocation, else the client's latest active one, else
 *    all that is free.
 *  @param options as for lepton_client_fit; NULL for defaults. Progress and cancel are not used.
 *  Errors: as lepton_client_fit. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_estimate(lepton_client *client, lepton_model *model, const lepton_tensor_view *x,
                                                size_t x_count, const lepton_tensor_view *y, size_t y_count,
                                                const lepton_fit_options *options,
                                                const lepton_resource_request *request, lepton_estimate *out,
                                                lepton_error **error);

#ifdef __cplusplus
}
#endif

#endif /* LEPTON_USAGE_H */
