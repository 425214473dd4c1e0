/* The header compiled alone, in a program that uses every type by value. Built as C11 and as C++11. */
#include <lepton.h>

typedef struct lepton_every_type {
    lepton_status status;
    lepton_dtype dtype;
    lepton_tensor_view view;
    lepton_client_options client_options;
    lepton_resource_request request;
    lepton_allocation_state state;
    lepton_allocation_info info;
    lepton_utilization utilization;
    lepton_report_format format;
    lepton_compile_options compile_options;
    lepton_weight_info weight;
    lepton_progress_event event;
    lepton_progress progress;
    lepton_progress_fn function;
    lepton_nonfinite_policy policy;
    lepton_fit_options fit_options;
    lepton_run_options run_options;
} lepton_every_type;

int lepton_header_test(lepton_every_type *all);
int lepton_header_test(lepton_every_type *all) { return (int)all->status + (int)lepton_abi_version(); }
