#include "core.h"

static int core_exec(PyObject *module) {
    if (lepton_abi_version() != LEPTON_ABI_VERSION) {
        PyErr_Format(PyExc_ImportError,
                     "leptonai was built for ABI %d of liblepton, but the library that was loaded (version %s) has "
                     "ABI %u: reinstall lepton-sdk",
                     LEPTON_ABI_VERSION, lepton_version(), (unsigned)lepton_abi_version());
        return -1;
    }
    PyMethodDef *sections[] = {core_client_methods,   core_allocation_methods, core_host_allocator_methods,
                               core_model_methods,    core_graph_methods,      core_adapter_methods,
                               core_training_methods, core_history_methods,    core_batch_methods,
                               core_sequence_methods, core_store_methods,      core_usage_methods};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (PyModule_AddFunctions(module, sections[i]) < 0) return -1;
    return 0;
}

static PyObject *version(PyObject *self, PyObject *arguments) {
    (void)self, (void)arguments;
    return PyUnicode_FromString(lepton_version());
}

static PyObject *abi_version(PyObject *self, PyObject *arguments) {
    (void)self, (void)arguments;
    return PyLong_FromUnsignedLong(lepton_abi_version());
}

static PyObject *status_name(PyObject *self, PyObject *arguments) {
    (void)self;
    int status;
    if (!PyArg_ParseTuple(arguments, "i", &status)) return NULL;
    return PyUnicode_FromString(lepton_status_name(status));
}

static PyMethodDef methods[] = {
    {"version", version, METH_NOARGS, NULL},
    {"abi_version", abi_version, METH_NOARGS, NULL},
    {"status_name", status_name, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, core_exec}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "leptonai._core",
    .m_doc = "One function per function of lepton.h; see _core.pyi. Not for direct use.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
