/*
 * table_attention.h - the kernels of lepton_kernels_attention.h that exist once per instruction set; a part of table.h's
 * list.
 */
#define LEPTON_ATTENTION_KERNELS(DO, GET)                                                                              \
    DO(attention_softmax_f32,                                                                                          \
       (float *y, const float *x, size_t rows, size_t cols, float scale, const float *mask, size_t mask_row,           \
        size_t mask_col, int causal),                                                                                  \
       (y, x, rows, cols, scale, mask, mask_row, mask_col, causal))                                                    \
    DO(attention_softmax_grad_f32,                                                                                     \
       (float *dx, const float *dy, const float *y, size_t rows, size_t cols, float scale),                            \
       (dx, dy, y, rows, cols, scale))
