/* What the tests of the C interface share. */
#ifndef LEPTON_TEST_SUPPORT_H
#define LEPTON_TEST_SUPPORT_H

#include <lepton.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Where the calls of a test report their failures; `must` and `refused` look at it and leave it NULL. */
extern lepton_error *error;

/* The call must have succeeded and left `error` alone. */
#define must(call) must_at((call), #call, __FILE__, __LINE__)
void must_at(lepton_status status, const char *call, const char *file, int line);

/* The call must have failed with this status and an error whose texts agree with it and name `argument` (NULL: any
 * or none). */
#define refused(expected, argument, call) refused_at((call), (expected), (argument), #call, __FILE__, __LINE__)
void refused_at(lepton_status status, lepton_status expected, const char *argument, const char *call, const char *file,
                int line);

/* An address that no call may write to `*out` on failure. */
#define UNTOUCHED ((void *)(uintptr_t)0x5A5A5A5A)

/* A contiguous float32 tensor with up to two axes; `columns` < 0 gives one axis. */
typedef struct matrix {
    lepton_tensor_view view;
    int64_t shape[2];
} matrix;
void matrix_init(matrix *m, float *data, int64_t rows, int64_t columns);

lepton_client *make_client(int32_t nodes);

/* An empty Sequential model with a seed. */
lepton_model *make_model(uint64_t seed);

/* One Dense unit over `inputs` features, compiled with SGD and the mean squared error. */
lepton_model *make_linear(int inputs);

/* 4 -> Dense 8 relu -> Dropout 0.25 -> Dense 3 softmax, compiled with Adam, cross-entropy and accuracy. */
lepton_model *make_classifier(uint64_t seed);

/* `rows` samples of four features in three classes, always the same ones. */
typedef struct dataset {
    float *features, *classes;
    matrix x, y;
} dataset;
void dataset_init(dataset *d, int64_t rows);
void dataset_free(dataset *d);

/* All weights one after the other; `*bytes` receives the size. The caller frees the result. */
float *copy_weights(lepton_model *model, size_t *bytes);

/* A path in a folder of this process that is removed at exit; the caller frees it. */
char *temporary_path(const char *name);

#endif
