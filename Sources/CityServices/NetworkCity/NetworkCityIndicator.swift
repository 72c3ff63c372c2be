import ContextModel

/// An indicator that every simulated city makes in the same way, so that they can be compared.
struct NetworkCityIndicator {
    /// Which one it is, in every city (`alternateName`).
    let key: String
    /// Its name, by language.
    let names: [(language: String, name: String)]
    /// The type and the attribute that it is the mean of.
    let source: (type: String, attribute: String)
    let unit: String

    /// What its value is, in words that other cities have as well (`calculationFormula`).
    var formula: String { "mean(\(source.type).\(source.attribute))" }

    static let all = [
        NetworkCityIndicator(
            key: "pm25-mean",
            names: [
                ("en", "PM2.5, mean of the stations"), ("id", "PM2.5, rata-rata stasiun"),
                ("th", "PM2.5 ค่าเฉลี่ยของสถานี"), ("vi", "PM2.5, trung bình các trạm"),
                ("fil", "PM2.5, karaniwan ng mga istasyon"),
            ],
            source: ("AirQualityObserved", "pm25"),
            unit: "GQ"
        ),
        NetworkCityIndicator(
            key: "temperature-mean",
            names: [
                ("en", "Air temperature, mean of the stations"),
                ("id", "Suhu udara, rata-rata stasiun"), ("th", "อุณหภูมิอากาศ ค่าเฉลี่ยของสถานี"),
                ("vi", "Nhiệt độ không khí, trung bình các trạm"),
                ("fil", "Temperatura ng hangin, karaniwan ng mga istasyon"),
            ],
            source: ("WeatherObserved", "temperature"),
            unit: "CEL"
        ),
        NetworkCityIndicator(
            key: "traffic-mean",
            names: [
                ("en", "Vehicles an hour, mean of the counters"),
                ("id", "Kendaraan per jam, rata-rata penghitung"),
                ("th", "จำนวนรถต่อชั่วโมง ค่าเฉลี่ยของเครื่องนับ"),
                ("vi", "Lượng xe mỗi giờ, trung bình các máy đếm"),
                ("fil", "Mga sasakyan bawat oras, karaniwan ng mga pambilang"),
            ],
            source: ("TrafficFlowObserved", "intensity"),
            unit: "E34"
        ),
    ]
}
