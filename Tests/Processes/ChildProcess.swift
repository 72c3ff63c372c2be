package import Foundation
import Glibc
internal import Synchronization

/// A program in a process of its own, whose end can be waited for and brought about.
///
/// Its standard error goes to a file, so that a failed test can show what it said.
package final class ChildProcess: Sendable {
    /// How a process ended.
    package enum Ending: Sendable, Hashable {
        case exited(Int32)
        case killed(by: Int32)
    }

    private struct State {
        var ending: Ending?
        var waiting: [CheckedContinuation<Ending, Never>] = []
    }

    package let id: pid_t
    private let log: String
    private let output: Int32
    private let state = Mutex(State())
    private let hasEnded = NSCondition()

    /// Starts the program, `balai` unless another is named, with the arguments.
    package init(
        program: String? = nil,
        _ arguments: [String],
        environment: [String: String] = [:],
        log: String
    ) throws {
        var ends: [Int32] = [0, 0]
        // Unlike a pipe, this is closed in every other child from the first moment on.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try POSIXError.check(socketpair(AF_UNIX, kind, 0, &ends))
        defer { close(ends[1]) }
        output = ends[0]
        self.log = log
        let words = [try program ?? Self.product("balai").path] + arguments
        id = try Self.spawn(words, environment, output: ends[1], log: log)
        Thread.detachNewThread { [self] in waitForEnd() }
    }

    deinit { close(output) }

    // MARK: While it runs

    /// The next line of its standard output that has all the words; nil when it ends before.
    package func line(with words: String...) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                while let line = readLine() {
                    guard words.allSatisfy({ line.contains($0) }) else { continue }
                    return continuation.resume(returning: line)
                }
                continuation.resume(returning: nil)
            }
        }
    }

    package func send(_ signal: Int32) {
        // Under the lock, so that the number is still this process's own.
        state.withLock { if $0.ending == nil { kill(id, signal) } }
    }

    /// Lets none of its files grow beyond so many bytes; nil lets them.
    package func limitFiles(to bytes: Int?) async throws {
        let limit = bytes.map { "\($0):" } ?? "unlimited:"
        let program = try ChildProcess(
            program: "/usr/bin/prlimit",
            ["--pid", "\(id)", "--fsize=\(limit)"],
            log: log
        )
        guard await program.ended() == .exited(0) else { throw POSIXError(.EPERM) }
    }

    // MARK: When it has ended

    package func ended() async -> Ending {
        await withCheckedContinuation { continuation in
            let ending = state.withLock { state in
                if state.ending == nil { state.waiting.append(continuation) }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }

    /// Waits for the end on the thread that asks.
    package func waitUntilEnded() -> Ending {
        hasEnded.lock()
        defer { hasEnded.unlock() }
        while true {
            if let ending = state.withLock(\.ending) { return ending }
            hasEnded.wait()
        }
    }

    /// What it wrote to standard error.
    package var errors: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    private func waitForEnd() {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        let ending = signal == 0 ? Ending.exited(status >> 8 & 0xFF) : .killed(by: signal)
        let waiting = state.withLock { state in
            state.ending = ending
            defer { state.waiting = [] }
            return state.waiting
        }
        hasEnded.lock()
        hasEnded.broadcast()
        hasEnded.unlock()
        for continuation in waiting { continuation.resume(returning: ending) }
    }

    /// The next line of its standard output, waiting for it; nil at the end.
    package func readLine() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    /// All that is left of its standard output, waiting for the end of it.
    package func readRest() -> String {
        var rest: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(output, &piece, piece.count)
            guard count > 0 else { return String(decoding: rest, as: UTF8.self) }
            rest += piece[..<count]
        }
    }

    // MARK: Starting

    private static func spawn(
        _ program: [String],
        _ environment: [String: String],
        output: Int32,
        log: String
    ) throws -> pid_t {
        let inherited = ["PATH": "/usr/bin:/bin", "HOME": NSTemporaryDirectory()]
        let variables = inherited.merging(environment) { $1 }.map { "\($0)=\($1)" }
        var words = program.map { strdup($0) } + [nil]
        var settings = variables.map { strdup($0) } + [nil]
        defer { (words + settings).forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var id = pid_t()
        let code = posix_spawn(&id, program[0], &actions, nil, &words, &settings)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
        return id
    }

    /// What is built lies next to the test bundle.
    package static func product(_ name: String) throws -> URL {
        var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = folder.appending(path: name)
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        throw CocoaError(.fileNoSuchFile)
    }
}

extension POSIXError {
    /// Throws when a system call said that it failed.
    static func check(_ result: Int32) throws {
        if result < 0 { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}
