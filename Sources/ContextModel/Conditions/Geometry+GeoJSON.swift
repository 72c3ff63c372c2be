/// The reason why a value is not a GeoJSON geometry.
package struct GeometryError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

extension Geometry {
    /// The most positions of one geometry.
    package static let maximumPositions = 100_000
    /// The depth of nested geometry collections.
    package static let maximumCollectionDepth = 4

    /// Reads a GeoJSON geometry object (RFC 7946).
    ///
    /// It accepts a polygon that crosses itself. It refuses rings that are not closed, and
    /// positions that are not on the Earth.
    package init(geoJSON value: JSONValue) throws(GeometryError) {
        try self.init(geoJSON: value, depth: 0)
        guard positionCount <= Self.maximumPositions else {
            throw GeometryError("The geometry has more than \(Self.maximumPositions) positions.")
        }
    }

    private init(geoJSON value: JSONValue, depth: Int) throws(GeometryError) {
        guard let object = value.objectValue, let type = object["type"]?.stringValue else {
            throw GeometryError("A geometry is an object with a type and coordinates.")
        }
        guard type == "GeometryCollection" else {
            guard let coordinates = object["coordinates"] else {
                throw GeometryError("It has no coordinates.")
            }
            try self.init(type: type, coordinates: coordinates)
            return
        }
        guard let members = object["geometries"]?.arrayValue, !members.isEmpty,
            depth < Self.maximumCollectionDepth
        else { throw GeometryError("A GeometryCollection has a list of geometries.") }
        self = .collection(
            try members.map { value throws(GeometryError) in
                try Geometry(geoJSON: value, depth: depth + 1)
            }
        )
    }

    /// Reads the coordinates of a geometry of this GeoJSON type, except a collection.
    package init(type: String, coordinates: JSONValue) throws(GeometryError) {
        switch type {
        case "Point": self = .point(try Self.position(coordinates))
        case "MultiPoint": self = .multiPoint(try Self.positions(coordinates, atLeast: 1))
        case "LineString": self = .lineString(try Self.positions(coordinates, atLeast: 2))
        case "MultiLineString":
            self = .multiLineString(
                try Self.list(coordinates) { value throws(GeometryError) in
                    try Self.positions(value, atLeast: 2)
                }
            )
        case "Polygon": self = .polygon(try Self.list(coordinates, Self.ring))
        case "MultiPolygon":
            self = .multiPolygon(
                try Self.list(coordinates) { value throws(GeometryError) in
                    try Self.list(value, Self.ring)
                }
            )
        default:
            throw GeometryError("“\(type.prefix(40))” is not a GeoJSON geometry type.")
        }
    }

    private static func list<Element>(
        _ value: JSONValue,
        _ element: (JSONValue) throws(GeometryError) -> Element
    ) throws(GeometryError) -> [Element] {
        guard let array = value.arrayValue, !array.isEmpty else {
            throw GeometryError("Coordinates are a list that is not empty.")
        }
        guard array.count <= maximumPositions else {
            throw GeometryError("The geometry has more than \(maximumPositions) positions.")
        }
        return try array.map(element)
    }

    private static func ring(_ value: JSONValue) throws(GeometryError) -> [Position] {
        let ring = try positions(value, atLeast: 4)
        guard ring.first == ring.last else {
            throw GeometryError("A ring ends where it starts, unlike \(value.excerpt).")
        }
        return ring
    }

    private static func positions(
        _ value: JSONValue,
        atLeast least: Int
    ) throws(GeometryError) -> [Position] {
        let positions = try list(value, position)
        guard positions.count >= least else {
            throw GeometryError(
                "At least \(least) positions are needed, not \(positions.count): \(value.excerpt)."
            )
        }
        return positions
    }

    private static func position(_ value: JSONValue) throws(GeometryError) -> Position {
        guard let numbers = value.arrayValue, numbers.count == 2 || numbers.count == 3,
            let longitude = numbers[0].numberValue?.doubleValue,
            let latitude = numbers[1].numberValue?.doubleValue
        else {
            throw GeometryError(
                "A position is a list of longitude and latitude, not \(value.excerpt)."
            )
        }
        guard abs(longitude) <= 180, abs(latitude) <= 90 else {
            throw GeometryError(
                "Longitude is within -180 to 180 degrees and latitude within -90 to 90, unlike "
                    + "\(value.excerpt)."
            )
        }
        return Position(longitudeDegrees: longitude, latitudeDegrees: latitude)
    }

    package var positionCount: Int {
        switch self {
        case .point: 1
        case .multiPoint(let positions), .lineString(let positions): positions.count
        case .multiLineString(let lines), .polygon(let lines): lines.reduce(0) { $0 + $1.count }
        case .multiPolygon(let polygons): polygons.joined().reduce(0) { $0 + $1.count }
        case .collection(let geometries): geometries.reduce(0) { $0 + $1.positionCount }
        }
    }

    /// Every position, in the order of the text.
    package var positions: [Position] {
        switch self {
        case .point(let position): [position]
        case .multiPoint(let positions), .lineString(let positions): positions
        case .multiLineString(let lines), .polygon(let lines): Array(lines.joined())
        case .multiPolygon(let polygons): polygons.flatMap { $0.joined() }
        case .collection(let geometries): geometries.flatMap(\.positions)
        }
    }
}
