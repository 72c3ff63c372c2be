import NIOCore

/// The packets that a subscriber sends (MQTT 3.1.1 and 5.0, clause 3).
struct MQTTRequests {
    let isVersion5: Bool

    /// What the hub asks of a connection.
    struct Connection {
        var client: String
        var user: String?
        var password: String?
        var keepAliveSeconds: UInt16
        /// How long the broker keeps messages for the hub while it is away.
        var sessionSeconds: UInt32
        /// The messages that may be on their way unacknowledged.
        var maximumUnderway: UInt16
        var maximumPacketBytes: UInt32
    }

    /// CONNECT (clause 3.1), which goes on with a session that the broker has.
    func connect(_ connection: Connection) -> ByteBuffer {
        var body = ByteBuffer()
        Self.write("MQTT", to: &body)
        body.writeInteger(UInt8(isVersion5 ? 5 : 4))
        var flags: UInt8 = 0
        if connection.user != nil { flags |= 0x80 }
        if connection.password != nil { flags |= 0x40 }
        body.writeInteger(flags)
        body.writeInteger(connection.keepAliveSeconds)
        if isVersion5 {
            body.writeInteger(UInt8(13))
            body.writeInteger(UInt8(0x11))
            body.writeInteger(connection.sessionSeconds)
            body.writeInteger(UInt8(0x21))
            body.writeInteger(connection.maximumUnderway)
            body.writeInteger(UInt8(0x27))
            body.writeInteger(connection.maximumPacketBytes)
        }
        Self.write(connection.client, to: &body)
        if let user = connection.user { Self.write(user, to: &body) }
        if let password = connection.password { Self.write(password, to: &body) }
        return packet(0x10, body)
    }

    /// SUBSCRIBE (clause 3.8).
    func subscribe(to filters: [String], qualityOfService: Int, number: UInt16) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeInteger(number)
        if isVersion5 { body.writeInteger(UInt8(0)) }
        for filter in filters {
            Self.write(filter, to: &body)
            body.writeInteger(UInt8(qualityOfService))
        }
        return packet(0x82, body)
    }

    /// PUBLISH (clause 3.3) with quality of service 1; without a number, with 0.
    func publish(_ payload: [UInt8], to topic: String, number: UInt16?) -> ByteBuffer {
        var body = ByteBuffer()
        Self.write(topic, to: &body)
        if let number { body.writeInteger(number) }
        if isVersion5 { body.writeInteger(UInt8(0)) }
        body.writeBytes(payload)
        return packet(number == nil ? 0x30 : 0x32, body)
    }

    /// PUBACK (clause 3.4) for each of the numbers.
    func acknowledge(_ numbers: [UInt16]) -> ByteBuffer {
        var bytes = ByteBuffer()
        for number in numbers {
            bytes.writeInteger(UInt8(0x40))
            bytes.writeInteger(UInt8(2))
            bytes.writeInteger(number)
        }
        return bytes
    }

    /// PINGREQ (clause 3.12).
    var ping: ByteBuffer { ByteBuffer(bytes: [0xC0, 0]) }
    /// DISCONNECT (clause 3.14).
    var disconnect: ByteBuffer { ByteBuffer(bytes: [0xE0, 0]) }

    private static func write(_ text: String, to body: inout ByteBuffer) {
        body.writeInteger(UInt16(clamping: text.utf8.count))
        body.writeString(text)
    }

    private func packet(_ first: UInt8, _ body: ByteBuffer) -> ByteBuffer {
        var packet = ByteBuffer()
        packet.writeInteger(first)
        var length = body.readableBytes
        repeat {
            let more: UInt8 = length > 0x7F ? 0x80 : 0
            packet.writeInteger(UInt8(length & 0x7F) | more)
            length >>= 7
        } while length > 0
        packet.writeImmutableBuffer(body)
        return packet
    }
}
