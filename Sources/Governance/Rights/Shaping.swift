package import ContextModel

/// What a duty of a permission makes of an attribute before its reader gets it.
package enum Shaping: Sendable, Hashable {
    /// A number becomes the nearest multiple of the step.
    case round(RoundingStep)
    /// A place becomes the centre of its cell.
    case coarsen(PlaceGrid)
    /// What was written less than so many microseconds ago is not there, and the attribute is no part of
    /// the current state.
    case delay(microseconds: Int64)

    /// The instance as its reader may know it; nil where it has nothing that can be shaped.
    ///
    /// Attributes of the attribute, its earlier value and its proof are left out: they might tell the value
    /// as it is.
    package func shape(_ instance: Attribute) -> Attribute? {
        var shaped = instance
        shaped.attributes = []
        shaped.details?.previousValue = nil
        shaped.details?.proof = nil
        if shaped.details == AttributeDetails() { shaped.details = nil }
        // A deleted one has no value.
        if instance.details?.deletedAt != nil { return shaped }
        switch self {
        case .delay: return nil
        case .round(let step):
            guard instance.kind == .property, let number = instance.value.numberValue,
                let rounded = step.round(number)
            else { return nil }
            shaped.value = .number(rounded)
        case .coarsen(let grid):
            guard instance.kind == .geoProperty, let place = grid.coarsen(instance.value) else {
                return nil
            }
            shaped.value = place
        }
        return shaped
    }
}

/// The step to whose multiples numbers are rounded: a positive decimal number.
package struct RoundingStep: Sendable, Hashable {
    /// The step is `significand / 10^decimals`.
    private let significand: Int
    private let decimals: Int

    /// Nil unless the number is positive and has so few digits that multiples of it can be written exactly.
    package init?(_ number: JSONNumber) {
        let parts = number.literal.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1].reversed().drop { $0 == "0" }.reversed() : []
        guard parts.count <= 2, fraction.count <= Self.maximumDecimals,
            let significand = Int(String(parts[0]) + String(fraction)),
            significand > 0, significand <= Self.maximumSignificand
        else { return nil }
        self.significand = significand
        decimals = fraction.count
    }

    private init(significand: Int, decimals: Int) {
        self.significand = significand
        self.decimals = decimals
    }

    static func decimals(_ count: Int) -> RoundingStep {
        RoundingStep(significand: 1, decimals: count)
    }

    private static let maximumDecimals = 9
    private static let maximumSignificand = 1_000_000_000_000_000
    /// Doubles tell all integers up to here apart.
    private static let maximumExact = 9_007_199_254_740_992.0

    /// The nearest multiple of the step; nil where it cannot be written exactly.
    func round(_ number: JSONNumber) -> JSONNumber? { round(number.doubleValue) }

    func round(_ value: Double) -> JSONNumber? {
        let scale = Self.powers[decimals]
        let count = (value * scale / Double(significand)).rounded()
        let scaled = count * Double(significand)
        guard scaled.isFinite, abs(scaled) < Self.maximumExact, abs(count) < Self.maximumExact
        else { return nil }
        return JSONNumber(Int(scaled), decimals: decimals)
    }

    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

    /// The step as it is written.
    package var text: String { JSONNumber(significand, decimals: decimals).literal }
}

extension JSONNumber {
    /// `scaled / 10^decimals`, without zeros at its end.
    fileprivate init(_ scaled: Int, decimals: Int) {
        let digits = String(scaled.magnitude)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        var fraction = padded.suffix(decimals)
        while fraction.last == "0" { fraction.removeLast() }
        let sign = scaled < 0 ? "-" : ""
        let whole = padded.dropLast(decimals)
        self.init(
            uncheckedLiteral: sign + whole + (fraction.isEmpty ? "" : ".\(fraction)")
        )
    }
}

/// The cells whose centres stand for the places in them.
package enum PlaceGrid: Sendable, Hashable {
    /// Cells about so many metres high and wide.
    case metres(Int)
    /// Longitude and latitude with so many decimals.
    case decimals(Int)

    package static let metresAllowed = 10...1_000_000
    package static let decimalsAllowed = 0...6

    /// A degree of latitude in metres, of the mean radius of the earth.
    private static let metresPerDegree = 111_194.926_6
    /// Decimals that are written: a tenth of a metre.
    private static let written = RoundingStep.decimals(6)

    /// The point that stands for a GeoJSON point; nil for every other geometry, whose form would tell
    /// where it is.
    func coarsen(_ place: JSONValue) -> JSONValue? {
        guard let object = place.objectValue, object["type"]?.stringValue == "Point",
            let coordinates = object["coordinates"]?.arrayValue, coordinates.count >= 2,
            let longitude = coordinates[0].numberValue?.doubleValue,
            let latitude = coordinates[1].numberValue?.doubleValue,
            let point = coarsen(longitude: longitude, latitude: latitude)
        else { return nil }
        return [
            "type": "Point", "coordinates": .array([.number(point.0), .number(point.1)]),
        ]
    }

    private func coarsen(
        longitude: Double,
        latitude: Double
    ) -> (JSONNumber, JSONNumber)? {
        switch self {
        case .decimals(let count):
            let step = RoundingStep.decimals(count)
            guard let x = step.round(longitude), let y = step.round(latitude) else { return nil }
            return (x, y)
        case .metres(let metres):
            let height = Double(metres) / Self.metresPerDegree
            let row = (latitude / height).rounded()
            let middle = min(90, max(-90, row * height))
            // Towards the poles cells are wider in degrees, and at last go round the earth.
            let width = height / max(Self.cosine(ofDegrees: middle), height / 360)
            let column = width >= 360 ? 0 : (longitude / width).rounded()
            guard let x = Self.written.round(min(180, max(-180, column * width))),
                let y = Self.written.round(middle)
            else { return nil }
            return (x, y)
        }
    }

    /// The cosine, by the series of its square's argument: exact to more digits than are written.
    private static func cosine(ofDegrees degrees: Double) -> Double {
        let angle = degrees * .pi / 180
        var (term, sum) = (1.0, 1.0)
        for number in 1...12 {
            term *= -angle * angle / Double((2 * number - 1) * 2 * number)
            sum += term
        }
        return max(0, sum)
    }
}
