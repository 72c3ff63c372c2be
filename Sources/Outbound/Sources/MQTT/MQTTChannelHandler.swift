import NIOCore

/// Turns the bytes of a connection into packets, all those of one read together, and keeps the
/// connection alive.
///
/// The messages of one read are stored in one transaction, so that a busy topic costs little.
final class MQTTChannelHandler: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = [MQTTPacket]
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var reader: MQTTPacketReader
    private var bytes = ByteBuffer()
    private var packets: [MQTTPacket] = []

    init(isVersion5: Bool, maximumPayloadBytes: Int) {
        reader = MQTTPacketReader(isVersion5: isVersion5, maximumPayloadBytes: maximumPayloadBytes)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var new = unwrapInboundIn(data)
        bytes.writeBuffer(&new)
        do throws(MQTTError) {
            while let packet = try reader.next(&bytes) {
                if packet != .pong { packets.append(packet) }
            }
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
        bytes.discardReadBytes()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !packets.isEmpty {
            context.fireChannelRead(wrapInboundOut(packets))
            packets = []
        }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? IdleStateHandler.IdleStateEvent {
        case .write?:
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [0xC0, 0])), promise: nil)
        case .read?:
            context.fireErrorCaught(MQTTError("The broker has been silent for too long."))
            context.close(promise: nil)
        case .all?, nil: context.fireUserInboundEventTriggered(event)
        }
    }
}
