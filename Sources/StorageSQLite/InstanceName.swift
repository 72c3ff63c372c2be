internal import ContextModel
internal import Storage

/// The `instanceId` the store gives an instance that came without one: made of where it stands, so
/// it needs no room in the file and leads straight to the row.
///
/// The entity, the attribute and the `datasetId` go in as a hash, so that the identifier is unique
/// and tells nothing about numbers of the file: those grow with what is hidden from the reader, too.
struct InstanceName: Equatable {
    private static let prefix = "urn:ngsi-ld:Instance:"

    var dataset: Int64
    var time: Int64
    var sequence: Int64

    func text(entity: EntityID, name: IRI, datasetID: String?) -> String {
        let parts = [
            Self.hash(entity, name, datasetID), UInt64(bitPattern: time), UInt64(sequence),
        ]
        return Self.prefix + parts.map { String($0, radix: 36) }.joined(separator: "-")
    }

    init(dataset: Int64, time: Int64, sequence: Int64) {
        self.dataset = dataset
        self.time = time
        self.sequence = sequence
    }

    /// nil when the text is not a name this store made for that entity and attribute, which has
    /// instances of the `datasetId`s.
    init?(_ text: String, entity: EntityID, name: IRI, among datasets: [Int64: String?]) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: "-")
            .compactMap { UInt64($0, radix: 36) }
        guard parts.count == 3, let sequence = Int64(exactly: parts[2]) else { return nil }
        let time = Int64(bitPattern: parts[1])
        // The text is a caller's. No instance stands at the last of all moments, and whoever looks
        // around a place may go to the moment after it.
        guard time < .max else { return nil }
        let dataset = datasets.first { parts[0] == Self.hash(entity, name, $0.value) }?.key
        guard let dataset else { return nil }
        self.init(dataset: dataset, time: time, sequence: sequence)
    }

    /// FNV-1a.
    private static func hash(_ entity: EntityID, _ name: IRI, _ datasetID: String?) -> UInt64 {
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
