/*
 * lepton_nodes.h - what the nodes of a client's fits are, and what becomes of them. A part of lepton.h, which includes
 * it, and whose conventions hold here. docs/elastic.md tells of nodes that fail.
 */
#ifndef LEPTON_NODES_H
#define LEPTON_NODES_H

#ifndef LEPTON_H
#error "include lepton.h, which includes this"
#endif

/** Sets what the nodes of the client's fits are, from the next fit on: threads of this process (as at first), or worker
 *  processes of the lepton command, whose death a fit survives. The weights come to the same bits.
 *
 *  A fit from a source, and one of a model with stateful layers, runs on threads alone: others of its kind are refused
 *  with NOT_SUPPORTED, and NOT_FOUND is what a fit ends with that finds no lepton command.
 *  @param options JSON, in which everything may be left out: {"kind": "threads" or "processes", "command": path of the
 *      lepton command (else the environment variable LEPTON_COMMAND says it, else it is looked for beside the library),
 *      "maximum_replacements": nodes that are started in place of others in each fit, 16, "faults": faults that nodes
 *      have on purpose, for a program's own tests, [{"kind": "kill", "stall", "slow" or "corrupt", "node": from 0,
 *      "step": from 0 over the whole fit, "phase": 0, "seconds": of slow, "message": of corrupt, "request", "answer" or
 *      "results"}], "clock": "system", or "virtual" for tests that wait for nothing}. NULL: threads.
 *  Errors: INVALID_HANDLE; INVALID_ARGUMENT, TYPE_MISMATCH or CORRUPT_DATA for options that are not so.
 *  Threads: concurrent; fits that run go on as they began. Since 0.1. */
LEPTON_API lepton_status lepton_client_set_nodes(lepton_client *client, const char *options, lepton_error **error);

/** What happened to nodes since they were last set, over all fits of the client, as JSON: "started", "died", "stalled",
 *  "late", "corrupt", "replaced", "redone" (shards given out again), "dropped" (answers that came too late), "local"
 *  (shards that the calling thread computed) and "last_failure", text or null.
 *  Size-query form. Errors: INVALID_HANDLE, INVALID_ARGUMENT. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_node_report(lepton_client *client, char *buffer, size_t capacity, size_t *length,
                                                   lepton_error **error);

#endif /* LEPTON_NODES_H */
