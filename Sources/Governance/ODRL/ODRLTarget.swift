import ContextModel

/// What a rule is about: entities, and perhaps some attributes of them alone.
struct ODRLTarget {
    let test: RuleTest
    /// None for the whole entity.
    let attributes: Set<IRI>
    let place: String

    /// Names of the collection of all entities: as FIWARE's policies have it, and ours.
    private static let everything: Set = ["urn:asset", "urn:balai:entities"]
    static let identifierPrefix = "urn:ngsi-ld:"

    init(test: RuleTest, attributes: Set<IRI>, place: String) {
        self.test = test
        self.attributes = attributes
        self.place = place
    }

    /// Reads a type, an identifier, or a collection with refinements.
    init(
        _ value: JSONValue,
        _ names: ODRLNames,
        _ terms: TermLog,
        at place: String
    ) throws(PolicyError) {
        self.place = place
        if let text = ODRLNode.text(value) {
            test = .part(
                .entities(try Self.condition(text, terms, at: place), known: .everything),
                place: place
            )
            attributes = []
            return
        }
        guard case .object(let object) = value else {
            throw PolicyError(place, "It must be a type, an identifier or a collection.")
        }
        let node = try ODRLNode(
            object,
            names,
            known: ["@type", "uid", "source", "refinement"],
            at: place
        )
        try node.requireType(["AssetCollection", "Asset"])
        var tests: [RuleTest] = []
        for member in ["source", "uid"] where node[member] != nil {
            // A collection's own name says nothing where it has a source.
            if member == "uid", node["source"] != nil { continue }
            let text = try node.text(member)
            tests.append(
                .part(
                    .entities(
                        try Self.condition(text, terms, at: node.place(of: member)),
                        known: .everything
                    ),
                    place: place
                )
            )
        }
        guard !tests.isEmpty || node["refinement"] != nil else {
            throw PolicyError(place, "It names nothing.")
        }
        let reader = ODRLConstraintReader(names: names, terms: terms)
        var selected: Set<IRI> = []
        tests += try reader.constraints(node, "refinement", .target, selecting: &selected)
        attributes = selected
        test = .all(tests)
    }

    private static func condition(
        _ text: String,
        _ terms: TermLog,
        at place: String
    ) throws(PolicyError) -> Condition {
        if everything.contains(text) { return .everything }
        if text.hasPrefix(identifierPrefix) {
            guard URIText.isValid(text), !text.hasLookAlikes else {
                throw PolicyError(place, "'\(text)' is no identifier.")
            }
            return .ids([EntityID(text)])
        }
        return .type(try terms.iri(text, at: place))
    }
}
