/*
 * attention.c - attention of one sample as small matrix products, head by head.
 */
#include "lepton_kernels.h"

void lepton_k_attention_f32(float *out, float *weights, size_t weights_step, const float *q, const float *k,
                            const float *v, const float *mask, const lepton_k_attention *shape) {
    const lepton_k_attention s = *shape;
    const size_t q_step = s.heads * s.key_width, out_step = s.heads * s.value_width;
    const size_t k_step = q_step / s.group, v_step = out_step / s.group;
    for (size_t h = 0; h < s.heads; h++) {
        const size_t shared = h / s.group;
        float *w = weights + h * weights_step;
        lepton_k_gemm_f32(0, 1, s.queries, s.keys, s.key_width, q + h * s.key_width, q_step, k + shared * s.key_width,
                          k_step, 0.0f, w, s.keys);
        lepton_k_attention_softmax_f32(w, w, s.queries, s.keys, s.scale, mask == NULL ? NULL : mask + h * s.mask_head,
                                       s.mask_query, s.mask_key, s.causal);
        lepton_k_gemm_f32(0, 0, s.queries, s.value_width, s.keys, w, s.keys, v + shared * s.value_width, v_step, 0.0f,
                          out + h * s.value_width, out_step);
    }
}

void lepton_k_attention_grad_f32(float *dq, float *dk, float *dv, float *work, const float *dout, const float *q,
                                 const float *k, const float *v, const float *weights,
                                 const lepton_k_attention *shape) {
    const lepton_k_attention s = *shape;
    const size_t q_step = s.heads * s.key_width, out_step = s.heads * s.value_width;
    const size_t k_step = q_step / s.group, v_step = out_step / s.group;
    for (size_t h = 0; h < s.heads; h++) {
        const size_t shared = h / s.group;
        const float beta = h % s.group == 0 ? 0.0f : 1.0f;
        const float *w = weights + h * s.queries * s.keys, *given = dout + h * s.value_width;
        if (dv != NULL) {
            lepton_k_gemm_f32(1, 0, s.keys, s.value_width, s.queries, w, s.keys, given, out_step, beta,
                              dv + shared * s.value_width, v_step);
        }
        if (dq == NULL && dk == NULL) continue;
        lepton_k_gemm_f32(0, 1, s.queries, s.keys, s.value_width, given, out_step, v + shared * s.value_width, v_step,
                          0.0f, work, s.keys);
        lepton_k_attention_softmax_grad_f32(work, work, w, s.queries, s.keys, s.scale);
        if (dq != NULL) {
            lepton_k_gemm_f32(0, 0, s.queries, s.key_width, s.keys, work, s.keys, k + shared * s.key_width, k_step,
                              0.0f, dq + h * s.key_width, q_step);
        }
        if (dk != NULL) {
            lepton_k_gemm_f32(1, 0, s.keys, s.key_width, s.queries, work, s.keys, q + h * s.key_width, q_step, beta,
                              dk + shared * s.key_width, k_step);
        }
    }
}
