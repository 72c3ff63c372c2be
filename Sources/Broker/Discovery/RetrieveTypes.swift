package import ContextModel
package import Governance
import Storage

/// What is known of an entity type (clauses 5.2.24 to 5.2.26).
package struct TypeInformation: Sendable, Equatable {
    package var type: IRI
    package var entityCount: Int
    /// By name, in alphabetical order of their IRIs.
    package var attributes: [AttributeInformation]
}

/// What is known of an attribute (clause 5.2.28).
package struct AttributeInformation: Sendable, Equatable {
    package var name: IRI
    package var attributeCount: Int
    package var kinds: Set<Attribute.Kind>
    /// Types of the entities that have it, in alphabetical order.
    package var types: [IRI]
}

extension Hub {
    /// Retrieve Available Entity Types, with or without details (clauses 5.7.5 and 5.7.6).
    package func types(caller: Caller) async throws -> [TypeInformation] {
        let (store, grant) = try await reading(caller)
        let shapes = try await store.shapes(grant: grant)
        let names = Set(shapes.flatMap(\.types)).sorted { $0.text < $1.text }
        return names.map { TypeInformation($0, from: shapes) }
    }

    /// Retrieve Available Entity Type Information (clause 5.7.7).
    package func type(_ type: IRI, caller: Caller) async throws -> TypeInformation {
        let (store, grant) = try await reading(caller)
        let shapes = try await store.shapes(grant: grant)
        guard shapes.contains(where: { $0.types.contains(type) }) else {
            throw BrokerError(.resourceNotFound, "There is no entity of type '\(type)'.")
        }
        return TypeInformation(type, from: shapes)
    }

    /// Retrieve Available Attributes, with or without details (clauses 5.7.8 and 5.7.9).
    package func attributes(caller: Caller) async throws -> [AttributeInformation] {
        let (store, grant) = try await reading(caller)
        return AttributeInformation.all(in: try await store.shapes(grant: grant))
    }

    /// Retrieve Available Attribute Information (clause 5.7.10).
    package func attribute(_ name: IRI, caller: Caller) async throws -> AttributeInformation {
        guard let found = try await attributes(caller: caller).first(where: { $0.name == name })
        else {
            throw BrokerError(.resourceNotFound, "No entity has an attribute '\(name)'.")
        }
        return found
    }
}

extension TypeInformation {
    fileprivate init(_ type: IRI, from shapes: [EntityShape]) {
        let own = shapes.filter { $0.types.contains(type) }
        self.type = type
        entityCount = own.reduce(0) { $0 + $1.count }
        attributes = AttributeInformation.all(in: own)
    }
}

extension AttributeInformation {
    fileprivate static func all(in shapes: [EntityShape]) -> [AttributeInformation] {
        var byName: [IRI: AttributeInformation] = [:]
        for shape in shapes {
            for (name, kinds) in shape.attributes {
                byName[
                    name,
                    default: AttributeInformation(
                        name: name,
                        attributeCount: 0,
                        kinds: [],
                        types: []
                    )
                ].add(shape, kinds)
            }
        }
        return byName.values.sorted { $0.name.text < $1.name.text }.map { information in
            var sorted = information
            sorted.types.sort { $0.text < $1.text }
            return sorted
        }
    }

    private mutating func add(_ shape: EntityShape, _ kinds: Set<Attribute.Kind>) {
        attributeCount += shape.count
        self.kinds.formUnion(kinds)
        for type in shape.types where !types.contains(type) { types.append(type) }
    }
}
