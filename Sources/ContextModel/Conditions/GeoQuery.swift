/// The geoquery language (clause 4.10).
package enum GeoQuery {
    /// Parses the four parameters, which are percent-decoded.
    package static func parse(
        georel: String,
        geometry: String,
        coordinates: String,
        geoproperty: String? = nil,
        expansion: some TermExpansion,
        limits: ConditionLimits = ConditionLimits()
    ) throws(ConditionError) -> GeoTest {
        GeoTest(
            relation: try relation(georel),
            reference: try reference(type: geometry, coordinates: coordinates, limits: limits),
            attribute: geoproperty.map(expansion.expand(attribute:)) ?? .location
        )
    }

    /// Parses `near;maxDistance==2000`, `within` and so on.
    package static func relation(_ georel: String) throws(ConditionError) -> GeoTest.Relation {
        switch georel {
        case "within": return .within
        case "contains": return .contains
        case "intersects": return .intersects
        case "equals": return .equals
        case "disjoint": return .disjoint
        case "overlaps": return .overlaps
        default: break
        }
        if georel.hasPrefix("near;maxDistance==") {
            return .near(minMeters: nil, maxMeters: try meters(georel.dropFirst(18), in: georel))
        }
        if georel.hasPrefix("near;minDistance==") {
            return .near(minMeters: try meters(georel.dropFirst(18), in: georel), maxMeters: nil)
        }
        throw unknownRelation(georel)
    }

    /// Parses a geometry from its type and its coordinates in JSON; a point may lack the brackets.
    package static func reference(
        type: String,
        coordinates: String,
        parameter: String = "coordinates",
        limits: ConditionLimits = ConditionLimits()
    ) throws(ConditionError) -> Geometry {
        guard type != "GeometryCollection" else {
            throw ConditionError(
                parameter: "geometry",
                message: "“GeometryCollection” cannot be used in a query.",
                hint: "Ask once for each geometry."
            )
        }
        let text = type == "Point" && !coordinates.hasPrefix("[") ? "[\(coordinates)]" : coordinates
        guard text.utf8.count <= limits.maximumBytes else {
            throw ConditionError(
                parameter: parameter,
                offset: limits.maximumBytes,
                message: "\(parameter) has \(text.utf8.count) bytes.",
                hint: "At most \(limits.maximumBytes) are read; simplify the geometry."
            )
        }
        let json: JSONValue
        do {
            json = try JSONReader.read(text)
        } catch {
            throw ConditionError(
                parameter: parameter,
                offset: error.offset,
                message: "“\(text.prefix(40))” is not a JSON array: \(error.message)",
                hint: "Write coordinates as in GeoJSON, such as [8,40]."
            )
        }
        do {
            return try Geometry(type: type, coordinates: json)
        } catch {
            throw ConditionError(
                parameter: parameter,
                message: "“\(text.prefix(40))”: \(error)",
                hint: "Write longitude before latitude, in degrees, as GeoJSON does."
            )
        }
    }

    private static func meters(
        _ text: Substring,
        in georel: String
    ) throws(ConditionError) -> Double {
        guard let number = JSONNumber(String(text))?.doubleValue, number.isFinite, number > 0 else {
            throw ConditionError(
                parameter: "georel",
                offset: georel.utf8.count - text.utf8.count,
                message: "“\(text.prefix(40))” is not a distance in metres.",
                hint: "Write a positive number, such as near;maxDistance==2000."
            )
        }
        return number
    }

    private static func unknownRelation(_ georel: String) -> ConditionError {
        ConditionError(
            parameter: "georel",
            message: "“\(georel.prefix(40))” is not a spatial relation.",
            hint: "Use near;maxDistance==…, near;minDistance==…, within, contains, intersects, "
                + "equals, disjoint or overlaps."
        )
    }
}
