// swift-tools-version: 6.1
import PackageDescription

// The modules point one way, down this list: a target may depend only on targets above it.
// Heavy dependencies are named by the one module that needs them (see docs/dependencies.md).

/// What `Lepton` re-exports. Those who import it name these too: a build notices a change in the layout of a type only
/// through the modules that a target names, and would otherwise link old code with new.
let core: [Target.Dependency] = [
    "LeptonTensor", "LeptonNN", "LeptonTraining", "LeptonFormats", "LeptonResources",
]

let package = Package(
    name: "lepton-sdk",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Lepton", targets: ["Lepton"]),
        .library(name: "LeptonC", type: .dynamic, targets: ["LeptonC"]),
        // Installed as `lepton`; the product keeps the target's name because `lepton` and `Lepton`
        // would be one file on a file system that ignores case.
        .executable(name: "LeptonCommand", targets: ["LeptonCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        .target(
            name: "CLeptonKernels",
            linkerSettings: [
                .linkedLibrary("blis", .when(platforms: [.linux])),
                .linkedFramework("Accelerate", .when(platforms: [.macOS, .iOS])),
            ]
        ),
        .target(name: "CLeptonSystem"),
        .target(name: "LeptonTensor", dependencies: ["CLeptonKernels"]),
        .target(name: "LeptonNN", dependencies: ["LeptonTensor"]),
        .target(
            name: "LeptonTraining", dependencies: ["LeptonNN", "LeptonTensor", "CLeptonKernels", "CLeptonSystem"]),
        .target(name: "LeptonFormats", dependencies: ["LeptonTraining", "LeptonNN", "LeptonTensor"]),
        .systemLibrary(
            name: "CSQLite", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
        .target(
            name: "LeptonResources",
            dependencies: ["LeptonTensor", "CSQLite", .product(name: "Crypto", package: "swift-crypto")]
        ),
        .target(name: "Lepton", dependencies: core),
        // The public C header as a module, so that the compiler checks each entry point against it.
        .systemLibrary(name: "CLepton", path: "include"),
        .target(name: "LeptonC", dependencies: ["Lepton", "CLepton"] + core),
        .executableTarget(
            name: "LeptonCommand",
            dependencies: ["Lepton", .product(name: "ArgumentParser", package: "swift-argument-parser")] + core
        ),
        .testTarget(name: "KernelTests", dependencies: ["CLeptonKernels"]),
        .testTarget(name: "TensorTests", dependencies: ["LeptonTensor"]),
        .testTarget(name: "TrainingTests", dependencies: ["LeptonTraining", "LeptonNN", "LeptonTensor"]),
        .testTarget(
            name: "FormatTests", dependencies: ["LeptonFormats", "LeptonTraining", "LeptonNN", "LeptonTensor"]),
        .testTarget(name: "ResourceTests", dependencies: ["LeptonResources", "LeptonTensor", "CSQLite"]),
        .testTarget(name: "LeptonTests", dependencies: ["Lepton"] + core),
    ],
    swiftLanguageModes: [.v6]
)
