package import ContextModel

/// The `instanceId` that a store gives to an instance without one.
///
/// It is computed from the place of the instance in its history. So it takes no storage, is enough
/// to find the instance, and is the same on every store.
///
/// The entity, the attribute and the `datasetId` enter it as a hash. So it is unique and does not
/// tell the numbers of the store, which also count what is hidden from the reader.
package struct InstanceName: Equatable, Sendable {
    private static let prefix = "urn:ngsi-ld:Instance:"

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
    package var text: String {
        let parts = [series, UInt64(bitPattern: time), UInt64(sequence)]
        return Self.prefix + parts.map { String($0, radix: 36) }.joined(separator: "-")
    }

    /// Reads an identifier; nil when no store computes such a one.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: "-")
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
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        entity.uri.utf8.forEach(add)
        add(0)
        name.text.utf8.forEach(add)
        if let datasetID {
            add(0)
            datasetID.utf8.forEach(add)
        }
        return hash
    }
}
