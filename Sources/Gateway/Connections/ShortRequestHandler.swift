import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Answers short requests on the event loop of their connection.
///
/// A short request is a request to the API with a short body, by its header; it is answered when
/// all of it has arrived. An answer from memory never leaves the loop's thread. All other requests
/// are passed on to the server, which reads their bodies in pieces.
///
/// While a request is answered, requests sent ahead wait here, and nothing more is read.
final class ShortRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Creates the answer to a request from the channel, with its tasks on the executor.
    typealias Responder = @Sendable (Request, any Channel, LoopExecutor) async -> Response

    private enum State {
        /// No request is in progress.
        case idle
        /// The head of a short request has arrived.
        case collecting(HTTPRequest)
        /// A task answers a short request, or its answer waits for the client.
        case answering
        /// This many requests that were passed on are not answered; the last may be incomplete.
        case passing(unanswered: Int, isWhole: Bool)
    }

    private enum End {
        case error(any Error)
        case inputClosed
    }

    private let responder: Responder
    /// The most bytes of a short body.
    private let maximumBytes: Int
    private let tasks: AnswerTasks
    private let turns: LoopTurns
    private let executor: LoopExecutor
    private var context: ChannelHandlerContext?
    private var state = State.idle
    /// Whether no request may follow.
    private var isLast = false
    /// The part of the body of the collected request that has arrived.
    private var body = ByteBuffer()
    /// Parts of requests that wait for the present answer.
    private var waiting = CircularBuffer<HTTPRequestPart>()
    /// The end after them: an error, or the end of the input.
    private var waitingEnd: End?
    private var owesRead = false
    /// The answer that waits until the connection accepts more.
    private var blocked: CheckedContinuation<Void, any Error>?
    /// Whether an answer was written completely, and waits for the client to accept a part of it.
    private var isWrittenWhole = false

    /// `turns` are those of the connection's loop.
    init(
        maximumBytes: Int,
        tasks: AnswerTasks,
        turns: LoopTurns,
        _ responder: @escaping Responder
    ) {
        self.maximumBytes = maximumBytes
        self.tasks = tasks
        self.turns = turns
        self.responder = responder
        executor = LoopExecutor(turns)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        unblock(throwing: ChannelError.ioOnClosedChannel)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        turns.restartCount()
        let part = unwrapInboundIn(data)
        if case .answering = state { waiting.append(part) } else { take(part, context) }
    }

    func read(context: ChannelHandlerContext) {
        if waiting.isEmpty, !isWrittenWhole { context.read() } else { owesRead = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.error(error), context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            end(.inputClosed, context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// Tells the server, which closes the connection after the present answer.
    private func end(_ end: End, _ context: ChannelHandlerContext) {
        if case .answering = state {
            if waitingEnd == nil { waitingEnd = end }
            return
        }
        switch end {
        case .error(let error): context.fireErrorCaught(error)
        case .inputClosed: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (state, part) {
        case (.idle, _) where isLast, (.passing(_, isWhole: true), _) where isLast:
            // Whatever follows the last request is ignored (RFC 9112, section 9.6).
            break
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
        case .head(let head):
            if head.closesConnection { isLast = true }
            state = .passing(unanswered: unanswered + 1, isWhole: false)
        case .body: break
        case .end: state = unanswered == 0 ? .idle : .passing(unanswered: unanswered, isWhole: true)
        }
        context.fireChannelRead(wrapInboundOut(part))
    }

    /// Handles the waiting parts, as far as they can be handled now.
    private func takeWaiting(_ context: ChannelHandlerContext) {
        while !waiting.isEmpty {
            if case .answering = state { return }
            take(waiting.removeFirst(), context)
        }
        waiting.removeAll()
        // The server processes what was passed on when it is told that this was all for now.
        if case .passing = state { context.fireChannelReadComplete() }
        if case .answering = state { return }
        if let waitingEnd {
            self.waitingEnd = nil
            end(waitingEnd, context)
        }
        if owesRead {
            owesRead = false
            read(context: context)
        }
    }

    // MARK: Answers

    private func answer(_ request: Request, _ context: ChannelHandlerContext) {
        state = .answering
        body = ByteBuffer()
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let channel = context.channel
        let responder = responder
        tasks.current = Task(executorPreference: executor) { [executor] in
            let response = await responder(request, channel, executor)
            handler.value.begin(response.head)
            do {
                try await response.body.write(AnswerWriter(handler: handler))
            } catch {
                // The client has gone, or could not use a part of an answer.
                channel.close(promise: nil)
            }
        }
    }

    private func begin(_ head: HTTPResponse) {
        if head.headerFields[.connection] == "close" { isLast = true }
        send(.head(head))
    }

    fileprivate func send(_ part: HTTPResponsePart) {
        context?.write(wrapOutboundOut(part), promise: nil)
    }

    fileprivate var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Resumes the continuation when the connection accepts more.
    fileprivate func whenWritable(_ continuation: CheckedContinuation<Void, any Error>) {
        guard let context, context.channel.isActive else {
            continuation.resume(throwing: ChannelError.ioOnClosedChannel)
            return
        }
        blocked = continuation
        context.flush()
        if context.channel.isWritable { unblock() }
    }

    fileprivate func end(_ trailers: HTTPFields?) {
        guard let context else { return }
        let part = wrapOutboundOut(.end(trailers))
        guard waitingEnd == nil else {
            // The server closes a connection after the end of its input: not before the client has
            // the answer.
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { _ in self.continueReading() }
            context.writeAndFlush(part, promise: promise)
            return
        }
        context.write(part, promise: nil)
        if context.channel.isWritable {
            flushSoon(context)
            continueReading()
        } else {
            // `channelWritabilityChanged` continues when the connection accepts more.
            isWrittenWhole = true
            context.flush()
        }
    }

    /// Sends what was written after the loop has done its other work: clients that are answered
    /// together send their next requests together.
    private func flushSoon(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().execute { context.flush() }
    }

    /// Continues after an answer was written and accepted.
    private func continueReading() {
        isWrittenWhole = false
        guard let context, case .answering = state else { return }
        state = .idle
        takeWaiting(context)
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
        if context.channel.isWritable {
            unblock()
            if isWrittenWhole { continueReading() }
        }
        context.fireChannelWritabilityChanged()
    }

    private func unblock(throwing error: (any Error)? = nil) {
        guard let continuation = blocked else { return }
        blocked = nil
        if let error { continuation.resume(throwing: error) } else { continuation.resume() }
    }
}

/// The task that answers the last short request of a connection.
final class AnswerTasks: Sendable {
    private let task = Mutex<Task<Void, Never>?>(nil)

    var current: Task<Void, Never>? {
        get { task.withLock { $0 } }
        set { task.withLock { $0 = newValue } }
    }
}

/// Writes the body of an answer on the event loop of its connection.
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
    /// Whether it is a request to the API with a body of at most this length, by its header, on a
    /// connection that stays open.
    fileprivate func isShort(_ maximumBytes: Int) -> Bool {
        // Most pages, figures and files are long work.
        guard path?.hasPrefix("/ngsi-ld/v1/") == true else { return false }
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

    /// Whether the server closes the connection after its answer.
    fileprivate var closesConnection: Bool { headerFields[.connection] == "close" }
}
