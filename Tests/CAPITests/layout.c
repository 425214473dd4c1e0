/* The layout of every public struct on 64-bit systems. A change here breaks programs that are already built. */
#include <lepton.h>

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type)
#define AT(type, field, bytes) _Static_assert(offsetof(type, field) == (bytes), #type "." #field)

SIZE(lepton_status, 4);
SIZE(lepton_dtype, 4);
SIZE(lepton_allocation_state, 4);
SIZE(lepton_report_format, 4);
SIZE(lepton_progress_event, 4);
SIZE(lepton_nonfinite_policy, 4);

SIZE(lepton_tensor_view, 40);
AT(lepton_tensor_view, data, 0);
AT(lepton_tensor_view, dtype, 8);
AT(lepton_tensor_view, ndim, 12);
AT(lepton_tensor_view, shape, 16);
AT(lepton_tensor_view, strides, 24);
AT(lepton_tensor_view, byte_offset, 32);

SIZE(lepton_client_options, 64);
AT(lepton_client_options, struct_size, 0);
AT(lepton_client_options, nodes, 8);
AT(lepton_client_options, cores_per_node, 12);
AT(lepton_client_options, memory_per_node, 16);
AT(lepton_client_options, storage_bytes, 24);
AT(lepton_client_options, store_path, 32);
AT(lepton_client_options, price_list, 40);
AT(lepton_client_options, queues, 48);
AT(lepton_client_options, accelerators_per_node, 56);

SIZE(lepton_resource_request, 88);
AT(lepton_resource_request, struct_size, 0);
AT(lepton_resource_request, nodes, 8);
AT(lepton_resource_request, cores_per_node, 12);
AT(lepton_resource_request, memory_per_node, 16);
AT(lepton_resource_request, storage_bytes, 24);
AT(lepton_resource_request, lease_seconds, 32);
AT(lepton_resource_request, labels, 40);
AT(lepton_resource_request, min_nodes, 48);
AT(lepton_resource_request, max_nodes, 52);
AT(lepton_resource_request, accelerators_per_node, 56);
AT(lepton_resource_request, priority, 60);
AT(lepton_resource_request, queue, 64);
AT(lepton_resource_request, tenant, 72);
AT(lepton_resource_request, idempotency_key, 80);

SIZE(lepton_resource_shape, 32);

SIZE(lepton_grant, 264);
AT(lepton_grant, id, 8);
AT(lepton_grant, nodes, 48);
AT(lepton_grant, lease_seconds, 56);
AT(lepton_grant, reason, 64);

SIZE(lepton_allocator, 64);
AT(lepton_allocator, context, 8);
AT(lepton_allocator, capacity, 16);
AT(lepton_allocator, grant, 24);
AT(lepton_allocator, release, 32);
AT(lepton_allocator, renew, 40);
AT(lepton_allocator, resize, 48);
AT(lepton_allocator, destroy, 56);

SIZE(lepton_allocation_event, 208);
AT(lepton_allocation_event, sequence, 8);
AT(lepton_allocation_event, kind, 16);
AT(lepton_allocation_event, state, 20);
AT(lepton_allocation_event, nodes, 24);
AT(lepton_allocation_event, time_ns, 32);
AT(lepton_allocation_event, reason, 40);

SIZE(lepton_allocation_info, 88);
AT(lepton_allocation_info, struct_size, 0);
AT(lepton_allocation_info, state, 8);
AT(lepton_allocation_info, nodes, 12);
AT(lepton_allocation_info, cores_per_node, 16);
AT(lepton_allocation_info, reserved, 20);
AT(lepton_allocation_info, memory_per_node, 24);
AT(lepton_allocation_info, storage_bytes, 32);
AT(lepton_allocation_info, lease_remaining, 40);
AT(lepton_allocation_info, id, 48);

SIZE(lepton_utilization, 96);
AT(lepton_utilization, struct_size, 0);
AT(lepton_utilization, cores_total, 8);
AT(lepton_utilization, cores_allocated, 16);
AT(lepton_utilization, memory_total, 24);
AT(lepton_utilization, memory_allocated, 32);
AT(lepton_utilization, storage_total, 40);
AT(lepton_utilization, storage_allocated, 48);
AT(lepton_utilization, cores, 56);
AT(lepton_utilization, memory, 64);
AT(lepton_utilization, storage, 72);
AT(lepton_utilization, dominant_share, 80);
AT(lepton_utilization, mean, 88);

SIZE(lepton_compile_options, 64);
AT(lepton_compile_options, struct_size, 0);
AT(lepton_compile_options, optimizer, 8);
AT(lepton_compile_options, loss, 16);
AT(lepton_compile_options, metrics, 24);
AT(lepton_compile_options, metric_count, 32);
AT(lepton_compile_options, weighted_metrics, 40);
AT(lepton_compile_options, weighted_metric_count, 48);
AT(lepton_compile_options, loss_weights, 56);

