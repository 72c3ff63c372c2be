import FuzzTargets
import Glibc

/// Feeds a target with what libFuzzer makes of its seeds.
///
/// `BALAI_FUZZ_TARGET` names the target, `BALAI_FUZZ_SEEDS` a folder for its seeds; the arguments are those of
/// libFuzzer. With `BALAI_FUZZ_LIST` the program names the targets instead.
@main
private enum Fuzzer {
    fileprivate static let target: FuzzTarget = {
        let name = variable("BALAI_FUZZ_TARGET") ?? ""
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            let names = FuzzTarget.all.map(\.name).joined(separator: " ")
            fatalError("BALAI_FUZZ_TARGET is one of: \(names)")
        }
        return target
    }()

    static func main() {
        guard variable("BALAI_FUZZ_LIST") == nil else {
            for target in FuzzTarget.all { print(target.name) }
            return
        }
        if let folder = variable("BALAI_FUZZ_SEEDS") {
            for (number, seed) in target.seeds.enumerated() {
                write(seed, to: "\(folder)/seed-\(number)")
            }
        }
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(fuzz(&count, &arguments) { start, count in read(start, count) })
    }
}

/// libFuzzer's own loop, which ends the program or returns its status.
@_silgen_name("LLVMFuzzerRunDriver")
private func fuzz(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Reads one input.
private func read(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(BrokenPromise) {
        _ = try Fuzzer.target.read(bytes)
    } catch {
        fatalError("\(Fuzzer.target.name): \(error)")
    }
    return 0
}

private func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

private func write(_ bytes: [UInt8], to path: String) {
    guard let file = fopen(path, "w") else { fatalError("\(path) cannot be written.") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}
