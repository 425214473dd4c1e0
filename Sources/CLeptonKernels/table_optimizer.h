/*
 * table_optimizer.h - the kernels of lepton_kernels_optimizer.h; a part of the list in table.h.
 */
#ifndef LEPTON_TABLE_OPTIMIZER_H
#define LEPTON_TABLE_OPTIMIZER_H

#define LEPTON_OPTIMIZER_KERNELS(DO, GET)                                                                              \
    DO(average_f32, (float *average, const float *w, size_t n, float momentum), (average, w, n, momentum))             \
    DO(scale_f32, (float *x, size_t n, float factor), (x, n, factor))                                                  \
    DO(clip_f32, (float *x, size_t n, float limit), (x, n, limit))                                                     \
    DO(nonnegative_f32, (float *x, size_t n), (x, n))                                                                  \
    DO(combine_f32, (float *out, const float *a, const float *b, size_t n, float p, float q), (out, a, b, n, p, q))    \
    GET(double, sum_squares_f32, (const float *x, size_t n), (x, n))                                                   \
    GET(double, sum_absolute_f32, (const float *x, size_t n), (x, n))                                                  \
    DO(penalty_grad_f32, (float *g, const float *w, size_t n, float l1, float l2), (g, w, n, l1, l2))                  \
    DO(limit_norms_f32,                                                                                                \
       (float *w, float *norms, size_t outer, size_t reduced, size_t inner, float minimum, float maximum, float rate), \
       (w, norms, outer, reduced, inner, minimum, maximum, rate))                                                      \
    DO(ftrl_f32,                                                                                                       \
       (float *w, float *a, float *z, const float *g, size_t n, float lr, float p, float l1, float l2,                 \
        float shrinkage),                                                                                              \
       (w, a, z, g, n, lr, p, l1, l2, shrinkage))                                                                      \
    DO(lamb_f32,                                                                                                       \
       (float *u, float *m, float *v, const float *g, size_t n, float c1, float c2, float correction1,                 \
        float correction2, float eps),                                                                                 \
       (u, m, v, g, n, c1, c2, correction1, correction2, eps))                                                         \
    DO(schedule_free_f32,                                                                                              \
       (float *w, float *z, float *v, const float *g, size_t n, float lr, float b1, float b2, float correction,        \
        float weight, float eps),                                                                                      \
       (w, z, v, g, n, lr, b1, b2, correction, weight, eps))                                                           \
    DO(adafactor_f32, (float *u, float *v, const float *g, size_t n, float decay, float eps),                          \
       (u, v, g, n, decay, eps))                                                                                       \
    DO(adafactor_matrix_f32,                                                                                           \
       (float *u, float *v, float *r, float *c, const float *g, size_t rows, size_t cols, float decay, float eps),     \
       (u, v, r, c, g, rows, cols, decay, eps))                                                                        \
    DO(muon_momentum_f32, (float *g, float *m, size_t n, float mu, int nesterov), (g, m, n, mu, nesterov))

#endif /* LEPTON_TABLE_OPTIMIZER_H */
