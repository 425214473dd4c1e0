/*
 * A program that grants resources itself: a rack of machines that lends nodes by its own rules, here whole nodes and never
 * the last one, which the program keeps for itself.
 *
 *   cc -Isamples/c/support samples/c/05-own-allocator/main.c samples/c/support/sample.c \
 *      $(pkg-config --cflags --libs lepton) -lpthread -o own-allocator
 */
#include "sample.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { NODES = 4, CORES = 2, GRANTS = 8 };

typedef struct rack {
    pthread_mutex_t lock;
    struct {
        char id[40];
        int nodes;
    } grants[GRANTS];
    int count;
} rack;

static int lent(const rack *r) {
    int nodes = 0;
    for (int i = 0; i < r->count; i++)
        nodes += r->grants[i].nodes;
    return nodes;
}

static void rack_capacity(void *context, lepton_resource_shape *total, lepton_resource_shape *allocated) {
    rack *r = context;
    pthread_mutex_lock(&r->lock);
    total->cores = NODES * CORES;
    allocated->cores = lent(r) * CORES;
    pthread_mutex_unlock(&r->lock);
}

static lepton_status rack_grant(void *context, const lepton_resource_request *request, lepton_grant *out) {
    rack *r = context;
    pthread_mutex_lock(&r->lock);
    int free_nodes = NODES - 1 - lent(r);
    lepton_status status = LEPTON_OK;
    if (request->nodes > free_nodes || request->cores_per_node > CORES || r->count == GRANTS) {
        status = LEPTON_RESOURCE_EXHAUSTED;
        snprintf(out->reason, sizeof out->reason, "%d nodes of %d cores can be lent", free_nodes, CORES);
    } else {
        snprintf(out->id, sizeof out->id, "rack-%d", r->count);
        out->nodes = request->nodes;
        out->lease_seconds = request->lease_seconds;
        memcpy(r->grants[r->count].id, out->id, sizeof out->id);
        r->grants[r->count++].nodes = request->nodes;
        printf("lent %d nodes\n", request->nodes);
    }
    pthread_mutex_unlock(&r->lock);
    return status;
}

static void rack_release(void *context, const char *id) {
    rack *r = context;
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < r->count; i++) {
        if (strcmp(r->grants[i].id, id) != 0 || r->grants[i].nodes == 0) continue;
        printf("got %d nodes back\n", r->grants[i].nodes);
        r->grants[i].nodes = 0;
    }
    pthread_mutex_unlock(&r->lock);
}

static lepton_status rack_resize(void *context, const char *id, int32_t nodes) {
    rack *r = context;
    lepton_status status = LEPTON_NOT_FOUND;
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < r->count; i++) {
        if (strcmp(r->grants[i].id, id) != 0) continue;
        status = nodes - r->grants[i].nodes > NODES - 1 - lent(r) ? LEPTON_RESOURCE_EXHAUSTED : LEPTON_OK;
        if (status == LEPTON_OK) r->grants[i].nodes = nodes;
    }
    pthread_mutex_unlock(&r->lock);
    return status;
}

int main(void) {
    static rack r = {.lock = PTHREAD_MUTEX_INITIALIZER};
    lepton_allocator table = {
        .struct_size = sizeof table,
        .context = &r,
        .capacity = rack_capacity,
        .grant = rack_grant,
        .release = rack_release,
        .resize = rack_resize,
    };
    lepton_error *error = NULL;
    lepton_client *client = NULL;
    check(lepton_client_create_with_allocator(NULL, &table, &client, &error), error);

    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.nodes = 2;
    request.cores_per_node = CORES;
    lepton_allocation *allocation = NULL, *other = NULL;
    check(lepton_client_allocate(client, &request, &allocation, &error), error);
    lepton_status status = lepton_client_allocate(client, &request, &other, &error);
    printf("two more: %s\n", status == LEPTON_RESOURCE_EXHAUSTED ? "refused" : "granted");
    lepton_error_release(error);
    error = NULL;
    check(lepton_allocation_resize(allocation, 3, &error), error);
    lepton_utilization use = {.struct_size = sizeof use};
    check(lepton_client_utilization(client, &use, &error), error);
    printf("grown to 3 nodes: cores %.1f %%\n", use.cores * 100);

    lepton_model *model = NULL;
    check(lepton_model_create(NULL, &model, &error), error);
    check(lepton_model_set_seed(model, 1, &error), error);
    check(lepton_model_add_layer(model, "Dense", "{\"units\": 1, \"input_shape\": [1]}", &error), error);
    lepton_compile_options compile_options;
    lepton_compile_options_init(&compile_options);
    compile_options.optimizer = "sgd";
    compile_options.loss = "mean_squared_error";
    check(lepton_model_compile(model, &compile_options, &error), error);
    float xs[] = {1, 2, 3, 4, 5}, ys[] = {1, 4, 9, 16, 25};
    lepton_tensor_view x = matrix(xs, (const int64_t[]){5, 1});
    lepton_tensor_view y = matrix(ys, (const int64_t[]){5, 1});
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 100;
    options.allocation = allocation;
    lepton_history *history = NULL;
    check(lepton_client_fit(client, model, &x, 1, &y, 1, &options, &history, &error), error);
    print_loss(history);

    lepton_history_release(history);
    lepton_model_release(model);
    check(lepton_allocation_close(allocation, &error), error);
    lepton_allocation_release(allocation);
    print_bill(client);
    lepton_client_release(client);
    return 0;
}
