/*
 * table_recurrent.h - the kernels of recurrent layers that exist once per instruction set.
 */
#ifndef LEPTON_TABLE_RECURRENT_H
#define LEPTON_TABLE_RECURRENT_H

#define LEPTON_RECURRENT_KERNELS(DO, GET)                                                                              \
    DO(pack_f32, (float *packed, int trans_b, size_t k, size_t n, const float *b, size_t ldb),                         \
       (packed, trans_b, k, n, b, ldb))                                                                                \
    DO(gemm_packed_f32,                                                                                                \
       (size_t m, size_t n, size_t k, const float *a, size_t lda, const float *packed, float beta, float *c,           \
        size_t ldc),                                                                                                   \
       (m, n, k, a, lda, packed, beta, c, ldc))                                                                        \
    DO(rnn_f32,                                                                                                        \
       (float *h, const float *gates, const float *bias, const float *h_before, const float *mask, size_t mask_stride, \
        size_t rows, size_t units, int activation),                                                                    \
       (h, gates, bias, h_before, mask, mask_stride, rows, units, activation))                                         \
    DO(rnn_grad_f32,                                                                                                   \
       (float *dh, float *dbias, float *gates, const float *h, const float *dout, size_t dout_stride,                  \
        const float *mask, size_t mask_stride, size_t rows, size_t units, int activation),                             \
       (dh, dbias, gates, h, dout, dout_stride, mask, mask_stride, rows, units, activation))                           \
    DO(lstm_f32,                                                                                                       \
       (float *h, float *c, float *activated, float *gates, const float *bias, const float *h_before,                  \
        const float *c_before, const float *mask, size_t mask_stride, size_t rows, size_t units, int activation,       \
        int recurrent_activation),                                                                                     \
       (h, c, activated, gates, bias, h_before, c_before, mask, mask_stride, rows, units, activation,                  \
        recurrent_activation))                                                                                         \
    DO(lstm_grad_f32,                                                                                                  \
       (float *dh, float *dc, float *dbias, float *gates, const float *activated, const float *c_before,               \
        const float *dout, size_t dout_stride, const float *mask, size_t mask_stride, size_t rows, size_t units,       \
        int activation, int recurrent_activation),                                                                     \
       (dh, dc, dbias, gates, activated, c_before, dout, dout_stride, mask, mask_stride, rows, units, activation,      \
        recurrent_activation))                                                                                         \
    DO(gru_f32,                                                                                                        \
       (float *h, float *gates, const float *bias, const float *recurrent_bias, const float *h_before,                 \
        const float *mask, size_t mask_stride, size_t rows, size_t units, int activation, int recurrent_activation),   \
       (h, gates, bias, recurrent_bias, h_before, mask, mask_stride, rows, units, activation, recurrent_activation))   \
    DO(gru_grad_f32,                                                                                                   \
       (float *dh, float *dbias, float *gates, const float *h_before, const float *dout, size_t dout_stride,           \
        const float *mask, size_t mask_stride, size_t rows, size_t units, int activation, int recurrent_activation),   \
       (dh, dbias, gates, h_before, dout, dout_stride, mask, mask_stride, rows, units, activation,                     \
        recurrent_activation))                                                                                         \
    DO(gru_reset_f32,                                                                                                  \
       (float *gates, const float *bias, const float *state, size_t rows, size_t units, int recurrent_activation),     \
       (gates, bias, state, rows, units, recurrent_activation))                                                        \
    DO(gru_update_f32,                                                                                                 \
       (float *h, float *gates, const float *bias, const float *h_before, const float *mask, size_t mask_stride,       \
        size_t rows, size_t units, int activation),                                                                    \
       (h, gates, bias, h_before, mask, mask_stride, rows, units, activation))                                         \
    DO(gru_update_grad_f32,                                                                                            \
       (float *dh, float *dbias, float *gates, const float *h_before, const float *dout, size_t dout_stride,           \
        const float *mask, size_t mask_stride, size_t rows, size_t units, int activation, int recurrent_activation),   \
       (dh, dbias, gates, h_before, dout, dout_stride, mask, mask_stride, rows, units, activation,                     \
        recurrent_activation))                                                                                         \
    DO(gru_reset_grad_f32,                                                                                             \
       (float *dq, float *dbias, float *gates, const float *state, size_t rows, size_t units,                          \
        int recurrent_activation),                                                                                     \
       (dq, dbias, gates, state, rows, units, recurrent_activation))

#endif /* LEPTON_TABLE_RECURRENT_H */
