import Broker
import Collect
import ContextModel
import Crypto
import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// Listens to the topics of one source, and connects again whenever the connection ends.
///
/// A message with quality of service 1 is acknowledged when the hub has stored what became of it;
/// until then the broker keeps it, also while the hub is away.
struct MQTTSubscriber: Sendable {
    let source: LiveSource
    let topics: MQTTTopics
    let sourcing: Sourcing
    let secrets: SourceSecrets
    /// What tells this hub from others that listen at the same broker.
    let hubName: String
    let clock: HubClock
    let logger: Logger
    /// Publishes through its connections; nil where nothing is published.
    var publications: MQTTPublications?

    private static let keepAliveSeconds: Int64 = 30
    private static let silenceSeconds: Int64 = 90
    private static let answerTimeout = Duration.seconds(15)
    private static let sessionSeconds: UInt32 = 86_400
    private static let maximumUnderway: UInt16 = 500
    /// The pauses between attempts: the first, and the longest.
    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(60)

    private typealias Inbound = NIOAsyncChannelInboundStream<[MQTTPacket]>.AsyncIterator
    private typealias Outbound = NIOAsyncChannelOutboundWriter<ByteBuffer>

    /// Runs until its task is cancelled.
    func run() async {
        var pause = Self.firstPause
        while !Task.isCancelled {
            let started = ContinuousClock.now
            do {
                try await listen()
                if Task.isCancelled { return }
                note("The broker has ended the connection.", isConnected: false)
            } catch is CancellationError {
                return
            } catch {
                note(Self.sentence(about: error), isConnected: false)
            }
            // A connection that lasted was a good one.
            if started.duration(to: .now) > Self.longestPause { pause = Self.firstPause }
            guard (try? await clock.sleep(for: pause * Double.random(in: 0.5...1))) != nil else {
                return
            }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private static func sentence(about error: any Error) -> String {
        switch error {
        case let error as MQTTError: error.description
        case let error as SourceError: error.description
        case let error as BrokerError: error.detail
        default: "The broker cannot be reached: \(error)."
        }
    }

    private func note(_ sentence: String, isConnected: Bool) {
        sourcing.note(sentence, isConnected: isConnected, of: source)
        let metadata: Logger.Metadata = [
            "source": "\(source.key.name)", "broker": "\(topics.host):\(topics.port)",
        ]
        if isConnected {
            logger.info("a source is connected", metadata: metadata)
        } else {
            logger.warning("a source is not connected: \(sentence)", metadata: metadata)
        }
    }

    // MARK: One connection

    private func listen() async throws {
        let password = try topics.password.map { try secrets.text(of: $0) }
        let tls = try topics.isSecure ? tlsContext() : nil
        let (isVersion5, host) = (topics.isVersion5, topics.host)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(10))
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: 1 << 16)
            )
            .connect(host: host, port: topics.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let name = Self.isAddress(host) ? nil : host
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: name)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        IdleStateHandler(
                            readTimeout: .seconds(Self.silenceSeconds),
                            writeTimeout: .seconds(Self.keepAliveSeconds)
                        )
                    )
                    try channel.pipeline.syncOperations.addHandler(
                        MQTTChannelHandler(
                            isVersion5: isVersion5,
                            maximumPayloadBytes: ReceivedMessage.maximumBytes
                        )
                    )
                    return try NIOAsyncChannel<[MQTTPacket], ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(
                            backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8)
                        )
                    )
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            var packets = inbound.makeAsyncIterator()
            try await begin(&packets, outbound, password, channel.channel)
            note("Connected.", isConnected: true)
            publications?.attach(outbound, MQTTRequests(isVersion5: isVersion5))
            defer { publications?.detach() }
            while let some = try await packets.next() { try await take(some, outbound) }
        }
    }

    private static func isAddress(_ host: String) -> Bool {
        (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }

    private func tlsContext() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authority = topics.authority {
            let text = try secrets.text(of: authority, isPublic: true)
            let certificates = try NIOSSLCertificate.fromPEMBytes(Array(text.utf8))
            configuration.trustRoots = .certificates(certificates)
        }
        if let certificate = topics.certificate, let key = topics.key {
            try present(certificate, key, &configuration)
        }
        return try NIOSSLContext(configuration: configuration)
    }

    /// Lets the broker know the hub by a certificate.
    private func present(
        _ certificate: SecretReference,
        _ key: SecretReference,
        _ configuration: inout TLSConfiguration
    ) throws {
        let chain = try secrets.text(of: certificate, isPublic: true)
        let secret = try secrets.text(of: key)
        do {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8))
                .map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(secret.utf8), format: .pem)
            )
        } catch {
            throw MQTTError("The certificate or the key for the broker is not in PEM.")
        }
    }

    /// Asks for the connection and for the topics; closes the channel when the answers are late.
    private func begin(
        _ packets: inout Inbound,
        _ outbound: Outbound,
        _ password: String?,
        _ channel: any Channel
    ) async throws {
        let requests = MQTTRequests(isVersion5: isVersion5)
        let late = Task { [clock] in
            try await clock.sleep(for: Self.answerTimeout)
            channel.close(promise: nil)
        }
        defer { late.cancel() }
        let connection = MQTTRequests.Connection(
            client: topics.client ?? Self.clientName(of: source.key, topics, hubName: hubName),
            user: topics.user,
            password: password,
            keepAliveSeconds: UInt16(2 * Self.keepAliveSeconds),
            sessionSeconds: Self.sessionSeconds,
            maximumUnderway: Self.maximumUnderway,
            maximumPacketBytes: UInt32(ReceivedMessage.maximumBytes + (128 << 10))
        )
        try await outbound.write(requests.connect(connection))
        let first = try await packets.next() ?? []
        guard case .connectionAnswer(let code, _)? = first.first else {
            throw MQTTError("The broker did not answer the request for a connection.")
        }
        guard code == 0 else { throw MQTTError(Self.refusal(code, isVersion5: isVersion5)) }
        let subscription = requests.subscribe(
            to: topics.filters,
            qualityOfService: topics.qualityOfService,
            number: 1
        )
        try await outbound.write(subscription)
        // Messages of a session that goes on may come before the answer, also together with the
        // answer to the request for the connection.
        var arrived = Array(first.dropFirst())
        while true {
            let isSubscribed = try isSubscribed(by: arrived)
            try await take(arrived, outbound)
            if isSubscribed { return }
            guard let more = try await packets.next() else { break }
            arrived = more
        }
        throw MQTTError("The broker did not answer the subscription.")
    }

    /// Whether the answer to the subscription is among the packets; throws where it is a refusal.
    private func isSubscribed(by packets: [MQTTPacket]) throws(MQTTError) -> Bool {
        for case .subscriptionAnswer(1, let codes) in packets {
            if let place = codes.firstIndex(where: { $0 >= 0x80 }),
                topics.filters.indices.contains(place)
            {
                throw MQTTError("The broker refuses the topic `\(topics.filters[place])`.")
            }
            return true
        }
        return false
    }

    /// The name of the hub at the broker: another one for each tenant, source and list of topics.
    ///
    /// A broker ends the connection of a client when another one has its name, and keeps the
    /// topics of a name that comes back (MQTT 5.0, clauses 3.1.4 and 3.1.2.4).
    static func clientName(
        of source: SourceKey,
        _ topics: MQTTTopics,
        hubName: String
    ) -> String {
        let parts = [source.tenant?.text ?? ""] + topics.filters.sorted()
        let hash = SHA256.hash(data: Array(parts.joined(separator: "\0").utf8))
        let short = Hexadecimal.text(of: hash.prefix(4))
        return "balai-\(hubName.prefix(8))-\(source.name)-\(short)"
    }

    private var isVersion5: Bool { topics.isVersion5 }

    private static func refusal(_ code: UInt8, isVersion5: Bool) -> String {
        let reason =
            switch (code, isVersion5) {
            case (4, false), (0x86, true): "user or password is wrong"
            case (5, false), (0x87, true): "it is not allowed"
            case (1, false), (0x84, true): "the broker does not speak this version of MQTT"
            case (2, false), (0x85, true): "the name of the client is not accepted"
            default: "code \(code)"
            }
        return "The broker refuses the connection: \(reason)."
    }

    /// Stores the messages, then acknowledges them.
    private func take(_ packets: [MQTTPacket], _ outbound: Outbound) async throws {
        var messages: [ReceivedMessage] = []
        var numbers: [UInt16] = []
        let now = clock()
        for packet in packets {
            switch packet {
            case .message(let message):
                let received = ReceivedMessage(message, receivedAt: now)
                if let number = message.number { numbers.append(number) }
                if try await answer(received, outbound) { continue }
                // A session that goes on may still have topics of an earlier definition.
                if let topic = received.topic, topics.includes(topic) { messages.append(received) }
            case .end(let code): throw MQTTError("The broker ends the connection (\(code)).")
            case .publicationAnswer(let number, let code):
                publications?.answer(number, code: code)
            case .connectionAnswer, .subscriptionAnswer, .pong: break
            }
        }
        if !messages.isEmpty { _ = try await sourcing.receive(messages, by: source) }
        guard !numbers.isEmpty else { return }
        try await outbound.write(MQTTRequests(isVersion5: isVersion5).acknowledge(numbers))
    }

    /// Answers a message that is a question of ThingsBoard's gateway; whether it was one.
    ///
    /// The gateway asks again after a new connection, so that an answer may get lost.
    private func answer(_ message: ReceivedMessage, _ outbound: Outbound) async throws -> Bool {
        guard let definition = source.mapping.definition as? SourceDefinition,
            definition.format == .thingsBoard, let topic = message.topic,
            let answer = ThingsBoardQuestion.answer(
                to: message.body,
                topic: topic,
                maximumBytes: ReceivedMessage.maximumBytes
            )
        else { return false }
        let requests = MQTTRequests(isVersion5: isVersion5)
        try await outbound.write(requests.publish(answer.body, to: answer.topic, number: nil))
        return true
    }
}

extension ReceivedMessage {
    init(_ message: MQTTMessage, receivedAt: Timestamp) {
        let hasLongRun = CombiningMarks.areTooMany(in: message.topic)
        let topic = hasLongRun ? CombiningMarks.cut(message.topic) : message.topic
        self.init(message.payload, topic: topic, receivedAt: receivedAt)
        if hasLongRun { problem = "In the topic \(CombiningMarks.problem)." }
        if message.isTooLong {
            problem = "The message has more than \(Self.maximumBytes) bytes."
        }
        guard let number = message.number else { return }
        // A broker uses its numbers again; the content tells whether it is the same message.
        var hash = SHA256()
        hash.update(data: Array(message.topic.utf8) + [0])
        hash.update(data: message.payload)
        self.number = "mqtt \(number) \(Hexadecimal.text(of: hash.finalize().prefix(8)))"
        isRepeatedByNumber = message.isRepeated
    }
}
