/*
 * gemm.c - decides between the BLAS and the own matrix product of vector/gemm.h.
 *
 * The BLAS is BLIS on Linux, in its serial build, and Accelerate on Apple systems; both may be called from several
 * threads at once.
 */
#include "table.h"

#include <limits.h>
#include <string.h>

/* The standard prototype of CBLAS with its enumerations as int, so that no BLAS header is needed to build. */
extern void cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda,
                        const float *b, int ldb, float beta, float *c, int ldc);

enum { CBLAS_ROW_MAJOR = 101, CBLAS_NO_TRANS = 111, CBLAS_TRANS = 112 };

/* The largest m * n * k of the own product. Measured with AVX2 against BLIS 0.9 on an AMD EPYC 7003: the own product
 * is ahead up to about here for all transposes (most for small and for transposed ones) and a few per cent behind
 * beyond. Apple's matrix unit, which only Accelerate reaches, is worth the call much earlier. */
#if defined(__APPLE__)
static const size_t own_limit = (size_t)1 << 15;
#else
static const size_t own_limit = (size_t)1 << 25;
#endif

/** Whether the own product is the faster one. Of the sizes alone, so that the same product always takes the same path
 *  and gives the same bits. */
static int own_is_faster(size_t m, size_t n, size_t k) {
    /* One row or column is read once and never pays for preparation. */
    if (m == 1 || n == 1) return 1;
    /* m * n * k <= own_limit, written so that it cannot overflow. */
    return m <= own_limit / n && m * n <= own_limit / k;
}

static int fits_int(size_t x) { return x <= INT_MAX; }

void lepton_k_gemm_f32(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                       const float *b, size_t ldb, float beta, float *c, size_t ldc) {
    if (m == 0 || n == 0) return;
    if (k == 0) {
        if (beta == 0.0f) {
            for (size_t i = 0; i < m; i++)
                memset(c + i * ldc, 0, n * sizeof(float));
        }
        return;
    }
    /* CBLAS counts in int. The own product has no such limit and takes what does not fit. */
    const int fits = fits_int(m) && fits_int(n) && fits_int(k) && fits_int(lda) && fits_int(ldb) && fits_int(ldc);
    if (!fits || own_is_faster(m, n, k)) {
        lepton_kernels()->gemm_own_f32(trans_a, trans_b, m, n, k, a, lda, b, ldb, beta, c, ldc);
        return;
    }
    cblas_sgemm(CBLAS_ROW_MAJOR, trans_a ? CBLAS_TRANS : CBLAS_NO_TRANS, trans_b ? CBLAS_TRANS : CBLAS_NO_TRANS, (int)m,
                (int)n, (int)k, 1.0f, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}
