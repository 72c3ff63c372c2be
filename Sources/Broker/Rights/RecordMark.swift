import Record

/// Up to where data has heeded the record, and what the record was there.
///
/// The number alone would not do: a record that is put back from a copy, or begun anew, gives the same numbers
/// to other entries. The hash of the last entry tells whose number it is.
struct RecordMark: Sendable, Equatable {
    /// How many entries are heeded: those with smaller numbers.
    let count: Int
    /// The hash of the last of them; nil where there is none.
    let last: TreeHash?

    /// Before the first entry.
    static let start = RecordMark(count: 0, last: nil)

    init(count: Int, last: TreeHash?) {
        self.count = count
        self.last = last
    }

    /// As it is kept; `init(_:)` reads it.
    var text: String { last.map { "\(count) \($0)" } ?? "0" }

    /// Nil for what `text` does not write.
    ///
    /// A number without a hash, as hubs kept it before, is none.
    init?(_ text: some StringProtocol) {
        if text == "0" {
            self = .start
        } else {
            let parts = text.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2, let count = Int(parts[0]), count > 0,
                let last = TreeHash(base64: parts[1])
            else { return nil }
            self.init(count: count, last: last)
        }
    }
}

extension Recorder {
    /// The mark after so many entries.
    ///
    /// Throws `BrokerError` when the record cannot be read.
    func mark(after count: Int) async throws(BrokerError) -> RecordMark {
        guard count > 0, let last = try await entry(count - 1) else { return .start }
        return RecordMark(count: count, last: .leaf(last))
    }

    /// How many entries of this record the mark says are heeded: none where it is of another one, or of one
    /// that went on from an older copy of this one.
    ///
    /// Throws `BrokerError` when the record cannot be read.
    func heeded(by mark: RecordMark) async throws(BrokerError) -> Int {
        guard let last = mark.last, mark.count <= size, let entry = try await entry(mark.count - 1),
            TreeHash.leaf(entry) == last
        else { return 0 }
        return mark.count
    }
}
