import Dispatch
import Foundation
import Processes
import Synchronization
import Testing

/// The real command in a process of its own.
final class RunningCommand {
    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    /// `state` is the folder for what commands remember from run to run.
    init(_ arguments: [String], state: String? = nil) throws {
        process.executableURL = try ChildProcess.product("balai")
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin"]
        if let state { process.environment?["XDG_STATE_HOME"] = state }
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
    }

    /// Waits for the next line of standard output; nil at its end.
    func nextLine() throws -> String? {
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }

    func stop(_ signal: Int32) {
        kill(process.processIdentifier, signal)
    }

    /// Ends it as a power cut would.
    func killAtOnce() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Waits for the end: exit code and everything not yet read.
    func end() throws -> (code: Int32, output: String, errors: String) {
        // Both at once: a command that has much to say on one must not wait for the other's reader.
        let said = Mutex(Data())
        let reader = DispatchGroup()
        let handle = self.errors.fileHandleForReading
        DispatchQueue.global().async(group: reader) {
            let all = (try? handle.readToEnd()) ?? Data()
            said.withLock { $0 = all }
        }
        let output = try output.fileHandleForReading.readToEnd() ?? Data()
        reader.wait()
        let errors = said.withLock { $0 }
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        return (
            process.terminationStatus, String(decoding: output, as: UTF8.self),
            String(decoding: errors, as: UTF8.self)
        )
    }
}
