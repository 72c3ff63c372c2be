import Broker
import ContextModel

/// The properties of entities of the SensorThings API, made of what NGSI-LD has.
struct ThingsProperties: Sendable {
    let ld: LDContext
    /// The address of the hub, without a slash at the end.
    let base: String

    static let identifierNames: Set<String> = ["@iot.id", "id"]

    func identifier(_ element: ThingsElement) -> String { ThingsIdentifier.text(of: element, ld) }

    /// The values at a path; a path through a list has several.
    ///
    /// Throws for a name that the entity does not have, and for a path through a history.
    func values(
        at path: ArraySlice<String>,
        of element: ThingsElement
    ) throws(BrokerError) -> [JSONValue] {
        guard let name = path.first else { return [] }
        if Self.identifierNames.contains(name) { return [.string(identifier(element))] }
        let rest = path.dropFirst()
        if let navigation = element.kind.navigation(name) {
            guard !rest.isEmpty else {
                throw BrokerError(.badRequestData, "'\(name)' is no property; say \(name)/id.")
            }
            guard let related = element.related(by: navigation) else {
                throw BrokerError(
                    .tooComplexQuery,
                    "'\(element.kind.rawValue)' cannot be filtered or sorted by '\(name)' here."
                )
            }
            var all: [JSONValue] = []
            for related in related { all += try values(at: rest, of: related) }
            return all
        }
        guard element.kind.properties.contains(name) else {
            throw BrokerError(
                .badRequestData,
                "\(element.kind.rawValue) have no property '\(name)'; they have "
                    + "\((["id"] + element.kind.properties).joined(separator: ", "))."
            )
        }
        var value = property(name, of: element)
        for member in rest { value = value.objectValue?[member] ?? .null }
        return [value]
    }

    /// The value of a property that the entity's set has.
    func property(_ name: String, of element: ThingsElement) -> JSONValue {
        switch name {
        case "name": .string(title(of: element))
        case "description": .string(description(of: element))
        case "properties": properties(of: element)
        case "encodingType":
            .string(element.kind == .sensors ? "application/json" : "application/geo+json")
        case "metadata": element.entity.map { .string(address(of: $0)) } ?? .null
        case "location", "feature": place(of: element)
        case "definition": definition(of: element)
        case "observationType", "unitOfMeasurement": ofSeries(name, element)
        case "phenomenonTime", "result", "time": ofInstance(name, element)
        // The hub does not keep when a result became known.
        default: .null
        }
    }

    // MARK: Names

    private func title(of element: ThingsElement) -> String {
        switch element {
        case .observedProperty(let name): short(name)
        case .datastream(let series): entityTitle(series.entity) + ": " + short(series.name)
        default: element.entity.map(entityTitle) ?? ""
        }
    }

    private func entityTitle(_ entity: Entity) -> String {
        text("name", of: entity) ?? text("title", of: entity) ?? entity.id.uri
    }

    private func description(of element: ThingsElement) -> String {
        switch element {
        case .observedProperty(let name): short(name)
        case .datastream(let series): short(series.name) + " of " + entityTitle(series.entity)
        default:
            element.entity.map { text("description", of: $0) ?? types(of: $0) } ?? ""
        }
    }

    private func types(of entity: Entity) -> String {
        entity.types.map { short($0) }.joined(separator: ", ")
    }

