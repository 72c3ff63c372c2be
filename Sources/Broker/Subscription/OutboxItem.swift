import ContextModel
import Storage
import Synchronization

/// The content of a message in the outbox, shared by all its recipients.
///
/// It is read once, and written once for recipients who see the same of it. It does not change
/// with the progress of the message, which `Deliveries` has.
package final class OutboxItem: Sendable {
    /// The content of the message.
    enum Content: Sendable {
        case change(NotificationMessage)
        case registrations(RegistrationMessage)
        /// The bytes cannot be decoded.
        case damaged
    }

    private struct State {
        /// The content; nil when it must be read from the store first.
        var content: Content?
        var written: [(view: NotificationView, data: [UInt8])] = []
    }

    let tenant: TenantName?
    let sequence: Int64
    let enqueuedAt: Timestamp
    /// The number of bytes in the store.
    let bytes: Int
    private let state: Mutex<State>

    /// The most texts of one message that are kept; others are written again.
    private static let maximumViews = 8

    init(
        tenant: TenantName?,
        sequence: Int64,
        enqueuedAt: Timestamp,
        bytes: Int,
        content: Content?
    ) {
        self.bytes = bytes
        self.tenant = tenant
        self.sequence = sequence
        self.enqueuedAt = enqueuedAt
        state = Mutex(State(content: content))
    }

    convenience init(_ message: OutboxMessage, tenant: TenantName?, keepsContent: Bool) {
        self.init(
            tenant: tenant,
            sequence: message.sequence,
            enqueuedAt: message.enqueuedAt,
            bytes: message.body.count,
            content: keepsContent ? Content(message) : nil
        )
    }

    // MARK: Content

    /// The content, while it is in memory.
    ///
    /// Writers of notifications get it from a session (`ReadSession.content`).
    var kept: Content? { state.withLock { $0.content } }

    /// Releases the content, which can be read from the store again.
    func unload() {
        state.withLock { state in
            state.content = nil
            state.written = []
        }
    }

    /// The data of the notification in this view, which is written once.
    func data(_ view: NotificationView, _ write: () -> [UInt8]) -> [UInt8] {
        if let known = state.withLock({ $0.written.first { $0.view == view }?.data }) {
            return known
        }
        let data = write()
        state.withLock { state in
            if state.content != nil, state.written.count < Self.maximumViews {
                state.written.append((view, data))
            }
        }
        return data
    }
}

extension OutboxItem.Content {
    /// Creates an item from the stored message.
    init(_ message: OutboxMessage) {
        if let change = NotificationMessage(bytes: message.body) {
            self = .change(change)
        } else if let registrations = RegistrationMessage(bytes: message.body) {
            self = .registrations(registrations)
        } else {
            self = .damaged
        }
    }
}

/// The inputs on which the data of a message depends: equal views have equal data.
struct NotificationView: Sendable, Equatable {
    var representation: Representation
    var accept: NotificationEndpoint.MediaType
    var context: LDContext
    var contextURL: String
    var embedsContext: Bool
    var showsChanges: Bool
    /// What is hidden in the entity, and what of it is shaped.
    var shaping: EntityShaping
    /// The attributes of a deleted entity whose end is shown.
    var endedAttributes: Set<IRI>

    static func == (a: NotificationView, b: NotificationView) -> Bool {
        a.context === b.context && a.accept == b.accept && a.showsChanges == b.showsChanges
            && a.contextURL == b.contextURL && a.embedsContext == b.embedsContext
            && a.shaping == b.shaping
            && a.endedAttributes == b.endedAttributes
            && a.representation == b.representation
    }
}
