/// A source that can be imported: files that are read and mapped record by record.
package protocol ImportSource {
    /// Maps the next record into the batch; false at the end, after everything kept until then was
    /// added.
    mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool
    /// The bytes read so far, and in all if known.
    var extent: ImportExtent { get }
}

/// The progress of reading a source.
package struct ImportExtent: Sendable, Equatable {
    package var bytesRead: Int
    package var bytesInAll: Int?

    package init(bytesRead: Int, bytesInAll: Int?) {
        self.bytesRead = bytesRead
        self.bytesInAll = bytesInAll
    }
}
