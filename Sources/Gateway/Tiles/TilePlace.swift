import ContextModel
import Foundation
import Storage

/// A tile of the web map: a square of the spherical Mercator projection (OGC 17-083r4 annex D.1).
struct TilePlace: Equatable {
    static let maximumZoom = 22
    /// The units of a side of a tile.
    static let extent = 4_096.0

    let zoom: Int
    let x: Int
    let y: Int

    /// Returns nil when there is no such tile.
    init?(zoom: Int, x: Int, y: Int) {
        guard (0...Self.maximumZoom).contains(zoom), (0..<1 << zoom).contains(x),
            (0..<1 << zoom).contains(y)
        else { return nil }
        (self.zoom, self.x, self.y) = (zoom, x, y)
    }

    /// The box of the tile in degrees, with so many units around it.
    func box(margin: Double) -> GeoBox {
        let rim = margin / Self.extent
        let (west, east) = (longitude(Double(x) - rim), longitude(Double(x + 1) + rim))
        let (north, south) = (latitude(Double(y) - rim), latitude(Double(y + 1) + rim))
        return GeoBox(
            west: max(west, -180),
            // Beyond it the projection has nothing, and the outermost tiles have what is there.
            south: y == 1 << zoom - 1 ? -90 : south,
            east: min(east, 180),
            north: y == 0 ? 90 : north
        )
    }

    private func longitude(_ column: Double) -> Double { column / side * 360 - 180 }

    private func latitude(_ row: Double) -> Double {
        atan(sinh(.pi * (1 - 2 * row / side))) * 180 / .pi
    }

    private var side: Double { Double(1 << zoom) }

    /// The place in units from the upper left corner.
    func point(longitude: Double, latitude: Double) -> TilePoint {
        let sine = sin(min(max(latitude, -Self.edge), Self.edge) * .pi / 180)
        let column = (longitude + 180) / 360 * side
        // The same as asinh(tan(latitude)) and half of its time, for tiles of many points.
        let height = log((1 + sine) / (1 - sine)) / 2
        let row = (1 - height / .pi) / 2 * side
        return TilePoint(
            x: (column - Double(x)) * Self.extent,
            y: (row - Double(y)) * Self.extent
        )
    }

    /// The latitude at which the projection is as high as it is wide.
    private static let edge = 85.051_128_779_806_6
}

/// A point in the units of a tile, from its upper left corner.
struct TilePoint: Equatable {
    var x: Double
    var y: Double
}
