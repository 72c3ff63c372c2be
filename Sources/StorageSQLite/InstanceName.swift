internal import ContextModel
internal import Storage

/// The `instanceId` the store gives an instance that came without one: made of where it stands, so
/// it needs no room in the file and leads straight to the row.
///
/// The entity and the attribute go in as a hash, so that the identifier is unique and tells nothing
/// about numbers of entities.
struct InstanceName: Equatable {
    private static let prefix = "urn:ngsi-ld:Instance:"

    var dataset: Int64
    var time: Int64
    var sequence: Int64

    func text(entity: EntityID, name: IRI) -> String {
        let parts =
            [Self.hash(entity, name), UInt64(bitPattern: time)]
            + [dataset, sequence].map {
                UInt64($0)
            }
        return Self.prefix + parts.map { String($0, radix: 36) }.joined(separator: "-")
    }

    init(dataset: Int64, time: Int64, sequence: Int64) {
        self.dataset = dataset
        self.time = time
        self.sequence = sequence
    }

    /// nil when the text is not a name this store made for that entity and attribute.
    init?(_ text: String, entity: EntityID, name: IRI) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: "-")
            .compactMap { UInt64($0, radix: 36) }
        guard parts.count == 4, parts[0] == Self.hash(entity, name),
            let dataset = Int64(exactly: parts[2]), let sequence = Int64(exactly: parts[3])
        else { return nil }
        self.init(dataset: dataset, time: Int64(bitPattern: parts[1]), sequence: sequence)
    }

    /// FNV-1a.
    private static func hash(_ entity: EntityID, _ name: IRI) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        entity.uri.utf8.forEach(add)
        add(0)
        name.text.utf8.forEach(add)
        return hash
    }
}
