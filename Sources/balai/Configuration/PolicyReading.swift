import ContextModel
import Governance
import Services
import Storage

extension SettingsReader {
    /// Reads the policy from `public`, `permissions` and `prohibitions`; `names` are those of
    /// their sections.
    mutating func policy(permissions names: [String], prohibitions: [String]) -> Policy {
        var permissions: [Permission] = []
        let types = list("public.types")
        let scopes = list("public.scopes")
        let hidden = list("public.hiddenAttributes")
        if let target = target(types: types, scopes: scopes, of: "public") {
            permissions.append(
                Permission(
                    assignee: .anyone,
                    actions: [.read],
                    target: target,
                    hiddenAttributes: Set(hidden.map(ConfiguredName.iri))
                )
            )
        } else if !hidden.isEmpty {
            findings.append(
                "public.hiddenAttributes needs public.types or public.scopes; alone it hides nothing."
            )
        }
        var showsMeasures = false
        read("public.measures", into: &showsMeasures)
        if showsMeasures {
            permissions.append(
                Permission(assignee: .anyone, actions: [.measure], target: .nothing)
            )
        }
        permissions += names.compactMap { permission(named: $0) }
        return Policy(
            permissions: permissions,
            prohibitions: prohibitions.flatMap { self.prohibitions(named: $0) }
        )
    }

    /// Reads a prohibition: one for each party.
    private mutating func prohibitions(named name: String) -> [Prohibition] {
        let section = "prohibitions.\(name)"
        let attributes = list("prohibitions", name, "attributes").map(ConfiguredName.iri)
        if attributes.isEmpty { findings.append("\(section).attributes must name what is hidden.") }
        let target = target(
            types: list("prohibitions", name, "types"),
            scopes: list("prohibitions", name, "scopes"),
            ids: list("prohibitions", name, "ids"),
            of: section
        )
        guard let target else {
            findings.append(
                "\(section) needs types, scopes or ids; types: [\"*\"] covers everything."
            )
            return []
        }
        let parties = list("prohibitions", name, "parties").map {
            Permission.Assignee.party(PartyID($0))
        }
        return (parties.isEmpty ? [.anyone] : parties).map {
            Prohibition(assignee: $0, target: target, attributes: Set(attributes))
        }
    }

    private mutating func permission(named name: String) -> Permission? {
        let party = text("permissions", name, "party") ?? name
        let actions = actions(of: "permissions", name)
        let section = "permissions.\(name)"
        let types = list("permissions", name, "types")
        let scopes = list("permissions", name, "scopes")
        // A party that only measures needs no data.
        let target = target(types: types, scopes: scopes, of: section)
        guard let target = actions == [.measure] ? target ?? .nothing : target else {
            findings.append("\(section) needs types or scopes; types: [\"*\"] covers everything.")
            return nil
        }
        return Permission(
            assignee: .party(PartyID(party)),
            actions: Set(actions),
            target: target,
            hiddenAttributes: Set(
                list("permissions", name, "hiddenAttributes").map(ConfiguredName.iri)
            )
        )
    }

    private mutating func actions(of section: String, _ name: String) -> [Action] {
        list(section, name, "actions").compactMap { word -> Action? in
            let action = ConfiguredName.actions[word]
            if action == nil {
                findings.append(
                    "\(section).\(name).actions: \"\(word)\" is not one of read, write, subscribe, "
                        + "measure."
                )
            }
            return action
        }
    }

    /// Reads the restrictions of services from `services`.
    mutating func services(names: [String]) -> [ServiceName: ServiceRestrictions] {
        var services: [ServiceName: ServiceRestrictions] = [:]
        for name in names {
            guard let service = KnownServices.all.first(where: { $0.name.text == name }) else {
                let known = KnownServices.all.map(\.name.text).joined(separator: ", ")
                findings.append("services.\(name): there is no such service; there are \(known).")
                continue
            }
            var restrictions = ServiceRestrictions()
            restrictions.isEnabled = flag("services", name, "enabled") ?? true
            let actions = actions(of: "services", name)
            if !actions.isEmpty { restrictions.actions = Set(actions) }
            let types = list("services", name, "types")
            let scopes = list("services", name, "scopes")
            restrictions.target =
                target(types: types, scopes: scopes, of: "services.\(name)") ?? .everything
            restrictions.hiddenAttributes = Set(
                list("services", name, "hiddenAttributes").map(ConfiguredName.iri)
            )
            services[service.name] = restrictions
        }
        return services
    }

    /// A condition for entities with one of the types, one of the scopes and one of the
    /// identifiers; nil when none of these is set.
    private mutating func target(
        types: [String],
        scopes: [String],
        ids: [String] = [],
        of section: String
    ) -> Condition? {
        if types.isEmpty && scopes.isEmpty && ids.isEmpty { return nil }
        var target = Condition.everything
        if !types.isEmpty && !types.contains("*") {
            target = types.reduce(.nothing) { $0.or(.type(ConfiguredName.iri($1))) }
        }
        if !scopes.isEmpty {
            target = target.and(
                scopes.reduce(.nothing) { condition, scope in
                    if !scope.hasPrefix("/") {
                        findings.append("\(section).scopes: \"\(scope)\" must start with \"/\".")
                    }
                    return condition.or(.scope(ConfiguredName.scope(scope)))
                }
            )
        }
        return ids.isEmpty ? target : target.and(.ids(Set(ids.map { EntityID($0) })))
    }

    /// Reads `retention`: history is first thinned, then removed.
    mutating func retention(names: [String]) -> [RetentionRule] {
        names.flatMap { name -> [RetentionRule] in
            let type = name == "*" ? nil : ConfiguredName.iri(name)
            let keep = integer(["retention", name, "keepDays"])
            let thinAfter = integer(["retention", name, "thinAfterDays"])
            let thinTo = integer(["retention", name, "thinToMinutes"])
            if (thinAfter == nil) != (thinTo == nil) {
                findings.append(
                    "retention.\(name): thinAfterDays and thinToMinutes must be set together."
                )
            }
            var rules: [RetentionRule] = []
            if let thinAfter, let thinTo {
                rules.append(
                    RetentionRule(
                        type: type,
                        ageMicroseconds: Int64(thinAfter) * 86_400_000_000,
                        effect: .thin(periodMicroseconds: Int64(thinTo) * 60_000_000)
                    )
                )
            }
            if let keep {
                rules.append(
                    RetentionRule(
                        type: type,
                        ageMicroseconds: Int64(keep) * 86_400_000_000,
                        effect: .remove
                    )
                )
            }
            return rules
        }
    }
}

/// The meanings of names in the configuration.
enum ConfiguredName {
    static let actions: [String: Action] = [
        "read": .read, "write": .write, "subscribe": .subscribe, "measure": .measure,
    ]

    /// The IRI of a name: an IRI stays, a short name is expanded by the core `@context` (clause
    /// 5.5.7).
    static func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    static func scope(_ text: String) -> ScopePattern {
        ScopePattern(segments: Scope.levels(text).filter { !$0.isEmpty }.map(String.init))
    }
}
