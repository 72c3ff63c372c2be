import Broker
import ContextModel
import Governance
import Record

/// What the page *Rules* shows.
struct Rules: Sendable {
    /// As `Governing.classification` gives it, with the names of the core @context.
    var classification: JSONObject
    var policies: [DataPolicy]
    /// The newest entries of the record with their numbers, the newest first.
    var entries: [(number: Int, entry: RecordEntry)]
    /// Whose rules they are; nil for the default tenant.
    var tenant: String?

    /// Entries of the record that are looked at for changes.
    static let entryLimit = 4_096
    /// Changes shown at most.
    static let changeLimit = 50
}

/// The page *Rules*.
struct RulesView {
    /// A type of the classification.
    struct TypeRule {
        var type: String
        var dataClass: String
        var subject: String
        var others: String
    }
    /// A policy in sentences, and as it was written.
    struct PolicyRules {
        var id: String
        var sentences: [Sentence]
        /// Says that not all of it is in the sentences.
        var more: String?
        var source: String
    }
    /// One rule.
    struct Sentence {
        var text: String
        var details: [String]
        var isBan: Bool
    }

    var shell: PageShell
    var t: [String: String]
    var query: String
    var classified: [TypeRule]
    var hasClassified: Bool
    var policies: [PolicyRules]
    var hasPolicies: Bool
    var changes: [EntryView]
    var hasChanges: Bool
    var changesText: String
}

extension PageRenderer {
    func rules(_ rules: Rules) throws -> String {
        let t = voice.translation
        var shell = shell(t("rulesTitle"), isTranslated: true)
        shell.isRules = true
        let changed = rules.entries.filter { _, entry in
            Self.changes.contains(entry.kind)
                && entry.details["tenant"]?.stringValue == rules.tenant
        }
        .prefix(Rules.changeLimit).map { self.view(of: $0.entry, $0.number) }
        let count = ["count": Words.count(rules.entries.count)]
        let content = RulesView(
            shell: shell,
            t: t.words,
            query: voice.query,
            classified: rules.classification.members.map { typeRule($0.key, $0.value) },
            hasClassified: !rules.classification.isEmpty,
            policies: rules.policies.map(policyRules),
            hasPolicies: !rules.policies.isEmpty,
            changes: Array(changed),
            hasChanges: !changed.isEmpty,
            changesText: t(changed.isEmpty ? "changesNone" : "changesLead", count)
        )
        return try render(content, "rules")
    }

    private static let changes: Set<EntryKind> = [.policy, .override, .classification]

    // MARK: Classification

    private func typeRule(_ type: String, _ value: JSONValue) -> RulesView.TypeRule {
        let t = voice.translation
        let rule = value.objectValue ?? [:]
        let paths = rule["subject"].map { $0.arrayValue ?? [$0] } ?? []
        let subjects = paths.compactMap(\.stringValue).map { path in
            path == "id" ? t("subjectItself") : t("subjectBy", ["attribute": path])
        }
        let others = rule["attributes"]?.objectValue?.members.map { name, word in
            "\(name): \(dataClass(word.stringValue ?? "").prefix { $0 != ":" })"
        }
        return RulesView.TypeRule(
            type: type,
            dataClass: dataClass(rule["class"]?.stringValue ?? ""),
            subject: subjects.joined(separator: ", "),
            others: (others ?? []).joined(separator: ", ")
        )
    }

    private func dataClass(_ word: String) -> String {
        let t = voice.translation
        return switch DataClass(word: word) {
        case .public: t("classPublic")
        case .personal: t("classPersonal")
        case .sensitive: t("classSensitive")
        case .internal, nil: t("classInternal")
        }
    }

    // MARK: Policies

    private func policyRules(_ policy: DataPolicy) -> RulesView.PolicyRules {
        RulesView.PolicyRules(
            id: policy.id,
            sentences: policy.prohibitions.map { sentence(of: $0) }
                + policy.permissions.map { sentence(of: $0) },
            more: policy.hasFurtherConditions ? voice.translation("ruleMore") : nil,
            source: JSONValue.object(policy.source).indented()
        )
    }

