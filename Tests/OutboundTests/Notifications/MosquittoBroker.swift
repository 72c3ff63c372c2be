import CMosquitto
import Foundation
import Glibc
import Processes
import Synchronization
import Testing

@testable import Outbound

/// A real MQTT broker, started for a test with its own configuration on a free port.
final class MosquittoBroker: Sendable {
    let port: Int
    private let program: ChildProcess
    private let folder: String

    /// Returns when it accepts connections.
    ///
    /// Throws if `mosquitto` is not installed (`.ci/set-up test` installs it).
    init(port: Int? = nil, user: (name: String, password: String)? = nil) throws {
        folder = NSTemporaryDirectory() + "balai-mosquitto-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        self.port = try port ?? Self.freePort()
        var lines = ["listener \(self.port) 127.0.0.1", "user root", "log_dest stderr"]
        if let user {
            let passwords = try ChildProcess(
                program: try Self.path(of: "mosquitto_passwd"),
                ["-b", "-c", folder + "/users", user.name, user.password],
                log: folder + "/log"
            )
            _ = passwords.waitUntilEnded()
            lines += ["allow_anonymous false", "password_file \(folder)/users"]
        } else {
            lines.append("allow_anonymous true")
        }
        try lines.joined(separator: "\n").write(
            toFile: folder + "/conf",
            atomically: true,
            encoding: .utf8
        )
        // It buffers its standard output.
        program = try ChildProcess(
            program: "/bin/sh",
            ["-c", "exec \"$0\" -c \"$1\" 2>&1", try Self.path(of: "mosquitto"), folder + "/conf"],
            log: folder + "/log"
        )
        while let line = program.readLine() { if line.contains("running") { return } }
        throw MissingBroker(detail: "mosquitto did not start on port \(self.port)")
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Returns when it has ended.
    func stop() {
        program.send(SIGKILL)
        _ = program.waitUntilEnded()
    }

    private static func path(of name: String) throws -> String {
        for folder in ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"] {
            let file = "\(folder)/\(name)"
            if FileManager.default.isExecutableFile(atPath: file) { return file }
        }
        throw MissingBroker(detail: "there is no \(name); '.ci/set-up test' installs it")
    }

    struct MissingBroker: Error { var detail: String }

    static func freePort() throws -> Int {
        let listener = try Listener()
        return listener.port
    }
}

/// A socket that listens and never answers.
final class Listener: Sendable {
    private let socket: Int32
    let port: Int

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (socket, length)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw MosquittoBroker.MissingBroker(detail: "no free port") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(socket) }
}

/// A client that subscribes to a topic.
final class TopicListener: Sendable {
    private let ears: Ears
    private let bell: WakeUp
    private let isOver = Mutex(false)

    /// The received messages, for the library's callbacks.
    private final class Ears: Sendable {
        let topic: String
        let messages: AsyncStream<String>
        let heard: AsyncStream<String>.Continuation
        let ready: AsyncStream<Void>
        let becameReady: AsyncStream<Void>.Continuation

        init(_ topic: String) {
            self.topic = topic
            (messages, heard) = AsyncStream.makeStream()
            (ready, becameReady) = AsyncStream.makeStream()
        }
    }

    /// Returns when it has subscribed.
    init(
        _ topic: String,
        at broker: MosquittoBroker,
        user: (name: String, password: String)? = nil
    ) async throws {
        mosquitto_lib_init()
        ears = Ears(topic)
        bell = try #require(WakeUp())
        let (ears, port) = (ears, Int32(broker.port))
        Thread.detachNewThread { self.listen(ears, port, user) }
        for await _ in ears.ready { break }
    }

    func stop() {
        isOver.withLock { $0 = true }
        bell.ring()
    }

    /// The next message, with its quality of service before it.
    func next() async -> String? {
        for await message in ears.messages { return message }
        return nil
    }

    /// Does not use the library's own loop, which handles only a process's first 1,024
    /// descriptors.
    private func listen(_ ears: Ears, _ port: Int32, _ user: (name: String, password: String)?) {
        let object = Unmanaged.passUnretained(ears).toOpaque()
        guard let handle = mosquitto_new(nil, true, object) else { return }
        defer { mosquitto_destroy(handle) }
        mosquitto_username_pw_set(handle, user?.name, user?.password)
        Self.setCallbacks(handle)
        mosquitto_connect(handle, "127.0.0.1", port, 30)
        while !isOver.withLock({ $0 }), mosquitto_socket(handle) >= 0 {
            let ready = bell.wait(
                for: mosquitto_socket(handle),
                wantsToWrite: mosquitto_want_write(handle),
                milliseconds: 1_000
            )
            if ready.canRead { mosquitto_loop_read(handle, 1) }
            if ready.canWrite { mosquitto_loop_write(handle, 1) }
            mosquitto_loop_misc(handle)
        }
    }

    private static func setCallbacks(_ handle: OpaquePointer) {
        mosquitto_connect_callback_set(handle) { handle, ears, _ in
            mosquitto_subscribe(handle, nil, TopicListener.of(ears)?.topic, 2)
        }
        mosquitto_subscribe_callback_set(handle) { _, ears, _, _, _ in
            TopicListener.of(ears)?.becameReady.yield()
        }
        mosquitto_message_callback_set(handle) { _, ears, message in
            guard let message = message?.pointee else { return }
            let bytes = UnsafeRawBufferPointer(
                start: message.payload,
                count: Int(message.payloadlen)
            )
            let text = String(decoding: bytes, as: UTF8.self)
            TopicListener.of(ears)?.heard.yield("\(message.qos) \(text)")
        }
    }

    private static func of(_ pointer: UnsafeMutableRawPointer?) -> Ears? {
        pointer.map { Unmanaged<Ears>.fromOpaque($0).takeUnretainedValue() }
    }
}
