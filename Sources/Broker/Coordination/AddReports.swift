package import ContextModel
package import Governance
import HubNetwork
import Storage

/// What became of an object that was brought.
package struct ReportOutcome: Sendable, Hashable {
    /// The object's identifier and version, as they were given; nil where it has none.
    package var id: String?
    package var version: String?
    /// Why it was not taken; nil where it was, or was known already.
    package var problem: String?
}

extension Coordinating {
    /// Objects that are taken in one go at most.
    package static let maximumObjects = 1_000
    /// Seconds by which the clock of who makes a report may be ahead.
    static let skewSeconds: Int64 = 60

    /// Keeps objects of STIX that the caller brings; what becomes of each is said in their order.
    ///
    /// What no hub has signed is said by this hub from now on, where a party of its own brings it. What another hub says is
    /// taken from whoever brings it, with that hub's signature. Throws for a caller that may write none.
    package func addReports(
        _ objects: [JSONValue],
        caller: Caller
    ) async throws -> [ReportOutcome] {
        try await requireWriting(caller)
        let party = caller.recordedParty ?? PartyID("anonymous").uri
        if caller.isHub { return try await take(objects, sharer: party, by: nil) }
        return try await take(objects, sharer: party, by: try networking.requireOwn())
    }

    /// Keeps what another hub's collection has, as far as members have signed it.
    package func relayReports(_ objects: [JSONValue]) async throws -> [ReportOutcome] {
        try await take(objects, sharer: "", by: nil)
    }

    private func take(
        _ objects: [JSONValue],
        sharer: String,
        by own: OwnMembership?
    ) async throws -> [ReportOutcome] {
        guard objects.count <= Self.maximumObjects else {
            throw BrokerError(
                .tooManyResults,
                "At most \(Self.maximumObjects) objects are taken at a time."
            )
        }
        let (directory, shelf, now) = (try await networking.directory(), try await shelf(), clock())
        var outcomes: [ReportOutcome] = []
        var found: [(place: Int, report: SignedReport)] = []
        for (place, value) in objects.enumerated() {
            outcomes.append(ReportOutcome(value))
            do {
                let report = try report(value, by: own, directory, at: now)
                guard try Self.isNew(report, among: shelf) else { continue }
                found.append((place, report))
            } catch let error as STIXError {
                outcomes[place].problem = error.description
            }
        }
        guard !found.isEmpty else { return outcomes }
        for place in try await keep(found, sharer, own) {
            outcomes[place].problem = Self.saidTwice.description
        }
        return outcomes
    }

    /// Throws `STIXError` for what is not wholly understood, or not signed by who says it.
    private func report(
        _ value: JSONValue,
        by own: OwnMembership?,
        _ directory: NetworkDirectory,
        at now: Timestamp
    ) throws -> SignedReport {
        let object = try STIXObject(value)
        guard object.version.microseconds <= now.microseconds + Self.skewSeconds * 1_000_000 else {
            throw STIXError("'modified' is in a time to come: check the clocks.")
        }
        if let own, object.claim?.saidBy ?? own.id == own.id {
            return try SignedReport(object, by: own.id, with: own.key)
        }
        let report = try SignedReport(object)
        try directory.verify(report, at: now)
        return report
    }

    private static let saidTwice = STIXError("The hub has said something else in this version.")

    /// False for what is known already; throws `STIXError` for what is older than that, and for another text of it.
    private static func isNew(_ report: SignedReport, among shelf: ReportShelf) throws -> Bool {
        guard let newest = shelf.newest(of: report) else { return true }
        if report.object.version > newest { return true }
        guard let same = shelf.report(KeptReport.id(of: report)) else {
            throw STIXError("It is older than what is known of it.")
        }
        guard same.report.object.unsigned == report.object.unsigned else { throw saidTwice }
        return false
    }

    /// Stores the reports; returns the places of those of which there is another text.
    private func keep(
        _ found: [(place: Int, report: SignedReport)],
        _ sharer: String,
        _ own: OwnMembership?
    ) async throws -> [Int] {
        let store = try await access.madeStore(nil)
        let now = clock()
        let keys = found.map {
            DocumentKey.document(.report, id: KeptReport.id(of: $0.report))
        }
        let shelf = try await shelf()
        let (refused, changes) = try await store.changeFollowedDocuments(reading: keys) { changes in
            var shelf = shelf
            var refused: [Int] = []
            for (place, report) in found {
                let id = KeptReport.id(of: report)
                if let document = try changes.document(.report, id: id) {
                    let known = KeptReport(document)?.report.object.unsigned
                    if known != report.object.unsigned { refused.append(place) }
                    continue
                }
                // What another hub says counts for its share, whoever brings it.
                let isOwn = report.hub == own?.id
                let kept = KeptReport(
                    report,
                    added: self.nextAdded(at: now),
                    sharer: isOwn ? sharer : report.hub.text
                )
                changes.put(kept.document)
                for old in shelf.keep(kept) { changes.remove(.report, id: old) }
            }
            return refused
        }
        try await catchUp(own: changes)
        return refused
    }
}

extension ReportOutcome {
    fileprivate init(_ value: JSONValue) {
        id = value.objectValue?["id"]?.stringValue
        version = value.objectValue?["modified"]?.stringValue
    }
}
