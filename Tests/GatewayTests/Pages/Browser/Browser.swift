import ContextModel
import Foundation
import Processes
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A headless Chromium, controlled by the DevTools protocol over a pipe: no port, no library.
final class Browser: Sendable {
    private struct State {
        var lastID = 0
        var waiting: [Int: CheckedContinuation<JSONObject, any Error>] = [:]
        var listeners: [String: @Sendable (_ method: String, _ event: JSONObject) -> Void] = [:]
        var hasEnded = false
    }
    private let state = Mutex(State())
    private let process: ChildProcess
    private let commands: FileHandle
    private let messages: FileHandle
    /// Its profile, the ends of its pipes and its output.
    private let folder = NSTemporaryDirectory() + "/balai-browser-\(UUID().uuidString)"

    /// Possible names of a Chromium; `.ci/set-up test` installs the first where there is one.
    private static let names = [
        "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
    ]

    private static let options = [
        "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
        "--disable-extensions", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
        // It loads no pages but ours; root, as in a container of CI, has no sandbox.
        "--no-sandbox",
    ]

    /// Starts a browser with an empty profile.
    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let pipes = [folder + "/commands", folder + "/messages"]
        for pipe in pipes where mkfifo(pipe, 0o600) != 0 { throw BrowserError.ended }
        // The protocol uses descriptors 3 and 4.
        let script = "in=$1; out=$2; shift 2; exec \"$0\" \"$@\" 3<\"$in\" 4>\"$out\" 1>&2"
        process = try ChildProcess(
            program: "/bin/sh",
            ["-c", script, try Self.path()] + pipes + Self.options
                + ["--user-data-dir=\(folder)/profile", "about:blank"],
            environment: ["HOME": folder],
            log: folder + "/log"
        )
        commands = try FileHandle(forWritingTo: URL(filePath: pipes[0]))
        messages = try FileHandle(forReadingFrom: URL(filePath: pipes[1]))
        let descriptor = messages.fileDescriptor
        Thread.detachNewThread { [self] in read(descriptor) }
    }

    /// Ends it and removes its profile.
    func close() {
        process.send(SIGTERM)
        _ = process.waitUntilEnded()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Sends a command and waits for its result.
    @discardableResult
    func send(
        _ method: String,
        _ parameters: JSONObject = [:],
        session: String? = nil
    ) async throws -> JSONObject {
        try await withCheckedThrowingContinuation { continuation in
            var message: JSONObject = ["method": .string(method), "params": .object(parameters)]
            if let session { message["sessionId"] = .string(session) }
            let id = state.withLock { state -> Int? in
                guard !state.hasEnded else { return nil }
                state.lastID += 1
                state.waiting[state.lastID] = continuation
                return state.lastID
            }
            guard let id else { return continuation.resume(throwing: BrowserError.ended) }
            message["id"] = .number(JSONNumber(id))
            commands.write(Data(JSONValue.object(message).serialized + [0]))
        }
    }

    /// Listens to the events of a session.
    func listen(
        to session: String,
        _ listener: @escaping @Sendable (_ method: String, _ event: JSONObject) -> Void
    ) {
        state.withLock { $0.listeners[session] = listener }
    }

    private static func path() throws -> String {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        for name in names {
            for folder in folders {
                let path = "\(folder)/\(name)"
                if FileManager.default.isExecutableFile(atPath: path) { return path }
            }
        }
        throw BrowserError.missing
    }

    // MARK: Messages

    /// Each message ends with a zero byte.
    private func read(_ descriptor: Int32) {
        var rest: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return end() }
            rest += buffer[..<count]
            let parts = rest.split(separator: 0, omittingEmptySubsequences: false)
            for part in parts.dropLast() { take(Array(part)) }
            rest = Array(parts.last ?? [])
        }
    }

    private func take(_ bytes: [UInt8]) {
        guard let message = (try? JSONReader.read(bytes))?.objectValue else { return }
        if let id = message["id"]?.numberValue?.intValue {
            let waiting = state.withLock { $0.waiting.removeValue(forKey: id) }
            if let error = message["error"] {
                waiting?.resume(throwing: BrowserError.refused(error.text))
            } else {
                waiting?.resume(returning: message["result"]?.objectValue ?? [:])
            }
        } else if let session = message["sessionId"]?.stringValue {
            let listener = state.withLock { $0.listeners[session] }
            listener?(message["method"]?.stringValue ?? "", message["params"]?.objectValue ?? [:])
        }
    }

    private func end() {
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for each in waiting { each.resume(throwing: BrowserError.ended) }
    }
}

enum BrowserError: Error, CustomStringConvertible {
    case missing, ended
    case refused(String)

    var description: String {
        switch self {
        case .missing: "There is no Chromium for the tests of the pages: run `.ci/set-up test`."
        case .ended: "Chromium has ended."
        case .refused(let reason): "Chromium refuses: \(reason)"
        }
    }
}

extension JSONValue {
    /// As JSON text.
    var text: String { String(decoding: serialized, as: UTF8.self) }
}
