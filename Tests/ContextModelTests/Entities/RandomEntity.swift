import Chance
import ContextModel

/// Creates random entities in which every part occurs.
enum RandomEntity {
    static func entity(_ generator: inout SeededGenerator) -> Entity {
        Entity(
            id: EntityID(RandomJSON.string(&generator)),
            types: names(&generator),
            scopes: names(&generator).map(\.text),
            attributes: attributes(&generator, depth: 2),
            createdAt: moment(&generator),
            modifiedAt: moment(&generator),
            expiresAt: moment(&generator)
        )
    }

    static func attribute(_ generator: inout SeededGenerator, depth: Int) -> Attribute {
        Attribute(
            kind: Attribute.Kind.allCases.randomElement(using: &generator) ?? .property,
            value: RandomJSON.value(&generator, depth: 2),
            datasetID: text(&generator),
            observedAt: moment(&generator),
            unitCode: text(&generator),
            createdAt: moment(&generator),
            modifiedAt: moment(&generator),
            attributes: depth == 0 ? [] : attributes(&generator, depth: depth - 1),
            details: Bool.random(using: &generator) ? details(&generator) : nil
        )
    }

    private static func attributes(
        _ generator: inout SeededGenerator,
        depth: Int
    ) -> [NamedAttribute] {
        names(&generator).map { name in
            let instances = (0..<Int.random(in: 1...2, using: &generator)).map { _ in
                attribute(&generator, depth: depth)
            }
            return NamedAttribute(name: name, instances: instances)
        }
    }

    private static func details(_ generator: inout SeededGenerator) -> AttributeDetails {
        AttributeDetails(
            deletedAt: moment(&generator),
            expiresAt: moment(&generator),
            instanceID: text(&generator),
            objectTypes: names(&generator),
            previousValue: json(&generator),
            valueType: text(&generator),
            proof: json(&generator)
        )
    }

    private static func json(_ generator: inout SeededGenerator) -> JSONValue? {
        Bool.random(using: &generator) ? RandomJSON.value(&generator, depth: 1) : nil
    }

    private static func text(_ generator: inout SeededGenerator) -> String? {
        Bool.random(using: &generator) ? RandomJSON.string(&generator) : nil
    }

    private static func names(_ generator: inout SeededGenerator) -> [IRI] {
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in
            IRI("https://a.example/ชื่อ/" + RandomJSON.string(&generator))
        }
    }

    private static func moment(_ generator: inout SeededGenerator) -> Timestamp? {
        switch Int.random(in: 0...3, using: &generator) {
        case 0: nil
        case 1: Timestamp(microseconds: Int64.random(in: .min ... .max, using: &generator))
        default: Timestamp(microseconds: 1_767_600_000_000_000)
        }
    }
}
