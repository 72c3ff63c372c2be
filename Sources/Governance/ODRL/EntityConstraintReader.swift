import ContextModel

/// Reads what a constraint says of entities: their type, identifier, scope, place and attributes.
struct EntityConstraintReader {
    let terms: TermLog
    let right: RightOperand

    /// Positions of a geometry at most: it is compared with each entity that is read.
    static let maximumPositions = 1_000

    /// nil where the left operand is about something else.
    func part(_ left: String) throws(PolicyError) -> RuleTest.Part? {
        switch left {
        case "type", "ngsi-ld:entityType", "ngsi-ld:entityTypeGroup":
            return plain(
                try anyOf { text throws(PolicyError) in
                    .type(try terms.iri(text, at: right.place))
                }
            )
        case "id", "ngsi-ld:entityId", "ngsi-ld:entityIdGroup":
            return plain(
                try anyOf { text throws(PolicyError) in
                    guard URIText.isValid(text), !text.hasLookAlikes else {
                        throw PolicyError(right.place, "'\(text)' is no identifier.")
                    }
                    return .ids([EntityID(text)])
                }
            )
        case "scope": return plain(try scopes)
        case "spatial": return try place
        default: break
        }
        if left.hasPrefix(ODRLNames.attributePrefix) {
            let text = String(left.dropFirst(ODRLNames.attributePrefix.count))
            return try value(AttributePath(names: path(text)))
        }
        guard left.hasPrefix("ngsi-ld:") else { return nil }
        // As FIWARE's policies write it: a name, or a name and the moment that is meant.
        let text = String(left.dropFirst("ngsi-ld:".count))
        for member in ["observedAt", "modifiedAt"] where text.hasSuffix("_" + member) {
            let names = try path(String(text.dropLast(member.count + 1)))
            return try value(AttributePath(names: names, coreMember: member))
        }
        return try value(AttributePath(names: path(text)))
    }

    private func plain(_ condition: Condition) -> RuleTest.Part {
        .entities(condition, known: .everything)
    }

    /// One of the texts, or none of them.
    private func anyOf(
        _ condition: (String) throws(PolicyError) -> Condition
    ) throws(PolicyError) -> Condition {
        try right.require(["eq", "isA", "isAnyOf", "anyOf", "neq", "isNoneOf"])
        var all: [Condition] = []
        for text in try right.requireTexts() { all.append(try condition(text)) }
        let any = Condition.any(of: all)
        return ["neq", "isNoneOf"].contains(right.comparison) ? .not(any) : any
    }

    private var scopes: Condition {
        get throws(PolicyError) {
            guard right.comparison == "isPartOf" else {
                return try anyOf { text throws(PolicyError) in try scope(text) }
            }
            var all: [Condition] = []
            for text in try right.requireTexts() { all.append(try scope(text + "/#")) }
            return .any(of: all)
        }
    }

    private func scope(_ text: String) throws(PolicyError) -> Condition {
        guard let condition = try? ScopeQuery.parse(text), case .scope = condition else {
            throw PolicyError(right.place, "'\(text)' is no scope such as /Phuket/North.")
        }
        return condition
    }

    private var place: RuleTest.Part {
        get throws(PolicyError) {
            let relations: [String: GeoTest.Relation] = [
                "isPartOf": .within, "within": .within, "intersects": .intersects,
            ]
            guard let relation = relations[right.comparison] else {
                throw right.refusal("isPartOf, within, intersects")
            }
            let geometry: Geometry
            do {
                geometry = try Geometry(geoJSON: right.single)
            } catch let error as GeometryError {
                throw PolicyError(right.place, "\(error)")
            } catch let error as PolicyError {
                throw error
            } catch { throw PolicyError(right.place, "It is no geometry.") }
            guard geometry.positionCount <= Self.maximumPositions else {
                throw PolicyError(
                    right.place,
                    "It has more than \(Self.maximumPositions) positions."
                )
            }
            let test = GeoTest(relation: relation, reference: geometry, attribute: .location)
            return .entities(.geometry(test), known: .attribute(.location))
        }
    }

    /// `speed`, or `speed.accuracy` for an attribute of an attribute.
    private func path(_ text: String) throws(PolicyError) -> [IRI] {
        // An IRI has dots of its own.
        let parts = text.contains(":") ? [text] : text.split(separator: ".").map(String.init)
        guard !parts.isEmpty else { throw PolicyError(right.place, "It names no attribute.") }
        var names: [IRI] = []
        for part in parts { names.append(try terms.iri(part, at: right.leftPlace)) }
        return names
    }

    private func value(_ path: AttributePath) throws(PolicyError) -> RuleTest.Part {
        let known = Condition.value(ValueTest(path: path))
        let operands = try right.operands
        let comparison: Comparison
        switch (right.comparison, operands.count) {
        case ("eq", 1), ("isAnyOf", _), ("anyOf", _): comparison = .equal(operands)
        case ("neq", 1), ("isNoneOf", _): comparison = .unequal(operands)
        case ("lt", 1): comparison = .less(operands[0])
        case ("lteq", 1): comparison = .lessOrEqual(operands[0])
        case ("gt", 1): comparison = .greater(operands[0])
        case ("gteq", 1): comparison = .greaterOrEqual(operands[0])
        default: throw right.refusal("eq, neq, lt, lteq, gt, gteq, isAnyOf, isNoneOf")
        }
        if case .unequal = comparison {
            // Unequal to what a path leads to is not the same as having another value beside it.
            return .entities(
                .not(.value(ValueTest(path: path, comparison: .equal(operands)))),
                known: known
            )
        }
        return .entities(.value(ValueTest(path: path, comparison: comparison)), known: known)
    }
}
