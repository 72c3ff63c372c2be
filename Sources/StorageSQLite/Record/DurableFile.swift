internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// A small file that is replaced as a whole, and is on disk when it was.
struct DurableFile {
    let path: String

    /// The bytes, of a longer file so many of the first; nil when there is no file.
    func read(atMost maximum: Int) throws -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("cannot be opened")
        }
        defer { _ = Glibc.close(file) }
        var bytes = [UInt8](repeating: 0, count: maximum)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress.map { $0 + count }, $0.count - count)
            }
            guard more >= 0 else { throw failure("cannot be read") }
            if more == 0 { break }
            count += more
        }
        return Array(bytes[..<count])
    }

    /// Puts the bytes in place of those before; they are on disk when this returns.
    func write(_ bytes: [UInt8]) throws {
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("cannot be written") }
        var isWritten = true
        var rest = bytes[...]
        while isWritten, !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            isWritten = count > 0
            rest = rest.dropFirst(max(count, 0))
        }
        isWritten = isWritten && fsync(file) == 0
        let error = failure("cannot be written")
        isWritten = Glibc.close(file) == 0 && isWritten
        guard isWritten else { throw error }
        guard rename(new, path) == 0 else { throw failure("cannot be replaced") }
        try syncFolder()
    }

    /// Removes the file, if there is one; it is gone from the disk when this returns.
    func remove() throws {
        guard unlink(path) == 0 else {
            if errno == ENOENT { return }
            throw failure("cannot be removed")
        }
        try syncFolder()
    }

    private func syncFolder() throws {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let folder = open(path[..<end].isEmpty ? "." : String(path[..<end]), O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("cannot be made durable") }
        defer { _ = Glibc.close(folder) }
        guard fsync(folder) == 0 else { throw failure("cannot be made durable") }
    }

    private func failure(_ what: String) -> StorageError {
        let isFull = [ENOSPC, EDQUOT, EFBIG].contains(errno)
        let reason = String(cString: strerror(errno))
        return StorageError(isFull ? .diskFull : .failed, note: "\(path) \(what): \(reason)")
    }
}
