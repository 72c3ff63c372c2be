import CGEOS
import ContextModel
import Synchronization

/// A reference geometry that GEOS has prepared for many exact comparisons on the plane of
/// longitudes and latitudes.
///
/// `@unchecked Sendable`: a GEOS context, and the indexes that it builds while it compares, may be
/// used by one thread at a time; `lock` protects them.
final class PlanarReference: @unchecked Sendable {
    private let lock = Mutex(())
    private let context: GEOSContextHandle_t
    private let geometry: OpaquePointer
    private let prepared: OpaquePointer

    /// Returns nil when GEOS cannot build the geometry.
    init?(_ reference: Geometry) {
        guard let context = GEOS_init_r() else { return nil }
        guard let geometry = GEOSBuilder(context: context).build(reference) else {
            GEOS_finish_r(context)
            return nil
        }
        guard let prepared = GEOSPrepare_r(context, geometry) else {
            GEOSGeom_destroy_r(context, geometry)
            GEOS_finish_r(context)
            return nil
        }
        self.context = context
        self.geometry = geometry
        self.prepared = prepared
    }

    deinit {
        GEOSPreparedGeom_destroy_r(context, prepared)
        GEOSGeom_destroy_r(context, geometry)
        GEOS_finish_r(context)
    }

    /// Whether the target is in the relation to the reference; false when GEOS cannot tell, as for
    /// some geometries that cross themselves.
    func holds(_ relation: GeoTest.Relation, for target: Geometry) -> Bool {
        lock.withLock { _ in
            guard let target = GEOSBuilder(context: context).build(target) else { return false }
            defer { GEOSGeom_destroy_r(context, target) }
            // GEOS returns 0 or 1, and 2 for an exception.
            return answer(relation, target) == 1
        }
    }

    private func answer(_ relation: GeoTest.Relation, _ target: OpaquePointer) -> CChar {
        switch relation {
        case .near: 0
        case .equals: GEOSEquals_r(context, geometry, target)
        case .within: GEOSPreparedContains_r(context, prepared, target)
        case .contains: GEOSPreparedWithin_r(context, prepared, target)
        case .intersects: GEOSPreparedIntersects_r(context, prepared, target)
        case .disjoint: GEOSPreparedDisjoint_r(context, prepared, target)
        case .overlaps: GEOSPreparedOverlaps_r(context, prepared, target)
        }
    }
}

/// Builds GEOS geometries, which the caller must destroy.
private struct GEOSBuilder {
    let context: GEOSContextHandle_t

    func build(_ geometry: Geometry) -> OpaquePointer? {
        switch geometry {
        case .point(let position):
            return sequence([position]).flatMap { GEOSGeom_createPoint_r(context, $0) }
        case .lineString(let line):
            return sequence(line).flatMap { GEOSGeom_createLineString_r(context, $0) }
        case .polygon(let rings): return polygon(rings)
        case .multiPoint(let positions):
            return collection(GEOS_MULTIPOINT, positions.map { .point($0) })
        case .multiLineString(let lines):
            return collection(GEOS_MULTILINESTRING, lines.map { .lineString($0) })
        case .multiPolygon(let polygons):
            return collection(GEOS_MULTIPOLYGON, polygons.map { .polygon($0) })
        case .collection(let geometries): return collection(GEOS_GEOMETRYCOLLECTION, geometries)
        }
    }

    private func sequence(_ positions: [Position]) -> OpaquePointer? {
        guard let count = UInt32(exactly: positions.count),
            let sequence = GEOSCoordSeq_create_r(context, count, 2)
        else { return nil }
        for (index, place) in positions.enumerated() {
            GEOSCoordSeq_setXY_r(
                context,
                sequence,
                UInt32(index),
                place.longitudeDegrees,
                place.latitudeDegrees
            )
        }
        return sequence
    }

    private func polygon(_ rings: [[Position]]) -> OpaquePointer? {
        guard
            var parts = buildAll(
                rings,
                { ring in
                    sequence(ring).flatMap { GEOSGeom_createLinearRing_r(context, $0) }
                }
            ), let shell = parts.first as? OpaquePointer
        else { return nil }
        parts.removeFirst()
        let count = UInt32(parts.count)
        return parts.withUnsafeMutableBufferPointer {
            GEOSGeom_createPolygon_r(context, shell, $0.baseAddress, count)
        }
    }

    private func collection(_ type: GEOSGeomTypes, _ members: [Geometry]) -> OpaquePointer? {
        guard var parts = buildAll(members, build) else { return nil }
        let count = UInt32(parts.count)
        return parts.withUnsafeMutableBufferPointer {
            GEOSGeom_createCollection_r(context, Int32(type.rawValue), $0.baseAddress, count)
        }
    }

    /// Builds all parts or none: when one fails, those built before it are destroyed.
    private func buildAll<Part>(
        _ parts: [Part],
        _ build: (Part) -> OpaquePointer?
    ) -> [OpaquePointer?]? {
        var built: [OpaquePointer?] = []
        for part in parts {
            guard let geometry = build(part) else {
                for geometry in built { GEOSGeom_destroy_r(context, geometry) }
                return nil
            }
            built.append(geometry)
        }
        return built
    }
}
