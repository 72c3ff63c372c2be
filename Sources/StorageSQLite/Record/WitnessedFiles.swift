package import Record
internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// What a witness has signed: the folder `witnessed`, with a file for each record.
package struct WitnessedFiles: WitnessedStore {
    private let folder: String

    /// The files are in the folder of a hub's data.
    package init(in data: String) { folder = data + "/witnessed" }

    package func latest(of record: NoteKey) throws -> SignedCheckpoint? {
        if let latest = try file(of: record.description).read() {
            guard (try? latest.verify(by: record)) != nil else {
                throw StorageError(
                    .damaged,
                    note: "\(folder) has a file under another record's name"
                )
            }
            return latest
        }
        // Earlier hubs have named the file after the record alone.
        guard let earlier = try file(of: record.name).read() else { return nil }
        return (try? earlier.verify(by: record)) == nil ? nil : earlier
    }

    package func keep(_ checkpoint: SignedCheckpoint, of record: NoteKey) throws {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw StorageError(.failed, note: "\(folder) cannot be created")
        }
        try file(of: record.description).write(checkpoint)
    }

    package func forget(_ record: NoteKey) throws {
        for name in [record.description, record.name] { try file(of: name).remove() }
    }

    /// The name of a record may be none for a file, and two may have one name.
    private func file(of name: String) -> CheckpointFile {
        let digits = TreeHash.leaf(Array(name.utf8)).bytes.map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return CheckpointFile(path: "\(folder)/\(digits.joined()).checkpoint")
    }
}
