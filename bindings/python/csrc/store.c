/* Section "store" of lepton.h. */
#include "core.h"

#include <string.h>

/* What calls back into Python carries, and the exception that came of it. */
typedef struct {
    PyObject *callable;
    int failed;
    PyObject *type, *value, *traceback;
} callback;

/* Keeps an exception until the library's call has returned. */
static void callback_failed(callback *call) {
    call->failed = 1;
    PyErr_Fetch(&call->type, &call->value, &call->traceback);
}

/* Raises what a callback raised; its exception says more than the library's error. */
static PyObject *callback_raise(callback *call, lepton_status status, lepton_error *error) {
    if (!call->failed) return core_raise(status, error);
    lepton_error_release(error);
    PyErr_Restore(call->type, call->value, call->traceback);
    return NULL;
}

static void callback_clear(callback *call) {
    if (!call->failed) return;
    Py_XDECREF(call->type);
    Py_XDECREF(call->value);
    Py_XDECREF(call->traceback);
}

static int32_t fetch_key(const char *key_id, uint8_t *key, void *context) {
    callback *call = context;
    PyGILState_STATE state = PyGILState_Ensure();
    int32_t result = 1;
    char *bytes;
    Py_ssize_t size;
    PyObject *answer = PyObject_CallFunction(call->callable, "s", key_id);
    if (answer != NULL && PyBytes_AsStringAndSize(answer, &bytes, &size) == 0) {
        if (size == 32) {
            memcpy(key, bytes, 32);
            result = 0;
        } else {
            PyErr_Format(PyExc_ValueError, "encryption: expected a key of 32 bytes from the callback. Received: %zd",
                         size);
        }
    }
    Py_XDECREF(answer);
    if (result != 0) callback_failed(call);
    PyGILState_Release(state);
    return result;
}

