package import ContextModel

/// An attribute that a source says there is.
package struct DiscoveredAttribute: Sendable, Equatable {
    package var name: IRI
    /// How many entities have it; 0 where it does not say.
    package var count = 0
    package var kinds: Set<Attribute.Kind> = []
    /// The types of entities that have it; where it does not say, those that are registered, or
    /// nil where nothing is known of them.
    package var types: Set<IRI>?
}

/// A type of which a source says that it has entities.
package struct DiscoveredType: Sendable, Equatable {
    package var type: IRI
    /// How many there are; 0 where it does not say.
    package var count = 0
    package var attributes: [DiscoveredAttribute] = []
}

/// What a source says of types and attributes, as far as its registration is about it.
package struct DiscoveredThings: Sendable, Equatable {
    package var types: [DiscoveredType] = []
    package var attributes: [DiscoveredAttribute] = []

    /// The most names in the answer of one source.
    package static let maximumNames = 100_000

    package init() {}

    /// Reads an answer, in which each element has the `@context` of its names.
    ///
    /// Throws `garbage` for what is no such answer, and `tooMuch` for too many names.
    package init(
        _ elements: [(json: JSONValue, context: LDContext)],
        to part: DiscoveryPlan.Part
    ) throws(SourceProblem) {
        var reader = DiscoveryReader(part: part)
        for (json, context) in elements {
            guard !Task.isCancelled else { throw .late }
            guard let object = json.objectValue else { throw .garbage }
            try reader.read(object, context)
        }
        self = reader.things
    }
}

/// Reads what a source says of types and attributes.
private struct DiscoveryReader {
    let part: DiscoveryPlan.Part
    private(set) var things = DiscoveredThings()
    private var names = 0

    init(part: DiscoveryPlan.Part) { self.part = part }

    mutating func read(_ object: JSONObject, _ context: LDContext) throws(SourceProblem) {
        switch part.question {
        case .types:
            for type in try list("typeList", of: object, context) { add(type: type) }
        case .typeDetails:
            let type = try name("typeName", of: object, context)
            let attributes = try list("attributeNames", of: object, context).map {
                DiscoveredAttribute(name: $0, types: [type])
            }
            add(type: type, attributes)
        case .type(let wanted):
            guard try name("typeName", of: object, context) == wanted else { throw .unasked }
            add(
                type: wanted,
                count: Self.count("entityCount", of: object),
                try details(of: object, wanted, context)
            )
        case .attributes:
            for name in try list("attributeList", of: object, context) { add(attribute: name) }
        case .attributeDetails:
            add(
                attribute: try name("attributeName", of: object, context),
                types: try list("typeNames", of: object, context)
            )
        case .attribute(let wanted):
            guard try name("attributeName", of: object, context) == wanted else {
                throw .unasked
            }
            add(
                attribute: wanted,
                count: Self.count("attributeCount", of: object),
                kinds: Self.kinds(of: object),
                types: try list("typeNames", of: object, context)
            )
        }
    }

    private mutating func add(
        type: IRI,
        count: Int = 0,
        _ attributes: [DiscoveredAttribute] = []
    ) {
        guard part.covers(type: type) else { return }
        things.types.append(
            DiscoveredType(
                type: type,
                count: count,
                attributes: attributes.filter { part.covers(attribute: $0.name, of: type) }
            )
        )
    }

    private mutating func add(
        attribute name: IRI,
        count: Int = 0,
        kinds: Set<Attribute.Kind> = [],
        types: [IRI] = []
    ) {
        guard part.covers(attribute: name) else { return }
        let covered = types.filter { part.covers(attribute: name, of: $0) }
        guard types.isEmpty || !covered.isEmpty else { return }
        things.attributes.append(
            DiscoveredAttribute(
                name: name,
                count: count,
                kinds: kinds,
                types: types.isEmpty ? part.possibleTypes(with: name) : Set(covered)
            )
        )
    }

    private mutating func details(
        of object: JSONObject,
        _ type: IRI,
        _ context: LDContext
    ) throws(SourceProblem) -> [DiscoveredAttribute] {
        guard let details = object["attributeDetails"]?.arrayValue else { throw .garbage }
        var attributes: [DiscoveredAttribute] = []
        for detail in details {
            guard let detail = detail.objectValue else { throw .garbage }
            attributes.append(
                DiscoveredAttribute(
                    name: try name("attributeName", of: detail, context),
                    kinds: Self.kinds(of: detail),
                    types: [type]
                )
            )
        }
        return attributes
    }

    private mutating func list(
        _ member: String,
        of object: JSONObject,
        _ context: LDContext
    ) throws(SourceProblem) -> [IRI] {
        guard let elements = object[member]?.arrayValue else { throw .garbage }
        var names: [IRI] = []
        for element in elements { names.append(try name(element, context)) }
        return names
    }

    private mutating func name(
        _ member: String,
        of object: JSONObject,
        _ context: LDContext
    ) throws(SourceProblem) -> IRI {
        guard let value = object[member] else { throw .garbage }
        return try name(value, context)
    }

    private mutating func name(
        _ json: JSONValue,
        _ context: LDContext
    ) throws(SourceProblem) -> IRI {
        guard let text = json.stringValue, !text.isEmpty, text.utf8.count <= 2_048 else {
            throw .garbage
        }
        names += 1
        guard names <= DiscoveredThings.maximumNames else { throw .tooMuch }
        return context.expand(text)
    }

    private static func count(_ member: String, of object: JSONObject) -> Int {
        guard let count = object[member]?.numberValue?.intValue else { return 0 }
        return min(max(0, count), 1 << 40)
    }

    private static func kinds(of object: JSONObject) -> Set<Attribute.Kind> {
        let terms = Set((object["attributeTypes"]?.arrayValue ?? []).compactMap(\.stringValue))
        return Set(Attribute.Kind.allCases.filter { terms.contains($0.term) })
    }
}
