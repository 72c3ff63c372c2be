/// Reads a source byte by byte.
struct ByteReader {
    let source: any ByteSource
    private var piece: [UInt8] = []
    private var position = 0
    /// The bytes of the pieces before the present one.
    private var bytesRead = 0

    init(_ source: any ByteSource) { self.source = source }

    var extent: ImportExtent {
        ImportExtent(bytesRead: bytesRead, bytesInAll: source.byteCount)
    }

    /// The next byte; nil at the end.
    mutating func next() throws(SourceError) -> UInt8? {
        if position == piece.count {
            bytesRead += piece.count
            piece = try source.nextPiece()
            position = 0
            if piece.isEmpty { return nil }
        }
        defer { position += 1 }
        return piece[position]
    }

    /// Goes back by the byte that `next` has just returned.
    mutating func stepBack() { position -= 1 }
}
