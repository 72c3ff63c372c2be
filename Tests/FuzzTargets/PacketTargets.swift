import NIOCore
import Outbound

/// Readers of packets that a broker sends.
extension FuzzTarget {
    static let packetTargets = [
        packets("mqtt-5", isVersion5: true), packets("mqtt-3", isVersion5: false),
    ]

    /// An answer to a connection, one to a subscription, a message, an answer to a ping, and an end.
    private static func seeds(isVersion5: Bool) -> [[UInt8]] {
        isVersion5
            ? [
                [0x20, 3, 1, 0, 0, 0x90, 5, 0, 1, 0, 1, 0x87],
                [0x3A, 13, 0, 3, 0x61, 0x2F, 0x62, 0, 7, 3, 0x23, 0, 1, 0x68, 0x69, 0xD0, 0],
                [0x40, 2, 0, 7, 0xE0, 1, 0x8B],
            ]
            : [
                [0x20, 2, 1, 0, 0x90, 4, 0, 1, 1, 0x80],
                [0x32, 9, 0, 3, 0x61, 0x2F, 0x62, 0, 7, 0x68, 0x69, 0xD0, 0], [0x40, 2, 0, 7],
            ]
    }

    /// What a broker sends is packets or an error, whatever the pieces are in which it comes.
    private static func packets(_ name: String, isVersion5: Bool) -> FuzzTarget {
        FuzzTarget(name, bytes: seeds(isVersion5: isVersion5)) { bytes throws(BrokenPromise) in
            let whole = read([bytes[...]], isVersion5)
            let pieces = read(bytes.indices.map { bytes[$0...$0] }, isVersion5)
            try BrokenPromise.unlessSame(whole.packets, pieces.packets, "the packets")
            try BrokenPromise.unlessSame(whole.problem, pieces.problem, "the problem")
            return whole.problem == nil && !whole.packets.isEmpty
        }
    }

    private static func read(
        _ pieces: [ArraySlice<UInt8>],
        _ isVersion5: Bool
    ) -> (packets: [MQTTPacket], problem: String?) {
        var reader = MQTTPacketReader(isVersion5: isVersion5, maximumPayloadBytes: 64)
        var buffer = ByteBuffer()
        var packets: [MQTTPacket] = []
        do throws(MQTTError) {
            for piece in pieces {
                buffer.writeBytes(piece)
                while let packet = try reader.next(&buffer) { packets.append(packet) }
            }
        } catch { return (packets, error.description) }
        return (packets, nil)
    }
}
