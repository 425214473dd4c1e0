import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct Convolution {
        /// Windows of random extents: with leading axes of extent 1 or without, padded, strided, dilated, in groups,
        /// some of whose positions lie in the padding altogether.
        static func window(_ generator: inout SplitMix, isDilated: Bool = true) -> lepton_k_window {
            func below(_ limit: Int) -> Int { Int(generator.next() % UInt64(limit)) }
            let lone = below(3)
            var extents: [(in: Int, out: Int, kernel: Int, stride: Int, dilation: Int, before: Int)] = []
            for axis in 0..<3 {
                guard axis >= lone else {
                    extents.append((1, 1, 1, 1, 1, 0))
                    continue
                }
                let kernel = 1 + below(4), stride = 1 + below(3), dilation = isDilated ? 1 + below(3) : 1
                let reach = (kernel - 1) * dilation + 1
                let before = below(isDilated ? 4 : kernel), input = 1 + below(9)
                let whole = input + before + below(isDilated ? 3 : kernel)
                var output = whole < reach ? 1 : (whole - reach) / stride + 1
                if !isDilated { output = min(output, (input + before - 1) / stride + 1) }
                extents.append((input, output, kernel, stride, dilation, before))
            }
            let groups = 1 + below(3)
            func triple(_ field: (Int) -> Int) -> (Int, Int, Int) { (field(0), field(1), field(2)) }
            return lepton_k_window(
                in: triple { extents[$0].in }, out: triple { extents[$0].out }, kernel: triple { extents[$0].kernel },
                stride: triple { extents[$0].stride }, dilation: triple { extents[$0].dilation },
                before: triple { extents[$0].before }, in_channels: groups * (1 + below(37)),
                out_channels: groups * (1 + below(21)), groups: groups)
        }

        static func volume(_ extents: (Int, Int, Int)) -> Int { extents.0 * extents.1 * extents.2 }

        @Test(arguments: 0..<60) func likeTheReference(seed: Int) {
            var generator = SplitMix(seed)
            var window = Self.window(&generator)
            let samples = 1 + seed % 4, activation = Int32(seed % 4), accumulates = Int32(seed % 2)
            let ins = samples * Self.volume(window.in) * window.in_channels
            let outs = samples * Self.volume(window.out) * window.out_channels
            let weights = Self.volume(window.kernel) * (window.in_channels / window.groups) * window.out_channels
            let x = random(ins, -1, 1, seed: seed), dy = random(outs, -1, 1, seed: seed + 1)
            let kernel = random(weights, -1, 1, seed: seed + 2), bias = random(window.out_channels, seed: seed + 3)
            let start = random(weights, seed: seed + 4)
            expectLikeScalar(within: 1e-4, "seed \(seed)") {
                let input = Guarded(x), gradient = Guarded(dy), filter = Guarded(kernel), offsets = Guarded(bias)
                let scratch = Guarded(count: lepton_k_convolution_scratch(&window))
                let y = Guarded(count: outs), dx = Guarded(count: ins), dkernel = Guarded(start)
                lepton_k_convolution_f32(
                    y.pointer, input.pointer, filter.pointer, seed % 3 == 0 ? nil : offsets.pointer, &window, samples,
                    activation, scratch.pointer)
                lepton_k_convolution_input_grad_f32(
                    dx.pointer, gradient.pointer, filter.pointer, &window, samples, scratch.pointer)
                lepton_k_convolution_kernel_grad_f32(
                    dkernel.pointer, input.pointer, gradient.pointer, &window, samples, accumulates, scratch.pointer)
                _ = scratch.values()
                return y.values() + dx.values() + dkernel.values()
            }
        }

        @Test(arguments: 0..<40) func depthwiseLikeTheReference(seed: Int) {
            var generator = SplitMix(seed + 1000)
            var window = Self.window(&generator)
            window.out_channels = window.in_channels
            let samples = 1 + seed % 3, channels = window.in_channels
            let ins = samples * Self.volume(window.in) * channels, outs = samples * Self.volume(window.out) * channels
            let weights = Self.volume(window.kernel) * channels
            let x = random(ins, -1, 1, seed: seed), dy = random(outs, -1, 1, seed: seed + 1)
            let kernel = random(weights, -1, 1, seed: seed + 2), bias = random(channels, seed: seed + 3)
            expectLikeScalar(within: 2e-5, "seed \(seed)") {
                let input = Guarded(x), gradient = Guarded(dy), filter = Guarded(kernel), offsets = Guarded(bias)
                let y = Guarded(count: outs), dx = Guarded(count: ins), dkernel = Guarded(kernel)
                lepton_k_depthwise_f32(
                    y.pointer, input.pointer, filter.pointer, seed % 2 == 0 ? nil : offsets.pointer, &window, samples,
                    Int32(seed % 4))
                lepton_k_depthwise_input_grad_f32(dx.pointer, gradient.pointer, filter.pointer, &window, samples)
                lepton_k_depthwise_kernel_grad_f32(
                    dkernel.pointer, input.pointer, gradient.pointer, &window, samples, Int32(seed % 2))
                return y.values() + dx.values() + dkernel.values()
            }
        }

        /// Few different values, so that many windows hold the largest one twice, and some NaN.
        @Test(arguments: 0..<40) func poolingLikeTheReference(seed: Int) {
            var generator = SplitMix(seed + 2000)
            var window = Self.window(&generator, isDilated: false)
            window.out_channels = window.in_channels
            let samples = 1 + seed % 3, channels = window.in_channels
            let ins = samples * Self.volume(window.in) * channels, outs = samples * Self.volume(window.out) * channels
            var x = random(ins, -2, 2, seed: seed).map { $0.rounded() }
            if seed % 5 == 0 { x[ins / 2] = .nan }
            let dy = random(outs, -1, 1, seed: seed + 1)
            expectLikeScalar(within: 1e-6, "seed \(seed)") {
                let input = Guarded(x), gradient = Guarded(dy), taps = Guarded(count: outs)
                let y = Guarded(count: outs), mean = Guarded(count: outs), unmarked = Guarded(count: outs)
                let dx = Guarded(count: ins), spread = Guarded(count: ins)
                taps.pointer.withMemoryRebound(to: Int32.self, capacity: outs) { numbers in
                    lepton_k_max_pool_f32(y.pointer, numbers, input.pointer, &window, samples)
                    lepton_k_max_pool_f32(unmarked.pointer, nil, input.pointer, &window, samples)
                    lepton_k_max_pool_grad_f32(dx.pointer, gradient.pointer, numbers, &window, samples)
                }
                lepton_k_average_pool_f32(mean.pointer, input.pointer, &window, samples)
                lepton_k_average_pool_grad_f32(spread.pointer, gradient.pointer, &window, samples)
                let numbers = taps.values().map { Float($0.bitPattern) }
                return y.values() + unmarked.values() + numbers + dx.values() + mean.values() + spread.values()
            }
        }

        @Test func scratchThatWouldOverflowIsCapped() {
            var window = lepton_k_window(
                in: (1, 1 << 40, 1 << 40), out: (1, 1 << 40, 1 << 40), kernel: (1, 1 << 30, 1 << 30), stride: (1, 1, 1),
                dilation: (1, 1 << 30, 1), before: (0, 1, 1), in_channels: 1 << 20, out_channels: 1 << 20, groups: 1)
            #expect(lepton_k_convolution_scratch(&window) == Int.max)
        }
    }
}
