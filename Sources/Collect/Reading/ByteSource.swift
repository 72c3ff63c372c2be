import Glibc

/// The bytes of one file in pieces, so that no file is in memory as a whole.
package protocol ByteSource: AnyObject {
    /// The name of the file in messages.
    var name: String { get }
    /// The length of the file, for a progress bar; nil if it is unknown.
    var byteCount: Int? { get }
    /// The next bytes; empty at the end.
    func nextPiece() throws(SourceError) -> [UInt8]
}

/// The error of a source that cannot be read at all, unlike a row of it that cannot be used.
package struct SourceError: Error, Equatable, CustomStringConvertible {
    /// A sentence for the person who started the import.
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// A file on disk.
package final class FileBytes: ByteSource {
    /// The bytes read at a time.
    static let pieceBytes = 1 << 18

    package let name: String
    package let byteCount: Int?
    private let descriptor: Int32

    package init(path: String) throws(SourceError) {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw SourceError("`\(path)`: \(Self.lastError).") }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            close(opened)
            throw SourceError("`\(path)` is not a file.")
        }
        descriptor = opened
        name = path.split(separator: "/").last.map(String.init) ?? path
        // A pipe has no length.
        byteCount = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    deinit { close(descriptor) }

    /// Whether there is a file or folder at the path.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package func nextPiece() throws(SourceError) -> [UInt8] {
        var got = 0
        let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
            got = read(descriptor, buffer.baseAddress, buffer.count)
            count = max(got, 0)
        }
        guard got >= 0 else { throw SourceError("`\(name)` cannot be read: \(Self.lastError).") }
        return piece
    }

    private static var lastError: String { String(cString: strerror(errno)) }
}

/// Bytes in memory.
package final class MemoryBytes: ByteSource {
    package let name: String
    package let byteCount: Int?
    private var rest: ArraySlice<UInt8>
    private let pieceBytes: Int

    package init(_ text: String, name: String, pieceBytes: Int = 1 << 16) {
        rest = Array(text.utf8)[...]
        self.name = name
        self.pieceBytes = pieceBytes
        byteCount = rest.count
    }

    package init(_ bytes: [UInt8], name: String, pieceBytes: Int = 1 << 16) {
        rest = bytes[...]
        self.name = name
        self.pieceBytes = pieceBytes
        byteCount = rest.count
    }

    package func nextPiece() -> [UInt8] {
        defer { rest = rest.dropFirst(pieceBytes) }
        return Array(rest.prefix(pieceBytes))
    }
}
