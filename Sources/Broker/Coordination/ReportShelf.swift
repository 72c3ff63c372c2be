package import ContextModel
package import HubNetwork
import Storage

/// A report as the hub keeps it: one version of what one hub says.
package struct KeptReport: Sendable, Hashable {
    package let report: SignedReport
    /// When it came to this hub; no two came at the same moment.
    package let added: Timestamp
    /// Whose share it counts for: the hub that says it, or the party that brought it to this one.
    let sharer: String
    /// Of its object.
    let bytes: Int
    /// The same for all versions of it.
    let name: String
    /// The identifier of its document.
    let id: String

    init(_ report: SignedReport, added: Timestamp, sharer: String) {
        self.report = report
        self.added = added
        self.sharer = sharer
        bytes = JSONValue.object(report.object.json).serialized.count
        name = Self.name(of: report)
        id = Self.id(of: report)
    }

    static func name(of report: SignedReport) -> String {
        "\(report.hub.text) \(report.object.id)"
    }

    static func id(of report: SignedReport) -> String {
        "\(name(of: report)) \(report.object.version.microseconds)"
    }
}

/// Which reports are asked for (TAXII 2.1, clause 3.4.1): all conditions hold together.
package struct ReportFilter: Sendable, Hashable {
    /// Which version of an object is meant.
    package enum Version: Sendable, Hashable {
        case first, last, all
        case at(Timestamp)
    }
    /// Those that came after the moment.
    package var addedAfter: Timestamp?
    package var ids: Set<String>?
    package var types: Set<String>?
    package var versions: Set<Version> = [.last]
    /// Versions of the specification; the hub has objects of 2.1 alone.
    package var specVersions: Set<String>?

    package init() {}
}

/// All reports of the hub in the order in which they came, within limits: a value.
package struct ReportShelf: Sendable {
    /// Reports of one hub or party at most, and their bytes; beyond that its oldest goes.
    package static let maximumOfOne = 1_000
    package static let maximumBytesOfOne = 4 << 20
    /// Reports of all, and their bytes; beyond that the oldest of whoever has most goes.
    package static let maximum = 20_000
    package static let maximumBytes = 64 << 20

    private struct Share: Sendable {
        var count = 0
        var bytes = 0
    }
    private(set) var reports: [KeptReport] = []
    /// The versions of each report, in the order in which they came.
    private var versions: [String: [Timestamp]] = [:]
    private var shares: [String: Share] = [:]
    private var byID: [String: KeptReport] = [:]

    init(_ reports: [KeptReport] = []) {
        for report in reports.sorted(by: { $0.added < $1.added }) { put(report) }
    }

    /// The newest version that is known of the report.
    func newest(of report: SignedReport) -> Timestamp? {
        versions[KeptReport.name(of: report)]?.max()
    }

    func report(_ id: String) -> KeptReport? { byID[id] }

    mutating func put(_ report: KeptReport) {
        if byID[report.id] != nil { remove(report.id) }
        byID[report.id] = report
        let place = reports.lastIndex { $0.added < report.added }.map { $0 + 1 } ?? 0
        reports.insert(report, at: place)
        versions[report.name, default: []].append(report.report.object.version)
        shares[report.sharer, default: Share()].count += 1
        shares[report.sharer, default: Share()].bytes += report.bytes
    }

    mutating func remove(_ id: String) {
        guard let old = byID.removeValue(forKey: id),
            let place = reports.firstIndex(where: { $0.added == old.added })
        else { return }
        reports.remove(at: place)
        versions[old.name]?.removeAll { $0 == old.report.object.version }
        if versions[old.name]?.isEmpty ?? false { versions[old.name] = nil }
        shares[old.sharer]?.count -= 1
        shares[old.sharer]?.bytes -= old.bytes
        if shares[old.sharer]?.count == 0 { shares[old.sharer] = nil }
    }

    /// Puts the report, and removes what no longer has room; returns the identifiers of these.
    mutating func keep(_ report: KeptReport) -> [String] {
        put(report)
        var gone: [String] = []
        func removeOldest(of sharer: String) {
            guard let oldest = reports.first(where: { $0.sharer == sharer }) else { return }
            remove(oldest.id)
            gone.append(oldest.id)
        }
        while let share = shares[report.sharer],
            share.count > Self.maximumOfOne || share.bytes > Self.maximumBytesOfOne
        { removeOldest(of: report.sharer) }
        while reports.count > Self.maximum
            || shares.values.reduce(0, { $0 + $1.bytes }) > Self.maximumBytes
        {
            // Of two that have as many, always the same one.
            let most = shares.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
            guard let most else { break }
            removeOldest(of: most.key)
        }
        return gone
    }

    /// Bytes of a page at most, where it has more than one report.
    static let maximumPageBytes = 2 << 20

    /// The first reports that the filter lets through, and whether there are more.
    func page(_ filter: ReportFilter, limit: Int) -> ReportPage {
        if let specs = filter.specVersions, !specs.contains("2.1") { return ReportPage() }
        let start =
            filter.addedAfter.map { after in
                reports.firstIndex { $0.added > after } ?? reports.endIndex
            } ?? 0
        var (page, bytes) = (ReportPage(), 0)
        for report in reports[start...] where matches(report, filter) {
            bytes += report.bytes
            guard page.reports.count < limit, page.reports.isEmpty || bytes <= Self.maximumPageBytes
            else {
                page.hasMore = true
                break
            }
            page.reports.append(report)
        }
        return page
    }

    private func matches(_ report: KeptReport, _ filter: ReportFilter) -> Bool {
        let object = report.report.object
        guard filter.ids?.contains(object.id) ?? true, filter.types?.contains(object.type) ?? true
        else { return false }
        let known = versions[report.name] ?? []
        return filter.versions.contains { version in
            switch version {
            case .all: true
            case .first: object.version == known.min()
            case .last: object.version == known.max()
            case .at(let moment): object.version == moment
            }
        }
    }

    /// What its newest sightings ask for.
    var sightings: [Sighting] { reports.compactMap { Sighting($0.report) } }
}

