package import ContextModel
package import Governance
import Storage

extension Reading {
    /// Retrieve Available Entity Types (clause 5.7.5): their names, in alphabetical order.
    package func typeNames(caller: Caller) async throws -> Disclosed<Discovered<[IRI]>> {
        let session = try await session(caller)
        let names = try await session.read { try $0.typesInUse().map(\.type) }
        return try await session.seal(Discovered(information: names))
    }

    /// Retrieve Details of Available Entity Types (clause 5.7.6).
    ///
    /// Throws `tooManyResults` when they have more attributes than an answer may have.
    package func types(
        caller: Caller
    ) async throws -> Disclosed<Discovered<[TypeInformation]>> {
        let session = try await session(caller)
        let all = try await session.read { [limits] transaction in
            var size = DiscoverySize(limits)
            return try transaction.typesInUse().map {
                try transaction.information(of: $0.type, from: $0.shapes, size: &size)
            }
        }
        return try await session.seal(Discovered(information: all))
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
