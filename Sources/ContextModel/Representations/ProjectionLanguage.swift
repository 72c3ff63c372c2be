/// The attribute projection language of `pick` and `omit` (clause 4.21): `a,b` or `a|b`, and
/// `locatedAt{name}` for members of linked entities.
package struct ProjectionLanguage<Expansion: TermExpansion> {
    let expansion: Expansion
    let limits: ConditionLimits

    package init(expansion: Expansion, limits: ConditionLimits = ConditionLimits()) {
        self.expansion = expansion
        self.limits = limits
    }

    /// Parses both parameters, which are percent-decoded, into one projection.
    package func parse(pick: String?, omit: String?) throws(ConditionError) -> Projection {
        var projection = Projection()
        let picked = try pick.map { text throws(ConditionError) in
            try terms(of: text, parameter: "pick")
        }
        let omitted = try omit.map { text throws(ConditionError) in
            try terms(of: text, parameter: "omit")
        }
        if let name = conflict(picked ?? [], omitted ?? []) {
            throw ConditionError(
                parameter: "omit",
                message: "“\(name)” is in both pick and omit.",
                hint: "Name it in one of them."
            )
        }
        if let picked { self.pick(picked, in: &projection) }
        if let omitted { self.omit(omitted, in: &projection) }
        return projection
    }

    // MARK: Reading

    /// A name, and the content of its braces.
    private struct Term {
        var name: String
        var linked: [Term]
    }

    private func terms(of text: String, parameter: String) throws(ConditionError) -> [Term] {
        var cursor = try ConditionCursor(text, parameter: parameter, limits: limits)
        let terms = try self.terms(&cursor, depth: 0)
        guard cursor.isAtEnd else {
            throw cursor.error(
                "\(parameter) is not valid from here",
                hint: "Separate names with commas, and close each brace once."
            )
        }
        return terms
    }

    private func terms(
        _ cursor: inout ConditionCursor,
        depth: Int
    ) throws(ConditionError) -> [Term] {
        var terms: [Term] = []
        repeat {
            terms.append(try term(&cursor, depth: depth))
        } while cursor.skip(",")
            || cursor.skip("|")
        return terms
    }

    private func term(
        _ cursor: inout ConditionCursor,
        depth: Int
    ) throws(ConditionError) -> Term {
        try cursor.countTerm()
        let start = cursor.position
        let name = cursor.take(while: Self.isOfName)
        guard !name.isEmpty else {
            throw cursor.error(
                "A name is missing",
                hint: "Name members such as id, type or temperature."
            )
        }
        guard cursor.skip("{") else { return Term(name: name, linked: []) }
        guard !Projection.entityMembers.contains(name) else {
            throw cursor.error(
                "Braces must follow a Relationship",
                at: start,
                hint: "Write them after the name of a Relationship."
            )
        }
        guard depth < Join.maximumLevel else {
            throw cursor.error(
                "Braces are more than \(Join.maximumLevel) deep",
                at: start,
                hint: "Follow fewer links at once."
            )
        }
        let linked = try terms(&cursor, depth: depth + 1)
        guard cursor.skip("}") else {
            throw cursor.error("A brace is not closed", hint: "Add a }.")
        }
        return Term(name: name, linked: linked)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != 0x7F && !"<>\"'=;()[]{}|\\^`,".utf8.contains(byte)
    }

    // MARK: Meaning

    /// A name that is picked and also omitted as a whole.
    private func conflict(_ picked: [Term], _ omitted: [Term]) -> String? {
        if picked.isEmpty || omitted.isEmpty { return nil }
        let names = Set(picked.map { expansion.expand(attribute: $0.name) })
        let both = omitted.filter { names.contains(expansion.expand(attribute: $0.name)) }
        if let whole = both.first(where: \.linked.isEmpty) { return whole.name }
        let picked = Dictionary(grouping: picked) { expansion.expand(attribute: $0.name) }
        let omitted = Dictionary(grouping: both) { expansion.expand(attribute: $0.name) }
        return omitted.lazy.compactMap { name, terms in
            conflict((picked[name] ?? []).flatMap(\.linked), terms.flatMap(\.linked))
        }.min()
    }

    private func pick(_ terms: [Term], in projection: inout Projection) {
        var (attributes, members) = (
            projection.attributes ?? [], projection.entityMembers ?? []
        )
        for term in terms {
            if Projection.entityMembers.contains(term.name) {
                members.insert(term.name)
                continue
            }
            let name = expansion.expand(attribute: term.name)
            attributes.insert(name)
            if !term.linked.isEmpty {
                pick(term.linked, in: &projection.linked[name, default: Projection()])
            }
        }
        projection.attributes = attributes
        projection.entityMembers = members
    }

    private func omit(_ terms: [Term], in projection: inout Projection) {
        for term in terms {
            let name = expansion.expand(attribute: term.name)
            if Projection.entityMembers.contains(term.name) {
                projection.omittedEntityMembers.insert(term.name)
            } else if term.linked.isEmpty {
                projection.omittedAttributes.insert(name)
            } else {
                omit(term.linked, in: &projection.linked[name, default: Projection()])
            }
        }
    }
}
