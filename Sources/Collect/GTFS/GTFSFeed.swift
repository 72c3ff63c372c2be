/// A whole GTFS feed, file by file.
package struct GTFSFeed: ImportSource {
    private let names: GTFSNames
    private var waiting: ArraySlice<(table: GTFSTable?, source: any ByteSource)> = []
    private var current: (any ImportSource)?
    private var finishedBytes = 0
    private let bytesInAll: Int?

    /// Reads the files that `open` finds; it answers `nil` for one that is not there.
    package init(
        feed: String,
        open: (String) throws(SourceError) -> (any ByteSource)?
    ) throws(SourceError) {
        names = GTFSNames(feed: feed, source: try open("feed_info.txt").flatMap(Self.publisher))
        for table in GTFSTable.all {
            if table.file == "stops.txt", let shapes = try open("shapes.txt") {
                waiting.append((nil, shapes))
            }
            if let source = try open(table.file) {
                waiting.append((table, source))
            } else if table.isRequired {
                throw SourceError("The feed `\(feed)` has no `\(table.file)`.")
            }
        }
        let sizes = waiting.compactMap(\.source.byteCount)
        bytesInAll = sizes.count == waiting.count ? sizes.reduce(0, +) : nil
    }

    /// A feed in a folder or a ZIP archive; called after it unless a name is given.
    package init(path: String, feed: String? = nil) throws(SourceError) {
        let last = path.split(separator: "/").last.map(String.init) ?? "feed"
        guard last.lowercased().hasSuffix(".zip") else {
            try self.init(feed: feed ?? last) { (file) throws(SourceError) in
                let full = path + "/" + file
                return FileBytes.exists(full) ? try FileBytes(path: full) : nil
            }
            return
        }
        let archive = try ZipArchive(path: path)
        try self.init(feed: feed ?? String(last.dropLast(4))) { (file) throws(SourceError) in
            try archive.entry(named: file)
        }
    }

    package var extent: ImportExtent {
        let bytesRead = finishedBytes + (current?.extent.bytesRead ?? 0)
        return ImportExtent(bytesRead: bytesRead, bytesInAll: bytesInAll)
    }

    package mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool {
        while true {
            if try current?.next(into: &batch) ?? false { return true }
            finishedBytes += current?.extent.bytesRead ?? 0
            guard let (table, source) = waiting.popFirst() else {
                current = nil
                return false
            }
            if let table {
                current = try GTFSFile(table, source, names: names)
            } else {
                current = try GTFSShapes(source, names: names)
            }
        }
    }

    /// The web address of who publishes the feed; it becomes the `source` of every entity.
    private static func publisher(_ info: any ByteSource) throws(SourceError) -> String? {
        var table = try Table(info)
        guard try table.next() == .row, let column = table.index(of: "feed_publisher_url") else {
            return nil
        }
        let text = table.row.text(column)
        return text.isEmpty ? nil : text
    }
}
