import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Answers short requests on the event loop of their connection.
///
/// A short request has a body of which the head says that it is short; it is answered when all of it
/// has come. What is answered from what is at hand never leaves the loop's thread. All other requests
/// are passed on to the server behind, which reads their bodies piece by piece.
///
/// While a request is answered, those that a client sends ahead wait here.
final class ShortRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Makes the answer to a request that came on the channel.
    typealias Responder = @Sendable (Request, any Channel) async throws -> Response

    private enum State {
        /// No request is under way.
        case idle
        /// The head of a short request has come.
        case collecting(HTTPRequest)
        /// A task answers a short request.
        case answering
        /// So many requests that were passed on are not answered; the last may not have come whole.
        case passing(unanswered: Int, isWhole: Bool)
    }

    private let responder: Responder
    /// Bytes of a body that is short.
    private let maximumBytes: Int
    private var executor: LoopExecutor?
    private var context: ChannelHandlerContext?
    private var state = State.idle
    /// What has come of the body of the request that is collected.
    private var body = ByteBuffer()
    /// Parts of requests that wait for the answer under way.
    private var waiting = CircularBuffer<HTTPRequestPart>()
    /// The error that came behind them.
    private var waitingError: (any Error)?
    private var owesRead = false
    /// Whether parts come at this moment, and more may follow.
    private var isReading = false
    /// The answer that waits until the connection takes more.
    private var blocked: CheckedContinuation<Void, any Error>?

    init(maximumBytes: Int, _ responder: @escaping Responder) {
        self.maximumBytes = maximumBytes
        self.responder = responder
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        executor = LoopExecutor(context.eventLoop)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        unblock(throwing: ChannelError.ioOnClosedChannel)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        let part = unwrapInboundIn(data)
        if case .answering = state { waiting.append(part) } else { take(part, context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if waiting.isEmpty { context.read() } else { owesRead = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .answering = state { waitingError = error } else { context.fireErrorCaught(error) }
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (state, part) {
        case (.idle, .head(let head)) where head.isShort(maximumBytes):
            state = .collecting(head)
        case (.collecting, .body(var piece)):
            body.writeBuffer(&piece)
        case (.collecting(let head), .end):
            answer(Request(head: head, body: RequestBody(buffer: body)), context)
        default:
            pass(part, context)
        }
    }

    private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        var unanswered = 0
        if case .passing(let others, _) = state { unanswered = others }
        switch part {
        case .head: state = .passing(unanswered: unanswered + 1, isWhole: false)
        case .body: break
        case .end: state = unanswered == 0 ? .idle : .passing(unanswered: unanswered, isWhole: true)
        }
        context.fireChannelRead(wrapInboundOut(part))
    }

    /// Takes what has waited, as far as it can be taken now.
    private func takeWaiting(_ context: ChannelHandlerContext) {
        while !waiting.isEmpty {
            if case .answering = state { return }
            take(waiting.removeFirst(), context)
        }
        // The server behind looks at what was passed on when it is told that this was all for now.
        if case .passing = state, !isReading { context.fireChannelReadComplete() }
        if case .answering = state { return }
        if let error = waitingError {
            waitingError = nil
            context.fireErrorCaught(error)
        }
        if owesRead {
            owesRead = false
            context.read()
        }
    }

    // MARK: Answers

    private func answer(_ request: Request, _ context: ChannelHandlerContext) {
        guard let executor else { return }
        state = .answering
        body = ByteBuffer()
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let channel = context.channel
        let responder = responder
        Task(executorPreference: executor) {
            do {
                let response = try await responder(request, channel)
                handler.value.send(.head(response.head))
                try await response.body.write(AnswerWriter(handler: handler))
            } catch {
                // The client has no use for a part of an answer.
                channel.close(promise: nil)
            }
        }
    }

    fileprivate func send(_ part: HTTPResponsePart) {
        context?.write(wrapOutboundOut(part), promise: nil)
    }

    /// Calls back when the connection takes more.
    fileprivate func whenWritable(_ continuation: CheckedContinuation<Void, any Error>) {
        guard let context, context.channel.isActive else {
            continuation.resume(throwing: ChannelError.ioOnClosedChannel)
            return
        }
        context.flush()
        blocked = continuation
        if context.channel.isWritable { unblock() }
    }

    fileprivate var isWritable: Bool { context?.channel.isWritable ?? false }

    fileprivate func end(_ trailers: HTTPFields?) {
        guard let context else { return }
        context.write(wrapOutboundOut(.end(trailers)), promise: nil)
        flushSoon(context)
        state = .idle
        takeWaiting(context)
    }

    /// Sends what was written when the loop has done what waits: clients that are answered together wake
    /// up together.
    private func flushSoon(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().execute { context.flush() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        guard case .passing(let unanswered, let isWhole) = state,
            case .end = unwrapOutboundIn(data)
        else { return }
        state =
            unanswered == 1 && isWhole
            ? .idle : .passing(unanswered: unanswered - 1, isWhole: isWhole)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { unblock() }
        context.fireChannelWritabilityChanged()
    }

    private func unblock(throwing error: (any Error)? = nil) {
        guard let continuation = blocked else { return }
        blocked = nil
        if let error { continuation.resume(throwing: error) } else { continuation.resume() }
    }
}

/// Writes the body of an answer from the loop of its connection.
private struct AnswerWriter: ResponseBodyWriter {
    let handler: NIOLoopBound<ShortRequestHandler>

    mutating func write(_ buffer: ByteBuffer) async throws {
        handler.value.send(.body(buffer))
        guard !handler.value.isWritable else { return }
        try await withCheckedThrowingContinuation { handler.value.whenWritable($0) }
    }

    consuming func finish(_ trailers: HTTPFields?) async throws { handler.value.end(trailers) }
}

extension HTTPRequest {
    /// Whether the head says that the body has so many bytes at most, and that the connection stays.
    fileprivate func isShort(_ maximumBytes: Int) -> Bool {
        var length = 0
        for field in headerFields {
            switch field.name {
            case .contentLength: length = max(length, Int(field.value) ?? .max)
            case .transferEncoding: return false
            case .connection where field.value.lowercased().contains("close"): return false
            default: break
            }
        }
        return length <= maximumBytes
    }
}
