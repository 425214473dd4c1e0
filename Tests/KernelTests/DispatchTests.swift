import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct Dispatch {
        @Test func refusesWhatItDoesNotKnow() {
            let before = String(cString: lepton_k_isa())
            #expect(lepton_k_select_isa("mmx") == -1)
            #expect(lepton_k_select_isa("") == -1)
            #expect(lepton_k_select_isa(nil) == -1)
            #expect(String(cString: lepton_k_isa()) == before)
        }

        @Test func scalarAndBaselineAreAlwaysThere() {
            #expect(availableISAs.starts(with: ["scalar", "baseline"]))
            onEveryISA { name in #expect(String(cString: lepton_k_isa()) == name) }
        }
    }
}
