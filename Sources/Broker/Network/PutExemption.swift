import Borders
package import ContextModel
package import Governance
import Record
import Storage

/// The pilot space: exemptions that are published before their first use, and end by themselves. Not part of
/// the standard.
extension Governing {
    /// Exemptions that a hub keeps at most, those that have ended among them.
    package static let maximumExemptions = 1_000

    /// Publishes an exemption, or another version of it; returns whether it is new.
    ///
    /// It is in the public record before it is in force. None can begin in the past; one that is in force keeps
    /// its beginning. Throws what is not wholly understood, with the member and the reason.
    package func putExemption(
        _ id: String,
        _ body: JSONValue,
        caller: Caller
    ) async throws -> Bool {
        try access.requireAdministration(caller)
        try requireHub(caller)
        let now = clock()
        let exemption = try exemption(id, body)
        // Checked before the record tells of it, and again with the change.
        try Self.requireFuture(
            exemption,
            instead: try await keptExemption(id)?.exemption,
            at: now
        )
        let key = DocumentKey.document(.exemption, id: id)
        let most = Self.maximumExemptions
        let isNew = try await change(
            nil,
            .exemption,
            details: ["id": .string(id), "exemption": .object(exemption.json)],
            reading: [key, .all(.exemption)]
        ) { changes, mark in
            let document = try changes.document(.exemption, id: id)
            let kept = document.flatMap { KeptExemption($0) }
            try Self.requireFuture(exemption, instead: kept?.exemption, at: now)
            if document == nil, try changes.documents(.exemption).count >= most {
                throw BrokerError(.tooManyResults, "A hub keeps \(most) exemptions at most.")
            }
            let version = (kept?.version ?? 0) + 1
            changes.put(
                KeptExemption(exemption, version: version, entry: mark.count - 1).document
            )
            return document == nil
        }
        // Reads of hubs look at it, too.
        try await networking.catchUp()
        return isNew
    }

    /// Ends an exemption now; what was published of it stays.
    ///
    /// One that has not begun ends before its beginning, and is removed.
    package func endExemption(_ id: String, caller: Caller) async throws {
        try access.requireAdministration(caller)
        try requireHub(caller)
        let now = clock()
        guard try await keptExemption(id) != nil else { throw BrokerError.unknownExemption(id) }
        try await change(
            nil,
            .exemption,
            details: ["id": .string(id), "ended": .string(now.text)],
            reading: [.document(.exemption, id: id)]
        ) { changes, mark in
            let document = try changes.document(.exemption, id: id)
            guard let kept = document.flatMap({ KeptExemption($0) }) else {
                throw BrokerError.unknownExemption(id)
            }
            guard let ended = kept.ended(at: now, entry: mark.count - 1) else {
                return changes.remove(.exemption, id: id)
            }
            changes.put(ended.document)
        }
        try await networking.catchUp()
    }

    /// All exemptions, which anybody may know, by their identifiers.
    package func exemptions() async throws -> [JSONValue] {
        let now = clock()
        return try await keptExemptions().map { .object($0.json(at: now)) }
    }

    /// All exemptions as they are kept, by their identifiers.
    package func keptExemptions() async throws -> [KeptExemption] {
        guard let store = try await access.store.tenant(nil) else { return [] }
        return try await store.documents(.exemption).compactMap { KeptExemption($0) }
            .sorted { $0.exemption.id < $1.exemption.id }
    }

    /// An exemption, which anybody may know.
    package func exemption(_ id: String) async throws -> JSONObject {
        guard let kept = try await keptExemption(id) else {
            throw BrokerError.unknownExemption(id)
        }
        return kept.json(at: clock())
    }

    func keptExemption(_ id: String) async throws -> KeptExemption? {
        guard let store = try await access.store.tenant(nil) else { return nil }
        return try await store.document(.exemption, id: id).flatMap { KeptExemption($0) }
    }

    private func exemption(_ id: String, _ body: JSONValue) throws(BrokerError) -> Exemption {
        guard case .object(let object) = body else {
            throw BrokerError(
                .badRequestData,
                "An exemption is a JSON object, not \(body.excerpt)."
            )
        }
        var exemption: Exemption
        do throws(BorderRuleError) { exemption = try Exemption(object, id: id) } catch {
            throw BrokerError(.badRequestData, "\(error)")
        }
        let purpose = Purpose(exemption.purpose)
        guard purpose.isKnown else {
            throw BrokerError(
                .badRequestData,
                "exemption.purpose: '\(exemption.purpose)' is no purpose of the Data Privacy Vocabulary."
            )
        }
        exemption.purpose = purpose.text
        let from = exemption.period.lowerBound.date
        guard borders.pilotRule(from: exemption.source, on: from) != nil else {
            throw BrokerError(
                .badRequestData,
                "exemption.source: No rule in force lets \(exemption.source) make exemptions."
            )
        }
        return exemption
    }

    private static func requireFuture(
        _ new: Exemption,
        instead old: Exemption?,
        at now: Timestamp
    ) throws(BrokerError) {
        guard new.period.upperBound > now else {
            throw BrokerError(.badRequestData, "exemption.until: It is over already.")
        }
        let begun = old.flatMap { $0.state(at: now) == .inForce ? $0.period.lowerBound : nil }
        guard new.period.lowerBound >= now || new.period.lowerBound == begun else {
            throw BrokerError(
                .badRequestData,
                "exemption.from: It is past, and an exemption is published before it begins."
            )
        }
    }

    private func requireHub(_ caller: Caller) throws(BrokerError) {
        guard caller.tenant == nil else {
            throw BrokerError(
                .badRequestData,
                "Exemptions are of the whole hub: leave NGSILD-Tenant out."
            )
        }
    }
}

extension BrokerError {
    static func unknownExemption(_ id: String) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no exemption '\(id)'.")
    }
}
