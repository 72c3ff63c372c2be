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

    package func latest(of origin: String) throws -> SignedCheckpoint? {
        guard let latest = try file(of: origin).read() else { return nil }
        guard latest.checkpoint.origin == origin else {
            throw StorageError(.damaged, note: "\(folder) has a file under another record's name")
        }
        return latest
    }

    package func keep(_ checkpoint: SignedCheckpoint) throws {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw StorageError(.failed, note: "\(folder) cannot be created")
        }
        try file(of: checkpoint.checkpoint.origin).write(checkpoint)
    }

    /// The name of a record may be none for a file.
    private func file(of origin: String) -> CheckpointFile {
        let digits = TreeHash.leaf(Array(origin.utf8)).bytes.map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return CheckpointFile(path: "\(folder)/\(digits.joined()).checkpoint")
    }
}
