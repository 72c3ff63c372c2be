import Broker
import ContextModel
import Governance
import Record

/// What the page *Rules* shows.
struct Rules: Sendable {
    /// As `Governing.classification` gives it, with the names of the core @context.
    var classification: JSONObject
    var policies: [DataPolicy]
    /// The rules for all tenants; nil where none are kept.
    var common: KeptRules?
    /// Those of the hub, which hold for all tenants.
    var exemptions: [KeptExemption]
    /// The time of the page.
    var now: Timestamp
    var changes: Changes

    /// Entries of the record that are looked at for the changes of a page, and that are read at once.
    static let entryLimit = 65_536
    static let entriesAtOnce = 4_096
    /// Changes of a page at most.
    static let changeLimit = 50

    /// Changes of rules that the record has.
    struct Changes: Sendable {
        /// With their numbers, the newest first.
        var entries: [(number: Int, entry: RecordEntry)] = []
        /// How many entries of the record were looked at.
        var looked: Int
        /// Older changes are before this entry; nil where there are none.
        var next: Int?

        private static let kinds: Set<EntryKind> = [
            .policy, .override, .classification, .exemption,
        ]

        /// Adds the changes among the entries, which follow those that it has.
        ///
        /// `tenant` is nil for the default tenant.
        mutating func add(_ some: [(number: Int, entry: RecordEntry)], of tenant: String?) {
            for one in some {
                guard entries.count < Rules.changeLimit else { return }
                looked += 1
                // Exemptions are of the whole hub.
                guard Self.kinds.contains(one.entry.kind),
                    one.entry.kind == .exemption
                        || one.entry.details["tenant"]?.stringValue == tenant
                else { continue }
                entries.append(one)
                if entries.count == Rules.changeLimit, one.number > 0 { next = one.number }
            }
        }
    }
}

/// The page *Rules*.
struct RulesView {
    /// A type of the classification.
    struct TypeRule {
        var type: String
        var dataClass: String
        var subject: String
        var others: String
        /// How long its histories are kept, and who decides what it is used for.
        var kept: String
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

    /// An exemption of the pilot space.
    struct ExemptionRule {
        var title: String
        var state: String
        var text: String
        var details: [String]
        /// Its identifier in a path.
        var address: String
        /// Leads to the proof that the record has it.
        var proof: String
        var proofName: String
    }

    var shell: PageShell
    var t: [String: String]
    var query: String
    var classified: [TypeRule]
    var hasClassified: Bool
    var policies: [PolicyRules]
    var hasPolicies: Bool
    var exemptions: [ExemptionRule]
    var hasExemptions: Bool
    var changes: [EntryView]
    var hasChanges: Bool
    var changesText: String
    /// Leads to older changes.
    var older: String?
}

extension PageRenderer {
    func rules(_ rules: Rules) throws -> String {
        let t = voice.translation
        var shell = shell(t("rulesTitle"), isTranslated: true)
        shell.isRules = true
        let changed = rules.changes.entries.map { self.view(of: $0.entry, $0.number) }
        let count = ["count": Words.count(rules.changes.looked)]
        let policies =
            (rules.common.map { [commonRules($0)] } ?? []) + rules.policies.map(policyRules)
        var classified = rules.classification
        let own = classified["@classes"]?.objectValue ?? [:]
        classified["@classes"] = nil
        let content = RulesView(
            shell: shell,
            t: t.words,
            query: voice.query,
            classified: classified.members.map { typeRule($0.key, $0.value, own, rules.now) },
            hasClassified: !classified.isEmpty,
            policies: policies,
            hasPolicies: !policies.isEmpty,
            exemptions: rules.exemptions.map { exemptionRule($0, rules.now) },
            hasExemptions: !rules.exemptions.isEmpty,
            changes: changed,
            hasChanges: !changed.isEmpty,
            changesText: t(changed.isEmpty ? "changesNone" : "changesLead", count),
            older: rules.changes.next.map { "/rules" + voice.query(["before": "\($0)"]) }
        )
        return try render(content, "rules")
    }

    // MARK: Classification

