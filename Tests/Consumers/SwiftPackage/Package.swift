// swift-tools-version: 6.1
import PackageDescription

// A package elsewhere that depends on the SDK. The test puts the address of a temporary clone in place of this one.
let package = Package(
    name: "consumer",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://example.invalid/lepton-sdk", from: "0.1.0")],
    targets: [
        .executableTarget(name: "Article", dependencies: [.product(name: "Lepton", package: "lepton-sdk")])
    ],
    swiftLanguageModes: [.v6]
)
