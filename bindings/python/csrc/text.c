#include "core.h"

PyObject *core_text(core_text_query query, void *context) {
    char *buffer = NULL;
    size_t capacity = 0;
    /* The text may grow between asking and reading when another thread changes the object: ask again then. */
    for (int attempt = 0; attempt < 8; attempt++) {
        lepton_error *error = NULL;
        lepton_status status;
        size_t length = 0;
        Py_BEGIN_ALLOW_THREADS status = query(context, buffer, capacity, &length, &error);
        Py_END_ALLOW_THREADS if (status == LEPTON_OK && buffer != NULL) {
            PyObject *text = PyUnicode_DecodeUTF8(buffer, (Py_ssize_t)length, "replace");
            PyMem_Free(buffer);
            return text;
        }
        int too_small = status == LEPTON_INVALID_ARGUMENT && buffer != NULL && attempt < 7;
        PyMem_Free(buffer);
        buffer = NULL;
        capacity = 0;
        if (status != LEPTON_OK && !too_small) return core_raise(status, error);
        lepton_error_release(error);
        if (status == LEPTON_OK) {
            /* Reports have times in them, which may take more digits a moment later. */
            capacity = length + length / 8 + 64;
            buffer = PyMem_Malloc(capacity);
            if (buffer == NULL) return PyErr_NoMemory();
        }
    }
    PyMem_Free(buffer);
    PyErr_SetString(PyExc_RuntimeError, "the text kept changing while it was read");
    return NULL;
}
