import FuzzTargets
import Glibc

/// The functions that libFuzzer calls: first `LLVMFuzzerInitialize`, then `LLVMFuzzerTestOneInput`
/// without end.
///
/// `BALAI_FUZZ_TARGET` names the target, `BALAI_FUZZ_SEEDS` a folder for its seeds.
private let target: FuzzTarget = {
    let name = variable("BALAI_FUZZ_TARGET") ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        let names = FuzzTarget.all.map(\.name).joined(separator: " ")
        fatalError("BALAI_FUZZ_TARGET is one of: \(names)")
    }
    return target
}()

/// Writes the target's seeds.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
    if variable("BALAI_FUZZ_LIST") != nil {
        for target in FuzzTarget.all { print(target.name) }
        exit(0)
    }
    guard let folder = variable("BALAI_FUZZ_SEEDS") else { return 0 }
    for (number, seed) in target.seeds.enumerated() { write(seed, to: "\(folder)/seed-\(number)") }
    return 0
}

/// Reads one input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(BrokenPromise) {
        _ = try target.read(bytes)
    } catch {
        fatalError("\(target.name): \(error)")
    }
    return 0
}

private func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

private func write(_ bytes: [UInt8], to path: String) {
    guard let file = fopen(path, "w") else { fatalError("\(path) cannot be written.") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}
