import Chance
import ContextModel
import Testing

@Suite struct EntityCodecTests {
    private static let entity = Entity(
        id: EntityID("urn:ngsi-ld:Bus:7"),
        types: [IRI("https://a.example/Bus")],
        scopes: ["/Phuket/Patong"],
        attributes: [
            NamedAttribute(
                name: IRI("https://a.example/speed"),
                instances: [
                    Attribute(
                        kind: .property,
                        value: 31.5,
                        observedAt: Timestamp(microseconds: 17),
                        unitCode: "KMH",
                        createdAt: Timestamp(microseconds: 18)
                    ),
                    Attribute(kind: .property, value: 30, datasetID: "urn:x:gps"),
                ]
            )
        ],
        createdAt: Timestamp(microseconds: .max),
        modifiedAt: Timestamp(microseconds: .min),
        expiresAt: Timestamp(microseconds: 0)
    )

    @Test func `an entity decodes to itself`() throws {
        #expect(try EntityCodec.decode(EntityCodec.encode(Self.entity)) == Self.entity)
        let bare = Entity(id: EntityID("urn:x:1"), types: [])
        #expect(try EntityCodec.decode(EntityCodec.encode(bare)) == bare)
    }

    @Test func `random entities decode to themselves`() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            let entity = RandomEntity.entity(&generator)
            let bytes = EntityCodec.encode(entity)
            let decoded = try EntityCodec.decode(bytes)
            #expect(decoded == entity)
            // Bytes show differences that equality ignores: order, and the spelling of numbers.
            #expect(EntityCodec.encode(decoded) == bytes)
        }
    }

    @Test func `what has a reading is known without decoding it`() throws {
        var generator = SeededGenerator(seed: 7)
        var answers: Set<Bool> = []
        for _ in 0..<300 {
            var entity = RandomEntity.entity(&generator)
            // Readings inside other attributes are none of the entity's own.
            if Bool.random(using: &generator) {
                for place in entity.attributes.indices {
                    for index in entity.attributes[place].instances.indices {
                        entity.attributes[place].instances[index].observedAt = nil
                    }
                }
            }
            let hasReading = entity.attributes.contains { attribute in
                attribute.instances.contains { $0.observedAt != nil }
            }
            #expect(try EncodedEntity(entity).isObserved() == hasReading)
            answers.insert(hasReading)
        }
        #expect(answers.count == 2)
    }

    @Test func `random attributes decode to themselves`() throws {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<300 {
            let attribute = RandomEntity.attribute(&generator, depth: 2)
            #expect(try EntityCodec.decodeAttribute(EntityCodec.encode(attribute)) == attribute)
        }
    }

    @Test(arguments: Attribute.Kind.allCases)
    func `every kind of attribute is kept`(kind: Attribute.Kind) throws {
        let attribute = Attribute(kind: kind, value: .null, details: AttributeDetails())
        #expect(try EntityCodec.decodeAttribute(EntityCodec.encode(attribute)) == attribute)
    }

    @Test func `numbers keep their spelling and members their order`() throws {
        let value = try JSONReader.read(#"{"b":1.10,"a":[1e400,-0,9007199254740993]}"#)
        let attribute = Attribute(kind: .jsonProperty, value: value)
        let decoded = try EntityCodec.decodeAttribute(EntityCodec.encode(attribute))
        #expect(decoded.value.text == value.text)
    }

    @Test func `a number is not mixed up with the bytes after it`() throws {
        // Heads of some sizes and lengths are the codes of digits, points and exponents.
        let numbers = ["1", "28", "98.29671", "7.89634", "123456", "1e5"].compactMap(
            JSONNumber.init
        )
        for (first, second) in numbers.flatMap({ a in numbers.map { (a, $0) } }) {
            let attribute = Attribute(kind: .property, value: [.number(first), .number(second)])
            #expect(try EntityCodec.decodeAttribute(EntityCodec.encode(attribute)) == attribute)
        }
    }

    /// Stored bytes must stay readable: this encoding must not change, but may get a successor.
    @Test func `the first version of the encoding does not change`() throws {
        let attribute = Attribute(
            kind: .relationship,
            value: ["urn:x:1", 7],
            observedAt: Timestamp(microseconds: 100),
            unitCode: "CEL"
        )
        let bytes: [UInt8] =
            [0x21, 0x61, 0xC8, 0x01, 3] + Array("CEL".utf8) + [0x15, 0x3C] + Array("urn:x:1".utf8)
            + [0x0B, 0x37]
        #expect(EntityCodec.encode(attribute) == bytes)
        #expect(try EntityCodec.decodeAttribute(bytes) == attribute)
    }

    @Test func `names that begin alike are stored once`() {
        let prefix = "https://uri.etsi.org/ngsi-ld/default-context/"
        let attributes = (0..<10).map {
            NamedAttribute(
                name: IRI("\(prefix)\($0)"),
                instances: [Attribute(kind: .property, value: 1)]
            )
        }
        let entity = Entity(id: EntityID("urn:x:1"), types: [], attributes: attributes)
        #expect(EntityCodec.encode(entity).count < 2 * prefix.utf8.count + 10 * 6)
    }

    // MARK: Damage

    @Test func `bytes of another encoding are refused`() {
        let entity = EntityCodec.encode(Self.entity)
        let attribute = EntityCodec.encode(Attribute(kind: .property, value: 1))
        #expect(throws: EntityCodec.Damage(offset: 0)) { try EntityCodec.decode(attribute) }
        #expect(throws: EntityCodec.Damage(offset: 0)) { try EntityCodec.decodeAttribute(entity) }
        #expect(throws: EntityCodec.Damage(offset: 0)) { try EntityCodec.decode([]) }
        #expect(throws: EntityCodec.Damage(offset: 0)) { try EntityCodec.decode([0x12]) }
    }

    @Test func `bytes that are too few or too many are refused`() {
        let bytes = EntityCodec.encode(Self.entity)
        for truncated in Damaged.truncations(bytes) {
            #expect(throws: EntityCodec.Damage.self) { try EntityCodec.decode(truncated) }
        }
        #expect(throws: EntityCodec.Damage(offset: bytes.count)) {
            try EntityCodec.decode(bytes + [0])
        }
    }

    @Test func `a flipped bit makes an error or a valid entity, and never stops the program`()
        throws
    {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<10 {
            let bytes = EntityCodec.encode(RandomEntity.entity(&generator)).prefix(400)
            for damaged in Damaged.flips(Array(bytes)) {
                guard let entity = try? EntityCodec.decode(damaged) else { continue }
                #expect(try EntityCodec.decode(EntityCodec.encode(entity)) == entity)
            }
        }
    }

    @Test func `attributes that are not selected are skipped`() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            var entity = RandomEntity.entity(&generator)
            // An entity has each name once.
            var seen: Set<IRI> = []
            entity.attributes.removeAll { !seen.insert($0.name).inserted }
            let bytes = EntityCodec.encode(entity)
            var names = Set(entity.attributes.map(\.name))
            names = names.filter { _ in Bool.random(using: &generator) }
            var expected = entity
            expected.attributes.removeAll { !names.contains($0.name) }
            names.insert(IRI("https://a.example/absent"))
            let selected = try bytes.withUnsafeBytes {
                try EntityCodec.decode($0, AttributeSelection(names))
            }
            #expect(selected == expected)
        }
    }

    @Test func `random bytes never stop the program`() {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<20_000 {
            let noise = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                // Small bytes are sizes that fit, and so reach further.
                UInt8.random(in: 0...(Bool.random(using: &generator) ? 255 : 16), using: &generator)
            }
            _ = try? EntityCodec.decode([0x11] + noise)
            _ = try? EntityCodec.decodeAttribute([0x21] + noise)
        }
    }

    @Test(
        arguments: [
            [0x21, 0x00, 0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x21, 0x00, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x21, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x21, 0x00, 0x07],  // no such value
            [0x21, 0x00, 0x08],  // a null with a size
            [0x21, 0x00, 0x13, 0x30, 0x31],  // the number 01
            [0x21, 0x00, 0x03],  // a number without digits
            [0x21, 0x00, 0x0C, 0xFF],  // a string that is not UTF-8
            [0x21, 0x80, 0x10, 0x00],  // an unknown field
        ] as [[UInt8]]
    )
    func `bytes that no encoder writes are refused`(bytes: [UInt8]) {
        #expect(throws: EntityCodec.Damage.self) { try EntityCodec.decodeAttribute(bytes) }
    }

    @Test func `endless nesting is refused`() {
        let arrays = [0x21, 0x00] + [UInt8](repeating: 0x0D, count: 1_000_000)
        #expect(throws: EntityCodec.Damage.self) { try EntityCodec.decodeAttribute(arrays) }
    }

    @Test func `the deepest value that JSON may have is kept`() throws {
        let depth = JSONLimits.standard.maximumDepth
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let attribute = Attribute(kind: .jsonProperty, value: try JSONReader.read(text))
        #expect(try EntityCodec.decodeAttribute(EntityCodec.encode(attribute)) == attribute)
    }
}
