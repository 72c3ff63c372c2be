import ContextModel
import Governance
import Services
import Storage

extension SettingsReader {
    /// Reads `public`, `permissions` and `prohibitions`; `names` are those of their sections.
    mutating func commonRules(permissions names: [String], prohibitions: [String]) -> CommonRules {
        var json = JSONObject()
        var open = lists(["types", "scopes", "hiddenAttributes"], in: ["public"])
        var showsMeasures = false
        read("public.measures", into: &showsMeasures)
        if showsMeasures { open["measures"] = true }
        if !open.isEmpty { json["public"] = .object(open) }
        var rules = JSONObject()
        for name in names {
            var rule = lists(
                ["actions", "types", "scopes", "hiddenAttributes"],
                in: ["permissions", name]
            )
            if let party = text("permissions", name, "party") { rule["party"] = .string(party) }
            rules[name] = .object(rule)
        }
        if !rules.isEmpty { json["permissions"] = .object(rules) }
        var hiding = JSONObject()
        for name in prohibitions {
            hiding[name] = .object(
                lists(
                    ["parties", "types", "scopes", "ids", "attributes"],
                    in: ["prohibitions", name]
                )
            )
        }
        if !hiding.isEmpty { json["prohibitions"] = .object(hiding) }
        let common = CommonRules(json) { ConfiguredName.iri($0) }
        findings += common.findings
        return common
    }

    /// The lists of a section that are not empty.
    private mutating func lists(_ members: [String], in section: [String]) -> JSONObject {
        var found = JSONObject()
        for member in members {
            let texts = list(section + [member])
            if !texts.isEmpty { found[member] = .array(texts.map { .string($0) }) }
        }
        return found
    }

    private mutating func actions(of section: String, _ name: String) -> [Action] {
        list(section, name, "actions").compactMap { word -> Action? in
            let action = CommonRules.actions[word]
            if action == nil {
                findings.append(CommonRules.unknownAction(word, in: "\(section).\(name)"))
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
                Condition.entities(types: types.map(ConfiguredName.type), scopes: scopes)
                ?? .everything
            for scope in scopes where !scope.hasPrefix("/") {
                findings.append("services.\(name).scopes: \"\(scope)\" must start with \"/\".")
            }
            restrictions.hiddenAttributes = Set(
                list("services", name, "hiddenAttributes").map(ConfiguredName.iri)
            )
            services[service.name] = restrictions
        }
        return services
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
    /// The IRI of a name: an IRI stays, a short name is expanded by the core `@context` (clause
    /// 5.5.7).
    static func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    /// The type of a name; `*` for all.
    static func type(_ name: String) -> IRI { name == "*" ? IRI(name) : iri(name) }
}
