/// A city of the ASEAN Smart Cities Network: its name, its state, where it is, and since when it is a member.
package struct NetworkCity: Sendable, Hashable {
    package let name: String
    /// By ISO 3166-1.
    package let state: String
    /// Degrees east and north (WGS 84).
    package let longitude: Double
    package let latitude: Double
    /// The year in which it joined.
    package let joined: Int

    /// All 38, by their states and years.
    ///
    /// The first 26 are from the Smart City Action Plans of 2018 (ASEAN Secretariat), those of later years from the network's
    /// page on asean.org, as it was in February 2026. Places are those of the cities' centres.
    package static let all: [NetworkCity] = [
        .init("Bandar Seri Begawan", "BN", 114.9398, 4.9031, 2018),
        .init("Battambang", "KH", 103.2022, 13.0957, 2018),
        .init("Phnom Penh", "KH", 104.9282, 11.5564, 2018),
        .init("Siem Reap", "KH", 103.8448, 13.3671, 2018),
        .init("Sihanoukville City", "KH", 103.5234, 10.6253, 2024),
        .init("Banyuwangi", "ID", 114.3691, -8.2192, 2018),
        .init("Jakarta", "ID", 106.8456, -6.2088, 2018),
        .init("Makassar", "ID", 119.4327, -5.1477, 2018),
        .init("Sumedang", "ID", 107.924, -6.858, 2024),
        .init("Denpasar", "ID", 115.2167, -8.65, 2025),
        .init("Semarang", "ID", 110.4167, -6.9667, 2025),
        .init("Luang Prabang", "LA", 102.1347, 19.8856, 2018),
        .init("Vientiane", "LA", 102.6331, 17.9757, 2018),
        .init("Johor Bahru", "MY", 103.7414, 1.4927, 2018),
        .init("Kuala Lumpur", "MY", 101.6869, 3.139, 2018),
        .init("Kota Kinabalu", "MY", 116.0735, 5.9804, 2018),
        .init("Kuching", "MY", 110.3592, 1.5533, 2018),
        .init("Ipoh", "MY", 101.0901, 4.5975, 2025),
        .init("Putrajaya", "MY", 101.6964, 2.9264, 2025),
        .init("Seberang Perai", "MY", 100.3995, 5.3848, 2025),
        .init("Nay Pyi Taw", "MM", 96.0785, 19.7633, 2018),
        .init("Mandalay", "MM", 96.0891, 21.9588, 2018),
        .init("Yangon", "MM", 96.1735, 16.8409, 2018),
        .init("Cebu City", "PH", 123.8854, 10.3157, 2018),
        .init("Davao City", "PH", 125.4553, 7.1907, 2018),
        .init("Manila", "PH", 120.9842, 14.5995, 2018),
        .init("Cauayan City", "PH", 121.7663, 16.9299, 2025),
        .init("Singapore", "SG", 103.8198, 1.3521, 2018),
        .init("Bangkok", "TH", 100.5018, 13.7563, 2018),
        .init("Chonburi", "TH", 100.9847, 13.3611, 2018),
        .init("Phuket", "TH", 98.3923, 7.8804, 2018),
        .init("Chiang Mai", "TH", 98.9853, 18.7883, 2023),
        .init("Khon Kaen", "TH", 102.8236, 16.4322, 2023),
        .init("Rayong", "TH", 101.2816, 12.6814, 2023),
        .init("Da Nang", "VN", 108.2022, 16.0544, 2018),
        .init("Ha Noi", "VN", 105.8542, 21.0285, 2018),
        .init("Ho Chi Minh City", "VN", 106.6297, 10.8231, 2018),
        .init("Dili", "TL", 125.5603, -8.5569, 2026),
    ]

    private init(
        _ name: String,
        _ state: String,
        _ longitude: Double,
        _ latitude: Double,
        _ joined: Int
    ) {
        self.name = name
        self.state = state
        self.longitude = longitude
        self.latitude = latitude
        self.joined = joined
    }

    /// The name in small letters and hyphens, for folders and identifiers.
    package var key: String {
        name.lowercased().split(separator: " ").joined(separator: "-")
    }

    /// The time zone of its state's clocks there.
    package var timeZone: String {
        switch (state, longitude) {
        case ("BN", _): "Asia/Brunei"
        case ("ID", 115...): "Asia/Makassar"
        case ("ID", _): "Asia/Jakarta"
        case ("KH", _): "Asia/Phnom_Penh"
        case ("LA", _): "Asia/Vientiane"
        case ("MM", _): "Asia/Yangon"
        case ("MY", _): "Asia/Kuala_Lumpur"
        case ("PH", _): "Asia/Manila"
        case ("SG", _): "Asia/Singapore"
        case ("TL", _): "Asia/Dili"
        case ("VN", _): "Asia/Ho_Chi_Minh"
        default: "Asia/Bangkok"
        }
    }
}
