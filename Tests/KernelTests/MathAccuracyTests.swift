import CLeptonKernels
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension KernelTests {
    /// The vector exp, log, tanh and sigmoid against the double-precision C library.
    @Suite struct MathAccuracy {
        typealias Kernel = (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int) -> Void

        /// Expects an error of at most `limit` ulp over `inputs`, on every instruction set.
        func expectAccurate(
            _ inputs: [Float], limit: Double, _ kernel: Kernel, _ exact: (Double) -> Double,
            location: SourceLocation = #_sourceLocation
        ) {
            onEveryISA { name in
                let x = Guarded(inputs), y = Guarded(count: inputs.count)
                kernel(y.pointer, x.pointer, inputs.count)
                let errors = zip(y.values(), inputs).map { ulps($0, exact(Double($1))) }
                let worst = errors.indices.max { errors[$0] < errors[$1] } ?? 0
                #expect(
                    errors[worst] <= limit, "\(name): \(errors[worst]) ulp at \(inputs[worst])",
                    sourceLocation: location)
            }
        }

        func activation(_ kind: Int) -> Kernel {
            { y, x, n in lepton_k_bias_activation_f32(y, x, nil, 1, n, Int32(kind)) }
        }

        /// Floats spread over the logarithmic scale from 2^low to 2^high.
        func magnitudes(_ low: Float, _ high: Float, _ count: Int = 20000) -> [Float] {
            random(count, low, high, seed: 5).map { exp2f($0) }
        }

        @Test func exponential() {
            let ordinary = random(20000, -87.3, 88.7, seed: 1) + random(2000, -1, 1, seed: 2)
            expectAccurate(ordinary, limit: 1.5, lepton_k_exp_f32, exp)
            // Down through the subnormal numbers to 0, and the ends.
            expectAccurate(random(2000, -104, -87, seed: 3), limit: 1.5, lepton_k_exp_f32, exp)
            let ends: [Float] = [
                0, -0.0, .leastNonzeroMagnitude, 88.72283, 88.72284, 89, 1e30, .infinity, -103.97, -104.5, -1e30,
                -.infinity, .nan,
            ]
            expectAccurate(ends, limit: 1.5, lepton_k_exp_f32, exp)
        }

        @Test func logarithm() {
            expectAccurate(magnitudes(-126, 128), limit: 1.5, lepton_k_log_f32, log)
            expectAccurate(random(20000, 0.5, 2, seed: 6), limit: 1.5, lepton_k_log_f32, log)
            expectAccurate(magnitudes(-149, -126, 2000), limit: 1.5, lepton_k_log_f32, log)
            let ends: [Float] = [
                0, -0.0, 1, Float(1).nextUp, Float(1).nextDown, .leastNonzeroMagnitude, .leastNormalMagnitude,
                .greatestFiniteMagnitude, .infinity, -1, -.infinity, .nan, 1e-7, 0.9999999,
            ]
            expectAccurate(ends, limit: 1.5, lepton_k_log_f32, log)
        }

        @Test func hyperbolicTangent() {
            let both = magnitudes(-40, 5).flatMap { [$0, -$0] }
            expectAccurate(both, limit: 2, activation(LEPTON_K_TANH), tanh)
            expectAccurate(
                [0, 0.625, -0.625, 0.62499, 9, 20, 1e30, .infinity, -.infinity, .nan], limit: 2,
                activation(LEPTON_K_TANH), tanh)
        }

        @Test func sigmoid() {
            let exact = { (x: Double) in 1 / (1 + exp(-x)) }
            expectAccurate(random(20000, -87, 87, seed: 8), limit: 2.5, activation(LEPTON_K_SIGMOID), exact)
            expectAccurate(random(5000, -2, 2, seed: 9), limit: 2.5, activation(LEPTON_K_SIGMOID), exact)
            expectAccurate(
                [0, -0.0, 100, -100, -103, 1e30, -1e30, .infinity, -.infinity, .nan], limit: 2.5,
                activation(LEPTON_K_SIGMOID), exact)
        }
    }
}
