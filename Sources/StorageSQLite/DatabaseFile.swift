internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Looks a file over before SQLite opens it, and may change it: as long as its header says,
/// beginning as one must, and a hub's.
///
/// A check of every page would take seconds, and a start may not.
struct DatabaseFile {
    let path: String
    /// With the head of the first page, which tells whether there is a table.
    private static let headerBytes = 108
    /// The kind of a first page whose tables stand on other pages, all of them maybe.
    private static let interiorPage: UInt8 = 5

    func check() throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { _ = Glibc.close(file) } }
        let length = file < 0 ? 0 : lseek(file, 0, SEEK_END)
        guard length > 0 else { return try refuseLogAlone() }
        var header = [UInt8](repeating: 0, count: Self.headerBytes)
        guard pread(file, &header, header.count, 0) == header.count,
            header.starts(with: Array("SQLite format 3\0".utf8))
        else { throw StorageError(.damaged, note: "\(path) is not a database") }
        let pageBytes = Int(header[16]) << 8 | Int(header[17])
        let pages = header.number(at: 28)
        // With a log that is not copied yet the file may still have to grow.
        guard length >= (pageBytes == 1 ? 65_536 : pageBytes) * pages || hasLog else {
            throw StorageError(
                .damaged,
                note: "\(path) is cut off: \(length) bytes, \(pages) pages expected"
            )
        }
        // What stands in a log, such as the first tables of a new file, is looked at in SQLite.
        let hasTables = header[103] != 0 || header[104] != 0 || header[100] == Self.interiorPage
        try Schema.refuseForeign(
            mark: header.number(at: 68),
            version: header.number(at: 60),
            hasTables: hasTables && !hasLog,
            path: path
        )
    }

    /// A new database has no log yet: where there is one, the database it belongs to is gone, and
    /// SQLite would remove it.
    private func refuseLogAlone() throws {
        guard hasLog else { return }
        throw StorageError(
            .damaged,
            note: "\(path) is empty or missing, and its log \(path)-wal is not"
        )
    }

    private var hasLog: Bool {
        var info = stat()
        return stat("\(path)-wal", &info) == 0 && info.st_size > 0
    }
}

extension [UInt8] {
    /// Four bytes, the highest first.
    fileprivate func number(at offset: Int) -> Int {
        self[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
