import ContextModel

extension Phuket {
    /// The lines of the smart buses, along the main roads.
    // swift-format-ignore
    static let busLines: [BusLine] = [
        BusLine(
            key: "airport-rawai", name: "Airport – Rawai", busCount: 8,
            path: way(
                airportToCherngTalay, cherngTalayToPatong, patongToKata,
                [
                    (7.8150, 98.3000), (7.8040, 98.3005), (7.7972, 98.3030), (7.7880, 98.3040),
                    (7.7800, 98.3075), (7.7790, 98.3160), (7.7760, 98.3250), (7.7805, 98.3280),
                ])),
        BusLine(
            key: "airport-town", name: "Airport – Phuket Town", busCount: 4,
            path: way([
                (8.1085, 98.3075), (8.1090, 98.3180), (8.1080, 98.3345), (8.0850, 98.3350),
                (8.0600, 98.3350), (8.0330, 98.3345), (8.0100, 98.3480), (7.9840, 98.3637),
                (7.9670, 98.3720), (7.9520, 98.3795), (7.9360, 98.3855), (7.9205, 98.3865),
                (7.9050, 98.3835), (7.8930, 98.3870), (7.8845, 98.3955),
            ])),
        BusLine(
            key: "town-patong", name: "Phuket Town – Patong", busCount: 4,
            path: way(
                [
                    (7.8845, 98.3955), (7.8838, 98.3925), (7.8851, 98.3870), (7.8880, 98.3770),
                    (7.8905, 98.3678), (7.8990, 98.3560), (7.9080, 98.3460), (7.9110, 98.3340),
                    (7.9075, 98.3220), (7.9020, 98.3140), (7.9025, 98.3040), (7.8950, 98.3005),
                ], [(7.8885, 98.2985), (7.8870, 98.2935)])),
        BusLine(
            key: "town-kata", name: "Phuket Town – Kata", busCount: 4,
            path: way([
                (7.8845, 98.3955), (7.8790, 98.3890), (7.8740, 98.3800), (7.8660, 98.3740),
                (7.8520, 98.3600), (7.8400, 98.3490), (7.8290, 98.3397), (7.8310, 98.3270),
                (7.8285, 98.3170), (7.8240, 98.3060), (7.8215, 98.2995), (7.8150, 98.3000),
            ])),
    ]

    // swift-format-ignore
    private static let airportToCherngTalay = [
        (8.1085, 98.3075), (8.1010, 98.3080), (8.0880, 98.3035), (8.0720, 98.3060),
        (8.0520, 98.3040), (8.0320, 98.3060), (8.0120, 98.3080), (7.9925, 98.3075),
    ]
    // swift-format-ignore
    private static let cherngTalayToPatong = [
        (7.9890, 98.2960), (7.9770, 98.2825), (7.9660, 98.2830), (7.9520, 98.2845),
        (7.9400, 98.2795), (7.9280, 98.2810), (7.9170, 98.2905), (7.9090, 98.2965),
        (7.9020, 98.2975), (7.8932, 98.2953), (7.8870, 98.2935),
    ]
    // swift-format-ignore
    private static let patongToKata = [
        (7.8810, 98.2945), (7.8700, 98.2930), (7.8590, 98.2915), (7.8487, 98.2945),
        (7.8400, 98.2950), (7.8290, 98.2965), (7.8215, 98.2995),
    ]

    private static func way(_ parts: [(latitude: Double, longitude: Double)]...) -> [Position] {
        parts.joined().map {
            Position(longitudeDegrees: $0.longitude, latitudeDegrees: $0.latitude)
        }
    }
}
