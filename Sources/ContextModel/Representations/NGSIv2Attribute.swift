/// Reads attributes as NGSIv2 and FIWARE's IoT Agents write them: `type`, `value` and `metadata`.
///
/// NGSIv2 types its values by words such as `geo:point` or `DateTime`; NGSI-LD has kinds of attributes
/// for most of them.
package struct NGSIv2Attribute: Sendable {
    /// The order of the two numbers of a point that is a text.
    package enum PointOrder: Sendable {
        /// As NGSIv2 has it: `52.5,13.4`.
        case latitudeFirst
        /// As IoT Agents have it for NGSI-LD, and GeoJSON: `13.4,52.5`.
        case longitudeFirst
    }

    package var type: String
    package var value: JSONValue
    package var metadata = JSONObject()
    package var pointOrder = PointOrder.latitudeFirst

    /// Without a `type`, the value alone says what it is.
    package init(
        type: String?,
        value: JSONValue,
        metadata: JSONObject = JSONObject(),
        pointOrder: PointOrder = .latitudeFirst
    ) {
        self.type = type?.lowercased() ?? ""
        self.value = value
        self.metadata = metadata
        self.pointOrder = pointOrder
    }

    /// The attribute in the normalized representation of NGSI-LD; nil where it has no value.
    ///
    /// Throws with the reason when the value is not what its type says.
    package func normalized() throws(EntityError) -> JSONObject? {
        guard var json = try kindAndValue() else { return nil }
        for (name, member) in metadata.members {
            guard let value = member.objectValue?["value"], !value.isNull else { continue }
            switch name {
            case "TimeInstant", "observedAt", "timestamp":
                guard let time = value.stringValue.flatMap({ Timestamp($0) }) else {
                    throw EntityError("\(name): \(value.excerpt) is not a time.")
                }
                json["observedAt"] = .string(time.text)
            case "unitCode", "datasetId": json[name] = value
            // What NGSIv2 itself tells of an attribute.
            case "dateCreated", "dateModified", "previousValue", "actionType": continue
            default:
                let type = member.objectValue?["type"]?.stringValue
                let inner = NGSIv2Attribute(type: type, value: value, pointOrder: pointOrder)
                if let attribute = try inner.kindAndValue() { json[name] = .object(attribute) }
            }
        }
        return json
    }

    /// The kinds of NGSI-LD by their names in lower case, with the member that has their value.
    private static let kinds: [String: (kind: String, member: String)] = [
        "languageproperty": ("LanguageProperty", "languageMap"),
        "vocabproperty": ("VocabProperty", "vocab"),
        "jsonproperty": ("JsonProperty", "json"),
        "listproperty": ("ListProperty", "valueList"),
        "listrelationship": ("ListRelationship", "objectList"),
    ]

    private func kindAndValue() throws(EntityError) -> JSONObject? {
        guard !value.isNull else { return nil }
        if let (kind, member) = Self.kinds[type] {
            return JSONObject([("type", .string(kind)), (member, value)])
        }
        switch type {
        case "relationship":
            let targets = value.arrayValue ?? [value]
            for target in targets {
                guard let uri = target.stringValue, URIText.isValid(uri) else {
                    throw EntityError("\(target.excerpt) is not the URI of an entity.")
                }
            }
            return ["type": "Relationship", "object": value]
        case "geoproperty", "point", "linestring", "polygon", "multipoint", "multilinestring",
            "multipolygon":
            return ["type": "GeoProperty", "value": try geometry()]
        case _ where type.hasPrefix("geo:"):
            return ["type": "GeoProperty", "value": try geometry()]
        case "number", "float", "integer", "double":
            return try number().map { ["type": "Property", "value": .number($0)] }
        case "boolean": return ["type": "Property", "value": .bool(try flag())]
        case "datetime", "iso8601":
            guard let time = value.stringValue.flatMap({ Timestamp($0) }) else {
                throw EntityError("\(value.excerpt) is not a time like 2026-01-31T08:30:00Z.")
            }
            let moment: JSONValue = ["@type": "DateTime", "@value": .string(time.text)]
            return ["type": "Property", "value": moment]
        default: return ["type": "Property", "value": value]
        }
    }

    /// The number; nil for an empty text.
    private func number() throws(EntityError) -> JSONNumber? {
        switch value {
        case .number(let number): return number
        case .string(let text):
            let plain = text.filter { $0 != " " }
            if plain.isEmpty { return nil }
            if let number = JSONNumber(plain) { return number }
        case .null, .bool, .array, .object: break
        }
        throw EntityError("\(value.excerpt) is not a number.")
    }

    private func flag() throws(EntityError) -> Bool {
        switch value {
        case .bool(let flag): return flag
        case .string("true"), .string("True"), .string("1"): return true
        case .string("false"), .string("False"), .string("0"): return false
        case .number(let number) where number.literal == "1" || number.literal == "0":
            return number.literal == "1"
        default: throw EntityError("\(value.excerpt) is not true or false.")
        }
    }

    // MARK: Places

    private func geometry() throws(EntityError) -> JSONValue {
        // GeoJSON says itself what it is.
        if case .object = value { return value }
        let points = try points()
        switch type {
        case "geo:line", "geo:linestring", "linestring": return Self.shape("LineString", points)
        case "geo:polygon", "polygon": return Self.shape("Polygon", [.array(points)])
        case "geo:multipoint", "multipoint": return Self.shape("MultiPoint", points)
        case "geo:box": return try box(points)
        default:
            guard points.count == 1 else {
                throw EntityError("\(value.excerpt) is not one point.")
            }
            return ["type": "Point", "coordinates": points[0]]
        }
    }

    private static func shape(_ type: String, _ coordinates: [JSONValue]) -> JSONValue {
        ["type": .string(type), "coordinates": .array(coordinates)]
    }

    /// The rectangle between two corners.
    private func box(_ corners: [JSONValue]) throws(EntityError) -> JSONValue {
        let numbers = corners.compactMap(\.arrayValue)
        guard numbers.count == 2 else { throw EntityError("A box has two corners.") }
        let (a, b) = (numbers[0], numbers[1])
        let ring: [JSONValue] = [
            .array([a[0], a[1]]), .array([b[0], a[1]]), .array([b[0], b[1]]),
            .array([a[0], b[1]]), .array([a[0], a[1]]),
        ]
        return Self.shape("Polygon", [.array(ring)])
    }

    /// The points of a text, of a list of texts, or of numbers, each with the longitude first.
    private func points() throws(EntityError) -> [JSONValue] {
        switch value {
        case .string(let text): return try Self.pairs(text.split(separator: ","), self)
        case .array(let elements):
            if elements.allSatisfy({ $0.numberValue != nil }) {
                return try Self.pairs(elements.compactMap { $0.numberValue?.literal }, self)
            }
            var points: [JSONValue] = []
            for element in elements {
                var one = self
                one.value = element
                points += try one.points()
            }
            return points
        case .null, .bool, .number, .object: throw EntityError("\(value.excerpt) is no place.")
        }
    }

    private static func pairs(
        _ texts: [some StringProtocol],
        _ attribute: NGSIv2Attribute
    ) throws(EntityError) -> [JSONValue] {
        var numbers: [JSONNumber] = []
        for text in texts {
            guard let number = JSONNumber(String(text.filter { $0 != " " })) else {
                throw EntityError("`\(String(text).prefix(40))` is not a number of degrees.")
            }
            numbers.append(number)
        }
        guard !numbers.isEmpty, numbers.count.isMultiple(of: 2) else {
            throw EntityError("\(attribute.value.excerpt) is not a pair of latitude and longitude.")
        }
        var points: [JSONValue] = []
        for place in stride(from: 0, to: numbers.count, by: 2) {
            var (longitude, latitude) = (numbers[place], numbers[place + 1])
            if attribute.pointOrder == .latitudeFirst { swap(&longitude, &latitude) }
            guard abs(longitude.doubleValue) <= 180, abs(latitude.doubleValue) <= 90 else {
                throw EntityError(
                    "\(attribute.value.excerpt) is beyond 90 degrees of latitude or 180 of longitude."
                )
            }
            points.append(.array([.number(longitude), .number(latitude)]))
        }
        return points
    }
}
