import ContextModel
import Federation

/// Registrations and entities for tests.
enum FederationSample {
    static func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    /// A registration of buses, unless told otherwise.
    static func registration(
        _ id: String = "urn:r:1",
        _ mode: ContextSourceRegistration.Mode = .inclusive,
        about information: [RegistrationInfo] = [info(types: ["Bus"])],
        operations: Set<DistributedOperation> = DistributedOperation.federation
    ) -> ContextSourceRegistration {
        ContextSourceRegistration(
            id: id,
            information: information,
            endpoint: "http://\(id.suffix(1)).example",
            mode: mode,
            operations: operations,
            entity: Entity(id: EntityID(id), types: [])
        )
    }

    static func info(
        types: [String]? = nil,
        id: String? = nil,
        idPattern: Pattern? = nil,
        attributes: [String] = []
    ) -> RegistrationInfo {
        let entities = types.map { types in
            [
                EntityInfo(
                    types: types.map(iri),
                    id: id.map { EntityID($0) },
                    idPattern: idPattern
                )
            ]
        }
        return RegistrationInfo(entities: entities, attributes: Set(attributes.map(iri)))
    }

    static func entity(
        _ attributes: [(String, Attribute)] = [],
        types: [String] = ["Bus"],
        id: String = "urn:x:1"
    ) -> Entity {
        var entity = Entity(id: EntityID(id), types: types.map(iri))
        for (name, instance) in attributes {
            if let place = entity.attributes.firstIndex(where: { $0.name == iri(name) }) {
                entity.attributes[place].instances.append(instance)
            } else {
                entity.attributes.append(
                    NamedAttribute(name: iri(name), instances: [instance])
                )
            }
        }
        return entity
    }

    static func value(
        _ value: JSONValue,
        dataset: String? = nil,
        observed: Int64? = nil,
        modified: Int64? = nil,
        expires: Int64? = nil
    ) -> Attribute {
        Attribute(
            kind: .property,
            value: value,
            datasetID: dataset,
            observedAt: observed.map(moment),
            modifiedAt: modified.map(moment),
            details: expires.map { AttributeDetails(expiresAt: moment($0)) }
        )
    }

    static func moment(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: seconds * 1_000_000)
    }

    static let now = moment(1_000)
}
