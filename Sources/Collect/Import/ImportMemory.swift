/// Limits the memory that an import uses for what it has read: identifiers that must be
/// distinguished, points that are collected.
///
/// There is one for all files of a source.
package final class ImportMemory {
    /// The limit for commands of the operator.
    package static let defaultBytes = 1 << 30
    /// The bytes counted for an entry besides its text.
    static let bytesOfEntry = 64

    let maximumBytes: Int
    private(set) var bytes = 0

    package init(maximumBytes: Int = ImportMemory.defaultBytes) { self.maximumBytes = maximumBytes }

    /// Counts one entry with this many bytes.
    func take(_ count: Int) throws(RowRefusal) { try take(bytes: count + Self.bytesOfEntry) }

    /// Counts this many bytes.
    func take(bytes count: Int) throws(RowRefusal) {
        guard bytes + count <= maximumBytes else {
            throw RowRefusal(
                reason: "The file has more identifiers or points than fit into "
                    + "\(maximumBytes >> 20) MiB of memory; send it in parts."
            )
        }
        bytes += count
    }

    /// Counts the text.
    func take(_ text: String) throws(RowRefusal) { try take(text.utf8.count) }
}
