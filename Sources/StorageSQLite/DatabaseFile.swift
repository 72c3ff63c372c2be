internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Looks a file over before SQLite opens it: as long as its header says, and beginning as one must.
///
/// A check of every page would take seconds, and a start may not.
struct DatabaseFile {
    let path: String
    private static let headerBytes = 100

    func check() throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { _ = Glibc.close(file) }
        let length = lseek(file, 0, SEEK_END)
        guard length > 0 else { return }
        var header = [UInt8](repeating: 0, count: Self.headerBytes)
        guard pread(file, &header, header.count, 0) == header.count,
            header.starts(with: Array("SQLite format 3\0".utf8))
        else { throw StorageError(.damaged, note: "\(path) is not a database") }
        let pageBytes = Int(header[16]) << 8 | Int(header[17])
        let pages = header[28..<32].reduce(0) { $0 << 8 | Int($1) }
        // With a log that is not copied yet the file may still have to grow.
        guard length >= (pageBytes == 1 ? 65_536 : pageBytes) * pages || hasLog else {
            throw StorageError(
                .damaged,
                note: "\(path) is cut off: \(length) bytes, \(pages) pages expected"
            )
        }
    }

    private var hasLog: Bool {
        var info = stat()
        return stat("\(path)-wal", &info) == 0 && info.st_size > 0
    }
}
