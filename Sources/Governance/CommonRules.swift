package import ContextModel

/// The rules for all tenants that the operator writes without ODRL: `public`, `permissions` and
/// `prohibitions`, as the configuration file has them.
///
/// None of them covers data about people, for none has a purpose.
package struct CommonRules: Sendable, Hashable {
    package private(set) var permissions: [Permission] = []
    package private(set) var prohibitions: [Prohibition] = []
    /// What was written, with whole names; what is empty is left out.
    package private(set) var source = JSONObject()
    /// What is wrong with what was written, each with the member; such rules are in force nowhere.
    package private(set) var findings: [String] = []
    private let expand: @Sendable (String) -> IRI

    /// Rules of each kind at most.
    package static let maximumRules = 1_000

    package init() { expand = { IRI($0) } }

    /// Reads the rules; `expand` says what the name of a type or attribute stands for.
    package init(_ json: JSONObject, expand: @escaping @Sendable (String) -> IRI) {
        self.expand = expand
        requireMembers(of: json, ["public", "permissions", "prohibitions"], in: "")
        if let open = object(json["public"], "public") { readPublic(open) }
        for (name, rule) in rules(json, "permissions") { readPermission(rule, named: name) }
        for (name, rule) in rules(json, "prohibitions") { readProhibition(rule, named: name) }
    }

    package static func == (a: CommonRules, b: CommonRules) -> Bool { a.source == b.source }

    package func hash(into hasher: inout Hasher) { hasher.combine(source) }

    // MARK: Rules

    private mutating func readPublic(_ json: JSONObject) {
        let known: Set = ["types", "scopes", "hiddenAttributes", "measures"]
        requireMembers(of: json, known, in: "public.")
        var kept = JSONObject()
        let hidden = names(json, "hiddenAttributes", "public", &kept)
        if let target = target(json, "public", &kept) {
            permissions.append(
                Permission(
                    assignee: .anyone,
                    actions: [.read],
                    target: target,
                    hiddenAttributes: hidden
                )
            )
        } else if !hidden.isEmpty {
            findings.append(
                "public.hiddenAttributes needs public.types or public.scopes; alone it hides nothing."
            )
        }
        switch json["measures"] {
        case nil, .bool(false): break
        case .bool(true):
            kept["measures"] = true
            permissions.append(
                Permission(assignee: .anyone, actions: [.measure], target: .nothing)
            )
        default: findings.append("public.measures must be true or false.")
        }
        if !kept.isEmpty { source["public"] = .object(kept) }
    }

    private mutating func readPermission(_ json: JSONObject, named name: String) {
        let section = "permissions.\(name)"
        let known: Set = ["party", "actions", "types", "scopes", "hiddenAttributes"]
        requireMembers(of: json, known, in: section + ".")
        var kept = JSONObject()
        var party = name
        if let value = json["party"] {
            party = value.stringValue ?? ""
            kept["party"] = value
            if party.isEmpty { findings.append("\(section).party must be the name of a party.") }
        }
        var actions: Set<Action> = []
        for word in texts(json, "actions", section, &kept) {
            guard let action = Self.actions[word] else {
                findings.append(Self.unknownAction(word, in: section))
                continue
            }
            actions.insert(action)
        }
        let hidden = names(json, "hiddenAttributes", section, &kept)
        let target = target(json, section, &kept)
        // A party that only measures needs no data.
        guard let target = actions == [.measure] ? target ?? .nothing : target else {
            findings.append("\(section) needs types or scopes; types: [\"*\"] covers everything.")
            return
        }
        permissions.append(
            Permission(
                assignee: .party(PartyID(party)),
                actions: actions,
                target: target,
                hiddenAttributes: hidden
            )
        )
        keep(kept, "permissions", name)
    }

    private mutating func readProhibition(_ json: JSONObject, named name: String) {
        let section = "prohibitions.\(name)"
        requireMembers(
            of: json,
            ["parties", "types", "scopes", "ids", "attributes"],
            in: section + "."
        )
        var kept = JSONObject()
        let attributes = names(json, "attributes", section, &kept)
        if attributes.isEmpty { findings.append("\(section).attributes must name what is hidden.") }
        let parties = texts(json, "parties", section, &kept)
        guard let target = target(json, section, &kept) else {
            findings.append(
                "\(section) needs types, scopes or ids; types: [\"*\"] covers everything."
            )
            return
        }
        let assignees = parties.map { Permission.Assignee.party(PartyID($0)) }
        prohibitions += (assignees.isEmpty ? [.anyone] : assignees).map {
            Prohibition(assignee: $0, target: target, attributes: attributes)
        }
        keep(kept, "prohibitions", name)
    }

    private mutating func keep(_ rule: JSONObject, _ section: String, _ name: String) {
        var rules = source[section]?.objectValue ?? JSONObject()
        rules[name] = .object(rule)
        source[section] = .object(rules)
    }

    // MARK: Parts

    /// The words for actions.
    package static let actions: [String: Action] = [
        "read": .read, "write": .write, "subscribe": .subscribe, "measure": .measure,
    ]

    package static func unknownAction(_ word: String, in section: String) -> String {
        "\(section).actions: \"\(word)\" is not one of read, write, subscribe, measure."
    }

    /// A condition for entities with one of the types, one of the scopes and one of the identifiers; nil when
    /// none of these is set.
    private mutating func target(
        _ json: JSONObject,
        _ section: String,
        _ kept: inout JSONObject
    ) -> Condition? {
        let expand = expand
        let types = texts(json, "types", section, &kept) { $0 == "*" ? $0 : expand($0).text }
        let scopes = texts(json, "scopes", section, &kept)
        let ids = section.hasPrefix("prohibitions") ? texts(json, "ids", section, &kept) : []
        for scope in scopes where !scope.hasPrefix("/") {
            findings.append("\(section).scopes: \"\(scope)\" must start with \"/\".")
        }
        return Condition.entities(types: types.map { IRI($0) }, scopes: scopes, ids: ids)
    }

    private mutating func names(
        _ json: JSONObject,
        _ member: String,
        _ section: String,
        _ kept: inout JSONObject
    ) -> Set<IRI> {
        let expand = expand
        return Set(texts(json, member, section, &kept) { expand($0).text }.map { IRI($0) })
    }

    private mutating func texts(
        _ json: JSONObject,
        _ member: String,
        _ section: String,
        _ kept: inout JSONObject,
        as whole: (String) -> String = { $0 }
    ) -> [String] {
        guard let value = json[member] else { return [] }
        let values = value.arrayValue ?? [value]
        let texts = values.compactMap(\.stringValue)
        guard texts.count == values.count, !texts.contains("") else {
            findings.append("\(section).\(member) must be an array of texts.")
            return []
        }
        let found = texts.map(whole)
        if !found.isEmpty { kept[member] = .array(found.map { .string($0) }) }
        return found
    }

    private mutating func object(_ value: JSONValue?, _ place: String) -> JSONObject? {
        guard let value else { return nil }
        if case .object(let object) = value { return object }
        findings.append("\(place) must be an object.")
        return nil
    }

    private mutating func rules(
        _ json: JSONObject,
        _ section: String
    ) -> [(String, JSONObject)] {
        guard let all = object(json[section], section) else { return [] }
        guard all.count <= Self.maximumRules else {
            findings.append("\(section) has more than \(Self.maximumRules) rules.")
            return []
        }
        return all.members.compactMap { name, value in
            object(value, "\(section).\(name)").map { (name, $0) }
        }
    }

    private mutating func requireMembers(
        of json: JSONObject,
        _ known: Set<String>,
        in place: String
    ) {
        for member in json.members where !known.contains(member.key) {
            findings.append("\(place)\(member.key): The member is not understood.")
        }
    }
}

