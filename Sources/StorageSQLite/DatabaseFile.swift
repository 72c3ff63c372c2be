internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Checks a file before SQLite opens it and may change it.
///
/// The file must be as long as its header says, have the header of a database, and belong to a
/// hub. A check of every page would take seconds, which a start may not.
struct DatabaseFile {
    let path: String
    /// The bytes to read: they include the head of the first page, which shows whether there is a
    /// table.
    private static let headerBytes = 108
    /// The type of a first page that has no rows itself: all tables may be on other pages.
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
        // While part of the log is not copied, the file may be shorter than its header says.
        guard length >= (pageBytes == 1 ? 65_536 : pageBytes) * pages || hasLog else {
            throw StorageError(
                .damaged,
                note: "\(path) is cut off: \(length) bytes, \(pages) pages expected"
            )
        }
        // Tables that are only in the log, as in a new file, are checked after SQLite has opened
        // it.
        let hasTables = header[103] != 0 || header[104] != 0 || header[100] == Self.interiorPage
        try Schema.refuseForeign(
            mark: header.number(at: 68),
            version: header.number(at: 60),
            hasTables: hasTables && !hasLog,
            path: path
        )
    }

    /// Refuses a log without a database.
    ///
    /// A new database has no log yet. So the database of this log is missing, and SQLite would
    /// delete the log.
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
    /// Reads four bytes in big-endian order.
    fileprivate func number(at offset: Int) -> Int {
        self[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