static PyObject *store_open(PyObject *self, PyObject *arguments) {
    (void)self;
    const char *path, *config;
    callback call = {0};
    if (!PyArg_ParseTuple(arguments, "szO", &path, &config, &call.callable)) return NULL;
    lepton_store_key_fn key = call.callable == Py_None ? NULL : fetch_key;
    lepton_store *store = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_open(path, config, key, &call, &store, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return callback_raise(&call, status, error);
    callback_clear(&call);
    return core_handle_new(core_store_name, store);
}

static PyObject *store_rotate_key(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    const char *encryption;
    callback call = {0};
    if (!PyArg_ParseTuple(arguments, "O&sO", core_store_converter, &store, &encryption, &call.callable)) return NULL;
    lepton_store_key_fn key = call.callable == Py_None ? NULL : fetch_key;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_rotate_key(store, encryption, key, &call, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return callback_raise(&call, status, error);
    callback_clear(&call);
    Py_RETURN_NONE;
}

static PyObject *client_create_with_store(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client_options options;
    lepton_client_options_init(&options);
    long long memory, storage;
    lepton_store *store;
    if (!PyArg_ParseTuple(arguments, "iiLLO&zzi", &options.nodes, &options.cores_per_node, &memory, &storage,
                          core_store_converter, &store, &options.price_list, &options.queues,
                          &options.accelerators_per_node))
        return NULL;
    options.memory_per_node = memory;
    options.storage_bytes = storage;
    lepton_client *client = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_client_create_with_store(&options, store, &client, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? core_handle_new(core_client_name, client)
                                                    : core_raise(status, error);
}

static PyObject *store_put(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    Py_buffer content;
    if (!PyArg_ParseTuple(arguments, "O&y*", core_store_converter, &store, &content)) return NULL;
    char digest[LEPTON_DIGEST_SIZE];
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_put(store, content.buf, (size_t)content.len, digest, &error);
    Py_END_ALLOW_THREADS PyBuffer_Release(&content);
    return status == LEPTON_OK ? PyUnicode_FromString(digest) : core_raise(status, error);
}

/* Asks the callable, with the most bytes that are wanted, for the next of them. */
static int64_t read_piece(void *buffer, size_t capacity, void *context) {
    callback *call = context;
    PyGILState_STATE state = PyGILState_Ensure();
    int64_t result = -1;
    PyObject *piece = PyObject_CallFunction(call->callable, "n", (Py_ssize_t)capacity);
    Py_buffer bytes;
    if (piece != NULL && PyObject_GetBuffer(piece, &bytes, PyBUF_SIMPLE) == 0) {
        if ((size_t)bytes.len <= capacity) {
            if (bytes.len > 0) memcpy(buffer, bytes.buf, (size_t)bytes.len);
            result = bytes.len;
        } else {
            PyErr_Format(PyExc_ValueError, "read: expected at most %zu bytes at once. Received: %zd", capacity,
                         bytes.len);
        }
        PyBuffer_Release(&bytes);
    }
    Py_XDECREF(piece);
    if (result < 0) callback_failed(call);
    PyGILState_Release(state);
    return result;
}

static PyObject *store_put_stream(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    callback call = {0};
    if (!PyArg_ParseTuple(arguments, "O&O", core_store_converter, &store, &call.callable)) return NULL;
    char digest[LEPTON_DIGEST_SIZE];
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_put_stream(store, read_piece, &call, digest, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? PyUnicode_FromString(digest)
                                                    : callback_raise(&call, status, error);
}

static PyObject *store_map(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    const char *digest;
    if (!PyArg_ParseTuple(arguments, "O&s", core_store_converter, &store, &digest)) return NULL;
    lepton_blob *blob = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_map(store, digest, &blob, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    const void *data = NULL;
    size_t size = 0;
    status = lepton_blob_get_data(blob, &data, &size, &error);
    if (status != LEPTON_OK) {
        lepton_blob_release(blob);
        return core_raise(status, error);
    }
    return core_blob_new(blob, data, size);
}

/* Calls that take a store and a name or digest, and answer nothing. */
static PyObject *store_remove(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    const char *digest;
    if (!PyArg_ParseTuple(arguments, "O&s", core_store_converter, &store, &digest)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_remove(store, digest, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static PyObject *store_set_reference(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    const char *name, *digest, *expecting;
    if (!PyArg_ParseTuple(arguments, "O&ssz", core_store_converter, &store, &name, &digest, &expecting)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_set_reference(store, name, digest, expecting, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static PyObject *store_get_reference(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    const char *name;
    if (!PyArg_ParseTuple(arguments, "O&s", core_store_converter, &store, &name)) return NULL;
    char digest[LEPTON_DIGEST_SIZE];
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_get_reference(store, name, digest, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? PyUnicode_FromString(digest) : core_raise(status, error);
}

static PyObject *store_remove_reference(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    const char *name, *expecting;
    if (!PyArg_ParseTuple(arguments, "O&sz", core_store_converter, &store, &name, &expecting)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_remove_reference(store, name, expecting, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static lepton_status query_list(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    return lepton_store_list(context, buffer, capacity, length, error);
}

static lepton_status query_statistics(void *context, char *buffer, size_t capacity, size_t *length,
                                      lepton_error **error) {
    return lepton_store_statistics(context, buffer, capacity, length, error);
}

static PyObject *store_list(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    if (!PyArg_ParseTuple(arguments, "O&", core_store_converter, &store)) return NULL;
    return core_text(query_list, store);
}

static PyObject *store_statistics(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    if (!PyArg_ParseTuple(arguments, "O&", core_store_converter, &store)) return NULL;
    return core_text(query_statistics, store);
}

/* `callable` here is a list, which takes the damages up. */
static int32_t take_damage(const char *kind, const char *name, const char *message, void *context) {
    callback *call = context;
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *damage = Py_BuildValue("(sss)", kind, name, message);
    int failed = damage == NULL || PyList_Append(call->callable, damage) < 0;
    Py_XDECREF(damage);
    /* Also between damages a signal may want to stop it. */
    failed = failed || PyErr_CheckSignals() < 0;
    if (failed) callback_failed(call);
    PyGILState_Release(state);
    return failed;
}

static PyObject *store_verify(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    if (!PyArg_ParseTuple(arguments, "O&", core_store_converter, &store)) return NULL;
    callback call = {.callable = PyList_New(0)};
    if (call.callable == NULL) return NULL;
    int64_t checked = 0;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_verify(store, take_damage, &call, &checked, NULL, &error);
    Py_END_ALLOW_THREADS if (status == LEPTON_OK && !call.failed) {
        return Py_BuildValue("(LN)", (long long)checked, call.callable);
    }
    Py_DECREF(call.callable);
    return callback_raise(&call, status, error);
}

static PyObject *store_collect(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_store *store;
    double older_than;
    int dry_run;
    if (!PyArg_ParseTuple(arguments, "O&dp", core_store_converter, &store, &older_than, &dry_run)) return NULL;
    lepton_store_collection collected = {.struct_size = sizeof collected};
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_store_collect(store, older_than, dry_run, &collected, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    return Py_BuildValue("(LLLL)", (long long)collected.removed_blobs, (long long)collected.removed_chunks,
                         (long long)collected.freed_bytes, (long long)collected.kept_young_blobs);
}

PyMethodDef core_store_methods[] = {
    {"store_open", store_open, METH_VARARGS, NULL},
    {"client_create_with_store", client_create_with_store, METH_VARARGS, NULL},
    {"store_put", store_put, METH_VARARGS, NULL},
    {"store_put_stream", store_put_stream, METH_VARARGS, NULL},
    {"store_map", store_map, METH_VARARGS, NULL},
    {"store_remove", store_remove, METH_VARARGS, NULL},
    {"store_set_reference", store_set_reference, METH_VARARGS, NULL},
    {"store_get_reference", store_get_reference, METH_VARARGS, NULL},
    {"store_remove_reference", store_remove_reference, METH_VARARGS, NULL},
    {"store_list", store_list, METH_VARARGS, NULL},
    {"store_statistics", store_statistics, METH_VARARGS, NULL},
    {"store_verify", store_verify, METH_VARARGS, NULL},
    {"store_collect", store_collect, METH_VARARGS, NULL},
    {"store_rotate_key", store_rotate_key, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
