package import ContextModel

/// Whose word counts, and how many must say so before something is suspended here.
///
/// As long as there is no quorum, reports of other hubs suspend nothing.
package struct SuspensionRules: Sendable, Hashable {
    /// How long a suspension lasts at most, in hours.
    package static let maximumHours = 720

    /// The members whose sightings count.
    package var trusted: Set<MemberID> = []
    /// How many of them must say so; nil where nothing is suspended so.
    package var quorum: Int?
    /// How long a suspension lasts, and how long a sighting counts, in hours.
    package var hours = 24

    package init(trusted: Set<MemberID> = [], quorum: Int? = nil, hours: Int = 24) {
        self.trusted = trusted
        self.quorum = quorum
        self.hours = hours
    }

    var microseconds: Int64 { Int64(hours) * 3_600_000_000 }
}

/// The newest that a hub has said in one sighting.
package struct Sighting: Sendable, Hashable {
    package let id: String
    /// The hub that says it.
    package let hub: MemberID
    package let subject: ReportedSubject
    /// When it said so.
    package let said: Timestamp
    package let isRevoked: Bool

    /// Nil where the report is no sighting that asks for something to be suspended.
    package init?(_ report: SignedReport) {
        guard let subject = report.object.claim?.subject else { return nil }
        self.init(
            report.object.id,
            report.hub,
            subject,
            said: report.object.version,
            isRevoked: report.object.isRevoked
        )
    }

    package init(
        _ id: String,
        _ hub: MemberID,
        _ subject: ReportedSubject,
        said: Timestamp,
        isRevoked: Bool = false
    ) {
        self.id = id
        self.hub = hub
        self.subject = subject
        self.said = said
        self.isRevoked = isRevoked
    }

    /// The same for all versions of the sighting.
    package var name: String { "\(hub.text) \(id)" }
}

/// Something that is suspended here, or was.
package struct Suspension: Sendable, Hashable {
    package let subject: ReportedSubject
    package let from: Timestamp
    /// When it ends by itself.
    package let until: Timestamp
    /// The members that said so; nobody where an administrator has decided.
    package let members: [MemberID]
    /// Why, in a sentence.
    package let reason: String
    /// When the suspension was ended early; nil if it was not.
    package var ended: Timestamp?
    /// The sightings that an administrator has set aside: they suspend the subject no more.
    package var setAside: Set<String> = []

    package init(
        _ subject: ReportedSubject,
        _ period: Range<Timestamp>,
        by members: [MemberID] = [],
        reason: String
    ) {
        self.subject = subject
        from = period.lowerBound
        until = period.upperBound
        self.members = members
        self.reason = reason
    }

    package func isInForce(at now: Timestamp) -> Bool { ended == nil && from <= now && now < until }
}

/// What the sightings and the rules together make of what is suspended: a value, decided anew when either changes.
package struct SuspensionVerdicts: Sendable {
    /// What becomes of a subject.
    package enum Verdict: Sendable, Hashable {
        case begins(Suspension)
        /// Too few say so any more.
        case lifted(Suspension)
    }

    private let rules: SuspensionRules
    private let own: MemberID
    private let now: Timestamp
    /// The newest version of each sighting, by their subjects.
    private let sightings: [ReportedSubject: [Sighting]]

    package init(
        _ sightings: [Sighting],
        _ rules: SuspensionRules,
        of own: MemberID,
        at now: Timestamp
    ) {
        self.rules = rules
        self.own = own
        self.now = now
        var newest: [String: Sighting] = [:]
        for sighting in sightings
        where newest[sighting.name].map({ $0.said < sighting.said }) ?? true {
            newest[sighting.name] = sighting
        }
        self.sightings = Dictionary(grouping: newest.values, by: \.subject)
    }

    /// What is to be changed.
    ///
    /// `admitted` are the members that administrators have admitted and that have not left. What one of them that is itself
    /// suspended says begins nothing, but ends nothing either: else two that accuse each other would change places for ever.
    package func verdicts(
        kept: [ReportedSubject: Suspension],
        admitted: Set<MemberID>
    ) -> [Verdict] {
        let trusted = rules.trusted.intersection(admitted)
        let silenced = Set(
            kept.values.filter { $0.subject.kind == .member && $0.isInForce(at: now) }
                .map(\.subject.hub)
        )
        var verdicts: [Verdict] = []
        for suspension in kept.values where suspension.isInForce(at: now) {
            guard !suspension.members.isEmpty else { continue }
            let said = votes(on: suspension.subject, trusted, suspension.setAside, since: nil)
            if said.count < rules.quorum ?? .max { verdicts.append(.lifted(suspension)) }
        }
        for subject in sightings.keys {
            let old = kept[subject]
            guard let quorum = rules.quorum, !(old?.isInForce(at: now) ?? false) else { continue }
            let since = Timestamp(microseconds: now.microseconds - rules.microseconds)
            let said = votes(
                on: subject,
                trusted.subtracting(silenced),
                old?.setAside ?? [],
                since: since
            )
            guard said.count >= quorum else { continue }
            let end = Timestamp(microseconds: now.microseconds + rules.microseconds)
            var new = Suspension(
                subject,
                now..<end,
                by: said.sorted(),
                reason: "\(said.count) trusted members said so; \(quorum) are enough."
            )
            new.setAside = old?.setAside ?? []
            verdicts.append(.begins(new))
        }
        return verdicts
    }

    /// The members that say so: each counts once, whatever it says how often, and none for itself.
    private func votes(
        on subject: ReportedSubject,
        _ voters: Set<MemberID>,
        _ setAside: Set<String>,
        since: Timestamp?
    ) -> Set<MemberID> {
        // A subscription is suspended where it is kept, and a hub never suspends itself.
        guard (subject.kind == .subscription) == (subject.hub == own) else { return [] }
        let counted = (sightings[subject] ?? [])
            .filter { sighting in
                !sighting.isRevoked && !setAside.contains(sighting.name)
                    && voters.contains(sighting.hub)
                    && (sighting.hub != subject.hub || subject.kind == .subscription)
                    && (since.map { $0 < sighting.said && sighting.said <= now } ?? true)
            }
        return Set(counted.map(\.hub))
    }
}
