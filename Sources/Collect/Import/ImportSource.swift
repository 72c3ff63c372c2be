/// Something that can be imported: files read record by record, each mapped as it comes.
package protocol ImportSource {
    /// Maps the next record into the batch; false at the end, where what was held back until then
    /// comes once.
    mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool
    /// Bytes read so far, and in all if known: how far the import is.
    var extent: ImportExtent { get }
}

/// How far the reading of a source is.
package struct ImportExtent: Sendable, Equatable {
    package var bytesRead: Int
    package var bytesInAll: Int?

    package init(bytesRead: Int, bytesInAll: Int?) {
        self.bytesRead = bytesRead
        self.bytesInAll = bytesInAll
    }
}
