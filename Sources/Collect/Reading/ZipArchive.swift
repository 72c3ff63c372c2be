import CZip

/// A ZIP archive, read with libzip entry by entry; nothing is unpacked to disk.
package final class ZipArchive {
    /// The most bytes that all entries of one archive may unpack to.
    static let maximumUnpackedBytes = 8 << 30
    /// The most bytes in proportion to its own size: tables shrink to a tenth or a twentieth.
    static let maximumRatio = 100
    /// The bytes that a small archive may unpack to in any case.
    static let leastBytes = 16 << 20

    private let handle: OpaquePointer
    private let name: String
    private let maximumBytes: Int
    private var unpackedBytes = 0
    /// The names of the files in the archive, in its order.
    package let entryNames: [String]

    package init(path: String) throws(SourceError) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        try ZipDirectory.check(path: path, archive: name)
        var code: Int32 = 0
        guard let opened = zip_open(path, ZIP_RDONLY, &code) else {
            var error = zip_error_t()
            zip_error_init_with_code(&error, code)
            defer { zip_error_fini(&error) }
            throw SourceError("`\(path)`: \(String(cString: zip_error_strerror(&error))).")
        }
        do throws(SourceError) {
            entryNames = try Self.entryNames(of: opened, archive: name)
        } catch {
            zip_discard(opened)
            throw error
        }
        handle = opened
        let size = try FileBytes(path: path).byteCount ?? 0
        maximumBytes = min(
            max(size * Self.maximumRatio, Self.leastBytes),
            Self.maximumUnpackedBytes
        )
    }

    deinit { zip_discard(handle) }

    /// The entry with this file name, in any folder of the archive; nil if there is none.
    package func entry(named file: String) throws(SourceError) -> (any ByteSource)? {
        let found = entryNames.filter {
            let path = Self.slashed($0)
            return path == file || path.hasSuffix("/" + file)
        }
        guard let path = found.first else { return nil }
        guard found.count == 1 else {
            throw SourceError("`\(name)` holds more than one `\(file)`.")
        }
        return try Entry(of: self, path: path, name: file)
    }

    private static func entryNames(
        of handle: OpaquePointer,
        archive: String
    ) throws(SourceError) -> [String] {
        let count = Int(zip_get_num_entries(handle, 0))
        try ZipDirectory.require(UInt64(count), archive)
        var names: [String] = []
        for index in 0..<count {
            guard let text = zip_get_name(handle, UInt64(index), 0) else {
                throw SourceError("`\(archive)`: the name of entry \(index + 1) cannot be read.")
            }
            let name = String(cString: text)
            guard isHarmless(name) else {
                throw SourceError("`\(archive)` has an entry with the unsafe path `\(name)`.")
            }
            if !slashed(name).hasSuffix("/") { names.append(name) }
        }
        return names
    }

    /// Whether the path stays inside the archive.
    ///
    /// Nothing is unpacked to disk, but an archive with other paths is malicious.
    private static func isHarmless(_ path: String) -> Bool {
        let path = slashed(path)
        return !path.isEmpty && !path.hasPrefix("/") && !path.contains(":/")
            && !path.split(separator: "/", omittingEmptySubsequences: false).contains("..")
    }

    /// The path with slashes; some programs on Windows write backslashes.
    private static func slashed(_ path: String) -> String { path.replacing("\\", with: "/") }

    fileprivate func count(_ bytes: Int) throws(SourceError) {
        unpackedBytes += bytes
        try require(UInt64(unpackedBytes))
    }

    /// Throws when this many bytes exceed what the archive may unpack to.
    fileprivate func require(_ bytes: UInt64) throws(SourceError) {
        guard bytes <= maximumBytes else {
            throw SourceError(
                "`\(name)` unpacks to more than \(maximumBytes >> 20) MiB, which is more than "
                    + "\(Self.maximumRatio) times its size."
            )
        }
    }

    /// One file of an archive, which is unpacked while it is read.
    private final class Entry: ByteSource {
        static let pieceBytes = 1 << 18

        let name: String
        let byteCount: Int?
        private let archive: ZipArchive
        private let file: OpaquePointer

        init(of archive: ZipArchive, path: String, name: String) throws(SourceError) {
            guard let opened = zip_fopen(archive.handle, path, 0) else {
                let reason = String(cString: zip_strerror(archive.handle))
                throw SourceError("`\(archive.name)`: `\(path)` cannot be read: \(reason).")
            }
            var status = zip_stat_t()
            let hasSize = zip_stat(archive.handle, path, 0, &status) == 0
            // The sizes are added up for all files of a feed, whatever the archive says.
            do throws(SourceError) {
                if hasSize { try archive.require(status.size) }
            } catch {
                zip_fclose(opened)
                throw error
            }
            byteCount = hasSize ? Int(status.size) : nil
            file = opened
            self.name = name
            self.archive = archive
        }

        deinit { zip_fclose(file) }

        func nextPiece() throws(SourceError) -> [UInt8] {
            var got = 0
            let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
                got = Int(zip_fread(file, buffer.baseAddress, UInt64(buffer.count)))
                count = max(got, 0)
            }
            guard got >= 0 else {
                let reason = String(cString: zip_file_strerror(file))
                throw SourceError("`\(name)` in `\(archive.name)` is damaged: \(reason).")
            }
            try archive.count(piece.count)
            return piece
        }
    }
}
