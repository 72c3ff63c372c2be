import Crypto
import Foundation
import Glibc

/// Writes a backup: a tar archive that appears under its name when it is complete and on disk.
///
/// Until then it is at `NAME.part`, and a database that is being copied at `NAME.part.copy`. Both are
/// removed by the next backup into the folder when a power failure has left them.
final class BackupWriter {
    private static let pieceBytes = 1 << 20

    let path: String
    private let part: String
    private let file: Int32
    private let seconds: Int
    private var sums = ""
    private(set) var bytesWritten = 0

    /// Throws `BackupError` when the file cannot be written, or another command is writing it.
    init(path: String, at now: Date) throws {
        self.path = path
        part = path + ".part"
        seconds = Int(now.timeIntervalSince1970)
        file = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw BackupError.system(.unwritable, part, "cannot be written") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw BackupError(.unwritable, "\(part) is being written by another command.")
        }
        guard ftruncate(file, 0) == 0 else {
            let error = BackupError.system(.unwritable, part, "cannot be written")
            close(file)
            throw error
        }
    }

    deinit { close(file) }

    /// The place for a copy of a database before it is added.
    var copy: String { part + ".copy" }

    /// Adds a file with this content.
    func add(_ name: String, _ content: [UInt8]) throws {
        let header = TarHeader(name: name, size: content.count)
        try write(header.block(modified: seconds))
        try write(content)
        try write([UInt8](repeating: 0, count: header.paddingBytes))
        note(SHA256.hash(data: content), of: name)
    }

    /// Adds a file that does not change while it is read.
    func add(_ name: String, contentsOf source: String) throws {
        let opened = open(source, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw BackupError.system(.unreadable, source, "cannot be read") }
        defer { close(opened) }
        let length = lseek(opened, 0, SEEK_END)
        guard length >= 0, lseek(opened, 0, SEEK_SET) == 0 else {
            throw BackupError.system(.unreadable, source, "cannot be read")
        }
        let header = TarHeader(name: name, size: Int(length))
        try write(header.block(modified: seconds))
        var hash = SHA256()
        var rest = header.size
        while rest > 0 {
            let piece = try Self.read(min(rest, Self.pieceBytes), of: opened, source)
            hash.update(data: piece)
            try write(piece)
            rest -= piece.count
        }
        try write([UInt8](repeating: 0, count: header.paddingBytes))
        note(hash.finalize(), of: name)
    }

    /// Completes the backup, and gives it its name once all of it is on disk.
    func finish() throws {
        try add(BackupContent.sums, Array(sums.utf8))
        // Two empty blocks end an archive.
        try write([UInt8](repeating: 0, count: 2 * TarHeader.blockBytes))
        guard fsync(file) == 0, rename(part, path) == 0 else {
            throw BackupError.system(.unwritable, path, "cannot be written")
        }
        let folder = open(Self.folder(of: path), O_RDONLY | O_CLOEXEC)
        defer { if folder >= 0 { close(folder) } }
        guard folder >= 0, fsync(folder) == 0 else {
            throw BackupError.system(.unwritable, path, "cannot be made durable")
        }
    }

    /// Removes what was written of a backup that is not complete.
    func discard() {
        unlink(part)
        Self.removeCopy(copy)
    }

    /// Removes a copy of a database, and what SQLite wrote beside it.
    static func removeCopy(_ copy: String) {
        for suffix in ["", "-journal"] { unlink(copy + suffix) }
    }

    /// The folder of a file.
    static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }

    private func note(_ digest: SHA256.Digest, of name: String) {
        sums += digest.hexText + "  \(name)\n"
    }

    private func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw BackupError.system(.unwritable, part, "cannot be written")
            }
            rest = rest.dropFirst(count)
            bytesWritten += count
        }
    }

    private static func read(_ count: Int, of file: Int32, _ path: String) throws -> [UInt8] {
        var got = 0
        let piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            got = Glibc.read(file, buffer.baseAddress, buffer.count)
            filled = max(got, 0)
        }
        guard got > 0 else {
            guard got < 0 else { throw BackupError(.unreadable, "\(path) became shorter.") }
            throw BackupError.system(.unreadable, path, "cannot be read")
        }
        return piece
    }
}

extension SHA256.Digest {
    /// In hexadecimal digits, as `sha256sum` writes it.
    var hexText: String {
        map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
