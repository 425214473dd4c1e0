/*
 * lepton_kernels_attention.h - softmax(q k' scale + mask) v of one sample, head by head, so that the scores stay in
 * the cache. A part of lepton_kernels.h, whose rules hold here.
 */
#ifndef LEPTON_KERNELS_ATTENTION_H
#define LEPTON_KERNELS_ATTENTION_H

#include <stddef.h>

typedef struct {
    size_t heads;
    /** Heads of q that share one head of k and v: 1, or more in grouped-query attention. Divides `heads`. */
    size_t group;
    size_t queries, keys;
    /** Extents of a head of q and k, and of v. */
    size_t key_width, value_width;
    float scale;
    /** Query i sees keys 0 to i only. */
    int causal;
    /** How far the mask moves from one head, query and key to the next; the last is 0 or 1. */
    size_t mask_head, mask_query, mask_key;
} lepton_k_attention;

/** y(rows,cols) = softmax(scale x) per row over the columns that the mask does not hide: where mask(r mask_row +
 *  j mask_col) is 0, or j > r with `causal`. A row that sees nothing is uniform, as in Keras. mask may be NULL; y may
 *  be x. */
void lepton_k_attention_softmax_f32(float *y, const float *x, size_t rows, size_t cols, float scale, const float *mask,
                                    size_t mask_row, size_t mask_col, int causal);

/** dx = scale y (dy - sum(dy y)), per row; dx may be dy. */
void lepton_k_attention_softmax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols,
                                         float scale);

/** out(queries, heads, value_width) from q(queries, heads, key_width), k(keys, heads / group, key_width) and
 *  v(keys, heads / group, value_width). The weights of head h, (queries, keys), are left at weights + h weights_step;
 *  with a step of 0 they are scratch. */
void lepton_k_attention_f32(float *out, float *weights, size_t weights_step, const float *q, const float *k,
                            const float *v, const float *mask, const lepton_k_attention *shape);

/** The gradients from that of out and from the weights, which stand one head after another; each of dq, dk and dv may
 *  be NULL. `work` has room for queries times keys floats. */
void lepton_k_attention_grad_f32(float *dq, float *dk, float *dv, float *work, const float *dout, const float *q,
                                 const float *k, const float *v, const float *weights, const lepton_k_attention *shape);

#endif /* LEPTON_KERNELS_ATTENTION_H */
