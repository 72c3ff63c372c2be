import NIOCore
import Testing

@testable import Outbound

@Suite struct MQTTPacketReaderTests {
    /// PUBLISH of MQTT 5 with quality of service 1: topic `a/b`, number 7, one property, `hi`.
    private static let publish: [UInt8] = [
        0x3A, 13, 0, 3, 0x61, 0x2F, 0x62, 0, 7, 3, 0x23, 0, 1, 0x68, 0x69,
    ]

    private func read(
        _ bytes: [UInt8],
        isVersion5: Bool = true,
        inPiecesOf count: Int,
        maximumPayloadBytes: Int = 100
    ) throws -> [MQTTPacket] {
        var reader = MQTTPacketReader(
            isVersion5: isVersion5,
            maximumPayloadBytes: maximumPayloadBytes
        )
        var buffer = ByteBuffer()
        var packets: [MQTTPacket] = []
        for start in stride(from: 0, to: bytes.count, by: count) {
            buffer.writeBytes(bytes[start..<min(start + count, bytes.count)])
            while let packet = try reader.next(&buffer) { packets.append(packet) }
        }
        return packets
    }

    @Test(arguments: [1, 2, 5, 1_000])
    func `packets are read from pieces of any length`(count: Int) throws {
        let connack: [UInt8] = [0x20, 3, 1, 0, 0]
        let suback: [UInt8] = [0x90, 5, 0, 1, 0, 1, 0x87]
        let packets = try read(
            connack + suback + Self.publish + [0xD0, 0] + [0xE0, 1, 0x8B],
            inPiecesOf: count
        )
        #expect(
            packets == [
                .connectionAnswer(code: 0, hasSession: true),
                .subscriptionAnswer(number: 1, codes: [1, 0x87]),
                .message(
                    MQTTMessage(
                        topic: "a/b",
                        payload: [0x68, 0x69],
                        qualityOfService: 1,
                        number: 7,
                        isRepeated: true
                    )
                ), .pong, .end(code: 0x8B),
            ]
        )
    }

    /// Properties longer than what is looked at of a packet, with the number 9 and without a payload.
    @Test(arguments: [7, 60_000, 400_000])
    func `a message with too many properties is told, and ends nothing`(count: Int) throws {
        let properties = [UInt8](repeating: 0, count: 200_000)
        let head: [UInt8] = [0, 3, 0x61, 0x2F, 0x62, 0, 9] + Self.length(properties.count)
        let packet = [0x32] + Self.length(head.count + properties.count) + head + properties
        let packets = try read(packet + Self.publish, inPiecesOf: count)
        guard case .message(let long) = packets.first, case .message(let next) = packets.last else {
            Issue.record("\(packets)")
            return
        }
        #expect(packets.count == 2 && next.payload == [0x68, 0x69])
        #expect(long.number == 9 && long.topic == "a/b" && long.payload.isEmpty)
    }

    private static func length(_ bytes: Int) -> [UInt8] {
        var (left, length) = (bytes, [UInt8]())
        repeat {
            length.append(UInt8(left & 0x7F) | (left > 0x7F ? 0x80 : 0))
            left >>= 7
        } while left > 0
        return length
    }

    @Test(arguments: [1, 7, 400_000])
    func `a message that is too long is read without its payload`(count: Int) throws {
        let payload = [UInt8](repeating: 0x78, count: 300_000)
        let length = payload.count + 5 + 2 + 1
        let head: [UInt8] = [
            0x32, UInt8(length & 0x7F) | 0x80, UInt8(length >> 7 & 0x7F) | 0x80,
            UInt8(length >> 14), 0, 3, 0x61, 0x2F, 0x62, 0, 9, 0,
        ]
        let packets = try read(head + payload + Self.publish, inPiecesOf: count)
        #expect(packets.count == 2)
        guard case .message(let long)? = packets.first else {
            Issue.record("the first packet is a message")
            return
        }
        #expect(long.isTooLong && long.number == 9 && long.payload.isEmpty)
    }

    @Test(
        arguments: [
            [0x36, 5, 0, 1, 0x61, 0, 1], [0x32, 6, 0, 1, 0x61, 0, 0, 0], [0x30, 3, 0, 9, 0x61],
            [0x30, 4, 0, 1, 0x23, 0], [0x30, 3, 0, 0, 0], [0x30, 4, 0, 1, 0xFF, 0],
            [0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1], [0x20, 1, 0], [0x82, 1, 0], [0x90, 3, 0, 1, 9],
            [0x90, 0xFF, 0xFF, 0x7F], [0x00, 0], [0x30, 5, 0, 1, 0x61, 9, 0],
        ] as [[UInt8]]
    )
    func `what no broker sends is refused`(bytes: [UInt8]) {
        #expect(throws: MQTTError.self) { try read(bytes, inPiecesOf: 1_000) }
    }

    @Test func `any bytes end in packets or an error`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            var bytes = Self.publish + Self.publish
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(
                    in: .min ... .max,
                    using: &random
                )
            }
            let packets = try? read(bytes, inPiecesOf: 3)
            #expect((packets?.count ?? 0) <= bytes.count)
        }
    }
}
