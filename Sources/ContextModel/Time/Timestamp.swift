/// A moment in UTC, counted in microseconds since 1970 (clause 4.6.3: ISO 8601 `DateTime`, UTC).
package struct Timestamp: Sendable, Hashable, Comparable {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }
}
