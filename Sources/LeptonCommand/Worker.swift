import ArgumentParser
import Lepton
import LeptonTraining

/// `lepton worker`: a node of a fit on worker processes. The library starts it, and it ends with the fit.
struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compute for a fit in another process; started by the library alone.", shouldDisplay: false)

    func run() throws { try WorkerProcess.run() }
}
