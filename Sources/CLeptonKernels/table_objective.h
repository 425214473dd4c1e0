/*
 * table_objective.h - the losses that exist once per instruction set; see table.h.
 */
#ifndef LEPTON_TABLE_OBJECTIVE_H
#define LEPTON_TABLE_OBJECTIVE_H

#define LEPTON_OBJECTIVE_KERNELS(DO, GET)                                                                              \
    GET(double, loss_elementwise_f32,                                                                                  \
        (float *grad, const float *pred, const float *target, const float *weight, size_t rows_per_weight,             \
         size_t rows, size_t cols, float scale, int kind, const float *options),                                       \
        (grad, pred, target, weight, rows_per_weight, rows, cols, scale, kind, options))

#endif /* LEPTON_TABLE_OBJECTIVE_H */
