/// The size of a hub's data and the free space of its disk, which `/metrics` has beside its
/// counters.
package struct HubFigures: Sendable {
    /// The entities of all tenants with current state.
    package var entities: Int
    /// The bytes of the files of all databases.
    package var databaseBytes: Int
    /// The free space; nil when the system does not report it.
    package var disk: DiskSpace?

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

/// Reads the present figures.
package typealias FigureReading = @Sendable () async throws -> HubFigures
