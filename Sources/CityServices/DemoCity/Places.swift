import ContextModel

/// A real place of Phuket, from general knowledge, to about a hundred metres.
struct Place: Sendable {
    let key: String
    let name: String
    let position: Position

    init(_ key: String, _ name: String, _ latitudeDegrees: Double, _ longitudeDegrees: Double) {
        self.key = key
        self.name = name
        position = Position(
            longitudeDegrees: longitudeDegrees,
            latitudeDegrees: latitudeDegrees
        )
    }
}

/// The island and its places.
package enum Phuket {
    // One row for each place.

    /// West, south, east and north of everything in the demo city.
    package static let bounds = (west: 98.24, south: 7.74, east: 98.49, north: 8.22)

    /// Roads with a detector: the place, the road, its rhythm, capacity and free speed.
    // swift-format-ignore
    static let traffic: [(Place, road: String, Rhythm, capacity: Double, speed: Double)] = [
        (Place("sarasin-bridge", "Sarasin Bridge", 8.2000, 98.2990), "402", .through, 2400, 80),
        (Place("mai-khao", "Mai Khao", 8.1555, 98.3080), "402", .through, 2400, 85),
        (Place("airport-access", "Airport access road", 8.109, 98.318), "4026", .travel, 2200, 60),
        (Place("muang-mai", "Muang Mai junction", 8.1080, 98.3345), "402", .through, 2600, 75),
        (Place("thalang-town", "Thalang town", 8.0330, 98.3345), "402", .commute, 2400, 55),
        (Place("heroines", "Heroines Monument", 7.9840, 98.3637), "402", .commute, 3200, 50),
        (Place("ko-kaeo", "Ko Kaeo", 7.9520, 98.3795), "402", .commute, 3200, 70),
        (Place("bypass-north", "Bypass Road, Samkong", 7.916, 98.3745), "4024", .commute, 3000, 65),
        (Place("central-phuket", "Central Phuket", 7.8905, 98.3678), "4024", .commute, 3400, 45),
        (Place("samkong", "Samkong junction", 7.9050, 98.3835), "402", .commute, 2600, 45),
        (Place("terminal-2", "Bus Terminal 2", 7.9205, 98.3865), "402", .commute, 2400, 55),
        (Place("thalang-road", "Thalang Road", 7.8853, 98.389), "Old Town", .oldTown, 500, 25),
        (Place("phang-nga-road", "Phang Nga Road", 7.8838, 98.3925), "Old Town", .commute, 800, 30),
        (Place("saphan-hin", "Saphan Hin", 7.8668, 98.3965), "Phuket Rd", .visitors, 1200, 45),
        (Place("chao-fa-east", "Chao Fa East Road", 7.8660, 98.3740), "4022", .commute, 2200, 55),
        (Place("chao-fa-west", "Chao Fa West Road", 7.8655, 98.3500), "4021", .commute, 2400, 60),
        (Place("wat-chalong", "Wat Chalong", 7.8460, 98.3395), "4021", .commute, 2400, 55),
        (Place("chalong-circle", "Chalong Circle", 7.8290, 98.3397), "4024", .commute, 2800, 40),
        (Place("wiset-road", "Wiset Road", 7.8040, 98.3310), "4024", .commute, 1500, 50),
        (Place("rawai", "Rawai beach road", 7.7765, 98.3250), "4233", .visitors, 1200, 40),
        (Place("nai-harn", "Nai Harn lake", 7.7800, 98.3085), "4233", .visitors, 800, 40),
        (Place("kata", "Kata centre", 7.8215, 98.2995), "4233", .visitors, 1100, 35),
        (Place("patak-east", "Patak Road East", 7.8285, 98.3170), "4028", .commute, 1600, 50),
        (Place("karon-circle", "Karon Circle", 7.8487, 98.2945), "4233", .visitors, 1300, 40),
        (Place("karon-hill", "Karon Hill", 7.8700, 98.2930), "4233", .visitors, 1300, 45),
        (Place("patong-south", "Thaweewong Road", 7.888, 98.294), "Patong", .nightlife, 1000, 30),
        (Place("rat-u-thit", "Rat-U-Thit Road", 7.895, 98.3005), "Patong", .nightlife, 1200, 30),
        (Place("patong-hill", "Patong Hill", 7.9020, 98.3140), "4029", .commute, 2000, 40),
        (Place("kathu", "Kathu", 7.9110, 98.3340), "4029", .commute, 2200, 50),
        (Place("kalim", "Kalim", 7.9090, 98.2965), "4233", .visitors, 1100, 40),
        (Place("kamala", "Kamala", 7.9520, 98.2845), "4233", .visitors, 1100, 40),
        (Place("surin", "Surin", 7.9770, 98.2825), "4233", .visitors, 1100, 40),
        (Place("cherng-talay", "Cherng Talay", 7.9925, 98.3075), "4025", .commute, 1600, 40),
        (Place("si-sunthon", "Si Sunthon Road", 7.9880, 98.3370), "4025", .commute, 1800, 60),
        (Place("bang-tao", "Bang Tao", 7.9965, 98.2985), "4018", .visitors, 1100, 40),
        (Place("pa-khlok", "Pa Khlok", 8.0180, 98.4040), "4027", .through, 1200, 60),
    ]

    /// Where people are counted: the place, its rhythm and how many fill it.
    // swift-format-ignore
    static let crowds: [(Place, Rhythm, capacity: Double)] = [
        (Place("bangla-west", "Bangla Road, beach end", 7.8933, 98.2960), .nightlife, 900),
        (Place("bangla-middle", "Bangla Road, middle", 7.8938, 98.2982), .nightlife, 1100),
        (Place("jungceylon", "Jungceylon square", 7.8915, 98.3005), .visitors, 600),
        (Place("thalang-road-west", "Thalang Road, Yaowarat end", 7.8853, 98.3872), .oldTown, 520),
        (Place("thalang-road-east", "Thalang Road, Thepkrasattri", 7.8851, 98.3908), .oldTown, 480),
        (Place("soi-rommanee", "Soi Rommanee", 7.8860, 98.3888), .oldTown, 180),
        (Place("rang-hill", "Rang Hill viewpoint", 7.8932, 98.3798), .visitors, 260),
        (Place("saphan-hin-park", "Saphan Hin park", 7.8650, 98.3975), .beach, 800),
        (Place("central-phuket-plaza", "Central Phuket plaza", 7.8912, 98.3688), .visitors, 900),
        (Place("terminal-1", "Bus Terminal 1", 7.8845, 98.3957), .travel, 220),
        (Place("terminal-2-hall", "Bus Terminal 2", 7.9213, 98.3868), .travel, 420),
        (Place("airport-arrivals", "Airport, arrivals", 8.1085, 98.3068), .travel, 1400),
        (Place("chalong-pier", "Chalong Pier", 7.8212, 98.3440), .travel, 520),
        (Place("rassada-pier", "Rassada Pier", 7.8587, 98.4142), .travel, 480),
        (Place("promthep-cape", "Promthep Cape", 7.7632, 98.3055), .beach, 700),
        (Place("big-buddha", "Big Buddha", 7.8277, 98.3128), .visitors, 520),
        (Place("wat-chalong-court", "Wat Chalong court", 7.8468, 98.3369), .visitors, 420),
        (Place("karon-viewpoint", "Karon viewpoint", 7.7972, 98.3022), .visitors, 140),
    ]

    /// Beaches with lifeguards and a camera: the place, how many fill it, open to the west.
    // swift-format-ignore
    static let beaches: [(Place, capacity: Double, facesWest: Bool)] = [
        (Place("patong-north", "Patong Beach, north", 7.9005, 98.2955), 1300, true),
        (Place("patong-middle", "Patong Beach, Bangla", 7.8932, 98.2942), 1800, true),
        (Place("karon-beach", "Karon Beach", 7.8420, 98.2937), 1100, true),
        (Place("kata-beach", "Kata Beach", 7.8190, 98.2975), 1000, true),
        (Place("kata-noi", "Kata Noi Beach", 7.8065, 98.2985), 420, true),
        (Place("nai-harn-beach", "Nai Harn Beach", 7.7778, 98.3045), 600, true),
        (Place("rawai-beach", "Rawai Beach", 7.7745, 98.3245), 260, false),
        (Place("kamala-beach", "Kamala Beach", 7.9535, 98.2822), 620, true),
        (Place("surin-beach", "Surin Beach", 7.9755, 98.2792), 480, true),
        (Place("bang-tao-beach", "Bang Tao Beach", 7.9985, 98.2935), 700, true),
        (Place("nai-thon-beach", "Nai Thon Beach", 8.0560, 98.2775), 260, true),
        (Place("nai-yang-beach", "Nai Yang Beach", 8.0890, 98.2970), 420, true),
    ]

    /// Where the air is measured, and how much of it comes from the road.
    // swift-format-ignore
    static let air: [(Place, roadside: Double)] = [
        (Place("old-town", "Old Town", 7.8845, 98.3880), 0.75),
        (Place("samkong", "Samkong", 7.9042, 98.3825), 0.95),
        (Place("central-phuket", "Central Phuket", 7.8895, 98.3670), 1.0),
        (Place("saphan-hin", "Saphan Hin", 7.8655, 98.3970), 0.2),
        (Place("chalong-circle", "Chalong Circle", 7.8297, 98.3405), 0.9),
        (Place("patong", "Patong", 7.8962, 98.3010), 0.7),
        (Place("kathu", "Kathu", 7.9115, 98.3332), 0.55),
        (Place("karon", "Karon", 7.8475, 98.2975), 0.35),
        (Place("rawai", "Rawai", 7.7790, 98.3270), 0.25),
        (Place("cherng-talay", "Cherng Talay", 7.9920, 98.3060), 0.5),
        (Place("thalang", "Thalang town", 8.0322, 98.3337), 0.6),
        (Place("airport", "Airport", 8.1075, 98.3120), 0.45),
    ]

    static let weather: [Place] = [
        Place("airport", "Airport", 8.1120, 98.3090),
        Place("rang-hill", "Rang Hill", 7.8938, 98.3790),
        Place("patong", "Patong", 7.8900, 98.2965),
        Place("promthep-cape", "Promthep Cape", 7.7640, 98.3050),
    ]

    /// Streets with bins and lamps along them: the street and its two ends.
    // swift-format-ignore
    static let streets: [(Place, end: Position)] = [
        (
            Place("beach-road-patong", "Thaweewong Road", 7.8870, 98.2935),
            Position(longitudeDegrees: 98.2968, latitudeDegrees: 7.9040)
        ),
        (
            Place("bangla", "Bangla Road", 7.8931, 98.2956),
            Position(longitudeDegrees: 98.3003, latitudeDegrees: 7.8943)
        ),
        (
            Place("thalang", "Thalang Road", 7.8854, 98.3868),
            Position(longitudeDegrees: 98.3912, latitudeDegrees: 7.8851)
        ),
        (
            Place("phuket", "Phuket Road", 7.8800, 98.3925),
            Position(longitudeDegrees: 98.3970, latitudeDegrees: 7.8655)
        ),
        (
            Place("karon-beach", "Karon beach road", 7.8325, 98.2955),
            Position(longitudeDegrees: 98.2948, latitudeDegrees: 7.8485)
        ),
        (
            Place("rawai-beach", "Rawai beach road", 7.7725, 98.3225),
            Position(longitudeDegrees: 98.3275, latitudeDegrees: 7.7800)
        ),
    ]
}
