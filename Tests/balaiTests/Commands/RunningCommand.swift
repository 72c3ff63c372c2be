import Foundation
import Processes
import Testing

/// The real command in a process of its own.
final class RunningCommand {
    private let process: ChildProcess
    private let log = NSTemporaryDirectory() + "/balai-command-\(UUID().uuidString).log"

    /// `state` is the folder of what commands store from run to run.
    init(_ arguments: [String], state: String? = nil) throws {
        process = try ChildProcess(
            arguments,
            environment: state.map { ["XDG_STATE_HOME": $0] } ?? [:],
            log: log
        )
    }

    deinit {
        process.send(SIGTERM)
        try? FileManager.default.removeItem(atPath: log)
    }

    /// Waits for the next line of standard output; nil at its end.
    func nextLine() throws -> String? { process.readLine() }

    /// Its standard error.
    var errors: String { process.errors }

    func stop(_ signal: Int32) { process.send(signal) }

    /// Kills it, as a power failure would.
    func killAtOnce() {
        process.send(SIGKILL)
        _ = process.waitUntilEnded()
    }

    /// Waits for the end; returns the exit code and the unread output.
    func end() throws -> (code: Int32, output: String, errors: String) {
        let output = process.readRest()
        guard case .exited(let code) = process.waitUntilEnded() else {
            throw Killed()
        }
        return (code, output, process.errors)
    }

    private struct Killed: Error {}
}
