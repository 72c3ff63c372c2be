/// The parser of the query language `q` (clause 4.9).
///
/// Beyond the grammar, it accepts `!attribute` for entities without the attribute, and nested
/// parentheses as in example 6 of the clause.
package struct QParser<Expansion: TermExpansion> {
    let expansion: Expansion
    /// The attributes whose values are terms to be expanded before comparing (`expandValues`).
    let expandValues: Set<String>
    /// The number of links that a term may follow, one after the other (`sensor{humidity}`); zero
    /// without a join.
    let linkDepth: Int
    let limits: ConditionLimits

    package init(
        expansion: Expansion,
        expandValues: Set<String> = [],
        linkDepth: Int = 0,
        limits: ConditionLimits = ConditionLimits()
    ) {
        self.expansion = expansion
        self.expandValues = expandValues
        self.linkDepth = linkDepth
        self.limits = limits
    }

    /// Parses `text`, which is percent-decoded.
    package func parse(
        _ text: String,
        parameter: String = "q"
    ) throws(ConditionError) -> Condition {
        var cursor = try ConditionCursor(text, parameter: parameter, limits: limits)
        return try LogicalExpression(commaMeansOr: false, term: term).parse(&cursor)
    }

    private func term(_ cursor: inout ConditionCursor) throws(ConditionError) -> Condition {
        if cursor.skip("!") {
            let path = try PathReader(expansion: expansion).read(&cursor).path
            return .not(.value(ValueTest(path: path)))
        }
        var links: [Link] = []
        let (path, attribute) = try self.path(&cursor, through: &links)
        let values = QValueReader(
            path: path,
            expandTerm: expandValues.contains(attribute)
                ? { expansion.expand(attribute: $0).text } : nil
        )
        let comparison = try values.comparison(&cursor)
        return links.reversed().reduce(.value(ValueTest(path: path, comparison: comparison))) {
            .linked(LinkedTest(path: $1.path, target: $1.targetType.and($0)))
        }
    }

    // MARK: Linked Entities

    /// A Relationship that a term follows, and the type of the entities it leads to.
    private typealias Link = (path: AttributePath, targetType: Condition)

    /// Reads a path and the links that lead to it: `a{T:b{c}}` has the path `c`.
    private func path(
        _ cursor: inout ConditionCursor,
        through links: inout [Link]
    ) throws(ConditionError) -> (path: AttributePath, attribute: String) {
        let start = cursor.position
        let reader = PathReader(expansion: expansion, allowsPrefix: links.isEmpty)
        let end = try reader.read(&cursor)
        guard cursor.skip("{") else { return end }
        guard links.count < linkDepth else {
            throw cursor.error(
                "The query follows more links than the joinLevel allows",
                at: start,
                hint: "Braces need join=inline or join=flat, and a joinLevel as deep as they are."
            )
        }
        guard end.path.members.isEmpty, end.path.coreMember == nil else {
            throw cursor.error(
                "Braces must follow a Relationship",
                at: start,
                hint: "Write sensor{humidity}==40."
            )
        }
        links.append((end.path, try targetType(&cursor)))
        let inner = try path(&cursor, through: &links)
        guard cursor.skip("}") else {
            throw cursor.error("A brace is not closed", hint: "Write sensor{humidity}==40.")
        }
        return inner
    }

    /// Reads `Device:` or `Device,Sensor:`, if one of these follows.
    private func targetType(_ cursor: inout ConditionCursor) throws(ConditionError) -> Condition {
        let start = cursor.position
        let types = cursor.take { PathReader<Expansion>.isTermByte($0) || $0 == 0x2C }
        guard cursor.skip(":") else {
            cursor.position = start
            return .everything
        }
        let names = types.split(separator: ",", omittingEmptySubsequences: false)
        guard names.allSatisfy({ !$0.isEmpty }) else {
            throw cursor.error(
                "An entity type is missing",
                at: start,
                hint: "Write sensor{Device:humidity}==40."
            )
        }
        return .any(of: names.map { .type(expansion.expand(type: String($0))) })
    }
}

/// Reads `name.sub[member.member]` of clause 4.9.
struct PathReader<Expansion: TermExpansion> {
    let expansion: Expansion
    /// Whether names may be compact IRIs: inside braces a colon ends the type of a Linked Entity.
    var allowsPrefix = true

    /// The members of attributes that no `@context` expands.
    private static var coreMembers: Set<String> {
        [
            "observedAt", "createdAt", "modifiedAt", "deletedAt", "expiresAt", "unitCode",
            "datasetId",
        ]
    }
    private static var entityMembers: Set<String> { ["createdAt", "modifiedAt", "expiresAt"] }

    /// Reads the path; also returns its first name as it was written.
    func read(
        _ cursor: inout ConditionCursor
    ) throws(ConditionError) -> (path: AttributePath, attribute: String) {
        var words = [try name(&cursor)]
        while cursor.next == UInt8(ascii: "."), cursor.skip(".") {
            words.append(try name(&cursor))
        }
        let members = try trailingMembers(&cursor)
        let attribute = words[0]
        let isEntityMember = words.count == 1 && Self.entityMembers.contains(attribute)
        let isCore =
            isEntityMember || (words.count > 1 && Self.coreMembers.contains(words.last ?? ""))
        let coreMember = isCore ? words.removeLast() : nil
        let path = AttributePath(
            names: words.map(expansion.expand(attribute:)),
            members: members,
            coreMember: coreMember
        )
        return (path, attribute)
    }

    private func name(_ cursor: inout ConditionCursor) throws(ConditionError) -> String {
        let start = cursor.position
        let name = cursor.take { Self.isTermByte($0) || (allowsPrefix && $0 == 0x3A) }
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), first != 0x2D else {
            throw cursor.error(
                "An attribute name is missing",
                at: start,
                hint: "Start each term with a name, such as speed>50."
            )
        }
        return name
    }

    /// Whether the byte is part of a term: letters and digits of any language, `_`, and marks that
    /// terms have in practice.
    static func isTermByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF, UInt8(ascii: "_"),
            UInt8(ascii: "-"), UInt8(ascii: "@"):
            true
        default: false
        }
    }

    private func trailingMembers(
        _ cursor: inout ConditionCursor
    ) throws(ConditionError) -> [String] {
        guard cursor.skip("[") else { return [] }
        let start = cursor.position
        let inside = cursor.take { $0 != UInt8(ascii: "]") && $0 != UInt8(ascii: "[") }
        guard cursor.skip("]") else {
            throw cursor.error("A [ is not closed", at: start, hint: "Write address[city].")
        }
        let members = inside.split(separator: ".", omittingEmptySubsequences: false)
        guard members.allSatisfy({ !$0.isEmpty }) else {
            throw cursor.error(
                "A member name is missing",
                at: start,
                hint: "Write address[geo.city]."
            )
        }
        return members.map(String.init)
    }
}
