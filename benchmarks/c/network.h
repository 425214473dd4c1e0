/* network.h - dense layers over a BLAS, written plainly: what a C programmer would do without a framework. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stddef.h>

enum { MAX_LAYERS = 8 };

/** Dense layers, relu between them. The last one is a softmax over classes, or a sigmoid when it has one unit. */
typedef struct network {
    size_t layers;
    size_t widths[MAX_LAYERS + 1];
    size_t kernel_at[MAX_LAYERS], bias_at[MAX_LAYERS]; /* into `weights` and each gradient */
    size_t parameters;
    float *weights, *first_moment, *second_moment;
    long step;
} network;

/** One thread's memory for a part of a batch. */
typedef struct scratch {
    float *values[MAX_LAYERS + 1]; /* values[0] is the input */
    float *deltas[MAX_LAYERS + 1]; /* gradients of `values` */
    float *gradient;               /* of all weights */
    int *labels;
    double loss;
} scratch;

/** Takes the widths from a program's last arguments. */
void network_create(network *net, int count, char *const widths[]);
void scratch_create(scratch *memory, const network *net, size_t rows);

/* The matrix products of a layer. */
void product_forward(const network *net, size_t layer, const scratch *memory, size_t rows);
void product_kernel_gradient(const network *net, size_t layer, const scratch *memory, size_t rows);
void product_input_gradient(const network *net, size_t layer, const scratch *memory, size_t rows);

/** Forward and backward over `rows` rows of a batch of `batch`. */
void network_gradients(const network *net, scratch *memory, size_t rows, size_t batch);

/** Adam (Kingma & Ba, 2015) on the weights from `begin` to `end`, with the sum of `count` gradients. */
void network_update(const network *net, const scratch *memories, size_t count, size_t begin, size_t end);

#endif
