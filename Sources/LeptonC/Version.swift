import CLepton

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@implementation @c
public func lepton_abi_version() -> UInt32 { UInt32(LEPTON_ABI_VERSION) }

@implementation @c
public func lepton_version() -> UnsafePointer<CChar>? { versionText }

/// The header's version as C text, made at the first call and never freed; nobody writes to it.
private nonisolated(unsafe) let versionText = UnsafePointer(strdup(LEPTON_VERSION_STRING))

/// A literal as C text; it ends with NUL and lives as long as the library.
func staticText(_ literal: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
}
