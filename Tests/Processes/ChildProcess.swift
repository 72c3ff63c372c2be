package import Foundation
import Glibc

/// A program in a process of its own, which can be stopped and waited for.
///
/// It ends when nothing refers to it any more and when the tests end, however they end. Its
/// standard error goes to a file, so that a failed test can show it.
package final class ChildProcess: Sendable {
    /// How a process ended.
    package enum Ending: Sendable, Hashable {
        case exited(Int32)
        case killed(by: Int32)
    }

    package let id: pid_t
    private let log: String
    private let output: Int32
    private let life: Life

    /// Starts the program, `balai` by default, with the arguments.
    package init(
        program: String? = nil,
        _ arguments: [String],
        environment: [String: String] = [:],
        log: String
    ) throws {
        var ends: [Int32] = [0, 0]
        // Unlike a pipe, this socket is closed in every other child from the start.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try POSIXError.check(socketpair(AF_UNIX, kind, 0, &ends))
        defer { close(ends[1]) }
        output = ends[0]
        self.log = log
        let program = try program ?? Self.product("balai").path
        guard access(program, X_OK) == 0 else { throw POSIXError(.ENOENT) }
        let (words, end) = ([program] + arguments, ends[1])
        // It dies with the thread that started it, so this thread waits for its end.
        life = try Life { try Self.spawn(Self.dyingWithParent + words, environment, end, log) }
        id = life.id
    }

    deinit {
        life.send(SIGKILL)
        close(output)
    }

    // MARK: While it runs

    /// The next line of its standard output that has all the words; nil if it ends before.
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

    package func send(_ signal: Int32) { life.send(signal) }

    /// Limits the size of its files to this many bytes; nil removes the limit.
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

    package func ended() async -> Ending { await life.ended() }

    /// Blocks the calling thread until the process ends.
    package func waitUntilEnded() -> Ending { life.waitUntilEnded() }

    /// Its standard error.
    package var errors: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    /// Waits for the next line of its standard output; nil at the end.
    package func readLine() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    /// Waits for the rest of its standard output.
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

    private static let dyingWithParent = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"]

    private static func spawn(
        _ program: [String],
        _ environment: [String: String],
        _ output: Int32,
        _ log: String
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
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Threads of tests block signals. A program that inherited this would never end.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var id = pid_t()
        let code = posix_spawn(&id, program[0], &actions, &attributes, &words, &settings)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
        return id
    }

    /// The path of a built product, which lies next to the test bundle.
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
    /// Throws if the result of a system call is an error.
    static func check(_ result: Int32) throws {
        if result < 0 { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}
