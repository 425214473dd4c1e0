/* What the C samples share: they stop at the first error and say it in one line. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <lepton.h>
#include <stddef.h>
#include <stdint.h>

/** Ends the program with the error's message unless the call succeeded. */
void check(lepton_status status, lepton_error *error);

/** A view of `rows` x `columns` row-major floats. `shape` must live as long as the view is used. */
lepton_tensor_view matrix(float *data, const int64_t shape[2]);

/** The first and the last loss of a fit. */
void print_loss(lepton_history *history);

/** The client's usage and bill as a table. */
void print_bill(lepton_client *client);

#endif
