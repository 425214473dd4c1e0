/*
 * table_preprocessing.h - the kernels of lepton_kernels_preprocessing.h that have vector bodies; a part of the list in
 * table.h.
 */
#define LEPTON_PREPROCESSING_KERNELS(DO, GET)                                                                          \
    DO(normalize_rows_f32,                                                                                             \
       (float *y, const float *x, const float *mean, const float *deviation, size_t rows, size_t cols, int invert),    \
       (y, x, mean, deviation, rows, cols, invert))                                                                    \
    DO(normalize_rows_grad_f32,                                                                                        \
       (float *dx, const float *dy, const float *deviation, size_t rows, size_t cols, int invert),                     \
       (dx, dy, deviation, rows, cols, invert))
