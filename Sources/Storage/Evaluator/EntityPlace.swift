/// The middle of the place of an entity, in degrees.
package struct EntityPlace: Sendable, Hashable {
    package var longitude: Double
    package var latitude: Double

    package init(longitude: Double, latitude: Double) {
        self.longitude = longitude
        self.latitude = latitude
    }

    /// The middle of a box.
    package init(_ box: GeoBox) {
        self.init(longitude: (box.west + box.east) / 2, latitude: (box.south + box.north) / 2)
    }
}
