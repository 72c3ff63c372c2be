import ContextModel
import Governance
import Storage

/// The common parts of the operations on temporal evolutions.
extension Writing {
    /// Adds instances to an evolution; true when the evolution is new.
    func appendHistory(
        of id: EntityID,
        types: [IRI],
        scopes: [String],
        _ attributes: [NamedAttribute],
        mayCreate: Bool,
        caller: Caller
    ) async throws -> Bool {
        let session = try await session(caller, makesTenant: mayCreate)
        try session.requireVisible(attributes.names)
        guard !EntityLimits.exceedInstances(attributes) else {
            throw BrokerError(.badRequestData, EntityLimits.instancesProblem)
        }
        var stamped = attributes
        stamped.stamp(session.now)
        let given = Entity(id: id, types: types, scopes: scopes, attributes: attributes)
        let portions = stamped.portions(of: Self.instancesPerPortion)
        var isNew: Bool?
        var stored = 0
        for (number, instances) in portions.enumerated() {
            do {
                let wasNew = try await append(
                    instances,
                    to: given,
                    mayCreate: mayCreate && number == 0,
                    session
                )
                isNew = isNew ?? wasNew
                stored += instances.reduce(0) { $0 + $1.instances.count }
            } catch let error as StorageError where number > 0 && error.code == .diskFull {
                throw BrokerError(
                    .storageFull,
                    "The hub's disk is full: of the request's instances the first \(stored) were "
                        + "stored. Send the others again when there is room.",
                    note: error.note
                )
            }
        }
        return isNew ?? false
    }

    /// The instances added in one transaction, so that other writes run in between.
    private static let instancesPerPortion = 2_000

    /// Adds a portion of the instances to an evolution; true when the evolution is new.
    private func append(
        _ instances: [NamedAttribute],
        to given: Entity,
        mayCreate: Bool,
        _ session: WriteSession
    ) async throws -> Bool {
        let id = given.id
        return try await session.changeEvolution(of: id, naming: []) { evolution in
            guard evolution.seen != nil || mayCreate else { throw BrokerError.noEvolution(id) }
            let history = try evolution.adding(instances, of: given, correcting: true)
            if let problem = evolution.seen?.problem(adding: given.types) {
                throw BrokerError(.badRequestData, problem)
            }
            return (history, evolution.seen == nil)
        }
    }

    /// Removes an evolution or a part of it.
    ///
    /// A whole evolution of which nothing is hidden from the caller is removed in one transaction.
    /// Otherwise a long one is removed in several transactions: others see what is left meanwhile,
    /// and instances that are added meanwhile may be removed, too.
    func removeHistory(
        _ what: HistoryRemoval,
        of id: EntityID,
        naming names: [IRI] = [],
        caller: Caller
    ) async throws {
        let session = try await session(caller, makesTenant: false)
        try session.requireVisible(names)
        var next: HistoryRemovalPosition?
        var isFound = false
        repeat {
            let step = try await session.removeHistory(what, of: id, from: next)
            // Parts that others have removed meanwhile also count as removed.
            guard step != nil || isFound else { throw BrokerError.noEvolution(id) }
            next = step?.next
            isFound = isFound || step?.hasRemoved ?? false
        } while next != nil
        guard isFound else { throw BrokerError.noInstance(of: id) }
    }

    /// Changes an evolution; `change` gets the error to throw when the evolution, or its part,
    /// does not exist.
    func changeEvolution(
        of id: EntityID,
        naming names: [IRI],
        _ caller: Caller,
        _ change: @escaping @Sendable (GrantedEvolution, BrokerError) throws -> GrantedHistory
    ) async throws {
        let session = try await session(caller, makesTenant: false)
        try await session.changeEvolution(of: id, naming: names) { evolution in
            guard evolution.seen != nil else { throw BrokerError.noEvolution(id) }
            return (try change(evolution, .noInstance(of: id)), ())
        }
    }
}

extension Entity {
    /// The reason why an entity without current state cannot have these types in addition.
    fileprivate func problem(adding types: [IRI]) -> String? {
        var grown = self
        grown.types = self.types.adding(types)
        return EntityLimits.problem(with: EntityChange(before: self, after: grown))
    }
}

extension [NamedAttribute] {
    /// The attributes in portions of at most `count` instances; one empty portion when there are
    /// none.
    fileprivate func portions(of count: Int) -> [[NamedAttribute]] {
        var portions: [[NamedAttribute]] = [[]]
        var room = count
        for attribute in self {
            var rest = attribute.instances[...]
            while !rest.isEmpty {
                if room == 0 {
                    portions.append([])
                    room = count
                }
                let part = [Attribute](rest.prefix(room))
                portions[portions.count - 1].append(
                    NamedAttribute(name: attribute.name, instances: part)
                )
                rest = rest.dropFirst(part.count)
                room -= part.count
            }
        }
        return portions
    }

    /// Sets the times of creation and modification of each instance.
    fileprivate mutating func stamp(_ now: Timestamp) {
        for name in indices {
            for index in self[name].instances.indices {
                self[name].instances[index].createdAt = now
                self[name].instances[index].modifiedAt = now
                // The hub creates the identifiers of instances (clause 4.5.7).
                self[name].instances[index].details?.instanceID = nil
                self[name].instances[index].stampEnd(now)
            }
        }
    }
}

extension Attribute {
    /// Sets `deletedAt` of an end (clause 4.5.7), and removes it from other instances.
    fileprivate mutating func stampEnd(_ now: Timestamp) {
        if NGSILDNull.isNull(value) {
            var ended = details ?? AttributeDetails()
            ended.deletedAt = ended.deletedAt ?? observedAt ?? now
            details = ended
        } else {
            details?.deletedAt = nil
        }
    }
}

extension BrokerError {
    static func noEvolution(_ id: EntityID) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no temporal evolution of an entity '\(id)'.")
    }

    fileprivate static func noInstance(of id: EntityID) -> BrokerError {
        BrokerError(
            .resourceNotFound,
            "The temporal evolution of '\(id)' has no such attribute or instance."
        )
    }
}