extension Condition {
    /// Entities with one of the types, one of the scopes and one of the identifiers, as far as any are
    /// given; nil when none is.
    ///
    /// The type `*` means all.
    package static func entities(types: [IRI], scopes: [String], ids: [String] = []) -> Condition? {
        if types.isEmpty && scopes.isEmpty && ids.isEmpty { return nil }
        var target = Condition.everything
        if !types.isEmpty && !types.contains(IRI("*")) {
            target = types.reduce(.nothing) { $0.or(.type($1)) }
        }
        if !scopes.isEmpty {
            target = target.and(
                scopes.reduce(.nothing) { condition, scope in
                    let segments = Scope.levels(scope).filter { !$0.isEmpty }.map(String.init)
                    return condition.or(.scope(ScopePattern(segments: segments)))
                }
            )
        }
        return ids.isEmpty ? target : target.and(.ids(Set(ids.map { EntityID($0) })))
    }
}

extension CommonRules {
    /// What was written, with names compacted by `compact`.
    package func written(_ compact: (IRI) -> String) -> JSONObject {
        func named(_ rule: JSONObject) -> JSONObject {
            var named = rule
            for member in ["types", "hiddenAttributes", "attributes"] {
                guard let texts = rule[member]?.arrayValue else { continue }
                named[member] = .array(
                    texts.map { text in
                        text == "*" ? text : .string(compact(IRI(text.stringValue ?? "")))
                    }
                )
            }
            return named
        }
        var written = JSONObject()
        if let open = source["public"]?.objectValue { written["public"] = .object(named(open)) }
        for section in ["permissions", "prohibitions"] {
            guard let rules = source[section]?.objectValue else { continue }
            var all = JSONObject()
            for (name, rule) in rules.members {
                all[name] = .object(named(rule.objectValue ?? JSONObject()))
            }
            written[section] = .object(all)
        }
        return written
    }
}
