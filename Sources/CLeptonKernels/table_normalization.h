/*
 * table_normalization.h - the kernels of lepton_kernels_normalization.h; a part of the list in table.h.
 */
#define LEPTON_NORMALIZATION_KERNELS(DO, GET)                                                                          \
    DO(row_norm_f32,                                                                                                   \
       (float *y, float *stats, const float *x, const float *gamma, const float *beta, size_t rows, size_t cols,       \
        int kind, float epsilon),                                                                                      \
       (y, stats, x, gamma, beta, rows, cols, kind, epsilon))                                                          \
    DO(row_norm_grad_f32,                                                                                              \
       (float *dx, float *dgamma, float *dbeta, const float *dy, const float *x, const float *gamma,                   \
        const float *stats, size_t rows, size_t cols, int kind, float epsilon, int accumulate_gamma,                   \
        int accumulate_beta),                                                                                          \
       (dx, dgamma, dbeta, dy, x, gamma, stats, rows, cols, kind, epsilon, accumulate_gamma, accumulate_beta))         \
    DO(channel_moments_f32, (float *mean, float *squares, const float *x, size_t rows, size_t cols),                   \
       (mean, squares, x, rows, cols))                                                                                 \
    DO(channel_combine_f32,                                                                                            \
       (float *mean, float *squares, float count, const float *other_mean, const float *other_squares,                 \
        float other_count, size_t cols),                                                                               \
       (mean, squares, count, other_mean, other_squares, other_count, cols))                                           \
    DO(channel_factor_f32, (float *factor, const float *variance, size_t cols, float scale, float epsilon),            \
       (factor, variance, cols, scale, epsilon))                                                                       \
    DO(channel_apply_f32,                                                                                              \
       (float *y, const float *x, const float *mean, const float *factor, const float *gamma, const float *beta,       \
        size_t rows, size_t cols),                                                                                     \
       (y, x, mean, factor, gamma, beta, rows, cols))                                                                  \
    DO(channel_sums_f32,                                                                                               \
       (float *dgamma, float *dbeta, const float *dy, const float *x, const float *mean, const float *factor,          \
        size_t rows, size_t cols),                                                                                     \
       (dgamma, dbeta, dy, x, mean, factor, rows, cols))                                                               \
    DO(channel_grad_f32,                                                                                               \
       (float *dx, const float *dy, const float *x, const float *mean, const float *factor, const float *gamma,        \
        const float *dgamma, const float *dbeta, float count, size_t rows, size_t cols),                               \
       (dx, dy, x, mean, factor, gamma, dgamma, dbeta, count, rows, cols))                                             \
    DO(moving_average_f32, (float *average, const float *value, size_t n, float scale, double momentum),               \
       (average, value, n, scale, momentum))                                                                           \
    DO(table_rows_f32, (float *y, const float *table, const float *index, size_t n, size_t count, size_t cols),        \
       (y, table, index, n, count, cols))                                                                              \
    DO(table_rows_grad_f32, (float *dtable, const float *dy, const float *index, size_t n, size_t count, size_t cols), \
       (dtable, dy, index, n, count, cols))                                                                            \
    DO(rows_differ_f32, (float *mask, const float *x, size_t rows, size_t cols, float value),                          \
       (mask, x, rows, cols, value))                                                                                   \
    DO(keep_rows_f32, (float *y, const float *x, const float *mask, size_t rows, size_t cols), (y, x, mask, rows, cols))
