import Glibc

/// Checks the directory of an archive before libzip reads it.
///
/// libzip keeps all entries in memory, about 300 bytes for each, and allocates as many as the
/// archive announces.
enum ZipDirectory {
    /// The most bytes of a directory: a thousand entries with long names.
    static let maximumBytes = 1 << 20
    static let maximumEntries = 1_000

    /// The end of an archive: a record, before it the position of a longer one, and after it a
    /// comment.
    private static let endBytes = 22
    private static let placeBytes = 20
    private static let longEndBytes = 56
    private static let maximumCommentBytes = 65_535

    /// Throws when the archive announces too many entries, or a directory that is too long.
    ///
    /// All records that may be its end are checked. A file that cannot be read, or a pipe, passes:
    /// libzip reports the reason.
    static func check(path: String, archive: String) throws(SourceError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        let length = Int(lseek(file, 0, SEEK_END))
        guard length > 0 else { return }
        let count = min(length, placeBytes + endBytes + maximumCommentBytes)
        guard let tail = bytes(count, at: length - count, of: file) else { return }
        for place in tail.indices.dropLast(endBytes - 1)
        where tail.has([0x50, 0x4B, 5, 6], at: place) {
            let bytes = tail.number(at: place + 12, count: 4)
            // All ones mean that the longer record has the number.
            if bytes != UInt64(UInt32.max) {
                try require(tail.number(at: place + 10, count: 2), bytes, archive)
            }
            let locator = place - placeBytes
            guard locator >= 0, tail.has([0x50, 0x4B, 6, 7], at: locator),
                let offset = Int(exactly: tail.number(at: locator + 8, count: 8)),
                let end = Self.bytes(longEndBytes, at: offset, of: file)
            else { continue }
            try require(end.number(at: 32, count: 8), end.number(at: 40, count: 8), archive)
        }
    }

    private static func require(
        _ entries: UInt64,
        _ bytes: UInt64,
        _ archive: String
    ) throws(SourceError) {
        try require(entries, archive)
        guard bytes <= maximumBytes else {
            throw SourceError(
                "The directory of `\(archive)` has \(bytes) bytes; \(maximumBytes) are the limit."
            )
        }
    }

    /// Throws when an archive may not have this many entries.
    static func require(_ entries: UInt64, _ archive: String) throws(SourceError) {
        guard entries <= maximumEntries else {
            throw SourceError(
                "`\(archive)` has \(entries) entries; \(maximumEntries) are the limit."
            )
        }
    }

    /// Reads bytes; nil when there are too few.
    private static func bytes(_ count: Int, at offset: Int, of file: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return pread(file, &bytes, count, off_t(offset)) == count ? bytes : nil
    }
}

extension [UInt8] {
    fileprivate func has(_ mark: [UInt8], at place: Int) -> Bool {
        self[place..<place + mark.count].elementsEqual(mark)
    }

    /// Reads a number in little-endian order.
    fileprivate func number(at place: Int, count: Int) -> UInt64 {
        self[place..<place + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
