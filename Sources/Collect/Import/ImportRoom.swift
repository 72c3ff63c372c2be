/// What an import may keep in memory of what it has read, so that a file cannot fill the machine:
/// identifiers that must be told apart, points that are gathered.
///
/// One for all files of a source.
package final class ImportRoom {
    /// What a program of the operator's may take.
    package static let defaultBytes = 1 << 30
    /// What is counted for an entry besides its text.
    static let bytesOfEntry = 64

    let maximumBytes: Int
    private(set) var bytes = 0

    package init(maximumBytes: Int = ImportRoom.defaultBytes) { self.maximumBytes = maximumBytes }

    /// Takes room for one entry with so many bytes.
    func take(_ count: Int) throws(RowRefusal) { try take(bytes: count + Self.bytesOfEntry) }

    /// Takes room for so many bytes and no more.
    func take(bytes count: Int) throws(RowRefusal) {
        guard bytes + count <= maximumBytes else {
            throw RowRefusal(
                reason: "The file has more identifiers or points than can be told apart in "
                    + "\(maximumBytes >> 20) MiB of memory; send it in parts."
            )
        }
        bytes += count
    }

    /// Takes room for the text.
    func take(_ text: String) throws(RowRefusal) { try take(text.utf8.count) }
}
