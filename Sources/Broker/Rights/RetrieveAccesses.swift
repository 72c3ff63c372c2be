package import ContextModel
package import Governance
package import Record

extension Governing {
    /// What the record says of a person, the newest first: who read what about it, and what it chose.
    ///
    /// `before` is the number of an entry: those with smaller numbers are told of. Not part of the
    /// standard.
    package func accesses(
        of subject: SubjectID,
        before: Int = .max,
        limit: Int,
        caller: Caller
    ) async throws -> [JSONValue] {
        try await openings(of: subject, in: 0..<max(0, before), limit: limit, caller).map {
            .object(try Self.access($0))
        }
    }

    /// What one entry of the record says of a person; the person alone may know.
    package func opening(
        of entry: Int,
        _ subject: SubjectID,
        caller: Caller
    ) async throws -> KeptOpening {
        // `Int.max` has no successor. No entry has this number, so the range may be empty.
        let end = entry < .max ? entry + 1 : entry
        let found = try await openings(of: subject, in: entry..<end, limit: 1, caller)
        guard let opening = found.first else {
            throw BrokerError(
                .resourceNotFound,
                "Entry \(entry) of the record says nothing of '\(subject)'."
            )
        }
        return opening
    }

    private func openings(
        of subject: SubjectID,
        in entries: Range<Int>,
        limit: Int,
        _ caller: Caller
    ) async throws -> [KeptOpening] {
        try requireSelf(subject, caller)
        return try await access.recorder.openings(
            OpeningQuery(
                of: subject.uri,
                tenant: caller.tenant?.text,
                in: entries,
                limit: limit
            )
        )
    }

    private static func access(_ kept: KeptOpening) throws -> JSONObject {
        let opening = try Opening(kept.bytes)
        let choice = opening.details["choice"]
        var json: JSONObject = [
            "entry": .number(JSONNumber(kept.entry)),
            "kind": choice == nil ? "read" : "choice",
            "time": .string(opening.time.text),
            "party": .string(opening.party),
        ]
        if let choice { json["choice"] = choice }
        json["purpose"] = opening.purpose.map { .string($0) }
        json["rule"] = opening.rule.map { .string($0) }
        if !opening.entities.isEmpty {
            json["entities"] = .array(opening.entities.map { .string($0) })
        }
        if !opening.attributes.isEmpty {
            json["attributes"] = .array(opening.attributes.map { .string($0) })
        }
        return json
    }
}
