/// How much a hub keeps, and how much room its disk has: what `/metrics` tells beside what was
/// counted since the start.
package struct HubFigures: Sendable {
    /// Entities of all tenants, history aside.
    package var entities: Int
    /// The files of all databases.
    package var databaseBytes: Int
    /// nil when the system does not tell.
    package var disk: DiskSpace?

    package init(entities: Int, databaseBytes: Int, disk: DiskSpace?) {
        self.entities = entities
        self.databaseBytes = databaseBytes
        self.disk = disk
    }

    /// By the names of their series.
    var gauges: [(name: String, value: Double)] {
        var gauges = [("balai_database_bytes", Double(databaseBytes))]
        if let disk {
            gauges.append(("balai_disk_free_bytes", Double(disk.freeBytes)))
            gauges.append(("balai_disk_used_bytes", Double(disk.totalBytes - disk.freeBytes)))
        }
        return gauges + [("balai_entities", Double(entities))]
    }
}

/// Takes the figures of this moment.
package typealias FigureReading = @Sendable () async throws -> HubFigures
