internal import Record
internal import Storage

/// The file with the newest checkpoint of a record.
struct CheckpointFile {
    private let file: DurableFile

    init(path: String) { file = DurableFile(path: path) }

    /// The checkpoint; nil when there is no file.
    func read() throws -> SignedCheckpoint? {
        guard let bytes = try file.read(atMost: SignedNote.maximumBytes + 1) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self),
            let checkpoint = try? SignedCheckpoint(text)
        else { throw StorageError(.damaged, note: "\(file.path) is no checkpoint") }
        return checkpoint
    }

    /// Puts the checkpoint in place of the one before; it is on disk when this returns.
    func write(_ checkpoint: SignedCheckpoint) throws {
        try file.write(Array(checkpoint.text.utf8))
    }

    /// Removes the file, if there is one; it is gone from the disk when this returns.
    func remove() throws { try file.remove() }
}
