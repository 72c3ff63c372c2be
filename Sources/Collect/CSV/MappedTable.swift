/// A table that is imported with a map.
package struct MappedTable: ImportSource {
    private var table: Table
    private var mapper: RowMapper

    /// `open` returns the lookup table of the map.
    package init(
        _ source: any ByteSource,
        map: ColumnMap,
        memory: ImportMemory = ImportMemory(),
        open: (String) throws(SourceError) -> any ByteSource
    ) throws(SourceError) {
        table = try Table(source, map.format)
        let lookup = try map.lookup.map { (lookup) throws(SourceError) in
            var format = map.format
            format.skippedRows = 0
            return try LookupTable(open(lookup.file), key: lookup.key, format)
        }
        do throws(SourceError) {
            mapper = try RowMapper(map, table: table, lookup: lookup, memory: memory)
        } catch {
            let advice = HeaderAdvice(map, lookedColumns: lookup?.columns ?? [])
            throw SourceError(error.description + (try advice.sentence(about: &table)))
        }
    }

    /// A table in a file; its lookup table is in the same folder.
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
        case .end:
            mapper.finish(into: &batch)
            return false
        case .problem(let problem): batch.add(problem)
        case .row: mapper.map(table, into: &batch)
        }
        return true
    }
}
