/// Why the record does not do what it is asked to.
package struct RecordError: Error, Sendable, CustomStringConvertible {
    /// What a caller can act on.
    package enum Code: Sendable, Hashable {
        /// The record was cut, edited or rolled back: nothing is added to it any more.
        case damaged
        /// What is to be written did not reach the disk; it may the next time.
        case unavailable
        /// Too many entries wait to be written: try again later.
        case overloaded
        /// An entry or an opening has more bytes, or an entry more openings, than one may.
        case tooLarge
        /// There is no such entry.
        case notFound
        /// The record is closing.
        case closed
    }
    package var code: Code
    /// A sentence for the log and the operator.
    package var note: String

    package init(_ code: Code, _ note: String) {
        self.code = code
        self.note = note
    }

    package var description: String { "\(code): \(note)" }
}

/// Equal by code, so that tests stay short.
extension RecordError: Equatable {
    package static func == (a: RecordError, b: RecordError) -> Bool { a.code == b.code }
}
