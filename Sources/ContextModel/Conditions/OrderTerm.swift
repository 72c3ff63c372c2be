/// One key of `orderBy` (clause 4.23).
package struct OrderTerm: Sendable, Hashable {
    /// The value that entities are sorted by.
    package enum Subject: Sendable, Hashable {
        case id, type, scope
        /// A path; `createdAt` and `modifiedAt` of the entity are paths without names.
        case path(AttributePath)
        /// The distance of a GeoProperty from the reference.
        case distance(IRI, from: Geometry)
    }
    package var subject: Subject
    package var isDescending: Bool
    /// The order of texts.
    package var collation: Collation

    package init(
        subject: Subject,
        isDescending: Bool = false,
        collation: Collation = .root
    ) {
        self.subject = subject
        self.isDescending = isDescending
        self.collation = collation
    }

    /// The attributes whose values the key depends on.
    package var attributeNames: [IRI] {
        switch subject {
        case .path(let path): path.names
        case .distance(let name, _): [name]
        case .id, .type, .scope: []
        }
    }

    /// Parses the parameters, which are percent-decoded; the first key decides first.
    package static func parse(
        orderBy: String,
        orderFrom: String? = nil,
        orderGeometry: String? = nil,
        collation: String? = nil,
        expansion: some TermExpansion,
        limits: ConditionLimits = ConditionLimits()
    ) throws(ConditionError) -> [OrderTerm] {
        var cursor = try ConditionCursor(orderBy, parameter: "orderBy", limits: limits)
        var terms: [OrderTerm] = []
        let order = try collation.map(order(named:)) ?? .root
        let reference = try orderFrom.map { text throws(ConditionError) in
            try GeoQuery.reference(
                type: orderGeometry ?? "Point",
                coordinates: text,
                parameter: "orderFrom",
                limits: limits
            )
        }
        repeat {
            try cursor.countTerm()
            var term = try term(&cursor, from: reference, expansion: expansion)
            term.collation = order
            terms.append(term)
        } while cursor.skip(",")
        guard cursor.isAtEnd else {
            throw cursor.error(
                "orderBy is not valid from here",
                hint: "Write name,age;desc."
            )
        }
        return terms
    }

    private static func order(named name: String) throws(ConditionError) -> Collation {
        guard let collation = Collation(name) else {
            throw ConditionError(
                parameter: "collation",
                message: "The collation “\(name.prefix(40))” is unknown to ICU (RFC 6067).",
                hint: "Give one such as und or und-u-ks-level1."
            )
        }
        return collation
    }

    private static func term(
        _ cursor: inout ConditionCursor,
        from reference: Geometry?,
        expansion: some TermExpansion
    ) throws(ConditionError) -> OrderTerm {
        let start = cursor.position
        let (path, name) = try PathReader(expansion: expansion).read(&cursor)
        let direction = cursor.skip(";") ? cursor.take { $0 != UInt8(ascii: ",") } : "asc"
        let isAlone = path.names.count == 1 && path.members.isEmpty && path.coreMember == nil
        switch direction {
        case "asc", "desc":
            let own: Subject? = isAlone ? ["id": .id, "type": .type, "scope": .scope][name] : nil
            return OrderTerm(subject: own ?? .path(path), isDescending: direction == "desc")
        case "dist-asc", "dist-desc":
            guard isAlone, let reference else {
                throw cursor.error(
                    "Sorting by distance needs a GeoProperty and orderFrom",
                    at: start,
                    hint: "Write orderBy=location;dist-asc and orderFrom=[8,40]."
                )
            }
            return OrderTerm(
                subject: .distance(path.names[0], from: reference),
                isDescending: direction == "dist-desc"
            )
        default:
            throw cursor.error(
                "A direction is unknown",
                at: start,
                hint: "Use asc, desc, dist-asc or dist-desc."
            )
        }
    }
}
