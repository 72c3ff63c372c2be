package import ContextModel
package import Federation

/// A change of one entity, or of its history, that sources may take part in (clauses 5.6.1 to 5.6.6,
/// 5.6.11 to 5.6.16 and 5.6.17 to 5.6.19).
package struct DistributedChange: Sendable {
    package var operation: DistributedOperation
    package var id: EntityID
    /// The name of the attribute that the change is about, as it was written; nil where it is about
    /// several or the whole entity.
    package var attribute: String?
    /// The instance of its history that the change is about.
    package var instance: String?
    package var body: JSONValue?
    /// The parameters that a source needs to make the same change.
    package var parameters: [KeyValuePair]
    /// The type selection that the entity must meet.
    package var types: Condition
    /// Whether the body is in the simplified representation (clause 4.5.4).
    package var isSimplified = false

    package init(
        _ operation: DistributedOperation,
        of id: EntityID,
        attribute: String? = nil,
        instance: String? = nil,
        body: JSONValue? = nil,
        parameters: [KeyValuePair] = [],
        types: Condition = .everything
    ) {
        self.operation = operation
        self.id = id
        self.attribute = attribute
        self.instance = instance
        self.body = body
        self.parameters = parameters
        self.types = types
    }
}

/// What became of the parts of a change (clauses 5.2.16 and 5.2.18).
package struct DistributedAnswer<Own: Sendable>: Sendable {
    /// A part that was not made.
    package struct Failure: Sendable {
        /// The identifier of the registration of the source; nil for the hub itself.
        package var registration: String?
        /// The attributes of the part; empty for all.
        package var attributes: [IRI]
        package var error: BrokerError
    }

    /// What the hub itself did; nil where it did nothing, or failed.
    package var own: Own?
    /// The attributes that sources have changed.
    package var changed: [IRI] = []
    /// The number of sources that have made their part.
    package var sources = 0
    package var failures: [Failure] = []
    /// Whether a source has made some of its part.
    var hasHalfMade = false

    /// Whether all parts were made.
    package var isWhole: Bool { failures.isEmpty }

    /// The error of a change of which no part was made, for one and the same reason (clause
    /// 5.6.1.4); nil where some parts were made, or several reasons are to be told.
    var error: BrokerError? {
        guard own == nil, sources == 0, !hasHalfMade, let first = failures.first?.error,
            failures.allSatisfy({ $0.error.code == first.code })
        else { return nil }
        return first
    }

    /// Adds the failure of the hub's own part.
    ///
    /// That the hub itself has no such entity is no failure where sources take part: what they have
    /// is changed there, and here what there is (clauses 5.6.2.4 and 5.6.6.4).
    mutating func failOwn(isHere: Bool, _ failure: Failure) {
        if !isHere, failure.error.code == .resourceNotFound, sources > 0 || !failures.isEmpty {
            return
        }
        failures.append(failure)
    }

    /// Leaves out whoever does not have what somebody has changed: an instance of a history is at one
    /// place.
    mutating func forgiveOthers() {
        guard own != nil || sources > 0 else { return }
        failures.removeAll { $0.error.code == .resourceNotFound }
    }
}