    /// `own` has the classes that the tenant names itself.
    private func typeRule(
        _ type: String,
        _ value: JSONValue,
        _ own: JSONObject,
        _ now: Timestamp
    ) -> RulesView.TypeRule {
        let t = voice.translation
        let rule = value.objectValue ?? [:]
        let paths = rule["subject"].map { $0.arrayValue ?? [$0] } ?? []
        let subjects = paths.compactMap(\.stringValue).map { path in
            path == "id" ? t("subjectItself") : t("subjectBy", ["attribute": path])
        }
        let others = rule["attributes"]?.objectValue?.members.map { name, word in
            "\(name): \(dataClass(word.stringValue ?? "", own).prefix { $0 != ":" })"
        }
        return RulesView.TypeRule(
            type: type,
            dataClass: dataClass(rule["class"]?.stringValue ?? "", own),
            subject: subjects.joined(separator: ", "),
            others: (others ?? []).joined(separator: ", "),
            kept: kept(rule, now)
        )
    }

    private func kept(_ rule: JSONObject, _ now: Timestamp) -> String {
        let t = voice.translation
        var parts: [String] = []
        if let text = rule["retention"]?.stringValue, let duration = ISODuration(text) {
            let age = Int64(duration.meanMicroseconds)
            let start = Timestamp(microseconds: now.microseconds - age)
            let day = String(start.text.prefix(10))
            parts.append(t("classKept", ["duration": text, "day": day]))
        }
        if let kind = rule["controller"]?.stringValue {
            parts.append(t("classController", ["kind": kind]))
        }
        return parts.joined(separator: " ")
    }

    private func dataClass(_ word: String, _ own: JSONObject) -> String {
        let t = voice.translation
        if let meaning = own[word]?.objectValue {
            var needs: [String] = []
            if meaning["grant"] == "purpose" { needs.append(t("meansPurpose")) }
            if meaning["record"] == "logged" { needs.append(t("meansLogged")) }
            if meaning["choice"] == "objection" { needs.append(t("meansObjection")) }
            if meaning["choice"] == "consent" { needs.append(t("meansConsent")) }
            return needs.isEmpty ? word : word + ": " + needs.joined(separator: ", ")
        }
        return switch word {
        case DataClass.public.word: t("classPublic")
        case DataClass.personal.word: t("classPersonal")
        case DataClass.sensitive.word: t("classSensitive")
        default: t("classInternal")
        }
    }

    // MARK: Policies

    private func commonRules(_ kept: KeptRules) -> RulesView.PolicyRules {
        let source = kept.rules.written { LDContext.core.compact($0) }
        return RulesView.PolicyRules(
            id: voice.translation("commonRulesVersion", ["version": "\(kept.version)"]),
            sentences: kept.rules.prohibitions.map { sentence(of: $0) }
                + kept.rules.permissions.map { sentence(of: $0) },
            more: nil,
            source: JSONValue.object(source).indented()
        )
    }

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
        if let least = rule.smallestGroup {
            details.append(t("groupLeast", ["count": Words.count(least)]))
        }
        return RulesView.Sentence(
            text: t(rule.purposes.isEmpty ? "ruleAny" : "ruleFor", words),
            details: details,
            isBan: false
        )
    }

    private func sentence(of rule: Prohibition) -> RulesView.Sentence {
        let t = voice.translation
        var words = words(rule.assignee, rule.actions, rule.target, rule.purposes)
        if !rule.attributes.isEmpty {
            words["attributes"] = rule.attributes.map(\.compactName).sorted()
                .joined(separator: ", ")
            words["shape"] = shape(rule.shaping)
            return RulesView.Sentence(
                text: t(rule.purposes.isEmpty ? "shapeAny" : "shapeFor", words),
                details: validity(rule.validity),
                isBan: true
            )
        }
        return RulesView.Sentence(
            text: t(rule.purposes.isEmpty ? "banAny" : "banFor", words),
            details: [t("banWins")] + validity(rule.validity),
            isBan: true
        )
    }

    /// What is made of an attribute, in words.
    private func shape(_ shaping: Shaping?) -> String {
        let t = voice.translation
        return switch shaping {
        case nil: t("shapeDrop")
        case .round(let step): t("shapeRound", ["step": step.text])
        case .coarsen(.metres(let count)): t("shapeMetres", ["count": Words.count(count)])
        case .coarsen(.decimals(let count)): t("shapeDecimals", ["count": Words.count(count)])
        case .delay(let microseconds):
            t("shapeDelay", ["duration": ISODuration(microseconds: microseconds).text])
        }
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
        if actions.contains(.measure) { does.append(t("actMeasure")) }
        return [
            "who": who(assignee), "actions": does.joined(separator: ", "),
            "what": target.names?.joined(separator: ", ") ?? t("what"),
            "purposes": purposes.map { t.label(ofPurpose: $0.text) }.joined(separator: ", "),
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
        let told: Set = ["action", "assignee", "target", "constraint", "duty"]
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
