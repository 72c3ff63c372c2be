package import ContextModel

/// Something the hub keeps that is not city data: a subscription, a registration, an `@context`.
package struct Document: Sendable, Hashable {
    /// The kinds of document there are.
    package enum Kind: String, Sendable, CaseIterable {
        case subscription, registration, registrationSubscription, ldContext
        case deadLetter
        /// What an EntityMap is, and which entities it lists: apart, for lists are long.
        case entityMap, entityMapEntries
        case snapshot
        /// Who the hub is: one document, of the default tenant.
        case hubIdentity
        /// What a service of the city keeps for itself.
        case service
        /// That another policy was put into force: one document, of the default tenant.
        case policy
        /// What the data of the tenant is: one document.
        case classification
        /// A policy that the tenant's operator wrote.
        case dataPolicy
        /// What one person has chosen.
        case choices
    }
    package var kind: Kind
    package var id: String
    /// JSON, in the form its owner understands.
    package var body: [UInt8]
    /// Whose it is, for lists of what somebody has; nil where nobody lists it so.
    package var owner: String?

    package init(kind: Kind, id: String, body: [UInt8], owner: String? = nil) {
        self.kind = kind
        self.id = id
        self.body = body
        self.owner = owner
    }
}

/// How long history of a type is kept.
package struct RetentionRule: Sendable, Hashable {
    /// What happens to instances older than the rule's age.
    package enum Effect: Sendable, Hashable {
        case remove
        /// One instance a period stays: the first.
        case thin(periodMicroseconds: Int64)
    }
    /// nil for every type no other rule names.
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
    /// The rule for an entity of the types: the first that names one of them, or that names none.
    package func first(for types: [IRI]) -> RetentionRule? {
        first { $0.type.map(types.contains) ?? false } ?? first { $0.type == nil }
    }
}

/// Says which instances of one series stay when they are older than a rule's age; asked of each in
/// the order of time.
package struct RetentionPass: Sendable {
    private let effect: RetentionRule.Effect
    /// The period of thinning that has its instance already.
    package private(set) var keptPeriod: Int64?

    package init(_ effect: RetentionRule.Effect, keptPeriod: Int64? = nil) {
        self.effect = effect
        self.keptPeriod = keptPeriod
    }

    /// Whether the instance of that time stays.
    package mutating func keeps(_ time: Int64) -> Bool {
        guard case .thin(let length) = effect else { return false }
        let period = time / length - (time % length < 0 ? 1 : 0)
        guard period != keptPeriod else { return false }
        keptPeriod = period
        return true
    }
}

/// Why a store could not do what it was asked.
package struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller can act on.
    package enum Code: Sendable, Equatable {
        /// No room left on the device: nothing was stored, reads go on.
        case diskFull
        /// The queue of writes or reads is full: try again later.
        case overloaded
        /// The database file is damaged or not ours.
        case damaged
        /// An entity would take more bytes than one may; nothing of it was written.
        case entityTooLarge
        /// What a query finds is more than it may have.
        case tooManyResults
        /// A query reached its deadline and was broken off.
        case tookTooLong
        /// Another process has the database.
        case locked
        /// The store is closing.
        case closed
        /// The outbox is delivered by another process by now: nothing was claimed or settled.
        case leaseLost
        /// There are as many tenants as there may be: none was made.
        case tooManyTenants
        /// Anything else the database said.
        case failed
    }
    package var code: Code
    /// For the log; never for a caller.
    package var note: String

    package init(_ code: Code, note: String) {
        self.code = code
        self.note = note
    }

    /// Equal by code, so that tests stay short.
    package static func == (a: StorageError, b: StorageError) -> Bool { a.code == b.code }

    package var description: String { "\(code): \(note)" }
}
