/// A GTFS feed with all its files.
package struct GTFSFeed: ImportSource {
    private let names: GTFSNames
    private let references: GTFSReferences
    private var waiting: ArraySlice<(table: GTFSTable?, source: any ByteSource)> = []
    private var current: (any ImportSource)?
    private var finishedBytes = 0
    private let bytesInAll: Int?

    /// `open` returns a file of the feed, or nil when it is not there.
    package init(
        feed: String,
        memory: ImportMemory = ImportMemory(),
        open: (String) throws(SourceError) -> (any ByteSource)?
    ) throws(SourceError) {
        references = GTFSReferences(memory: memory)
        names = GTFSNames(feed: feed, source: try open("feed_info.txt").flatMap(Self.publisher))
        if let stops = try open("stops.txt") { try references.readStops(stops) }
        // A service on demand may have zones in place of stops.
        let hasZones = try open("locations.geojson") != nil
        for table in GTFSTable.all {
            if table.file == "stops.txt", let shapes = try open("shapes.txt") {
                waiting.append((nil, shapes))
            }
            if let source = try open(table.file) {
                waiting.append((table, source))
            } else if table.isRequired, !(hasZones && table.file == "stops.txt") {
                throw SourceError("The feed `\(feed)` has no `\(table.file)`.")
            }
        }
        let sizes = waiting.compactMap(\.source.byteCount)
        bytesInAll = sizes.count == waiting.count ? sizes.reduce(0, +) : nil
    }

    /// A feed in a folder or a ZIP archive, which has its name unless another one is given.
    package init(
        path: String,
        feed: String? = nil,
        memory: ImportMemory = ImportMemory()
    ) throws(SourceError) {
        let last = path.split(separator: "/").last.map(String.init) ?? "feed"
        guard last.lowercased().hasSuffix(".zip") else {
            try self.init(feed: feed ?? last, memory: memory) { (file) throws(SourceError) in
                let full = path + "/" + file
                return FileBytes.exists(full) ? try FileBytes(path: full) : nil
            }
            return
        }
        let archive = try ZipArchive(path: path)
        let name = feed ?? String(last.dropLast(4))
        try self.init(feed: name, memory: memory) { (file) throws(SourceError) in
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
            current = try file(table, source)
        }
    }

    /// A file of the feed; nil for an optional one that is empty.
    private func file(
        _ what: GTFSTable?,
        _ source: any ByteSource
    ) throws(SourceError) -> (any ImportSource)? {
        guard let table = try Table.unlessEmpty(source) else {
            guard let what, what.isRequired else { return nil }
            throw SourceError("`\(source.name)` is empty; it should begin with a header.")
        }
        guard let what else { return try GTFSShapes(table, names: names, references) }
        return try GTFSFile(what, table, names: names, references)
    }

    /// The web address of the feed's publisher, which becomes the `source` of every entity.
    private static func publisher(_ info: any ByteSource) throws(SourceError) -> String? {
        guard var table = try Table.unlessEmpty(info), try table.next() == .row,
            let column = try table.index(of: "feed_publisher_url")
        else { return nil }
        let text = table.row.text(column)
        return text.isEmpty ? nil : text
    }
}
