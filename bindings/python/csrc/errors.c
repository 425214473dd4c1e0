#include "core.h"

#include <string.h>

static PyObject *text_or_none(const char *text) {
    if (text == NULL) Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

/* leptonai.errors holds the one table from statuses to exception classes. */
static PyObject *raise_exception(lepton_status status, const char *message, const char *argument, const char *expected,
                                 const char *received) {
    PyObject *module = PyImport_ImportModule("leptonai.errors");
    if (module == NULL) return NULL;
    PyObject *exception = NULL;
    PyObject *texts[4] = {text_or_none(message), text_or_none(argument), text_or_none(expected),
                          text_or_none(received)};
    if (texts[0] && texts[1] && texts[2] && texts[3]) {
        exception =
            PyObject_CallMethod(module, "from_status", "iOOOO", (int)status, texts[0], texts[1], texts[2], texts[3]);
    }
    for (size_t i = 0; i < 4; i++)
        Py_XDECREF(texts[i]);
    Py_DECREF(module);
    if (exception != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
    return NULL;
}

PyObject *core_raise(lepton_status status, lepton_error *error) {
    if (error == NULL) return raise_exception(status, lepton_status_name(status), NULL, NULL, NULL);
    raise_exception(status, lepton_error_message(error), lepton_error_argument(error), lepton_error_expected(error),
                    lepton_error_received(error));
    lepton_error_release(error);
    return NULL;
}

PyObject *core_raise_argument(lepton_status status, const char *argument, const char *expected, const char *received) {
    PyObject *message = PyUnicode_FromFormat("%s: expected %s. Received: %s", argument, expected, received);
    if (message == NULL) return NULL;
    const char *text = PyUnicode_AsUTF8AndSize(message, NULL);
    if (text != NULL) raise_exception(status, text, argument, expected, received);
    Py_DECREF(message);
    return NULL;
}
