import Borders
import ContextModel
import Governance
import Record
import Storage

extension Governing {
    /// Puts into force the policies, classifications, rules for all tenants and exemptions that the record has
    /// and the data has not, and removes the sources that it says were removed; the tenants that have others now, and those of which something could not be put back.
    ///
    /// The last entry of each counts. One that has a hash alone, for the text is long, or that does not say
    /// what names stand for, as hubs wrote it before, is not put back.
    func adoptMissingRules(
        _ heeded: [TenantName?: Heeded],
        without void: Set<Int>,
        _ adopted: inout Adopted
    ) async throws -> (changed: Set<TenantName?>, missing: Set<TenantName?>) {
        let known = heeded.filter { !$0.value.isOfAnother }
        var changes: [TenantName?: [DocumentKey: RecordedRules]] = [:]
        let start = known.values.map(\.count).min() ?? access.recorder.size
        try await access.recorder.entries(of: Recorder.rules, from: start) { entries in
            for (number, entry) in entries where !void.contains(number) {
                guard let rules = RecordedRules(entry, number), let known = known[rules.tenant],
                    number >= known.count
                else { continue }
                changes[rules.tenant, default: [:]][rules.key] = rules
            }
        }
        var (changed, missing) = (Set<TenantName?>(), Set<TenantName?>())
        for (tenant, rules) in changes {
            let count = try await put(rules, in: tenant)
            adopted.rules += count
            if count > 0 { changed.insert(tenant) }
            let unknown = rules.values.filter { $0.content == .unknown }.map(\.number).max()
            guard let unknown else { continue }
            missing.insert(tenant)
            adopted.missing = max(adopted.missing ?? 0, unknown)
        }
        return (changed, missing)
    }

    /// Puts what is another in the data; how many that were.
    private func put(
        _ rules: [DocumentKey: RecordedRules],
        in tenant: TenantName?
    ) async throws -> Int {
        let store = try await access.madeStore(tenant)
        return try await store.changeFollowedDocuments(reading: Array(rules.keys)) { changes in
            try rules.values.filter { try $0.put(into: &changes) }.count
        }.answer
    }
}

/// Rules as an entry of the record has them.
private struct RecordedRules: Sendable {
    enum Content: Sendable, Equatable {
        case classification(Document)
        case policy(Document)
        case common(JSONObject, isConfigured: Bool)
        case exemption(Exemption)
        /// The end of an exemption.
        case ended(Timestamp)
        case removed
        /// The entry does not say it.
        case unknown
    }
    let number: Int
    let tenant: TenantName?
    let key: DocumentKey
    let content: Content

    /// Nil for an entry about no rules.
    init?(_ entry: RecordEntry, _ number: Int) {
        let details = entry.details
        self.number = number
        let name = details["tenant"]?.stringValue
        tenant = name.flatMap { TenantName($0) }
        guard name == nil || tenant != nil else { return nil }
        if entry.kind == .exemption {
            guard let id = details["id"]?.stringValue else { return nil }
            key = .document(.exemption, id: id)
            if let end = details["ended"]?.stringValue.flatMap({ Timestamp(dateTime: $0) }) {
                content = .ended(end)
            } else {
                let read = details["exemption"]?.objectValue.flatMap { try? Exemption($0, id: id) }
                content = read.map { .exemption($0) } ?? .unknown
            }
        } else if let source = details["source"]?.stringValue {
            // What a source is, its secrets and its map, is no matter of the record.
            key = .document(.source, id: source)
            content = details["removed"] == nil ? .unknown : .removed
        } else if let said = details["classification"]?.objectValue {
            let reader = ClassificationReader(context: .core)
            let read = try? reader.classification(said)
            key = .document(.classification, id: Classification.documentID)
            content = read.map { .classification($0.document) } ?? .unknown
        } else if let source = details["policy"]?.objectValue {
            let policy = details["names"]?.objectValue.flatMap { DataPolicy(source, names: $0) }
            let id = ["uid", "@id", "id"].compactMap { source[$0]?.stringValue }.first
            guard let id = policy?.id ?? id else { return nil }
            key = .document(.dataPolicy, id: id)
            content = policy.map { .policy($0.document) } ?? .unknown
        } else if let id = details["removed"]?.stringValue {
            key = .document(.dataPolicy, id: id)
            content = .removed
        } else if let id = details["uid"]?.stringValue {
            key = .document(.dataPolicy, id: id)
            content = .unknown
        } else if let from = details["from"]?.stringValue {
            key = KeptRules.key
            content =
                details["rules"]?.objectValue.map {
                    .common($0, isConfigured: from == "configuration")
                } ?? .unknown
        } else {
            return nil
        }
    }

    /// Puts it into the data, unless that has it; whether it did.
    func put(into changes: inout DocumentChanges) throws -> Bool {
        switch content {
        case .unknown: return false
        case .removed:
            guard case .document(let kind, let id) = key, try changes.document(kind, id: id) != nil
            else { return false }
            changes.remove(kind, id: id)
        case .classification(let new), .policy(let new):
            guard try changes.document(new.kind, id: new.id)?.body != new.body else { return false }
            changes.put(new)
        case .common(let source, let isConfigured):
            let rules = CommonRules(source) { IRI($0) }
            let document = try changes.document(.commonRules, id: KeptRules.id)
            let kept = document.flatMap { KeptRules($0) }
            guard rules.findings.isEmpty, kept?.rules.source != rules.source else { return false }
            changes.put(
                KeptRules(
                    rules,
                    version: (kept?.version ?? 0) + 1,
                    configured: isConfigured ? source : kept?.configured ?? JSONObject()
                ).document
            )
        case .exemption(let exemption):
            guard let kept = try KeptExemption(key, in: changes) else {
                changes.put(KeptExemption(exemption, version: 1, entry: number).document)
                return true
            }
            guard kept.exemption != exemption else { return false }
            let version = kept.version + 1
            changes.put(KeptExemption(exemption, version: version, entry: number).document)
        case .ended(let end):
            guard let kept = try KeptExemption(key, in: changes) else { return false }
            guard let document = kept.ended(at: end, entry: number)?.document else {
                changes.remove(.exemption, id: kept.exemption.id)
                return true
            }
            changes.put(document)
        }
        return true
    }
}
