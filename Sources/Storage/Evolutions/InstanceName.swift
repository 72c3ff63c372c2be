package import ContextModel

/// The `instanceId` that a store gives to an instance without one.
///
/// It is computed from the place of the instance in its history. So it takes no storage, is enough
/// to find the instance, and is the same on every store.
///
/// The entity, the attribute and the `datasetId` enter it as a hash. So it is unique and does not
/// tell the numbers of the store, which also count what is hidden from the reader.
package struct InstanceName: Equatable, Sendable {
    private static let prefix: StaticString = "urn:ngsi-ld:Instance:"
    /// The most characters that a number takes.
    private static let maximumDigits = 13

    /// The hash that identifies the series: see `series(_:_:_:)`.
    package var series: UInt64
    package var time: Int64
    package var sequence: Int64

    package init(series: UInt64, time: Int64, sequence: Int64) {
        self.series = series
        self.time = time
        self.sequence = sequence
    }

    /// The identifier.
    ///
    /// Its characters are written one by one: each instance of a long history has an identifier.
    package var text: String {
        let prefix = Self.prefix.utf8CodeUnitCount
        return String(unsafeUninitializedCapacity: prefix + 3 * Self.maximumDigits + 2) { text in
            _ = text.update(
                fromContentsOf: UnsafeBufferPointer(start: Self.prefix.utf8Start, count: prefix)
            )
            var count = prefix
            Self.append(series, to: text, &count)
            for number in [time, sequence] {
                text[count] = UInt8(ascii: "-")
                count += 1
                Self.append(UInt64(bitPattern: number), to: text, &count)
            }
            return count
        }
    }

    /// Writes the number to base 36 at the place, which moves behind it.
    private static func append(
        _ number: UInt64,
        to text: UnsafeMutableBufferPointer<UInt8>,
        _ place: inout Int
    ) {
        let start = place
        var rest = number
        repeat {
            let digit = UInt8(rest % 36)
            text[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            place += 1
            rest /= 36
        } while rest > 0
        text[start..<place].reverse()
    }

    /// Reads an identifier; nil when no store computes such a one.
    package init?(_ text: String) {
        let prefix = Self.prefix.description
        guard text.hasPrefix(prefix) else { return nil }
        let parts = text.dropFirst(prefix.count).split(separator: "-")
            .compactMap { UInt64($0, radix: 36) }
        guard parts.count == 3, let sequence = Int64(exactly: parts[2]) else { return nil }
        let time = Int64(bitPattern: parts[1])
        // The text comes from a caller. No instance has the last of all moments, and code that
        // searches around a place may add one to it.
        guard time < .max else { return nil }
        self.init(series: parts[0], time: time, sequence: sequence)
    }

    /// The hash (FNV-1a) that identifies a series.
    package static func series(_ entity: EntityID, _ name: IRI, _ datasetID: String?) -> UInt64 {
        var bytes = Array(entity.uri.utf8) + [0] + Array(name.text.utf8)
        if let datasetID { bytes += [0] + Array(datasetID.utf8) }
        return bytes.reduce(0xCBF2_9CE4_8422_2325) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
    }
}
