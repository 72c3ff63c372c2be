/// A table imported by a map.
package struct MappedTable: ImportSource {
    private var table: Table
    private var mapper: RowMapper

    /// `open` finds the table the map looks things up in.
    package init(
        _ source: any ByteSource,
        map: ColumnMap,
        open: (String) throws(SourceError) -> any ByteSource
    ) throws(SourceError) {
        table = try Table(source, separator: map.separator)
        let lookup = try map.lookup.map { (lookup) throws(SourceError) in
            try LookupTable(open(lookup.file), key: lookup.key, separator: map.separator)
        }
        mapper = try RowMapper(map, table: table, lookup: lookup)
    }

    /// A table in a file; other tables lie in the same folder.
    package init(path: String, map: ColumnMap) throws(SourceError) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        try self.init(FileBytes(path: path), map: map) { (file) throws(SourceError) in
            try FileBytes(path: (folder + [file[...]]).joined(separator: "/"))
        }
    }

    package var extent: ImportExtent {
        ImportExtent(bytesRead: table.bytesRead, bytesInAll: table.byteCount)
    }

    package mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool {
        switch try table.next() {
        case .end: return false
        case .problem(let problem): batch.add(problem)
        case .row: mapper.map(table, into: &batch)
        }
        return true
    }
}
