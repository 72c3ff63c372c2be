package import NIOCore

/// A packet that a broker sends to a subscriber (MQTT 3.1.1 and 5.0, clause 3).
package enum MQTTPacket: Sendable, Equatable {
    /// The answer to the request for a connection: 0, or the reason of a refusal.
    case connectionAnswer(code: UInt8, hasSession: Bool)
    case message(MQTTMessage)
    /// The answer to a subscription: for each filter 0 to 2, or the reason of a refusal.
    case subscriptionAnswer(number: UInt16, codes: [UInt8])
    /// The answer to a message that the hub has published, with its number: from 0x80 a refusal.
    case publicationAnswer(number: UInt16, code: UInt8)
    case pong
    /// The broker ends the connection, with its reason.
    case end(code: UInt8)
}

/// A message that was published.
package struct MQTTMessage: Sendable, Equatable {
    package var topic: String
    package var payload: [UInt8]
    /// 0: at most once; 1: at least once; 2: exactly once.
    package var qualityOfService: Int
    /// The packet identifier, by which the message is acknowledged; nil with quality of service 0.
    package var number: UInt16?
    /// Whether the broker may have sent it before.
    package var isRepeated: Bool
    /// Whether its payload was longer than allowed, and was left out.
    package var isTooLong = false
}

/// The reason why bytes are not packets of MQTT.
package struct MQTTError: Error, Equatable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Reads packets from the bytes of a connection.
///
/// What a broker must not send, or not so long, is an error; a message that is too long is read
/// without its payload.
package struct MQTTPacketReader {
    private let isVersion5: Bool
    /// The bytes of a payload that are left out before the next packet.
    private var bytesToSkip = 0

    /// The longest packet beside messages, and the longest topic with the properties of a message.
    private static let maximumHeadBytes = 128 << 10
    private let maximumPayloadBytes: Int

    package init(isVersion5: Bool, maximumPayloadBytes: Int) {
        self.isVersion5 = isVersion5
        self.maximumPayloadBytes = maximumPayloadBytes
    }

    /// The next packet; nil when more bytes are needed.
    package mutating func next(_ buffer: inout ByteBuffer) throws(MQTTError) -> MQTTPacket? {
        if bytesToSkip > 0 {
            let count = min(bytesToSkip, buffer.readableBytes)
            buffer.moveReaderIndex(forwardBy: count)
            bytesToSkip -= count
            guard bytesToSkip == 0 else { return nil }
        }
        var ahead = buffer
        guard let first: UInt8 = ahead.readInteger() else { return nil }
        guard let length = try Self.length(&ahead) else { return nil }
        if first >> 4 == 3 {
            guard let message = try message(first & 0x0F, length, &ahead) else { return nil }
            buffer = ahead
            return .message(message)
        }
        guard length <= Self.maximumHeadBytes else {
            throw MQTTError("A packet of \(length) bytes is longer than a broker's answer.")
        }
        guard var body = ahead.readSlice(length: length) else { return nil }
        buffer = ahead
        return try packet(first, &body)
    }

    /// A length of one to four bytes (clause 1.5.5 of MQTT 5.0); nil when more bytes are needed.
    private static func length(_ buffer: inout ByteBuffer) throws(MQTTError) -> Int? {
        var length = 0
        for place in 0..<4 {
            guard let byte: UInt8 = buffer.readInteger() else { return nil }
            length |= Int(byte & 0x7F) << (7 * place)
            if byte & 0x80 == 0 { return length }
        }
        throw MQTTError("The length of a packet has more than four bytes.")
    }

    private func packet(
        _ first: UInt8,
        _ body: inout ByteBuffer
    ) throws(MQTTError) -> MQTTPacket {
        switch first >> 4 {
        case 2:
            let flags = try Self.byte(&body)
            return .connectionAnswer(code: try Self.byte(&body), hasSession: flags & 1 == 1)
        case 4:
            let number = try Self.number(&body)
            return .publicationAnswer(number: number, code: body.readInteger() ?? 0)
        case 9:
            let number = try Self.number(&body)
            if isVersion5 { try Self.skipProperties(&body) }
            return .subscriptionAnswer(number: number, codes: Array(body.readableBytesView))
        case 13: return .pong
        case 14: return .end(code: body.readInteger() ?? 0)
        default: throw MQTTError("A broker sends no packet of type \(first >> 4) to a subscriber.")
        }
    }

    /// A PUBLISH packet (clause 3.3); nil when more bytes are needed.
    private mutating func message(
        _ flags: UInt8,
        _ length: Int,
        _ buffer: inout ByteBuffer
    ) throws(MQTTError) -> MQTTMessage? {
        let quality = Int(flags >> 1 & 3)
        guard quality < 3 else { throw MQTTError("There is no quality of service 3.") }
        let isWhole = buffer.readableBytes >= length
        guard isWhole || buffer.readableBytes >= Self.maximumHeadBytes else { return nil }
        let available = min(length, buffer.readableBytes)
        let start = buffer.readerIndex
        guard var head = buffer.getSlice(at: start, length: available) else { return nil }
        let topicBytes = Int(try Self.number(&head))
        guard let topic = head.readBytes(length: topicBytes),
            let text = String(validating: topic, as: UTF8.self)
        else { throw MQTTError("A topic is not UTF-8, or is not complete.") }
        guard !text.isEmpty, !text.utf8.contains(0), !text.utf8.contains(UInt8(ascii: "#")),
            !text.utf8.contains(UInt8(ascii: "+"))
        else { throw MQTTError("A topic is empty, or has a wildcard.") }
        let number = quality > 0 ? try Self.number(&head) : nil
        guard number != 0 else { throw MQTTError("A message has the number 0.") }
        var message = MQTTMessage(
            topic: text,
            payload: [],
            qualityOfService: quality,
            number: number,
            isRepeated: flags & 8 != 0
        )
        var areTooLong = false
        if isVersion5 {
            guard let bytes = try Self.length(&head) else { throw Self.short }
            areTooLong = bytes > head.readableBytes
            // Properties that go on beyond what is looked at are longer than anything a source needs.
            guard !areTooLong || !isWhole else { throw Self.short }
            if !areTooLong { head.moveReaderIndex(forwardBy: bytes) }
        }
        let payloadBytes = length - head.readerIndex
        guard !areTooLong, payloadBytes <= maximumPayloadBytes else {
            message.isTooLong = true
            buffer.moveReaderIndex(forwardBy: available)
            bytesToSkip = length - available
            return message
        }
        guard isWhole else { return nil }
        message.payload = head.readBytes(length: payloadBytes) ?? []
        buffer.moveReaderIndex(forwardBy: length)
        return message
    }

    private static func byte(_ buffer: inout ByteBuffer) throws(MQTTError) -> UInt8 {
        guard let byte: UInt8 = buffer.readInteger() else { throw short }
        return byte
    }

    private static func number(_ buffer: inout ByteBuffer) throws(MQTTError) -> UInt16 {
        guard let number: UInt16 = buffer.readInteger() else { throw short }
        return number
    }

    private static func skipProperties(_ buffer: inout ByteBuffer) throws(MQTTError) {
        guard let length = try length(&buffer), length <= buffer.readableBytes else { throw short }
        buffer.moveReaderIndex(forwardBy: length)
    }

    private static let short = MQTTError("A packet is shorter than it says.")
}
