internal import ContextModel
internal import Storage

struct BodyWriter {
    var bytes: [UInt8] = []
    mutating func int(_ v: Int) {
        var v = UInt64(bitPattern: Int64(v));
        while v >= 128 { bytes.append(UInt8(v & 127) | 128); v >>= 7 }; bytes.append(UInt8(v))
    }
    mutating func string(_ s: String) {
        var s = s;
        s.withUTF8 {
            int($0.count); bytes.append(contentsOf: $0)
        }
    }
    mutating func optional<T>(_ v: T?, _ f: (inout BodyWriter, T) -> Void) {
        if let v { bytes.append(1); f(&self, v) } else { bytes.append(0) }
    }
    mutating func time(_ t: Timestamp?) { optional(t) { $0.int(Int($1.microseconds)) } }
    mutating func entity(_ e: Entity) {
        string(e.id.uri); int(e.types.count); e.types.forEach { string($0.text) }
        int(e.scopes.count); e.scopes.forEach { string($0) }
        time(e.createdAt); time(e.modifiedAt); time(e.expiresAt); named(e.attributes)
    }
    mutating func named(_ a: [NamedAttribute]) {
        int(a.count)
        for n in a {
            string(n.name.text); int(n.instances.count); for i in n.instances { attribute(i) }
        }
    }
    mutating func attribute(_ a: Attribute) {
        bytes.append(a.kind.rawValue); value(a.value); optional(a.datasetID) { $0.string($1) }
        time(a.observedAt); optional(a.unitCode) { $0.string($1) }; time(a.createdAt);
        time(a.modifiedAt); named(a.attributes)
        optional(a.details) { w, d in
            w.time(d.deletedAt); w.time(d.expiresAt); w.optional(d.instanceID) { $0.string($1) }
            w.int(d.objectTypes.count); d.objectTypes.forEach { w.string($0.text) }
            w.optional(d.previousValue) { $0.value($1) }; w.optional(d.valueType) { $0.string($1) };
            w.optional(d.proof) { $0.value($1) }
        }
    }
    mutating func value(_ v: JSONValue) {
        switch v {
        case .null: bytes.append(0)
        case .bool(let b): bytes.append(b ? 2 : 1)
        case .number(let n): bytes.append(3); string(n.literal)
        case .string(let s): bytes.append(4); string(s)
        case .array(let a): bytes.append(5); int(a.count); a.forEach { value($0) }
        case .object(let o):
            bytes.append(6); int(o.count);
            o.members.forEach {
                string($0.key); value($0.value)
            }
        }
    }
}
struct BodyReader {
    let bytes: UnsafeRawBufferPointer
    var at = 0
    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
    mutating func byte() throws -> UInt8 {
        guard at < bytes.count else { throw StorageError(.damaged, note: "body") }; at += 1;
        return bytes[at - 1]
    }
    mutating func int() throws -> Int {
        var v: UInt64 = 0; var s: UInt64 = 0;
        while true {
            let b = try byte(); v |= UInt64(b & 127) << s;
            if b < 128 { return Int(Int64(bitPattern: v)) }; s += 7
        }
    }
    mutating func string() throws -> String {
        let n = try int();
        guard n >= 0, n <= bytes.count - at else { throw StorageError(.damaged, note: "body") };
        defer { at += n };
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[at..<at + n]), as: UTF8.self)
    }
    mutating func optional<T>(_ f: (inout BodyReader) throws -> T) throws -> T? {
        try byte() == 1 ? try f(&self) : nil
    }
    mutating func list<T>(_ f: (inout BodyReader) throws -> T) throws -> [T] {
        let n = try int(); var l: [T] = []; l.reserveCapacity(min(n, 64));
        for _ in 0..<n { l.append(try f(&self)) }; return l
    }
    mutating func time() throws -> Timestamp? {
        try optional { Timestamp(microseconds: Int64(try $0.int())) }
    }
    mutating func entity() throws -> Entity {
        let id = EntityID(try string()); let types = try list { IRI(try $0.string()) };
        let scopes = try list { try $0.string() }
        let c = try time(), m = try time(), e = try time()
        return Entity(
            id: id,
            types: types,
            scopes: scopes,
            attributes: try named(),
            createdAt: c,
            modifiedAt: m,
            expiresAt: e
        )
    }
    mutating func named() throws -> [NamedAttribute] {
        try list { r in
            NamedAttribute(name: IRI(try r.string()), instances: try r.list { try $0.attribute() })
        }
    }
    mutating func attribute() throws -> Attribute {
        let kind = Attribute.Kind(rawValue: try byte()) ?? .property
        var a = Attribute(kind: kind, value: try value())
        a.datasetID = try optional { try $0.string() }; a.observedAt = try time();
        a.unitCode = try optional { try $0.string() }
        a.createdAt = try time(); a.modifiedAt = try time(); a.attributes = try named()
        a.details = try optional { r in
            var d = AttributeDetails(); d.deletedAt = try r.time(); d.expiresAt = try r.time();
            d.instanceID = try r.optional { try $0.string() }
            d.objectTypes = try r.list { IRI(try $0.string()) };
            d.previousValue = try r.optional { try $0.value() }
            d.valueType = try r.optional { try $0.string() };
            d.proof = try r.optional { try $0.value() }; return d
        }
        return a
    }
    mutating func value() throws -> JSONValue {
        switch try byte() {
        case 0: .null
        case 1: .bool(false)
        case 2: .bool(true)
        case 3: .number(JSONNumber(uncheckedLiteral: try string()))
        case 4: .string(try string())
        case 5: .array(try list { try $0.value() })
        default: .object(JSONObject(try list { (key: try $0.string(), value: try $0.value()) }))
        }
    }
}
