import Foundation
import Glibc
import Synchronization
import UnixSignals

/// A hub in a process of its own, which runs this program.
final class ChildHub: Sendable {
    private struct State {
        var hasEnded = false
        /// Nil as long as the hub has neither said that it is ready nor ended.
        var isReady: Bool?
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let id: pid_t
    /// What ends the hub when this program ends: nothing is ever written to it.
    private let input = Pipe()
    private let state: Mutex<State>

    /// Starts this program with the arguments; what it logs goes to the end of a file.
    ///
    /// Throws `StartError` when the system cannot start it.
    init(_ arguments: [String], log: String) throws {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = try Self.append(to: log)
        state = Mutex(State())
        do { try process.run() } catch {
            throw StartError(.usage, "A hub cannot be started: \(error.localizedDescription)")
        }
        id = process.processIdentifier
        process.terminationHandler = { [weak self] _ in
            output.fileHandleForReading.readabilityHandler = nil
            self?.note(hasEnded: true)
        }
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            // A hub says one line when it listens.
            if !handle.availableData.isEmpty { self?.note(hasEnded: false) }
        }
        if !process.isRunning { note(hasEnded: true) }
    }

    private static func append(to log: String) throws -> FileHandle {
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StartError(.folder, "\(log) cannot be written.") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private func note(hasEnded: Bool) {
        let waiting = state.withLock { state in
            if hasEnded { state.hasEnded = true }
            state.isReady = !state.hasEnded
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until the condition holds, which a change of the state makes true.
    private func wait(until holds: @Sendable (borrowing State) -> Bool) async {
        while true {
            let isDone = state.withLock { holds($0) }
            if isDone { return }
            await withCheckedContinuation { continuation in
                let isLate = state.withLock { state in
                    guard !holds(state) else { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isLate { continuation.resume() }
            }
        }
    }

    /// Waits until the hub listens; false when it ends before.
    func isReady() async -> Bool {
        await wait { $0.isReady != nil }
        return state.withLock { $0.isReady ?? false }
    }

    func ended() async { await wait { $0.hasEnded } }

    func send(_ signal: Int32) {
        guard !state.withLock(\.hasEnded) else { return }
        kill(id, signal)
    }

    /// Waits until one of the hubs has ended, or this program is told to end.
    static func untilAnyEnds(_ hubs: [ChildHub]) async {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { return } }
            for hub in hubs { group.addTask { await hub.ended() } }
            await group.next()
            // Their ends end the tasks that wait for them.
            for hub in hubs { hub.send(SIGTERM) }
            group.cancelAll()
        }
    }
}