// MARK: - In the store

extension KeptReport {
    var document: Document {
        let body: JSONObject = [
            "object": .object(report.object.json), "added": .string(added.text),
            "sharer": .string(sharer),
        ]
        return Document(kind: .report, id: id, body: JSONValue.object(body).serialized)
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let object = json["object"].flatMap({ try? STIXObject($0) }),
            let report = try? SignedReport(object),
            let added = json["added"]?.stringValue.flatMap({ Timestamp(dateTime: $0) }),
            let sharer = json["sharer"]?.stringValue
        else { return nil }
        self.init(report, added: added, sharer: sharer)
        guard id == document.id else { return nil }
    }
}

extension Suspension {
    var document: Document {
        var body: JSONObject = [
            "subject": .object(subject.json), "from": .string(from.text),
            "until": .string(until.text), "by": .array(members.map { .string($0.text) }),
            "reason": .string(reason), "setAside": .array(setAside.sorted().map { .string($0) }),
        ]
        body["ended"] = ended.map { .string($0.text) }
        return Document(
            kind: .suspension,
            id: subject.name,
            body: JSONValue.object(body).serialized
        )
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard document.kind == .suspension,
            let json = try? JSONReader.read(document.body).objectValue,
            let subject = json["subject"].flatMap({ try? ReportedSubject($0) }),
            let from = json["from"]?.stringValue.flatMap({ Timestamp(dateTime: $0) }),
            let until = json["until"]?.stringValue.flatMap({ Timestamp(dateTime: $0) }),
            let reason = json["reason"]?.stringValue, from < until, subject.name == document.id
        else { return nil }
        let members = (json["by"]?.arrayValue ?? []).compactMap(\.stringValue)
            .compactMap { MemberID($0) }
        self.init(subject, from..<until, by: members, reason: reason)
        ended = json["ended"]?.stringValue.flatMap { Timestamp(dateTime: $0) }
        setAside = Set((json["setAside"]?.arrayValue ?? []).compactMap(\.stringValue))
    }

    /// As administrators see it.
    func json(at now: Timestamp) -> JSONObject {
        var json: JSONObject = [
            "id": .string(subject.name), "subject": .object(subject.json),
            "inForce": .bool(isInForce(at: now)), "from": .string(from.text),
            "until": .string(until.text), "by": .array(members.map { .string($0.text) }),
            "reason": .string(reason),
        ]
        json["ended"] = ended.map { .string($0.text) }
        return json
    }
}
