package import ContextModel

/// A record that the hub keeps beside city data: a subscription, a registration, an `@context`.
package struct Document: Sendable, Hashable {
    /// The kinds of document.
    package enum Kind: String, Sendable, CaseIterable {
        case subscription, registration, registrationSubscription, ldContext
        case deadLetter
        /// An EntityMap, and the entities that it lists. They are two documents, because lists are
        /// long.
        case entityMap, entityMapEntries
        case snapshot
        /// The identity of the hub: one document, of the default tenant.
        case hubIdentity
        /// Data that a service of the city keeps for itself.
        case service
        /// Marks that a new policy is in force: one document, of the default tenant.
        case policy
        /// The classification of the tenant's data: one document.
        case classification
        /// The rules for all tenants that the operator wrote: one document, of the default tenant.
        case commonRules
        /// A policy that the tenant's operator wrote.
        case dataPolicy
        /// The choices of one person.
        case choices
        /// The number of the record's entry of the last change of the tenant's rights: one document.
        case recordMark
        /// An exemption of the pilot space: of the default tenant.
        case exemption
        /// A hub of the network, as this one knows it: of the default tenant.
        case member
        /// A report of an incident and the hub that made it. Reports belong to the default tenant.
        case report
        /// Who may read and write reports, and whose suspend: one document, of the default tenant.
        case reportRules
        /// What is suspended by what other hubs say, or was: of the default tenant.
        case suspension
        /// What statistics have taken from the privacy budget: one document.
        case privacyLedger
        /// A source of messages.
        case source
        /// A message of a source that could not be mapped; its owner is the source.
        case refusedMessage
        /// The number of a message that is stored; its owner is the source.
        case messageNumber
        /// The things that a source has heard: one document for each source that notices silence.
        case sourceThings
        /// A device that is provisioned; its owner is the source of its group.
        case device
        /// A command that waits for a device; its owner is the source of its group.
        case deviceCommand
    }
    package var kind: Kind
    package var id: String
    /// JSON, in the layout of the code that wrote it.
    package var body: [UInt8]
    /// The owner by whom documents are listed; nil for kinds that are not listed by owner.
    package var owner: String?

    package init(kind: Kind, id: String, body: [UInt8], owner: String? = nil) {
        self.kind = kind
        self.id = id
        self.body = body
        self.owner = owner
    }
}

/// How long the history of one type is kept.
package struct RetentionRule: Sendable, Hashable {
    /// What happens to instances older than the rule's age.
    package enum Effect: Sendable, Hashable {
        case remove
        /// Keeps the first instance of each period.
        case thin(periodMicroseconds: Int64)
    }
    /// The type that the rule is for; nil for every type that no other rule names.
    package var type: IRI?
    package var ageMicroseconds: Int64
    package var effect: Effect

    package init(type: IRI?, ageMicroseconds: Int64, effect: Effect) {
        self.type = type
        self.ageMicroseconds = ageMicroseconds
        self.effect = effect
    }
}

extension [RetentionRule] {
    /// The first rule that names one of the types, or that has no type.
    package func first(for types: [IRI]) -> RetentionRule? {
        first { $0.type.map(types.contains) ?? false } ?? first { $0.type == nil }
    }
}

/// Decides which instances of one series stay when they are older than a rule's age.
///
/// Call `keeps` for each instance in the order of time.
package struct RetentionPass: Sendable {
    private let effect: RetentionRule.Effect
    /// The period of thinning of which an instance has already been kept.
    package private(set) var keptPeriod: Int64?

    package init(_ effect: RetentionRule.Effect, keptPeriod: Int64? = nil) {
        self.effect = effect
        self.keptPeriod = keptPeriod
    }

    /// Whether the instance of this time stays.
    package mutating func keeps(_ time: Int64) -> Bool {
        guard case .thin(let length) = effect else { return false }
        let period = time / length - (time % length < 0 ? 1 : 0)
        guard period != keptPeriod else { return false }
        keptPeriod = period
        return true
    }
}

/// An operation that a store could not do.
package struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller can act on.
    package enum Code: Sendable, Equatable {
        /// The device has no space left: nothing was stored, reads go on.
        case diskFull
        /// The queue of writes or reads is full: try again later.
        case overloaded
        /// The database file is damaged, or is not a database of Balai.
        case damaged
        /// The entity would take more bytes than an entity may; nothing of it was written.
        case entityTooLarge
        /// A query has more results than it may have.
        case tooManyResults
        /// A query reached its deadline and was stopped.
        case tookTooLong
        /// Another process has the database.
        case locked
        /// The store is closing.
        case closed
        /// Another process has the lease of the outbox: nothing was claimed or settled.
        case leaseLost
        /// The hub has as many tenants as it may have: no tenant was created.
        case tooManyTenants
        /// Any other error of the database.
        case failed
    }
    package var code: Code
    /// Details for the log; never shown to a caller.
    package var note: String

    package init(_ code: Code, note: String) {
        self.code = code
        self.note = note
    }

    /// Equal by code, so that tests stay short.
    package static func == (a: StorageError, b: StorageError) -> Bool { a.code == b.code }

    package var description: String { "\(code): \(note)" }
}
