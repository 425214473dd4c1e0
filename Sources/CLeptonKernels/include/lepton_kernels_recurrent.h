/*
 * lepton_kernels_recurrent.h - recurrent layers: products with a matrix that is packed once and used at every time
 * step, and one time step of each cell, forward and backward.
 *
 * A cell's gates lie beside each other in the columns of one matrix, in Keras's order. `gates` holds, on entry to a
 * forward step, the products without biases; the step leaves the gates there, from which the backward step computes the
 * gradients of the products in place. The rules of lepton_kernels.h hold.
 *
 * `mask`, which may be NULL, has one number for each row, `mask_stride` floats apart. A row whose number is 0 keeps its
 * state: its gates get no gradient.
 *
 * In the backward steps `dh`(rows,units) is the gradient with respect to the new state that later steps gave; `dout`,
 * which may be NULL, is added to it: what the output of this step was given, in rows of `dout_stride` floats. The step
 * leaves in `dh` what passes to the state before without a product. `dbias` is added to, in row order.
 */
#ifndef LEPTON_KERNELS_RECURRENT_H
#define LEPTON_KERNELS_RECURRENT_H

#include <stddef.h>

/** Floats that a packed matrix of k rows and n columns takes, whatever the instruction set. */
static inline size_t lepton_k_packed_floats(size_t k, size_t n) { return (n + 31) / 32 * 32 * k; }

/** packed = op(b)(k,n), laid out for lepton_k_gemm_packed_f32 with the same instruction set; op is the transpose where
 *  `trans_b` is non-zero, `ldb` the row stride of b as stored. */
void lepton_k_pack_f32(float *packed, int trans_b, size_t k, size_t n, const float *b, size_t ldb);

/** c(m,n) = a(m,k) * b(k,n) + beta * c with b packed; beta is 0 (c is not read) or 1. */
void lepton_k_gemm_packed_f32(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *packed, float beta,
                              float *c, size_t ldc);

/** Simple recurrent cell: h = f(gates(rows,units) + bias). `bias` may be NULL. */
void lepton_k_rnn_f32(float *h, const float *gates, const float *bias, const float *h_before, const float *mask,
                      size_t mask_stride, size_t rows, size_t units, int activation);

/** gates = the gradient of the products, from h = f(...); dbias(units). */
void lepton_k_rnn_grad_f32(float *dh, float *dbias, float *gates, const float *h, const float *dout, size_t dout_stride,
                           const float *mask, size_t mask_stride, size_t rows, size_t units, int activation);

/** Long short-term memory (Hochreiter & Schmidhuber, 1997; Gers et al., 2000). gates(rows, 4 units): i, f, g, o;
 *  c = f * c_before + i * g, h = o * act(c). `bias`(4 units) may be NULL; `activated`, which receives act(c), too. */
void lepton_k_lstm_f32(float *h, float *c, float *activated, float *gates, const float *bias, const float *h_before,
                       const float *c_before, const float *mask, size_t mask_stride, size_t rows, size_t units,
                       int activation, int recurrent_activation);

/** dc(rows,units) is, on entry, the gradient with respect to c that later steps gave, and on return that with respect to
 *  c_before. dbias(4 units). */
void lepton_k_lstm_grad_f32(float *dh, float *dc, float *dbias, float *gates, const float *activated,
                            const float *c_before, const float *dout, size_t dout_stride, const float *mask,
                            size_t mask_stride, size_t rows, size_t units, int activation, int recurrent_activation);

/** Gated recurrent unit (Cho et al., 2014) with the reset gate after the product. gates(rows, 4 units): the products of
 *  the input for z, r and the candidate, those of the state added for z and r; the candidate's of the state, q. Leaves
 *  z, r, the candidate and q + its bias. h = z * h_before + (1 - z) * candidate. The biases (3 units each) may be NULL. */
void lepton_k_gru_f32(float *h, float *gates, const float *bias, const float *recurrent_bias, const float *h_before,
                      const float *mask, size_t mask_stride, size_t rows, size_t units, int activation,
                      int recurrent_activation);

/** gates = the gradients of the four products; dbias(4 units) their sums. */
void lepton_k_gru_grad_f32(float *dh, float *dbias, float *gates, const float *h_before, const float *dout,
                           size_t dout_stride, const float *mask, size_t mask_stride, size_t rows, size_t units,
                           int activation, int recurrent_activation);

/** The gated recurrent unit with the reset gate before the product, first half: z, r, and the last quarter of
 *  gates(rows, 4 units) = r * state, which is what the candidate's product takes. `bias`(3 units) may be NULL. */
void lepton_k_gru_reset_f32(float *gates, const float *bias, const float *state, size_t rows, size_t units,
                            int recurrent_activation);

/** Second half, once that product has been added to the third quarter: the candidate and h. */
void lepton_k_gru_update_f32(float *h, float *gates, const float *bias, const float *h_before, const float *mask,
                             size_t mask_stride, size_t rows, size_t units, int activation);

/** Backward of the second half: gradients of z's and the candidate's products; dbias(3 units) for these. */
void lepton_k_gru_update_grad_f32(float *dh, float *dbias, float *gates, const float *h_before, const float *dout,
                                  size_t dout_stride, const float *mask, size_t mask_stride, size_t rows, size_t units,
                                  int activation, int recurrent_activation);

/** Backward of the first half, from dq(rows,units), the gradient of r * state: that of r's product, and in dq that of
 *  the state. dbias(3 units) for r. Rows without a gradient have dq = 0. */
void lepton_k_gru_reset_grad_f32(float *dq, float *dbias, float *gates, const float *state, size_t rows, size_t units,
                                 int recurrent_activation);

/** out(time,rows,width) = the `time` steps of in(rows, ..., width), whose rows are `row_stride` floats apart; from the
 *  last of these steps to the first where `reverse` is non-zero. */
void lepton_k_time_major_f32(float *out, const float *in, size_t row_stride, size_t rows, size_t time, size_t width,
                             int reverse);

/** out(rows, ..., width), whose rows are `row_stride` floats apart, = in(time,rows,width), the opposite of the above. */
void lepton_k_batch_major_f32(float *out, size_t row_stride, const float *in, size_t rows, size_t time, size_t width,
                              int reverse);

#endif /* LEPTON_KERNELS_RECURRENT_H */