SIZE(lepton_weight_info, 336);
AT(lepton_weight_info, struct_size, 0);
AT(lepton_weight_info, ndim, 8);
AT(lepton_weight_info, trainable, 12);
AT(lepton_weight_info, shape, 16);
AT(lepton_weight_info, name, 80);

SIZE(lepton_progress, 64);
AT(lepton_progress, struct_size, 0);
AT(lepton_progress, event, 8);
AT(lepton_progress, epoch, 12);
AT(lepton_progress, epochs, 16);
AT(lepton_progress, reserved, 20);
AT(lepton_progress, step, 24);
AT(lepton_progress, steps, 32);
AT(lepton_progress, names, 40);
AT(lepton_progress, values, 48);
AT(lepton_progress, count, 56);

SIZE(lepton_fit_options, 184);
AT(lepton_fit_options, struct_size, 0);
AT(lepton_fit_options, batch_size, 8);
AT(lepton_fit_options, epochs, 12);
AT(lepton_fit_options, initial_epoch, 16);
AT(lepton_fit_options, shuffle, 20);
AT(lepton_fit_options, validation_split, 24);
AT(lepton_fit_options, validation_x, 32);
AT(lepton_fit_options, validation_y, 40);
AT(lepton_fit_options, validation_sample_weight, 48);
AT(lepton_fit_options, validation_batch_size, 56);
AT(lepton_fit_options, nonfinite, 60);
AT(lepton_fit_options, sample_weight, 64);
AT(lepton_fit_options, class_weight_classes, 72);
AT(lepton_fit_options, class_weight_values, 80);
AT(lepton_fit_options, class_weight_count, 88);
AT(lepton_fit_options, allocation, 96);
AT(lepton_fit_options, store_name, 104);
AT(lepton_fit_options, progress, 112);
AT(lepton_fit_options, progress_context, 120);
AT(lepton_fit_options, cancel, 128);
AT(lepton_fit_options, sample_weight_count, 136);
AT(lepton_fit_options, validation_sample_weight_count, 144);
AT(lepton_fit_options, checkpoint_name, 152);
AT(lepton_fit_options, checkpoint_steps, 160);
AT(lepton_fit_options, checkpoint_seconds, 168);
AT(lepton_fit_options, autoscale, 176);

SIZE(lepton_run_options, 64);
AT(lepton_run_options, struct_size, 0);
AT(lepton_run_options, batch_size, 8);
AT(lepton_run_options, nonfinite, 12);
AT(lepton_run_options, sample_weight, 16);
AT(lepton_run_options, allocation, 24);
AT(lepton_run_options, progress, 32);
AT(lepton_run_options, progress_context, 40);
AT(lepton_run_options, cancel, 48);
AT(lepton_run_options, sample_weight_count, 56);

_Static_assert(LEPTON_OK == 0 && LEPTON_INVALID_ARGUMENT == 1 && LEPTON_SHAPE_MISMATCH == 2, "statuses");
_Static_assert(LEPTON_TYPE_MISMATCH == 3 && LEPTON_NOT_FOUND == 4 && LEPTON_NOT_SUPPORTED == 5, "statuses");
_Static_assert(LEPTON_INVALID_STATE == 6 && LEPTON_INVALID_HANDLE == 7 && LEPTON_NON_FINITE == 8, "statuses");
_Static_assert(LEPTON_OUT_OF_MEMORY == 9 && LEPTON_RESOURCE_EXHAUSTED == 10 && LEPTON_CANCELLED == 11, "statuses");
_Static_assert(LEPTON_TIMED_OUT == 12 && LEPTON_IO == 13 && LEPTON_CORRUPT_DATA == 14, "statuses");
_Static_assert(LEPTON_PERMISSION_DENIED == 15 && LEPTON_INTERNAL_ERROR == 16, "statuses");

SIZE(lepton_batch, 56);
AT(lepton_batch, x, 8);
AT(lepton_batch, y, 24);
AT(lepton_batch, sample_weight, 40);
AT(lepton_batch, sample_weight_count, 48);

SIZE(lepton_source_options, 112);
AT(lepton_source_options, epochs, 8);
AT(lepton_source_options, steps_per_epoch, 16);
AT(lepton_source_options, validation, 24);
AT(lepton_source_options, validation_steps, 40);
AT(lepton_source_options, class_weight_classes, 48);
AT(lepton_source_options, allocation, 72);
AT(lepton_source_options, progress, 80);
AT(lepton_source_options, cancel, 96);
AT(lepton_source_options, nonfinite, 104);

SIZE(lepton_batch_options, 56);
AT(lepton_batch_options, sample_weight, 8);
AT(lepton_batch_options, class_weight_classes, 24);
AT(lepton_batch_options, class_weight_count, 40);
AT(lepton_batch_options, nonfinite, 48);

SIZE(lepton_store_collection, 40);
AT(lepton_store_collection, struct_size, 0);
AT(lepton_store_collection, removed_blobs, 8);
AT(lepton_store_collection, removed_chunks, 16);
AT(lepton_store_collection, freed_bytes, 24);
AT(lepton_store_collection, kept_young_blobs, 32);
