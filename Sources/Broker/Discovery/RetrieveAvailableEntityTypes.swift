package import ContextModel
import Federation
package import Governance
import Storage

extension Reading {
    /// Retrieve Available Entity Types (clause 5.7.5), here and, where it is passed on, at sources:
    /// their names, in alphabetical order.
    package func typeNames(
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> Disclosed<Discovered<[IRI]>> {
        let session = try await session(caller)
        let found = try await discovered(.types, forwarding, session, caller)
        let own = try await session.without(found.claims).read {
            try $0.typesInUse().map(\.type)
        }
        let names = Set(own).union(found.things.types.map(\.type)).sorted { $0.text < $1.text }
        return try await session.seal(Discovered(information: names), warnings: found.warnings)
    }

    /// Retrieve Details of Available Entity Types (clause 5.7.6), here and, where it is passed on,
    /// at sources.
    ///
    /// Throws `tooManyResults` when they have more attributes than an answer may have.
    package func types(
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> Disclosed<Discovered<[TypeInformation]>> {
        let session = try await session(caller)
        let found = try await discovered(.typeDetails, forwarding, session, caller)
        let own = try await session.without(found.claims).read { [limits] transaction in
            var size = DiscoverySize(limits)
            return try transaction.typesInUse().map {
                try transaction.information(of: $0.type, from: $0.shapes, size: &size)
            }
        }
        let all = try own.joined(with: found.things.types, limits)
        return try await session.seal(Discovered(information: all), warnings: found.warnings)
    }

    /// The types with the most entities, at most `count`, for the hub's pages.
    ///
    /// A type whose attributes are too many for the answer is listed without them.
    package func largestTypes(
        _ count: Int,
        caller: Caller
    ) async throws -> Disclosed<Discovered<[TypeInformation]>> {
        let session = try await session(caller)
        let largest = try await session.read { [limits] transaction in
            var size = DiscoverySize(limits)
            return try transaction.typesInUse().map { type, shapes in
                (count: shapes.reduce(0) { $0 + $1.count }, type: type, shapes: shapes)
            }.sorted { ($1.count, $0.type.text) < ($0.count, $1.type.text) }.prefix(count).map {
                let before = size
                do {
                    return try transaction.information(of: $0.type, from: $0.shapes, size: &size)
                } catch let error as BrokerError where error.code == .tooManyResults {
                    size = before
                    return TypeInformation(type: $0.type, entityCount: $0.count, attributes: [])
                }
            }
        }
        return try await session.seal(Discovered(information: largest))
    }

    /// The types of which no entity has a present state that the caller may see, and of whose histories it may see one; the
    /// first `count` by name, for the hub's pages.
    package func typesOfHistories(
        _ count: Int,
        caller: Caller
    ) async throws -> Disclosed<Discovered<[IRI]>> {
        let session = try await session(caller)
        let types = try await session.read { transaction in
            let left = try transaction.typesOfHistories()
                .subtracting(transaction.typesInUse().map(\.type))
            var seen: [IRI] = []
            for type in left.sorted(by: { $0.text < $1.text }) where seen.count < count {
                let query = TemporalQuery(
                    condition: .type(type),
                    lastN: 1,
                    instanceLimit: 1,
                    limit: 1
                )
                if try !transaction.evolutions(query).evolutions.isEmpty { seen.append(type) }
            }
            return seen
        }
        return try await session.seal(Discovered(information: types))
    }
}
