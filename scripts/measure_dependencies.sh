#!/usr/bin/env bash
# Measures what each dependency adds to a stripped, self-contained shared library and how long it takes to build:
# the table in docs/dependencies.md. Each row is a package of a few lines that uses that dependency and no other.
set -euo pipefail
source "$(dirname "$0")/common.sh"
source scripts/swift_flags.sh

prepare_static_libraries
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '{ global: lepton_*; local: *; };' > "$folder/exports.map"

make_package() { # make_package NAME DEPENDENCY PRODUCT IMPORT USE
    local name=$1 dependency=$2 product=$3 import=$4 use=$5
    mkdir -p "$folder/probe-$name/Sources/Probe"
    cat > "$folder/probe-$name/Package.swift" << EOF
// swift-tools-version: 6.1
import PackageDescription
let package = Package(
    name: "probe", products: [.library(name: "Probe", type: .dynamic, targets: ["Probe"])],
    dependencies: [$dependency], targets: [.target(name: "Probe", dependencies: [$product])])
EOF
    cat > "$folder/probe-$name/Sources/Probe/Probe.swift" << EOF
$import
@_cdecl("lepton_probe") public func probe(_ count: Int) {
    var words = ["a": count]
    words["b"] = 2
    $use
    print(words)
}
EOF
}

base=0
measure() { # measure NAME: builds it twice, the first time to fetch, and prints one row of the table
    local name=$1 started seconds size options
    options=("${static_flags[@]}" --package-path "$folder/probe-$name" --product Probe
        -Xlinker "--version-script=$folder/exports.map")
    options[3]=$folder/probe-$name/.build
    swift package --package-path "$folder/probe-$name" --scratch-path "$folder/probe-$name/.build" resolve > /dev/null 2>&1
    started=$(date +%s)
    swift build "${options[@]}" > "$folder/log" 2>&1 || {
        cat "$folder/log"
        fail "$name does not build"
    }
    seconds=$(($(date +%s) - started))
    strip --strip-all -o "$folder/probe.so" "$folder/probe-$name/.build/release/libProbe.so"
    size=$(stat -c %s "$folder/probe.so")
    [ "$base" -ne 0 ] || base=$size
    awk -v n="$name" -v s="$size" -v b="$base" -v t="$seconds" \
        'BEGIN { printf "| %s | %.1f MB | %+.1f MB | %d s |\n", n, s / 1e6, (s - b) / 1e6, t }'
}

make_package runtime "" "" "" ""
make_package blis "" "" "" 'var c = [Float(0)]
    multiply(101, 111, 111, 1, 1, 1, 1, c, 1, c, 1, 0, &c, 1)
    words["c"] = Int(c[0])'
cat >> "$folder/probe-blis/Sources/Probe/Probe.swift" << 'EOF'
@_silgen_name("cblas_sgemm") func multiply(
    _: Int32, _: Int32, _: Int32, _: Int32, _: Int32, _: Int32, _: Float, _: UnsafePointer<Float>, _: Int32,
    _: UnsafePointer<Float>, _: Int32, _: Float, _: UnsafeMutablePointer<Float>, _: Int32)
EOF
sed -i 's/dependencies: \[\])\])/dependencies: [], linkerSettings: [.linkedLibrary("blis")])])/' \
    "$folder/probe-blis/Package.swift"
make_package foundation-essentials "" "" "import FoundationEssentials" \
    'words["c"] = (try? JSONEncoder().encode(words))?.count'
make_package foundation "" "" "import Foundation" \
    'words["c"] = NumberFormatter().string(from: NSNumber(value: count))?.count'
make_package swift-crypto '.package(url: "https://github.com/apple/swift-crypto", from: "4.0.0")' \
    '.product(name: "Crypto", package: "swift-crypto")' "import Crypto" \
    'var hash = SHA256(); hash.update(data: [UInt8(1)]); words["c"] = hash.finalize().hashValue'
make_package argument-parser '.package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")' \
    '.product(name: "ArgumentParser", package: "swift-argument-parser")' "import ArgumentParser
struct Command: ParsableCommand { @Option var name = 1 }" 'words["c"] = (try? Command.parse([]))?.name'

echo "| used | stripped library | more than the runtime alone | build |"
echo "| --- | ---: | ---: | ---: |"
for name in runtime blis foundation-essentials foundation argument-parser swift-crypto; do measure $name; done