    /// The last part of the name, whatever vocabulary it is of.
    private func short(_ name: IRI) -> String {
        let text = ld.compact(name)
        func isSeparator(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "/") || byte == UInt8(ascii: "#")
        }
        guard let end = text.utf8.lastIndex(where: { !isSeparator($0) }) else { return name.text }
        let start = text.utf8[...end].lastIndex(where: isSeparator).map(text.utf8.index(after:))
        return String(text[(start ?? text.startIndex)...end])
    }

    private func text(_ name: String, of entity: Entity) -> String? {
        for attribute in entity.attributes where attribute.name.text.hasSuffix("/" + name) {
            for instance in attribute.instances where instance.kind == .property {
                if let text = instance.value.stringValue, !text.isEmpty { return text }
            }
        }
        return nil
    }

    // MARK: Values

    /// The types of an entity, its scopes and the Properties that are not observed; the unit's code of a
    /// Datastream.
    private func properties(of element: ThingsElement) -> JSONValue {
        guard case .thing(let entity) = element else {
            guard case .datastream(let series) = element else { return [:] }
            var object: JSONObject = ["attribute": .string(ld.compact(series.name))]
            if let unit = series.present.unitCode { object["unitCode"] = .string(unit) }
            return .object(object)
        }
        let types = entity.types.map { JSONValue.string(ld.compact($0)) }
        var members: [(key: String, value: JSONValue)] = [
            ("type", types.count == 1 ? types[0] : .array(types))
        ]
        if !entity.scopes.isEmpty {
            members.append(("scope", .array(entity.scopes.map(JSONValue.string))))
        }
        for attribute in entity.attributes {
            for instance in attribute.instances
            where instance.datasetID == nil && instance.observedAt == nil
                && (instance.kind == .property || instance.kind == .relationship)
            {
                members.append((ld.compact(attribute.name), instance.value))
            }
        }
        return .object(JSONObject(members))
    }

    private func place(of element: ThingsElement) -> JSONValue {
        if case .location(_, let past?) = element { return past.value }
        return element.entity?.place ?? .null
    }

    private func address(of entity: Entity) -> String {
        "\(base)\(Paths.entities)/\(QueryItems.encode(entity.id.uri))"
    }

    private func definition(of element: ThingsElement) -> JSONValue {
        guard case .observedProperty(let name) = element else { return .null }
        return .string(name.text)
    }

    private func ofSeries(_ name: String, _ element: ThingsElement) -> JSONValue {
        guard case .datastream(let series) = element else { return .null }
        guard name == "observationType" else {
            return MeasurementUnit(code: series.present.unitCode).json
        }
        let type =
            switch series.present.value {
            case .number: "OM_Measurement"
            case .bool: "OM_TruthObservation"
            case .string: "OM_CategoryObservation"
            case .null, .array, .object: "OM_Observation"
            }
        return .string("http://www.opengis.net/def/observationType/OGC-OM/2.0/\(type)")
    }

    private func ofInstance(_ name: String, _ element: ThingsElement) -> JSONValue {
        switch (name, element) {
        case ("phenomenonTime", .observation(_, let instance)):
            instance.observedAt.map { .string($0.text) } ?? .null
        case ("result", .observation(_, let instance)): instance.value
        case ("time", .historicalLocation(_, let instance)):
            instance.momentInTable(.observedAt).map { .string($0.text) } ?? .null
        default: .null
        }
    }
}

/// The unit of a Datastream (OGC 18-088 table 9), from its UN/CEFACT common code.
struct MeasurementUnit {
    let code: String?

    /// Names and symbols of the codes that city data mostly has (UN/CEFACT Recommendation 20).
    private static let known: [String: (name: String, symbol: String)] = [
        "CEL": ("degree Celsius", "°C"), "KEL": ("kelvin", "K"), "P1": ("percent", "%"),
        "GQ": ("microgram per cubic metre", "µg/m³"), "GP": ("milligram per cubic metre", "mg/m³"),
        "59": ("part per million", "ppm"), "61": ("part per billion", "ppb"),
        "MTS": ("metre per second", "m/s"), "KMH": ("kilometre per hour", "km/h"),
        "MTR": ("metre", "m"), "CMT": ("centimetre", "cm"), "MMT": ("millimetre", "mm"),
        "KMT": ("kilometre", "km"), "A97": ("hectopascal", "hPa"), "PAL": ("pascal", "Pa"),
        "LUX": ("lux", "lx"), "2N": ("decibel", "dB"), "DD": ("degree", "°"),
        "WTT": ("watt", "W"), "KWT": ("kilowatt", "kW"), "KWH": ("kilowatt hour", "kWh"),
        "VLT": ("volt", "V"), "AMP": ("ampere", "A"), "LTR": ("litre", "l"),
        "MTQ": ("cubic metre", "m³"), "MQS": ("cubic metre per second", "m³/s"),
        "SEC": ("second", "s"), "MIN": ("minute", "min"), "HUR": ("hour", "h"),
        "KGM": ("kilogram", "kg"), "GRM": ("gram", "g"), "C62": ("one", "1"),
    ]

    var json: JSONValue {
        guard let code else { return ["name": nil, "symbol": nil, "definition": nil] }
        let known = Self.known[code] ?? (code, code)
        return [
            "name": .string(known.name), "symbol": .string(known.symbol),
            "definition": .string("UN/CEFACT Recommendation 20: \(code)"),
        ]
    }
}