    private func sentence(of rule: Permission) -> RulesView.Sentence {
        let t = voice.translation
        let words = words(rule.assignee, rule.actions, rule.target, rule.purposes)
        var details = validity(rule.validity)
        if !rule.purposes.isEmpty {
            switch rule.basis {
            case .untilObjected: details.insert(t("basisObjection"), at: 0)
            case .consent: details.insert(t("basisConsent"), at: 0)
            case .override: details.insert(t("basisOverride"), at: 0)
            }
        }
        return RulesView.Sentence(
            text: t(rule.purposes.isEmpty ? "ruleAny" : "ruleFor", words),
            details: details,
            isBan: false
        )
    }

    private func sentence(of rule: Prohibition) -> RulesView.Sentence {
        let t = voice.translation
        let words = words(rule.assignee, rule.actions, rule.hiddenEntities, rule.purposes)
        return RulesView.Sentence(
            text: t(rule.purposes.isEmpty ? "banAny" : "banFor", words),
            details: [t("banWins")] + validity(rule.validity),
            isBan: true
        )
    }

    private func words(
        _ assignee: Permission.Assignee,
        _ actions: Set<Action>,
        _ target: Condition,
        _ purposes: [Purpose]
    ) -> [String: String] {
        let t = voice.translation
        var does: [String] = []
        if actions.contains(.read) { does.append(t("actRead")) }
        if actions.contains(.subscribe) { does.append(t("actTold")) }
        if actions.contains(.aggregate) { does.append(t("actAggregate")) }
        if actions.contains(.write) { does.append(t("actWrite")) }
        return [
            "who": who(assignee), "actions": does.joined(separator: ", "),
            "what": target.names?.joined(separator: ", ") ?? t("what"),
            "purposes": purposes.map { Translation.label(of: $0.text) }.joined(separator: ", "),
        ]
    }

    private func who(_ assignee: Permission.Assignee) -> String {
        let t = voice.translation
        return switch assignee {
        case .anyone: t("whoAnyone")
        case .party(let id): id.text
        case .service(let name): t("whoService", ["service": name.text])
        case .role(let roles): t("whoRole", ["role": roles.names.joined(separator: ", ")])
        case .otherRole(let role): t("whoRole", ["role": role])
        case .all(let assignees): assignees.map(who).joined(separator: " + ")
        }
    }

    private func validity(_ validity: Validity) -> [String] {
        let t = voice.translation
        return [
            validity.from.map { t("validFrom", ["time": t.moment($0)]) },
            validity.until.map { t("validUntil", ["time": t.moment($0)]) },
        ].compactMap(\.self)
    }
}

extension DataPolicy {
    /// Whether its source says more than the sentences of the page do.
    fileprivate var hasFurtherConditions: Bool {
        let told: Set = ["action", "assignee", "target", "constraint"]
        let rules = ["permission", "prohibition"].flatMap { objects(in: source[$0]) }
        return rules.contains { rule in
            rule.members.contains { !told.contains($0.key) }
                || objects(in: rule["constraint"]).contains { constraint in
                    let left = constraint["leftOperand"]?.stringValue ?? ""
                    return !left.hasSuffix("purpose") && !left.hasSuffix("dateTime")
                }
        }
    }

    private func objects(in value: JSONValue?) -> [JSONObject] {
        value?.arrayValue?.compactMap(\.objectValue) ?? value?.objectValue.map { [$0] } ?? []
    }
}

extension Condition {
    /// The names of what it covers, if it says so by types and identifiers alone.
    fileprivate var names: [String]? {
        switch self {
        case .type(let type): return [type.compactName]
        case .ids(let ids): return ids.map(\.uri).sorted()
        case .any(let conditions):
            let names = conditions.map(\.names)
            return names.contains(nil) ? nil : names.compactMap(\.self).flatMap(\.self)
        default: return nil
        }
    }
}

extension JSONValue {
    /// The text for people to read: a member or element in a line.
    fileprivate func indented(by depth: Int = 0) -> String {
        let outer = String(repeating: "  ", count: depth)
        let inner = outer + "  "
        switch self {
        case .object(let object) where !object.isEmpty:
            let members = object.members.map { name, value in
                "\(inner)\(JSONValue.string(name).text): \(value.indented(by: depth + 1))"
            }
            return "{\n\(members.joined(separator: ",\n"))\n\(outer)}"
        case .array(let elements) where elements.contains(where: \.isLong):
            let lines = elements.map { inner + $0.indented(by: depth + 1) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(outer)]"
        default: return text
        }
    }

    private var isLong: Bool {
        switch self {
        case .object, .array: true
        case .null, .bool, .number, .string: false
        }
    }
}
