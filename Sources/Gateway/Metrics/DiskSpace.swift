import Glibc

/// The free space of the disk with a folder.
package struct DiskSpace: Sendable, Equatable {
    /// The free bytes for the hub: the system's reserves for others do not count.
    package var freeBytes: Int64
    package var totalBytes: Int64

    package init(freeBytes: Int64, totalBytes: Int64) {
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
    }

    /// Returns nil when the system does not report it.
    package init?(ofFolder path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
        let block = Int64(status.f_frsize)
        freeBytes = Int64(status.f_bavail) * block
        totalBytes = Int64(status.f_blocks) * block
    }

    /// Less than this may not suffice for the next checkpoint of the database; for a small disk, a
    /// twentieth.
    private static let leastBytes: Int64 = 32 * 1_024 * 1_024
    /// More than this suffices for a long time, however large the disk is.
    private static let ampleBytes: Int64 = 5 * 1_024 * 1_024 * 1_024

    package var isFull: Bool { freeBytes < min(Self.leastBytes, totalBytes / 20) }
    package var isScarce: Bool { freeBytes < min(Self.ampleBytes, totalBytes / 10) }
}
