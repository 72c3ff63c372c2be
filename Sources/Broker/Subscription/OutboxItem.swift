import ContextModel
import Storage
import Synchronization

/// What a message of the outbox tells: shared by all who get it, so that it is read and written once
/// for those who see the same of it.
///
/// It is the same whatever comes of the message; where that stands, `Deliveries` knows.
package final class OutboxItem: Sendable {
    /// What is to be told.
    enum Content: Sendable {
        case change(NotificationMessage)
        case registrations(RegistrationMessage)
        /// The bytes make no sense: nothing can be told.
        case damaged
    }

    private struct State {
        /// Nil when it must be read from the store first.
        var content: Content?
        var written: [(view: NotificationView, data: [UInt8])] = []
    }

    let tenant: TenantName?
    let sequence: Int64
    let enqueuedAt: Timestamp
    /// What it takes in the store.
    let bytes: Int
    private let state: Mutex<State>

    /// Views of one message kept; further ones are written anew.
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

    /// What is to be told, while it is in memory.
    ///
    /// A session gives it to whoever writes notifications (`ReadSession.content`).
    var kept: Content? { state.withLock { $0.content } }

    /// Forgets what the store can tell again.
    func unload() {
        state.withLock { state in
            state.content = nil
            state.written = []
        }
    }

    /// The data of the notification in this view, written at the first call alone.
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
    /// What the store keeps, read again.
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

/// What decides how a message's data is written: notifications alike in this are alike.
struct NotificationView: Sendable, Equatable {
    var representation: Representation
    var accept: NotificationEndpoint.MediaType
    var context: LDContext
    var contextURL: String
    var embedsContext: Bool
    var showsChanges: Bool
    /// What is hidden in the entity.
    var hidden: Set<IRI>
    /// Of a deleted entity, the attributes whose end is shown.
    var endedAttributes: Set<IRI>

    static func == (a: NotificationView, b: NotificationView) -> Bool {
        a.context === b.context && a.accept == b.accept && a.showsChanges == b.showsChanges
            && a.contextURL == b.contextURL && a.embedsContext == b.embedsContext
            && a.hidden == b.hidden
            && a.endedAttributes == b.endedAttributes
            && a.representation == b.representation
    }
}
