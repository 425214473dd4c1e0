import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct Metrics {
        @Test func binaryAccuracy() {
            // A prediction equal to the threshold counts as 0.
            let pred: [Float] = [0.5, 0.51, 0.9, 0.1], target: [Float] = [0, 1, 0, 0]
            #expect(lepton_k_metric_binary_accuracy_f32(pred, target, nil, 1, 4, 1, 0.5) == 3)
            #expect(lepton_k_metric_binary_accuracy_f32(pred, target, nil, 1, 2, 2, 0.5) == 1.5)
            #expect(lepton_k_metric_binary_accuracy_f32(pred, target, [2, 0.5], 2, 4, 1, 0.5) == 4.5)
            #expect(lepton_k_metric_binary_accuracy_f32(pred, target, nil, 1, 4, 1, 0.95) == 3)
            #expect(lepton_k_metric_binary_accuracy_f32([.nan], [0], nil, 1, 1, 1, 0.5) == 1)
        }

        @Test func categoricalAccuracy() {
            let pred: [Float] = [0.1, 0.8, 0.1, 0.3, 0.3, 0.2], target: [Float] = [0, 1, 0, 1, 0, 0]
            #expect(lepton_k_metric_categorical_accuracy_f32(pred, target, nil, 1, 2, 3) == 2)
            #expect(lepton_k_metric_categorical_accuracy_f32(pred, [0, 1, 0, 0, 1, 0], nil, 1, 2, 3) == 1)
            #expect(lepton_k_metric_categorical_accuracy_f32(pred, target, [3, 0.5], 1, 2, 3) == 3.5)
            #expect(lepton_k_metric_sparse_categorical_accuracy_f32(pred, [1, 0], nil, 1, 2, 3) == 2)
            #expect(lepton_k_metric_sparse_categorical_accuracy_f32(pred, [1, 1], nil, 1, 2, 3) == 1)
            #expect(lepton_k_metric_sparse_categorical_accuracy_f32(pred, [1, 0], [0.25], 2, 2, 3) == 0.5)
        }

        /// As in NumPy and JAX the maximum of a row with NaN is the first NaN.
        @Test func maximumOfNotANumber() {
            #expect(lepton_k_metric_sparse_categorical_accuracy_f32([1, .nan, 3, .nan], [1], nil, 1, 1, 4) == 1)
            #expect(lepton_k_metric_sparse_categorical_accuracy_f32([.nan, 5, 6], [0], nil, 1, 1, 3) == 1)
            let low = -Float.infinity
            #expect(lepton_k_metric_sparse_categorical_accuracy_f32([low, low], [0], nil, 1, 1, 2) == 1)
        }

        @Test func exactAccuracy() {
            let pred: [Float] = [1, 2, 3, 4], target: [Float] = [1, 2, 0, 4]
            #expect(lepton_k_metric_accuracy_f32(pred, target, nil, 1, 4, 1) == 3)
            #expect(lepton_k_metric_accuracy_f32(pred, target, nil, 1, 2, 2) == 1.5)
            #expect(lepton_k_metric_accuracy_f32(pred, target, [1, 4], 1, 2, 2) == 3)
            #expect(lepton_k_metric_accuracy_f32([.nan], [.nan], nil, 1, 1, 1) == 0)
            #expect(lepton_k_metric_accuracy_f32(pred, target, nil, 1, 0, 2) == 0)
        }
    }
}
