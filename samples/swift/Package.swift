// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "samples",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "lepton-sdk", path: "../..")],
    targets: [
        .executableTarget(
            name: "linear-regression",
            dependencies: [.product(name: "Lepton", package: "lepton-sdk")],
            path: "01-linear-regression"
        ),
        .executableTarget(
            name: "diagnosis",
            dependencies: [.product(name: "Lepton", package: "lepton-sdk")],
            path: "02-diagnosis"
        ),
        .executableTarget(
            name: "elastic",
            dependencies: [.product(name: "Lepton", package: "lepton-sdk")],
            path: "03-elastic"
        ),
        .executableTarget(
            name: "own-allocator",
            dependencies: [.product(name: "Lepton", package: "lepton-sdk")],
            path: "05-own-allocator"
        ),
        .executableTarget(
            name: "budget",
            dependencies: [.product(name: "Lepton", package: "lepton-sdk")],
            path: "04-budget"
        ),
    ],
    swiftLanguageModes: [.v6]
)
