package import Broker
package import ContextModel
import HubNetwork
package import Record

/// The size of a hub's data and the free space of its disk, which `/metrics` has beside its
/// counters.
package struct HubFigures: Sendable {
    /// The entities of all tenants with current state.
    package var entities: Int
    /// The bytes of the files of all databases.
    package var databaseBytes: Int
    /// The free space; nil when the system does not report it.
    package var disk: DiskSpace?
    /// The witnesses of the record.
    package var witnesses: [WitnessFigures] = []
    /// The records of members of the network that are followed.
    package var members: [MemberFigures] = []
    /// The sources of all tenants.
    package var sources: [SourceMetrics] = []

    package init(entities: Int, databaseBytes: Int, disk: DiskSpace?) {
        self.entities = entities
        self.databaseBytes = databaseBytes
        self.disk = disk
    }

    /// The figures with the names of their series.
    var gauges: [(name: String, value: Double)] {
        var gauges = [("balai_database_bytes", Double(databaseBytes))]
        if let disk {
            gauges.append(("balai_disk_free_bytes", Double(disk.freeBytes)))
            gauges.append(("balai_disk_used_bytes", Double(disk.totalBytes - disk.freeBytes)))
        }
        return gauges + [("balai_entities", Double(entities))]
    }
}

/// How it stands with a witness of the record, for `/metrics`.
package struct WitnessFigures: Sendable {
    /// The witness.
    package let name: String
    /// Seconds since it signed last; nil when it never did.
    package let age: Double?
    /// How often it did not sign since the start.
    package let failures: Int

    package init(_ status: WitnessStatus, at now: Timestamp) {
        name = status.key.name
        age = status.signedAt.map { Double(now.microseconds - $0.microseconds) / 1_000_000 }
        failures = status.failures
    }
}

/// How it stands with the record of a member of the network, for `/metrics`.
package struct MemberFigures: Sendable {
    /// Its name in the network, and the one for people.
    package let id: String
    package let name: String
    /// Entries of its newest checkpoint; nil when none was seen.
    package let size: Int?
    /// Seconds since it last said that this is the newest; nil when it never did.
    package let age: Double?
    /// What is wrong with it: `fork`, `rollback`, `gap`.
    package let findings: [String]

    package init(_ status: MemberRecordStatus, at now: Timestamp) {
        id = status.member.text
        name = status.name
        size = status.checkpoint?.checkpoint.size
        age = status.stamped.map { Double(now.microseconds - $0.microseconds) / 1_000_000 }
        findings =
            [status.finding?.kind.rawValue].compactMap(\.self)
            + (status.gapSince == nil ? [] : ["gap"])
    }

    /// What a finding may be.
    static let kinds = RecordFinding.Kind.allCases.map(\.rawValue) + ["gap"]
}

/// How it stands with a source, for `/metrics`.
package struct SourceMetrics: Sendable {
    /// The source and, unless it is the default one, its tenant.
    package let name: String
    package let tenant: String?
    /// What came since the start, what became of it, and the refused messages that are kept.
    package let figures: SourceFigures
    package let keptRefusals: Int

    package init(_ source: LiveSource, _ figures: SourceFigures, keptRefusals: Int) {
        name = source.key.name.text
        tenant = source.key.tenant?.text
        self.figures = figures
        self.keptRefusals = keptRefusals
    }
}

/// Reads the present figures.
package typealias FigureReading = @Sendable () async throws -> HubFigures
