/// The query language `q` (clause 4.9).
///
/// Beyond the grammar, `!attribute` asks for entities without the attribute, and parentheses may
/// nest, as example 6 of the clause has them.
package struct QParser<Expansion: TermExpansion> {
    let expansion: Expansion
    /// Attributes whose values are terms to expand before comparing (`expandValues`).
    let expandValues: Set<String>
    let limits: ConditionLimits

    package init(
        expansion: Expansion,
        expandValues: Set<String> = [],
        limits: ConditionLimits = ConditionLimits()
    ) {
        self.expansion = expansion
        self.expandValues = expandValues
        self.limits = limits
    }

    /// The condition that `text`, percent-decoded, says.
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
        let (path, attribute) = try PathReader(expansion: expansion).read(&cursor)
        let values = QValueReader(
            path: path,
            expandTerm: expandValues.contains(attribute)
                ? { expansion.expand(attribute: $0).text } : nil
        )
        return .value(ValueTest(path: path, comparison: try values.comparison(&cursor)))
    }
}

/// Reads `name.sub[member.member]` of clause 4.9.
struct PathReader<Expansion: TermExpansion> {
    let expansion: Expansion

    /// Members of every attribute that no `@context` expands.
    private static var coreMembers: Set<String> {
        [
            "observedAt", "createdAt", "modifiedAt", "deletedAt", "expiresAt", "unitCode",
            "datasetId",
        ]
    }
    private static var entityMembers: Set<String> { ["createdAt", "modifiedAt", "expiresAt"] }

    /// The path, and the name it starts with as it was written.
    func read(
        _ cursor: inout ConditionCursor
    ) throws(ConditionError) -> (path: AttributePath, attribute: String) {
        var words = [try name(&cursor)]
        while cursor.next == UInt8(ascii: "."), cursor.skip(".") {
            words.append(try name(&cursor))
        }
        try refuseLinkedEntity(&cursor)
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
        let name = cursor.take(while: Self.isNameByte)
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), first != 0x2D else {
            throw cursor.error(
                "An attribute name is missing",
                at: start,
                hint: "Start each term with a name, such as speed>50."
            )
        }
        return name
    }

    /// Letters and digits of any language, `_`, and the marks of a compact IRI.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF, UInt8(ascii: "_"),
            UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "@"):
            true
        default: false
        }
    }

    private func refuseLinkedEntity(_ cursor: inout ConditionCursor) throws(ConditionError) {
        guard cursor.next != UInt8(ascii: "{") else {
            throw cursor.error(
                "Queries over linked entities are not supported yet",
                hint: "Query the linked entities first, then use their identifiers."
            )
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
