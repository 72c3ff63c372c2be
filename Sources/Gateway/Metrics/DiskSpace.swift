import Glibc

/// The room on the disk where a folder lies.
package struct DiskSpace: Sendable, Equatable {
    /// What is left for the hub: reserves that the system keeps for others do not count.
    package var freeBytes: Int64
    package var totalBytes: Int64

    package init(freeBytes: Int64, totalBytes: Int64) {
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
    }

    /// nil when the system does not tell.
    package init?(ofFolder path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
        let block = Int64(status.f_frsize)
        freeBytes = Int64(status.f_bavail) * block
        totalBytes = Int64(status.f_blocks) * block
    }

    /// So little that the next checkpoint of the database may not fit; of a small disk, a twentieth.
    private static let leastBytes: Int64 = 32 * 1_024 * 1_024
    /// Enough for a long time, however large the disk.
    private static let ampleBytes: Int64 = 5 * 1_024 * 1_024 * 1_024

    package var isFull: Bool { freeBytes < min(Self.leastBytes, totalBytes / 20) }
    package var isScarce: Bool { freeBytes < min(Self.ampleBytes, totalBytes / 10) }
}
