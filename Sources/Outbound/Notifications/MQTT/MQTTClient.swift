import CMosquitto
import Broker
import Glibc

/// libmosquitto's connection to one MQTT broker; used on one thread alone.
///
/// The library calls its callbacks on the same thread, during its own calls. They only note
/// events, which the owner then reads.
final class MQTTClient {
    /// The state of the connection.
    enum Phase: Equatable {
        case connecting, connected
        /// It has ended, with the reason for the operator.
        case over(String)
    }

    private(set) var phase = Phase.connecting
    /// So many messages the broker takes before it has answered the first of them.
    ///
    /// The library would keep further ones, and send them at any time.
    private(set) var mostUnanswered = 20
    /// The broker's answers to messages by their numbers: nil, or the reason of a refusal.
    private var answers: [Int32: String?] = [:]
    private let handle: OpaquePointer

    /// Whether the network has accepted any bytes: from then on, the library knows when it must
    /// write.
    private var isReached = false

    /// The bytes received from the broker, and their limit.
    ///
    /// A broker answers each message with a few bytes. The library would allocate up to 256 MiB
    /// for anything else that the broker announces.
    private var receivedBytes = 0
    private var allowedBytes = bytesAtFirst
    private static let bytesAtFirst = 256 * 1_024
    private static let bytesOfAnswer = 1_024
    /// The bytes that the system buffers before they are read.
    private static let bufferBytes: Int32 = 64 * 1_024

    private static let keepAliveSeconds: Int32 = 30
    private static let isLibraryReady = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue.asCode

    init?(_ broker: MQTTEndpoint.Broker) {
        guard Self.isLibraryReady, let handle = mosquitto_new(nil, true, nil) else { return nil }
        self.handle = handle
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        let version = broker.version == .v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
        mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, Int32(version))
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        if let user = broker.user {
            mosquitto_username_pw_set(handle, user, broker.password)
        }
        if broker.isSecure { mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1) }
        setCallbacks()
    }

    deinit { mosquitto_destroy(handle) }

    private func setCallbacks() {
        mosquitto_connect_v5_callback_set(handle) { _, object, code, _, properties in
            MQTTClient.of(object)?.noteConnection(code, properties)
        }
        mosquitto_disconnect_callback_set(handle) { _, object, code in
            MQTTClient.of(object)?.close(code)
        }
        mosquitto_publish_v5_callback_set(handle) { _, object, number, reason, _ in
            // MQTT's reasons from 0x80 are refusals.
            let refusal = reason >= 0x80 ? String(cString: mosquitto_reason_string(reason)) : nil
            MQTTClient.of(object)?.answers[number] = .some(refusal)
        }
    }

    private static func of(_ object: UnsafeMutableRawPointer?) -> MQTTClient? {
        object.map { Unmanaged<MQTTClient>.fromOpaque($0).takeUnretainedValue() }
    }

    private func noteConnection(_ code: Int32, _ properties: OpaquePointer?) {
        guard code == 0 else {
            phase = .over("The MQTT broker refuses the connection (\(code)).")
            return
        }
        // Before MQTT 5 there is no such property (MQTT 5.0, clause 3.2.2.3.3).
        var most: UInt16 = 0
        let property = MQTT_PROP_RECEIVE_MAXIMUM.rawValue.asCode
        if mosquitto_property_read_int16(properties, property, &most, false) != nil {
            mostUnanswered = min(mostUnanswered, Int(most))
        }
        phase = .connected
    }

    private func close(_ code: Int32) {
        if case .over = phase { return }
        phase = .over(
            "The MQTT broker cannot be reached (\(String(cString: mosquitto_strerror(code))))."
        )
    }

    private func check(_ code: Int32) {
        if code != MOSQ_ERR_SUCCESS.rawValue.asCode { close(code) }
    }

    // MARK: Running

    /// Starts to connect; looking up the host may block.
    func connect(to host: String, port: Int) {
        check(mosquitto_connect_async(handle, host, Int32(port), Self.keepAliveSeconds))
        var bytes = Self.bufferBytes
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, size)
    }

    /// Closes the connection in an orderly way.
    func disconnect() { mosquitto_disconnect(handle) }

    /// The socket; negative when there is none.
    var socket: Int32 { mosquitto_socket(handle) }
    /// Whether the library has nothing to write, so that what is published goes to the socket at once.
    var isClear: Bool { !mosquitto_want_write(handle) }
    /// Whether to wait until the socket can be written to.
    ///
    /// A connected socket always can, so this must be false while the broker is silent.
    var wantsToWrite: Bool { !isReached || mosquitto_want_write(handle) }

    /// Reads and writes when the socket is ready, and keeps the connection alive.
    func work(canRead: Bool, canWrite: Bool) {
        if canWrite { isReached = true }
        if canRead, mayRead() { check(mosquitto_loop_read(handle, 1)) }
        if canWrite, socket >= 0 { check(mosquitto_loop_write(handle, 1)) }
        if socket >= 0 { check(mosquitto_loop_misc(handle)) }
        if socket < 0 { close(MOSQ_ERR_CONN_LOST.rawValue.asCode) }
    }

    /// Counts the bytes that can be read; ends the connection when it has sent too many.
    private func mayRead() -> Bool {
        var bytes: Int32 = 0
        if ioctl(socket, UInt(FIONREAD), &bytes) == 0 { receivedBytes += Int(bytes) }
        if receivedBytes > allowedBytes {
            phase = .over("The MQTT broker sends more than answers.")
        }
        return receivedBytes <= allowedBytes
    }

    /// Publishes a message; returns its number, or nil when it cannot be sent.
    func publish(_ payload: [UInt8], to topic: String, qualityOfService: Int) -> Int32? {
        allowedBytes += Self.bytesOfAnswer
        var number: Int32 = 0
        let code = mosquitto_publish_v5(
            handle,
            &number,
            topic,
            Int32(payload.count),
            payload,
            Int32(qualityOfService),
            false,
            nil
        )
        return code == MOSQ_ERR_SUCCESS.rawValue.asCode ? number : nil
    }

    /// The broker's answers since the last call: nil for an accepted message, otherwise the
    /// reason.
    func takeAnswers() -> [Int32: String?] {
        defer { answers = [:] }
        return answers
    }
}

extension BinaryInteger {
    /// The library's codes are ints; its enumeration is imported as signed or unsigned.
    fileprivate var asCode: Int32 { Int32(self) }
}
