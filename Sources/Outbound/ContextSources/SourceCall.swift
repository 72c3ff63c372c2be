package import ContextModel
package import Federation

/// A request to a context source in HTTP (clause 6).
package struct SourceCall: Sendable, Equatable {
    package var method: String
    package var url: String
    package var headers: [KeyValuePair]
    package var body: [UInt8]
    /// Whether it changes nothing, so that it may be sent again.
    let asks: Bool

    package init(_ request: SourceRequest) {
        let (method, path) = Self.place(of: request)
        self.method = method
        asks = method == "GET" || request.operation == .queryBatch
        var base = Substring(request.endpoint)
        while base.hasSuffix("/") { base = base.dropLast() }
        let query = request.parameters.map { "\($0.key)=\(Self.encoded($0.value))" }
            .joined(separator: "&")
        url = "\(base)/ngsi-ld/v1/\(path)" + (query.isEmpty ? "" : "?\(query)")
        headers = [KeyValuePair(key: "Accept", value: request.accept)]
        var hasInnerContext = false
        switch request.body {
        case nil: body = []
        case .json(let json)?:
            body = json.serialized
            headers.append(KeyValuePair(key: "Content-Type", value: "application/json"))
        case .jsonLD(let json)?:
            body = json.serialized
            headers.append(KeyValuePair(key: "Content-Type", value: "application/ld+json"))
            hasInnerContext = true
        }
        if let url = request.contextURL, !hasInnerContext {
            headers.append(KeyValuePair(key: "Link", value: LinkHeader.value(for: url)))
        }
        if let tenant = request.tenant {
            headers.append(KeyValuePair(key: "NGSILD-Tenant", value: tenant))
        }
        if let version = request.version {
            headers.append(KeyValuePair(key: "Prefer", value: "ngsi-ld=\(version)"))
        }
        let via = request.via.map { "1.1 \($0)" }.joined(separator: ", ")
        if !via.isEmpty { headers.append(KeyValuePair(key: "Via", value: via)) }
        headers += request.info
    }

    /// The method and the path below `/ngsi-ld/v1/` (clause 6.2).
    private static func place(of request: SourceRequest) -> (method: String, path: String) {
        let entity = "entities" + (request.entityID.map { "/\(encoded($0.uri))" } ?? "")
        let attribute = "\(entity)/attrs/" + (request.attribute.map(encoded) ?? "")
        let instance = request.instance.map(encoded) ?? ""
        return switch request.operation {
        case .queryBatch: ("POST", "entityOperations/query")
        case .createEntity: ("POST", "entities")
        case .updateEntity: ("PATCH", attribute)
        case .appendAttrs: ("POST", attribute)
        case .updateAttrs: ("PATCH", attribute)
        case .replaceAttrs: ("PUT", attribute)
        case .deleteAttrs: ("DELETE", attribute)
        case .deleteEntity, .purgeEntity: ("DELETE", entity)
        case .mergeEntity: ("PATCH", entity)
        case .replaceEntity: ("PUT", entity)
        case .createBatch: ("POST", "entityOperations/create")
        case .upsertBatch: ("POST", "entityOperations/upsert")
        case .updateBatch: ("POST", "entityOperations/update")
        case .deleteBatch: ("POST", "entityOperations/delete")
        case .mergeBatch: ("POST", "entityOperations/merge")
        case .retrieveEntityTypes, .retrieveEntityTypeDetails: ("GET", "types")
        case .retrieveEntityTypeInfo: ("GET", "types/" + (request.attribute.map(encoded) ?? ""))
        case .retrieveAttrTypes, .retrieveAttrTypeDetails: ("GET", "attributes")
        case .retrieveAttrTypeInfo: ("GET", "attributes/" + (request.attribute.map(encoded) ?? ""))
        case .retrieveTemporal, .queryTemporal: ("GET", "temporal/\(entity)")
        case .upsertTemporal: ("POST", "temporal/entities")
        case .deleteTemporal: ("DELETE", "temporal/\(entity)")
        case .appendAttrsTemporal: ("POST", "temporal/\(attribute)")
        case .deleteAttrsTemporal: ("DELETE", "temporal/\(attribute)")
        case .updateAttrInstanceTemporal: ("PATCH", "temporal/\(attribute)/\(instance)")
        case .deleteAttrInstanceTemporal: ("DELETE", "temporal/\(attribute)/\(instance)")
        default: ("GET", entity)
        }
    }

    /// The text as a segment of a path or a value in a query, where colons and commas are themselves.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            let lower = byte | 0x20
            let isPlain =
                lower >= 0x61 && lower <= 0x7A || byte >= 0x30 && byte <= 0x39
                || "-._~:,".utf8.contains(byte)
            if isPlain {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
