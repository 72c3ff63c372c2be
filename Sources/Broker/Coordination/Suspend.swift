package import ContextModel
package import Governance
package import HubNetwork
import Logging
import Record
import Storage

extension Coordinating {
    /// Suspensions that a hub keeps at most, those that have ended among them.
    package static let maximumSuspensions = 1_000
    /// Days for which a suspension that has ended is kept: no sighting that it came of counts any more then.
    static let keptDays: Int64 = 31

    /// All suspensions that are kept, for administrators.
    package func suspensions(caller: Caller) async throws -> [JSONValue] {
        try access.requireAdministration(caller)
        let now = clock()
        return try await networking.keptSuspensions().values
            .sorted { ($0.from, $0.subject.name) < ($1.from, $1.subject.name) }
            .map { .object($0.json(at: now)) }
    }

    /// Suspends a hub, a key or a subscription for so many hours; returns its name.
    ///
    /// An administrator alone can.
    package func suspend(
        _ subject: ReportedSubject,
        hours: Int,
        reason: String,
        caller: Caller
    ) async throws -> String {
        try access.requireAdministration(caller)
        let own = try networking.requireOwn().id
        guard (subject.kind == .subscription) == (subject.hub == own) else {
            throw BrokerError(
                .badRequestData,
                "subject: A hub suspends other hubs, keys of theirs, and its own subscriptions."
            )
        }
        guard 1...SuspensionRules.maximumHours ~= hours else {
            throw BrokerError(
                .badRequestData,
                "hours: It must be from 1 to \(SuspensionRules.maximumHours)."
            )
        }
        let now = clock()
        let end = Timestamp(microseconds: now.microseconds + Int64(hours) * 3_600_000_000)
        let old = try await networking.keptSuspensions()[subject]
        var new = Suspension(subject, now..<end, reason: reason)
        new.setAside = old?.setAside ?? []
        try await put(new, instead: old, saying: "suspended")
        return subject.name
    }

    /// Ends a suspension, for an administrator: the sightings that it may have come of suspend the subject no more.
    package func reverse(_ name: String, caller: Caller) async throws {
        try access.requireAdministration(caller)
        let kept = try await networking.keptSuspensions()
        guard let old = kept.values.first(where: { $0.subject.name == name }) else {
            throw BrokerError(.resourceNotFound, "Nothing is suspended as '\(name)'.")
        }
        let sightings = try await shelf().sightings.filter { $0.subject == old.subject }
        var new = old
        new.setAside.formUnion(sightings.map(\.name))
        if new.ended == nil { new.ended = clock() }
        try await put(new, instead: old, saying: "reversed")
    }

    /// Has in force what sightings and rules make of each other: call it when either may have changed, and now and then.
    ///
    /// Throws the store's errors, and those of the record.
    package func settleSuspensions() async throws {
        guard let own = networking.ownID else { return }
        let kept = try await networking.keptSuspensions()
        let (rules, shelf, now) = (try await rules(), try await shelf(), clock())
        let directory = try await networking.decidedDirectory()
        let verdicts = SuspensionVerdicts(shelf.sightings, rules.suspension, of: own, at: now)
            .verdicts(
                kept: kept,
                admitted: Set(directory.members.values.filter(\.counts).map(\.id))
            )
        for verdict in verdicts {
            switch verdict {
            case .begins(let new):
                guard kept.count < Self.maximumSuspensions || kept[new.subject] != nil else {
                    let subject = new.subject
                    logger.error(
                        "There are too many suspensions: \(subject.kind) \(subject.hub.text) is not suspended."
                    )
                    continue
                }
                try await put(new, instead: kept[new.subject], saying: "suspended")
            case .lifted(let old):
                var new = old
                new.ended = now
                try await put(new, instead: old, saying: "lifted")
            }
        }
        try await forget(kept, at: now)
    }

    /// Keeps a suspension as it is now; the public record tells of it first.
    private func put(
        _ new: Suspension,
        instead old: Suspension?,
        saying word: String
    ) async throws {
        let (name, most) = (new.subject.name, Self.maximumSuspensions)
        let details: JSONObject = [
            "id": .string(name), "subject": .object(new.subject.json), "is": .string(word),
            "from": .string(new.from.text), "until": .string((new.ended ?? new.until).text),
            "by": .array(new.members.map { .string($0.text) }), "reason": .string(new.reason),
        ]
        try await governing.change(
            nil,
            .suspension,
            details: details,
            reading: [.document(.suspension, id: name), .count(.suspension)]
        ) { changes, _ in
            let document = try changes.document(.suspension, id: name)
            guard document.flatMap({ Suspension($0) }) == old else {
                throw BrokerError(.conflict, "The suspension was changed at the same moment.")
            }
            guard try document != nil || changes.storedCount(.suspension) < most else {
                throw BrokerError(.tooManyResults, "A hub keeps \(most) suspensions at most.")
            }
            changes.put(new.document)
        }
        try await networking.catchUp()
    }

    /// Removes suspensions that have long ended.
    private func forget(_ kept: [ReportedSubject: Suspension], at now: Timestamp) async throws {
        let age = Self.keptDays * 86_400_000_000
        let old = kept.values.filter {
            max($0.until, $0.ended ?? $0.until).microseconds < now.microseconds - age
        }
        guard !old.isEmpty else { return }
        let names = old.map(\.subject.name)
        let store = try await access.madeStore(nil)
        let (_, own) = try await store.changeFollowedDocuments(reading: []) { changes in
            for name in names { changes.remove(.suspension, id: name) }
        }
        try await networking.catchUp(own: own)
    }
}
