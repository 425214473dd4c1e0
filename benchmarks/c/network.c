#include "network.h"
#include "turns.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>

void network_create(network *net, int count, char *const widths[]) {
    if (count < 2 || count > MAX_LAYERS + 1) fail("expected the widths of 2 to 9 layers");
    *net = (network){.layers = (size_t)count - 1};
    for (int i = 0; i < count; i++)
        net->widths[i] = count_argument(widths[i]);
    for (size_t layer = 0; layer < net->layers; layer++) {
        net->kernel_at[layer] = net->parameters;
        net->bias_at[layer] = net->parameters + net->widths[layer] * net->widths[layer + 1];
        net->parameters = net->bias_at[layer] + net->widths[layer + 1];
    }
    net->weights = floats(net->parameters);
    net->first_moment = floats(net->parameters);
    net->second_moment = floats(net->parameters);
    for (size_t layer = 0; layer < net->layers; layer++) {
        const size_t inputs = net->widths[layer], units = net->widths[layer + 1];
        fill_random(net->weights + net->kernel_at[layer], inputs * units, sqrtf(6.0f / (float)(inputs + units)));
    }
}

void scratch_create(scratch *memory, const network *net, size_t rows) {
    for (size_t i = 0; i <= net->layers; i++) {
        memory->values[i] = floats(rows * net->widths[i]);
        memory->deltas[i] = floats(rows * net->widths[i]);
    }
    memory->gradient = floats(net->parameters);
    memory->labels = calloc(rows, sizeof *memory->labels);
    if (memory->labels == NULL) fail("out of memory");
    memory->loss = 0;
}

/* A row-major product; the leading dimension of each matrix is its number of columns as stored. */
static void product(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, const float *a, const float *b,
                    float *c) {
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, (int)m,
                (int)n, (int)k, 1.0f, a, (int)(transpose_a ? m : k), b, (int)(transpose_b ? k : n), 0.0f, c, (int)n);
}

void product_forward(const network *net, size_t layer, const scratch *memory, size_t rows) {
    product(0, 0, rows, net->widths[layer + 1], net->widths[layer], memory->values[layer],
            net->weights + net->kernel_at[layer], memory->values[layer + 1]);
}

void product_kernel_gradient(const network *net, size_t layer, const scratch *memory, size_t rows) {
    product(1, 0, net->widths[layer], net->widths[layer + 1], rows, memory->values[layer], memory->deltas[layer + 1],
            memory->gradient + net->kernel_at[layer]);
}

void product_input_gradient(const network *net, size_t layer, const scratch *memory, size_t rows) {
    product(0, 1, rows, net->widths[layer], net->widths[layer + 1], memory->deltas[layer + 1],
            net->weights + net->kernel_at[layer], memory->deltas[layer]);
}

/* Adds the bias to y and, between layers, cuts off what is negative. */
static void add_bias(float *y, const float *bias, size_t rows, size_t units, int relu) {
    for (size_t r = 0; r < rows; r++, y += units) {
        for (size_t j = 0; j < units; j++) {
            const float z = y[j] + bias[j];
            y[j] = relu && z < 0 ? 0 : z;
        }
    }
}

/* Softmax or sigmoid, the cross-entropy of the labels, and its gradient with respect to what the layer put in. */
static double output_loss(float *y, float *delta, const int *labels, size_t rows, size_t units, size_t batch) {
    const float scale = 1.0f / (float)batch;
    double loss = 0;
    for (size_t r = 0; r < rows; r++, y += units, delta += units) {
        if (units == 1) {
            y[0] = 1 / (1 + expf(-y[0]));
            loss -= logf(fmaxf(labels[r] ? y[0] : 1 - y[0], 1e-7f));
            delta[0] = scale * (y[0] - (float)labels[r]);
            continue;
        }
        float largest = y[0], sum = 0;
        for (size_t j = 1; j < units; j++)
            largest = fmaxf(largest, y[j]);
        for (size_t j = 0; j < units; j++)
            sum += y[j] = expf(y[j] - largest);
        for (size_t j = 0; j < units; j++) {
            y[j] /= sum;
            delta[j] = scale * y[j];
        }
        loss -= logf(fmaxf(y[labels[r]], 1e-7f));
        delta[labels[r]] -= scale;
    }
    return loss;
}

static void bias_gradient(float *gradient, const float *delta, size_t rows, size_t units) {
    for (size_t j = 0; j < units; j++)
        gradient[j] = 0;
    for (size_t r = 0; r < rows; r++, delta += units) {
        for (size_t j = 0; j < units; j++)
            gradient[j] += delta[j];
    }
}

void network_gradients(const network *net, scratch *memory, size_t rows, size_t batch) {
    for (size_t layer = 0; layer < net->layers; layer++) {
        product_forward(net, layer, memory, rows);
        add_bias(memory->values[layer + 1], net->weights + net->bias_at[layer], rows, net->widths[layer + 1],
                 layer + 1 < net->layers);
    }
    const size_t last = net->layers;
    memory->loss +=
        output_loss(memory->values[last], memory->deltas[last], memory->labels, rows, net->widths[last], batch);
    for (size_t layer = net->layers; layer-- > 0;) {
        product_kernel_gradient(net, layer, memory, rows);
        bias_gradient(memory->gradient + net->bias_at[layer], memory->deltas[layer + 1], rows, net->widths[layer + 1]);
        if (layer == 0) break;
        product_input_gradient(net, layer, memory, rows);
        float *delta = memory->deltas[layer];
        const float *value = memory->values[layer];
        for (size_t i = 0; i < rows * net->widths[layer]; i++)
            delta[i] = value[i] > 0 ? delta[i] : 0;
    }
}

void network_update(const network *net, const scratch *memories, size_t count, size_t begin, size_t end) {
    const float beta1 = 0.9f, beta2 = 0.999f, step = (float)net->step;
    const float rate = 0.001f * sqrtf(1 - powf(beta2, step)) / (1 - powf(beta1, step));
    const float *first = memories[0].gradient, *second = count > 1 ? memories[1].gradient : NULL;
    for (size_t i = begin; i < end; i++) {
        const float gradient = second != NULL ? first[i] + second[i] : first[i];
        net->first_moment[i] += (gradient - net->first_moment[i]) * (1 - beta1);
        net->second_moment[i] += (gradient * gradient - net->second_moment[i]) * (1 - beta2);
        net->weights[i] -= rate * net->first_moment[i] / (sqrtf(net->second_moment[i]) + 1e-7f);
    }
}
